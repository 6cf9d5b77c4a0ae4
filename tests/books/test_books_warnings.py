"""A bill whose vendor is on payment hold or not approved is entered, and a person is told."""

from __future__ import annotations

from engine.faces.sandbox.faults import Fault, FaultKind
from tests.acts.desk import Desk
from tests.books.conftest import MakeDesk
from tests.run.house import VENDORS, bill

COMPANY = "EPIC06"
HELD, UNAPPROVED = VENDORS[1], VENDORS[2]


def with_peculiar_vendors(make_desk: MakeDesk) -> Desk:
    desk = make_desk(bill("B-1"), bill("B-2", vendor=HELD), bill("B-3", vendor=HELD), bill("B-4", vendor=UNAPPROVED))
    books = desk.house.sandbox.epicor.books
    with books.store.transaction():
        session = books.session(COMPANY, "kwon")
        for seed, change in ((HELD, {"PayHold": True}), (UNAPPROVED, {"Approved": False})):
            session.save("Vendor", {**(session.get("Vendor", seed.number) or {}), **change})
    return desk


def test_the_run_and_the_record_tell_what_a_person_has_to_know(make_desk: MakeDesk) -> None:
    desk = with_peculiar_vendors(make_desk)
    assert "warning: vendor" in " ".join(desk.types("plan", "bills", "--only", "B-2").split())
    (told,) = desk.asks("run", "bills")
    assert sorted(told["warnings"]) == [
        f"B-2, B-3: vendor {HELD.id} is on payment hold in Epicor: find out why before it is paid",
        f"B-4: vendor {UNAPPROVED.id} is not approved in Epicor: find out why before it is paid",
    ]
    assert [(one["state"], one["cause"], one["count"]) for one in told["became"]] == [("entered", "", 4)]
    assert "why         vendor" in desk.types("show", "B-4")
    assert desk.row("B-1").reason == ""

    desk.types("sweep")  # what was warned of still stands there
    desk.house.sandbox.clerk.post_all_ap_groups(COMPANY)
    desk.types("sweep")
    assert (desk.row("B-2").state.value, desk.row("B-2").cause) == ("in_gl", "")
    assert "on payment hold" in desk.row("B-2").reason
    assert "entered, with a warning, unless" in desk.types("describe", "bills")


def test_what_was_in_doubt_keeps_its_warning(make_desk: MakeDesk) -> None:
    desk = with_peculiar_vendors(make_desk)
    desk.house.sandbox.faults.add(
        Fault(kind=FaultKind.NO_ANSWER_AFTER_COMMIT, system="epicor", path="UpdateMaster", times=1)
    )
    desk.house.run("bills", only=("B-2",))
    assert (desk.row("B-2").state.value, desk.row("B-2").cause) == ("entered", "")
    assert "on payment hold" in desk.row("B-2").reason

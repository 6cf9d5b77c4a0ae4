"""Epicor's payment run pays nothing that Airbase pays; without the locks it would, and `exposure` says so."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from tests.acts.desk import Desk
from tests.books.conftest import MakeDesk
from tests.run.house import VENDORS, bill

COMPANY = "EPIC06"
NUMBER = VENDORS[0].number
LATER = date(2026, 12, 31)


def posted(make_desk: MakeDesk, count: int = 3) -> Desk:
    """Bills that Airbase pays, open payables in Epicor."""
    desk = make_desk(*(bill(f"B-{number}", f"{number}0.00") for number in range(1, count + 1)))
    desk.house.run("bills")
    return desk


def post(desk: Desk) -> None:
    assert not any(desk.house.sandbox.clerk.post_all_ap_groups(COMPANY).values())
    assert desk.house.sandbox.epicor.books.payables(COMPANY)


def test_with_its_locks_nothing_is_exposed_and_nothing_is_paid(make_desk: MakeDesk) -> None:
    desk = posted(make_desk)
    post(desk)
    told = desk.asks("exposure")
    assert (told["looked_at"], told["exposed"], told["unread"]) == (3, [], [])
    assert desk.house.sandbox.clerk.pay(COMPANY, LATER) == ()


UNLOCKED: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("B-1", {"PayHold": False}, "pay_hold is false, asked true"),
    ("B-2", {"PMUID": 2}, "payment_method is 2, asked 9"),
    ("B-3", {"GLControlCode": "AP"}, "gl_control is AP, asked AB-AP"),
    ("B-4", {"CPay": True}, "central_payment is true, asked false"),
)


def test_each_missing_lock_is_named(make_desk: MakeDesk) -> None:
    desk = posted(make_desk, 5)
    for number, unlocked, _ in UNLOCKED:
        desk.house.sandbox.clerk.edit_header(COMPANY, NUMBER, number, **unlocked)
    post(desk)
    told = desk.asks("exposure", code=1)["exposed"]
    assert {one["number"]: (one["balance"], one["why"]) for one in told} == {
        number: (f"{number[-1]}0.00", [why]) for number, _, why in UNLOCKED
    }
    assert not any(one["keyed_by_hand"] for one in told)
    shown = " ".join(desk.types("exposure", code=1).split())
    assert all(why.split(",")[0] in shown for _, _, why in UNLOCKED)


def test_what_the_payment_run_takes_was_exposed_before(make_desk: MakeDesk) -> None:
    desk = posted(make_desk)
    desk.house.sandbox.clerk.edit_header(COMPANY, NUMBER, "B-2", PayHold=False, PMUID=2)
    post(desk)
    exposed = {one["reference"].rsplit("/", 1)[-1] for one in desk.asks("exposure", code=1)["exposed"]}
    paid = {one.invoice_num for one in desk.house.sandbox.clerk.pay(COMPANY, LATER)}
    assert paid == exposed == {"B-2"}


def test_an_invoice_keyed_by_hand_with_vendor_and_amount_of_ours_is_exposed(make_desk: MakeDesk) -> None:
    desk = posted(make_desk)
    for number, amount in (("HAND-7", "30.00"), ("HAND-8", "31.00")):
        lines = (("6200|10", Decimal(amount)),)
        desk.house.sandbox.clerk.key_invoice(COMPANY, NUMBER, number, on=date(2026, 11, 5), lines=lines)
    post(desk)
    (exposed,) = desk.asks("exposure", code=1)["exposed"]
    assert exposed["reference"].endswith("/HAND-7")
    assert exposed["keyed_by_hand"]
    assert exposed["number"] == "B-3"


def test_a_company_that_epicor_pays_is_not_exposed(make_desk: MakeDesk) -> None:
    desk = make_desk(bill("B-1"))
    books = (desk.house.folder / "books.yaml").read_text(encoding="utf-8")
    (desk.house.folder / "books.yaml").write_text(books.replace("paid_by: airbase", "paid_by: epicor", 1), "utf-8")
    desk.house.run("bills")
    post(desk)
    assert desk.asks("exposure")["looked_at"] == 0
    assert desk.house.sandbox.clerk.pay(COMPANY, LATER)


DEPOSIT = "1450"


def by_hand(desk: Desk, number: str, amount: str) -> None:
    """Keyed by a person, who does not think of any lock."""
    lines = (("6200|10", Decimal(amount)),)
    desk.house.sandbox.clerk.key_invoice(COMPANY, NUMBER, number, on=date(2026, 11, 3), lines=lines)


def told(desk: Desk) -> dict[str, tuple[str, bool]]:
    """What is exposed: the record and whether its document only looks like it, by the document."""
    found = desk.asks("exposure", code=1)["exposed"]
    return {one["reference"].rsplit("/", 1)[-1]: (one["number"], one["keyed_by_hand"]) for one in found}


def test_what_people_entered_for_a_record_that_they_dismissed_is_exposed(make_desk: MakeDesk) -> None:
    desk = make_desk(bill("BIG", "80000.00"), bill("DOWN", "300.00", account=DEPOSIT))
    desk.house.edit("books.yaml", "    files_1099: epicor\n", "    files_1099: epicor\n    approval_limit: 75000\n")
    desk.house.run("bills")
    by_hand(desk, "BIG", "80000.00")
    by_hand(desk, "DEPOSIT-1", "300.00")
    for number, document in (("BIG", "BIG"), ("DOWN", "DEPOSIT-1")):
        reference = f"{COMPANY}/{VENDORS[0].id}/{document}"
        desk.types("dismiss", number, "--reason", "entered by hand", "--reference", reference)
    post(desk)
    assert told(desk) == {"BIG": ("BIG", False), "DEPOSIT-1": ("DOWN", False)}
    assert {one.invoice_num for one in desk.house.sandbox.clerk.pay(COMPANY, LATER)} == {"BIG", "DEPOSIT-1"}


def test_what_a_held_record_may_be_is_exposed_before_anybody_has_looked(make_desk: MakeDesk) -> None:
    desk = make_desk(
        bill("INV-7", "70.00"),
        bill("OLD", "80.00", date="2026-09-03T00:00:00"),
        bill("DRAFT", "90.00", status="draft"),
    )
    for number, amount in (("7", "70.00"), ("HAND-8", "80.00"), ("HAND-9", "90.00")):
        by_hand(desk, number, amount)
    desk.house.run("bills")
    states = desk.house.states("bills")
    assert (states["INV-7"], states["OLD"]) == ("held", "cut_over")
    post(desk)
    assert told(desk) == {"7": ("INV-7", True), "HAND-8": ("OLD", True)}

    lock = {"PayHold": True, "PMUID": 9, "GLControlType": "APAcct", "GLControlCode": "AB-AP"}
    books = desk.house.sandbox.epicor.books
    with books.store.transaction():
        session = books.session(COMPANY, "controller")
        for number in ("7", "HAND-8"):
            (row,) = session.find("APInvHed", InvoiceNum=number)
            session.save("APInvHed", {**row, **lock})
    assert desk.asks("exposure")["exposed"] == []


def test_what_was_entered_while_epicor_was_said_to_pay_is_exposed_once_airbase_does(make_desk: MakeDesk) -> None:
    """The setting was wrong, or changed: nobody put locks on what stands in Epicor since."""
    desk = make_desk(bill("B-1"))
    books = desk.house.folder / "books.yaml"
    right = books.read_text(encoding="utf-8")
    books.write_text(right.replace("paid_by: airbase", "paid_by: epicor", 1), "utf-8")
    desk.house.run("bills")
    post(desk)
    assert desk.asks("exposure")["looked_at"] == 0
    books.write_text(right, "utf-8")
    assert told(desk) == {"B-1": ("B-1", False)}

"""Dismiss: by a person, with reason and reference, and never what may be in the books."""

from __future__ import annotations

from dataclasses import replace

from engine.domain.lifecycle import State
from engine.faces.sandbox.faults import Fault, FaultKind
from tests.acts.conftest import MakeDesk
from tests.run.house import bill

SAVES = Fault(kind=FaultKind.STATUS, system="epicor", path="UpdateMaster", status=400, message="the group is wrong")
WHY = ("--reason", "keyed by hand", "--reference", "INV-77")


def test_held_and_refused_records_are_closed_for_good_and_the_trail_says_by_whom(make_desk: MakeDesk) -> None:
    desk = make_desk(bill("B-1", "60.00", account="1300"), bill("B-2", "10.00"))
    desk.house.sandbox.faults.add(SAVES)
    desk.house.sandbox.faults.add(Fault(kind=FaultKind.STATUS, system="airbase", method="PATCH", status=500))
    desk.types("run", "bills", code=1)
    desk.house.sandbox.faults.clear()
    assert desk.row("B-2").acknowledged == "pending"

    told = desk.types("dismiss", "B-1", "B-2", *WHY)
    assert told.count("dismissed: ") == 2
    assert [desk.row(name).state for name in ("B-1", "B-2")] == [State.DISMISSED] * 2
    desk.types("run", "bills")
    assert not desk.house.invoices()
    entry = desk.house.entry({"airbase_id": desk.row("B-2").key.source_id})
    assert entry["status"] == "sync_ready", "a dismissed record was told to the source as complete"

    (event,) = [one for one in desk.asks("audit", "show", "B-1")["events"] if one["detail"].get("to") == "dismissed"]
    assert "@" in event["who"]
    assert event["detail"]["reason"] == "keyed by hand"
    assert event["detail"]["facts"]["reference"] == "INV-77"
    assert event["detail"]["detail"]["was"]["cause"] == "crosswalk_hold"
    assert desk.types("worklist") == "nothing needs a person\n"


def test_nothing_is_dismissed_when_one_of_them_is_entered(make_desk: MakeDesk) -> None:
    desk = make_desk(bill("B-1", "60.00", account="1300"), bill("B-2", "10.00"))
    desk.types("run", "bills", code=1)
    told = desk.is_told("dismiss", "B-1", "B-2", *WHY)
    assert "B-2 is entered as EPIC06/" in told
    assert desk.row("B-1").state is State.HELD
    assert "--reference is empty" in desk.is_told("dismiss", "B-1", "--reason", "x", "--reference", " ")
    desk.is_told("dismiss", "B-1", "--reason", "x")


def test_what_is_in_doubt_waits_for_its_look_up(make_desk: MakeDesk) -> None:
    desk = make_desk(bill("B-1", "60.00"))
    desk.house.sandbox.faults.add(replace(SAVES, kind=FaultKind.NO_ANSWER_BEFORE_COMMIT))
    desk.types("run", "bills", "--no-wait", code=1)
    assert desk.row("B-1").state is State.IN_DOUBT
    assert "nobody knows yet" in desk.is_told("dismiss", "B-1", *WHY)

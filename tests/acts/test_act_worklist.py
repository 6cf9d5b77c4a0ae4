"""The worklist: the largest and oldest first, in plain words, with the next command."""

from __future__ import annotations

import csv
import io

from engine.adapters.store.port import Decision
from engine.faces.sandbox.faults import Fault, FaultKind
from tests.acts.conftest import MakeDesk
from tests.run.house import bill

SAVES = Fault(kind=FaultKind.STATUS, system="epicor", path="UpdateMaster", status=400, message="=cmd|' /C calc'!A0")


def test_the_largest_comes_first_and_equal_causes_share_a_line(make_desk: MakeDesk) -> None:
    many = [bill(f"M-{number}", "10.00", account="1300") for number in range(8)]
    desk = make_desk(
        *many,
        bill("=2+3", "500.00", account="1500"),
        bill("B-2", "70.00", account="1300", date="2026-12-15T00:00:00"),
        bill("B-3", "5.00"),
    )
    desk.house.sandbox.faults.add(SAVES)
    desk.types("run", "bills", code=1)

    shown = desk.types("worklist", code=1).splitlines()
    assert [line.split()[0] for line in shown[2:6]] == ["500.00", "80.00", "70.00", "5.00"]
    assert "8 bills" in shown[3]
    assert "ml-connector run bills" in shown[3]
    assert "Its period is closed." in shown[4]
    assert "ml-connector replay" in shown[5]
    assert "finance: 11 records" in shown[-1]
    assert len(desk.types("worklist", "--all", code=1).splitlines()) == 14

    told = desk.asks("worklist", code=1)
    assert [one["amount"] for one in told[:2]] == ["500.00", "70.00"]
    assert {one["owner"] for one in told} == {"finance"}
    assert desk.types("worklist", "--owner", "IT") == "nothing needs a person\n"
    assert len(desk.asks("worklist", "--cause", "refused", code=1)) == 1

    rows = list(csv.DictReader(io.StringIO(desk.types("worklist", "--format", "csv", code=1))))
    assert len(rows) == 11
    assert rows[0]["number"] == "'=2+3"
    assert all(not cell.startswith(("=", "+", "@")) for row in rows for cell in row.values())


def test_a_record_changed_after_entry_is_shown_field_by_field_until_a_person_closes_it(make_desk: MakeDesk) -> None:
    entry = bill("B-1", "60.00")
    desk = make_desk(entry)
    desk.types("run", "bills")
    assert desk.types("worklist") == "nothing needs a person\n"
    books = desk.house.sandbox.airbase.books
    books.change_entry(entry["airbase_id"], status="sync_ready", notes="a note")
    desk.types("run", "bills")
    (change,) = desk.asks("worklist", code=1)[0]["changes"]
    assert change == {"path": "notes", "before": "null", "after": "a note"}

    lines = [{**entry["expense_list"][0], "amount": "75.00"}]
    books.change_entry(entry["airbase_id"], total_amount="75.00", expense_list=lines)
    desk.types("run", "bills")
    (found,) = desk.asks("worklist", code=1)
    assert found["cause"] == "changed"
    assert {one["path"]: (one["before"], one["after"]) for one in found["changes"]} == {
        "notes": ("null", "a note"),
        "total": ("60.00", "75.00"),
        "lines[0].amount": ("60.00", "75.00"),
    }
    assert "debit memo" in found["advice"]
    assert "changed at the source" in desk.types("worklist", code=1)
    assert len(desk.house.invoices()) == 1

    close = ("dismiss", "B-1", "--reason", "debit memo DM-1", "--reference", "DM-1")
    assert "cannot be dismissed" in desk.is_told(*close)
    desk.types(*close, "--finding")
    assert desk.types("worklist") == "nothing needs a person\n"
    assert "debit memo DM-1" in desk.types("audit", "show", "B-1")
    assert "has nothing to close" in desk.is_told(*close, "--finding")


def test_what_the_target_kept_otherwise_is_on_the_list(make_desk: MakeDesk) -> None:
    desk = make_desk(bill("B-1", "60.00"))
    desk.types("run", "bills")
    with desk.house.setup() as setup:
        (row,) = setup.ledger.records(keys=["B-1"])
        setup.ledger.decide(
            [Decision(record_id=row.id, state=row.state, cause="differs", reason="kept 60.00 debit on no account")],
            setup.make_id(),
            setup.who,
        )
    (found,) = desk.asks("worklist", code=1)
    assert found["cause"] == "differs"
    assert found["state"] == "entered"
    assert found["next"].startswith("ml-connector show ")


def test_a_record_that_changed_after_it_was_dismissed_is_shown_and_nothing_is_sent(make_desk: MakeDesk) -> None:
    entry = bill("B-1", "60.00", account="1300")
    desk = make_desk(entry)
    desk.types("run", "bills", code=1)
    desk.types("dismiss", "B-1", "--reason", "keyed by hand", "--reference", "EPIC06/HAND-1")
    desk.types("run", "bills")
    assert desk.types("worklist") == "nothing needs a person\n"
    close = ("dismiss", "B-1", "--finding", "--reason", "keyed the rest", "--reference", "HAND-2")
    assert "has nothing to close" in desk.is_told(*close)

    lines = [{**entry["expense_list"][0], "amount": "6000.00", "account": {"erp_reference_id": "6200"}}]
    books = desk.house.sandbox.airbase.books
    books.change_entry(entry["airbase_id"], total_amount="6000.00", expense_list=lines)
    desk.types("run", "bills")
    (found,) = desk.asks("worklist", code=1)
    assert (found["state"], found["cause"]) == ("dismissed", "changed_closed")
    assert "total: 60.00 -> 6000.00" in found["reason"]
    assert desk.house.invoices() == {}

    assert "the record stays dismissed" in desk.types(*close)
    desk.types("run", "bills")
    assert desk.types("worklist") == "nothing needs a person\n"
    row = desk.row("B-1")
    assert (row.state, row.reason, row.reference) == ("dismissed", "keyed by hand", "EPIC06/HAND-1")
    assert "keyed the rest" in desk.types("audit", "show", "B-1")
    assert "as sent" not in desk.types("explain", "B-1")

"""`plan` against live systems: what a run would do, with nothing written anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import pytest

from engine.domain.entries import by_account
from engine.run.judging import Judgement, Verdict
from tests.run.conftest import MakeHouse
from tests.run.house import VENDORS, bill, bills, card

R130 = "R130,*,6200,*,*,=account,=department,post,,,Office supplies"


def booked(judgements: list[Judgement]) -> dict[str, Mapping[str, Decimal]]:
    """What each document books, by number."""
    return {one.facts.label: by_account(one.document.entries) for one in judgements if one.document is not None}


def test_a_changed_crosswalk_row_changes_the_lines_it_governs_and_no_other(make_house: MakeHouse) -> None:
    mixed = bill("B-3", "30.00", "3.00")
    mixed["expense_list"][1]["account"] = {"erp_reference_id": "6100", "name": "Software"}
    house = make_house(
        bill("B-1", "10.00"), bill("B-2", "20.00", account="6100"), mixed, card("a", "5.00", account="6200")
    )
    before = booked(house.plan("bills")) | booked(house.plan("card-transactions"))

    house.edit("mappings/crosswalks/gl-coding.csv", R130, R130.replace("=account", "6210"))
    after = booked(house.plan("bills")) | booked(house.plan("card-transactions"))

    changed = {label for label in before if before[label] != after[label]}
    assert changed == {"B-1", "B-3", VENDORS[1].name}
    moved = {
        label: {account: amount for account, amount in after[label].items() if account not in before[label]}
        for label in changed
    }
    assert moved == {
        "B-1": {"6210|10": Decimal("10.00")},
        "B-3": {"6210|10": Decimal("30.00")},
        VENDORS[1].name: {"6210|30": Decimal("5.00")},
    }
    assert after["B-3"]["6100|10"] == before["B-3"]["6100|10"] == Decimal("3.00")
    assert all(sum(entries.values()) == 0 for entries in after.values())


def test_a_more_specific_row_governs_its_vendor_alone(make_house: MakeHouse) -> None:
    house = make_house(bill("B-1", "10.00"), bill("B-2", "20.00", vendor=VENDORS[1]))
    row = f"V1,EPIC06,6200,*,{VENDORS[1].id},6220,=department,post,,,this vendor is postage\n"
    house.edit("mappings/crosswalks/gl-coding.csv", R130, row + R130)
    entries = booked(house.plan("bills"))
    assert "6200|10" in entries["B-1"]
    assert "6220|10" in entries["B-2"]


def test_a_row_that_says_hold_holds_and_one_that_says_post_frees(make_house: MakeHouse) -> None:
    entry = bill("B-1")
    house = make_house(entry)
    house.edit("mappings/crosswalks/gl-coding.csv", R130, R130.replace("=account,=department,post", ",,hold"))
    house.run("bills")
    assert (house.row(entry).state, house.row(entry).cause) == ("held", "crosswalk_hold")
    assert "R130" in house.row(entry).reason
    house.edit("mappings/crosswalks/gl-coding.csv", R130.replace("=account,=department,post", ",,hold"), R130)
    house.run("bills")
    assert house.row(entry).state == "entered"


def test_it_writes_nothing_anywhere(make_house: MakeHouse) -> None:
    house = make_house(*bills(3))
    house.plan("bills")
    assert house.wire.effects() == []
    assert house.rows() == ()


@pytest.mark.parametrize("page_size", [1, 100])
def test_it_says_what_a_run_then_does(make_house: MakeHouse, page_size: int) -> None:
    entries = [
        *bills(4),
        bill("B-1", "1.50", vendor=VENDORS[1], label="again"),
        bill("B-9", account="6999"),
        bill("B-8", status="recalled"),
        bill("B-7", type="amortization"),
        bill("B-6", date="2026-09-01T00:00:00"),
    ]
    house = make_house(*entries, airbase=f"page_size: {page_size}")
    said = {one.record.source_id: _told(one) for one in house.plan("bills")}

    house.run("bills")

    rows = {row.key.source_id: row.state.value for row in house.rows()}
    assert said == rows
    again = {one.record.source_id: one for one in house.plan("bills")}
    assert {one.verdict for one in again.values()} <= {Verdict.DONE, Verdict.WAIT}


def _told(one: Judgement) -> str:
    return (
        one.put.state.value
        if one.put is not None
        else {Verdict.SEND: "entered", Verdict.ADOPT: "entered"}[one.verdict]
    )


def test_each_look_up_is_asked_once_for_a_whole_batch(make_house: MakeHouse) -> None:
    house = make_house(*bills(30))
    house.plan("bills")
    asked = [path for path in house.wire.paths("epicor") if path.endswith("/Vendors")]
    accounts = [path for path in house.wire.paths("epicor") if path.endswith("/GLAccounts")]
    assert (len(asked), len(accounts)) == (1, 1)


def test_one_bad_record_costs_only_itself(make_house: MakeHouse) -> None:
    odd = [
        bill("B-2", expense_list="none"),
        {**bill("B-3"), "vendor": None},
        bill("B-4", total_amount="ten"),
        bill("B-5", entry_date="yesterday"),
        bill("B-6", currency=None),
        bill("B-7", subsidiary=[]),
        bill("B-8", transaction_tags={"a": 1}),
        bill("B-9", expense_list=[None, 7, "x"]),
        bill("B-10", invoice_number={"number": 1}),
        bill("B-11", total_amount=True),
        bill("B-12", entry_date=20261103),
        bill("B-13", expense_list=[]),
        bill("B-14", total_amount="1e400"),
        bill("B-15", invoice_number="A\x00B"),
        bill("B-16", notes=["a", {"b": 1}]),
        bill("B-17", airbase_url=12),
    ]
    house = make_house(bill("B-1"), *({**entry, "airbase_id": entry["id"]} for entry in odd))
    house.run("bills")
    states = {row.key.source_id: row for row in house.rows()}
    assert states[bill("B-1")["id"]].state == "entered"
    for entry in odd:
        row = states[entry["id"]]
        assert row.state in ("held", "skipped", "refused", "entered"), entry["invoice_number"]
        assert row.reason or row.state == "entered"
        assert "Traceback" not in row.reason

"""Invoices keyed by hand under a number that is written otherwise: held before the first send, freed by a word."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from engine.faces.sandbox.faults import Fault, FaultKind
from engine.faces.sandbox.seed.vendors import VendorSeed
from engine.run import ledger_pages
from engine.run.similar import normalised
from tests.acts.desk import Desk
from tests.books.conftest import MakeDesk
from tests.run.house import VENDORS, bill

COMPANY = "EPIC06"
REDIRECTS = "mappings/crosswalks/vendor-redirects.csv"


def key(
    desk: Desk, number: str, amount: str, *, on: date = date(2026, 11, 3), vendor: VendorSeed = VENDORS[0]
) -> None:
    lines = (("6200|10", Decimal(amount)),)
    desk.house.sandbox.clerk.key_invoice(COMPANY, vendor.number, number, on=on, lines=lines)


SPELLINGS = [
    "42",
    "00042",
    "inv 42",
    "INV-42",
    " 042",
    "inv-0042",
    "4-2",
    "INV\u20130042",
    "(42)",
    "'42",
    "\uff14\uff12",
]


@pytest.mark.parametrize("number", [*SPELLINGS, "Invoice No. 42", "Inv.Nr.:42", "invoice number 42", "INV,42", "42*"])
def test_numbers_that_people_mean_as_one(number: str) -> None:
    assert normalised(number) == "42"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("A-100", "A-1000"),
        ("2026-1", "2026-2"),
        ("INVENT-1", "1"),
        ("1E10", "10"),
        ("NORTH-1", "1"),
        ("\u00c9-1", "1"),
    ],
)
def test_numbers_that_are_two(one: str, other: str) -> None:
    assert normalised(one) != normalised(other)


def test_another_spelling_is_held_and_named_and_nothing_is_entered(make_desk: MakeDesk) -> None:
    desk = make_desk(bill("INV-00042", "60.00"))
    key(desk, "42", "99.00", on=date(2026, 10, 5))
    for _ in range(2):
        desk.house.run("bills")
    row = desk.row("INV-00042")
    assert (row.state, row.cause) == ("held", "possible_duplicate")
    assert f"EPIC06/{VENDORS[0].id}/42 (99.00, 2026-10-05)" in row.reason
    assert set(desk.house.invoices()) == {"42"}
    assert "possible duplicate" in desk.types("plan", "bills")


@pytest.mark.parametrize(
    ("on", "amount", "state"),
    [
        (date(2026, 11, 13), "60.00", "held"),
        (date(2026, 11, 14), "60.00", "entered"),
        (date(2026, 11, 3), "60.01", "entered"),
    ],
)
def test_the_same_amount_is_held_within_ten_days(make_desk: MakeDesk, on: date, amount: str, state: str) -> None:
    desk = make_desk(bill("B-1", "60.00"))
    key(desk, "SOMETHING ELSE", amount, on=on)
    desk.house.run("bills")
    assert desk.row("B-1").state == state


def test_a_renumbered_vendor_is_one_vendor(make_desk: MakeDesk) -> None:
    desk = make_desk(bill("B-1", "60.00"), bill("C-1", "70.00", vendor=VENDORS[2]))
    key(desk, "B1", "60.00", vendor=VENDORS[1])
    key(desk, "C1", "70.00", vendor=VENDORS[1])
    rows = f"company,old_vendor_id,new_vendor_id\nEPIC06,{VENDORS[1].id},{VENDORS[0].id}\n"
    (desk.house.folder / REDIRECTS).write_text(rows, encoding="utf-8")
    desk.house.run("bills")
    assert desk.row("B-1").cause == "possible_duplicate"
    assert desk.row("C-1").state == "entered"

    (desk.house.folder / REDIRECTS).write_text("from,to\nA,B\n", encoding="utf-8")
    assert "old_vendor_id" in desk.is_told("run", "bills")


def test_our_own_bills_of_one_amount_are_no_duplicates(make_desk: MakeDesk) -> None:
    desk = make_desk(bill("B-1", "60.00"))
    desk.house.run("bills")
    desk.house.sandbox.airbase.books.load("ledger_entries", [bill("B-2", "60.00", date="2026-11-05T00:00:00")])
    desk.house.run("bills")
    assert set(desk.house.invoices()) == {"B-1", "B-2"}


def second_of_two(make_desk: MakeDesk, second: dict[str, Any]) -> Desk:
    """A bill and another of its vendor, which a person typed twice into Airbase."""
    return make_desk(bill("INV-00042", "60.00"), second)


@pytest.mark.parametrize(
    ("second", "state"),
    [
        (bill("42", "60.00"), "held"),
        (bill("inv 42", "61.00"), "held"),
        (bill("42", "60.00", vendor=VENDORS[1]), "entered"),
        (bill("43", "60.00"), "entered"),
    ],
)
@pytest.mark.parametrize("at_once", [200, 1])
def test_two_of_one_run_whose_number_is_one(
    make_desk: MakeDesk, monkeypatch: pytest.MonkeyPatch, second: dict[str, Any], state: str, at_once: int
) -> None:
    monkeypatch.setattr(ledger_pages, "BATCH", at_once)
    desk = second_of_two(make_desk, second)
    desk.house.run("bills")
    assert desk.row("INV-00042").state == "entered"
    assert desk.house.row(second).state == state
    assert len(desk.house.invoices()) == (1 if state == "held" else 2)


def test_a_word_lets_the_second_spelling_of_ours_through_and_the_third_names_both(make_desk: MakeDesk) -> None:
    first, second, third = bill("INV-00042", "60.00"), bill("42", "60.00"), bill("INV 42", "60.00")
    desk = make_desk(first, second)
    desk.house.run("bills")
    named = desk.row("42").reason
    assert f"possible duplicate of the record {first['airbase_id']}, entered by us" in named
    desk.house.run("bills")
    assert desk.row("42").reason == named  # named alike in the run and at Epicor, so one word is enough
    desk.types("not-a-duplicate", "42", "--reason", "two invoices, both seen")
    desk.house.run("bills")
    assert desk.row("42").state == "entered"

    desk.house.sandbox.airbase.books.load("ledger_entries", [third])
    desk.house.run("bills")
    assert all(one["airbase_id"] in desk.row("INV 42").reason for one in (first, second))
    assert set(desk.house.invoices()) == {"INV-00042", "42"}


@pytest.mark.parametrize("kind", [FaultKind.NO_ANSWER_AFTER_COMMIT, FaultKind.NO_ANSWER_BEFORE_COMMIT])
def test_the_second_spelling_is_held_when_the_first_was_in_doubt_for_a_while(
    make_desk: MakeDesk, kind: FaultKind
) -> None:
    desk = second_of_two(make_desk, bill("42", "60.00"))
    lost = Fault(kind=kind, system="epicor", path="UpdateMaster", times=1)
    desk.house.sandbox.faults.add(lost)
    desk.house.run("bills")
    assert sorted(desk.house.states("bills").values()) == ["entered", "held"]
    assert len(desk.house.invoices()) == 1


def test_a_renumbered_vendor_s_bill_of_another_amount_is_held(make_desk: MakeDesk) -> None:
    desk = make_desk(bill("N-1", "60.00", vendor=VENDORS[1]), bill("N 1", "61.00"))
    rows = f"company,old_vendor_id,new_vendor_id\nEPIC06,{VENDORS[1].id},{VENDORS[0].id}\n"
    (desk.house.folder / REDIRECTS).write_text(rows, encoding="utf-8")
    desk.house.run("bills")
    assert (desk.row("N-1").state, desk.row("N 1").state) == ("entered", "held")


def test_a_word_lets_it_through_for_what_it_was_held_for_and_no_more(make_desk: MakeDesk) -> None:
    desk = make_desk(bill("B-1", "60.00"), bill("B-9", "15.00"))
    key(desk, "B1", "60.00")
    desk.house.run("bills")
    assert "not held as a possible duplicate" in desk.is_told("not-a-duplicate", "B-9", "--reason", "seen")
    desk.types("not-a-duplicate", "B-1", "--reason", "two deliveries, both invoices seen")
    key(desk, "B.1", "60.00")
    desk.house.run("bills")
    row = desk.row("B-1")
    assert row.cause == "possible_duplicate"
    assert "/B.1 (" in row.reason
    assert "/B1 (" not in row.reason

    desk.types("not-a-duplicate", "B-1", "--reason", "three deliveries")
    desk.house.run("bills")
    assert desk.row("B-1").state == "entered"
    desk.house.run("bills")
    assert set(desk.house.invoices()) == {"B-1", "B1", "B.1", "B-9"}
    shown = desk.types("show", "B-1")
    assert "three deliveries" in shown

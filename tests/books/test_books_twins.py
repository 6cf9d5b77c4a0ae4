"""The same spend elsewhere: under another vendor, in another company, or paid by card; a word lets it through."""

from __future__ import annotations

import threading
import time
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from engine.faces.sandbox.exchange import SandboxRequest, SandboxResponse
from engine.faces.sandbox.seed import ODD
from engine.faces.sandbox.seed.chart import AP_AIRBASE
from engine.faces.sandbox.seed.companies import EPIC07
from engine.faces.sandbox.seed.vendors import CANADIAN_LIST, VendorSeed
from engine.run import ledger_pages
from tests.acts.desk import Desk
from tests.books.conftest import MakeDesk
from tests.run.house import VENDORS, bill, card

COMPANY = "EPIC06"


def card_of(amount: str, on: str, vendor: VendorSeed = VENDORS[1]) -> dict[str, Any]:
    """A settled charge, as an expense."""
    return {**card(f"{amount} {on}", amount), "entry_date": on, "vendor": vendor.on_entry()}


def arrives(desk: Desk, entry: dict[str, Any]) -> None:
    desk.house.sandbox.airbase.books.load("ledger_entries", [entry])


def epicor_takes_from(desk: Desk, day: str) -> None:
    """The controller lets older invoices in."""
    books = desk.house.sandbox.epicor.books
    with books.store.transaction():
        session = books.session(COMPANY, "controller")
        (row,) = session.find("EADType", EADType="AP")
        session.save("EADType", {**row, "EarliestApplyDate": day})


def expense_of(desk: Desk, account: str = "6300|30") -> Decimal:
    """What all journals, posted or not, book to an account."""
    rows = desk.house.sandbox.epicor.books.rows(COMPANY, "GLJrnDtlMnl")
    return sum((row["TransAmt"] for row in rows if row["GLAccount"] == account), Decimal(0))


def test_a_bill_whose_card_was_booked_before_is_held_and_dismissed_with_the_journal(make_desk: MakeDesk) -> None:
    desk = make_desk(dict(ODD["card_before_bill"].entry))
    desk.house.run("card-transactions")
    (journal,) = (row.reference for row in desk.house.rows(mapping="card-transactions"))
    arrives(desk, {**ODD["bill_after_card"].entry, "status": "sync_ready"})
    desk.house.run("bills")
    row = desk.row("ODD-bill_after_card")
    assert (row.state, row.cause) == ("held", "possible_duplicate")
    assert f"possible duplicate of {journal} (512.34, 2026-10-13), a card charge of this vendor" in row.reason
    assert "if it paid this bill, dismiss the bill with its number" in row.reason
    desk.types("dismiss", row.label, "--reason", "paid by card", "--reference", journal)
    desk.house.run("bills")
    assert desk.house.invoices() == {}
    assert expense_of(desk, "6200|30") == Decimal("512.34")


@pytest.mark.parametrize(
    ("amount", "on", "vendor", "state"),
    [
        ("60.00", "2026-10-04T18:00:00", VENDORS[1], "held"),  # 30 days before
        ("60.00", "2026-10-04T18:00:00", VENDORS[3], "entered"),
        ("60.01", "2026-10-04T18:00:00", VENDORS[1], "entered"),
    ],
)
def test_a_card_is_the_bills_own_by_vendor_amount_and_day(
    make_desk: MakeDesk, amount: str, on: str, vendor: VendorSeed, state: str
) -> None:
    desk = make_desk(card_of(amount, on, vendor))
    desk.house.run("card-transactions")
    arrives(desk, bill("B-1", "60.00", vendor=VENDORS[1]))
    desk.house.run("bills")
    assert desk.row("B-1").state == state


@pytest.mark.parametrize(("on", "state"), [(date(2026, 9, 20), "held"), (date(2026, 9, 19), "entered")])
def test_a_card_that_may_have_paid_an_invoice_is_held_until_a_word(make_desk: MakeDesk, on: date, state: str) -> None:
    desk = make_desk(card_of("60.00", "2026-11-04T18:00:00"))
    epicor_takes_from(desk, "2026-09-01")
    lines = (("6200|10", Decimal("60.00")),)
    desk.house.sandbox.clerk.key_invoice(COMPANY, VENDORS[1].number, "HAND-1", on=on, lines=lines)
    desk.house.run("card-transactions")
    (row,) = desk.house.rows(mapping="card-transactions")
    assert row.state == state
    if state == "held":
        assert f"EPIC06/{VENDORS[1].id}/HAND-1 ({on})" in row.reason
        desk.types("not-a-duplicate", row.key.source_id, "--reason", "another order")
        desk.house.run("card-transactions")
        assert expense_of(desk) == Decimal("60.00")


def canadian(number: str, amount: str) -> dict[str, Any]:
    return bill(
        number,
        amount,
        label="canadian",
        vendor=CANADIAN_LIST[5],
        company=EPIC07,
        ap_account={"erp_reference_id": AP_AIRBASE},
    )


@pytest.mark.parametrize(
    ("second", "state"),
    [
        (bill("N-1", "60.00", label="other", vendor=VENDORS[2], date="2026-10-20T00:00:00"), "held"),
        (canadian("N-1", "60.00"), "held"),
        (bill("N-1", "60.01", label="other", vendor=VENDORS[2]), "entered"),
        (bill("N-2", "60.00", vendor=VENDORS[2]), "entered"),
    ],
)
def test_one_number_and_amount_are_one_bill_until_a_word(
    make_desk: MakeDesk, second: dict[str, Any], state: str
) -> None:
    first = bill("N-1", "60.00")
    desk = make_desk(first, second)
    desk.house.run("bills")
    row = desk.house.row(second)
    assert (row.state, desk.house.row(first).state) == (state, "entered")
    if state == "entered":
        return
    assert f"possible duplicate of the record {first['airbase_id']} (2026-11-03)" in row.reason
    desk.house.run("bills")
    assert (
        desk.house.row(second).reason == row.reason
    )  # named alike in the batch and at Epicor, so one word is enough
    desk.types("not-a-duplicate", second["airbase_id"], "--reason", "two vendors use one form")
    desk.house.run("bills")
    assert desk.house.row(second).state == "entered"


@pytest.mark.parametrize(("on", "state"), [(date(2026, 10, 5), "held"), (date(2026, 6, 1), "entered")])
def test_a_bill_keyed_under_another_vendor_is_named(make_desk: MakeDesk, on: date, state: str) -> None:
    desk = make_desk(bill("N-1", "60.00", date="2026-11-20T00:00:00"))
    epicor_takes_from(desk, "2026-01-01")
    lines = (("6200|10", Decimal("60.00")),)
    desk.house.sandbox.clerk.key_invoice(COMPANY, VENDORS[3].number, "N-1", on=on, lines=lines)
    desk.house.run("bills")
    row = desk.row("N-1")
    assert row.state == state
    if state == "held":
        assert f"EPIC06/{VENDORS[3].id}/N-1 (2026-10-05), the same number and amount under another" in row.reason


def two_alike(make_desk: MakeDesk, monkeypatch: pytest.MonkeyPatch) -> tuple[Desk, dict[str, Any], dict[str, Any]]:
    """Bills of two vendors with one number and amount, each on a page of its own."""
    first, second = bill("N-1", "60.00"), bill("N-1", "60.00", label="other", vendor=VENDORS[2])
    monkeypatch.setattr(ledger_pages, "BATCH", 1)
    return make_desk(first, second), first, second


def test_one_that_is_still_on_its_way_is_named_to_the_next_page(
    make_desk: MakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, first, second = two_alike(make_desk, monkeypatch)
    epicor, row_of = desk.house.sandbox.epicor, desk.house.row
    respond = epicor.respond

    def slow(request: SandboxRequest) -> SandboxResponse:
        for _ in range(500 if "UpdateMaster" in request.path else 0):
            if row_of(second).state != "seen":
                break
            time.sleep(0.02)
        return respond(request)

    monkeypatch.setattr(epicor, "respond", slow)
    desk.house.run("bills")

    row = row_of(second)
    assert (row.state, row.cause, row_of(first).state) == ("held", "possible_duplicate", "entered")
    assert f"possible duplicate of the record {first['airbase_id']} (2026-11-03)" in row.reason


def test_one_that_arrives_while_the_next_page_is_looked_up_is_named_to_it(
    make_desk: MakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer for the second was given before the first was saved, and comes after it was read back."""
    desk, first, second = two_alike(make_desk, monkeypatch)
    epicor, row_of = desk.house.sandbox.epicor, desk.house.row
    respond, looked_up = epicor.respond, threading.Event()

    def late(request: SandboxRequest) -> SandboxResponse:
        if "UpdateMaster" in request.path:
            assert looked_up.wait(10)
        answer, before = respond(request), row_of(first).state
        if f"{COMPANY}/Erp.BO.APInvoiceSvc/APInvoices" in request.path and before == "ready":
            looked_up.set()
            for _ in range(500):
                if row_of(first).state == "entered":
                    break
                time.sleep(0.02)
        return answer

    monkeypatch.setattr(epicor, "respond", late)
    desk.house.run("bills")

    assert (row_of(first).state, row_of(second).state, row_of(second).cause) == (
        "entered",
        "held",
        "possible_duplicate",
    )


def test_a_charge_that_people_entered_by_hand_and_dismissed_is_named_to_its_bill(make_desk: MakeDesk) -> None:
    """Spent in euro, so it was entered by hand; then the bill comes that it has paid."""
    charge = {**card_of("60.00", "2026-10-04T18:00:00"), "currency": {"erp_reference_id": "EUR", "iso_code": "EUR"}}
    desk = make_desk(charge)
    desk.house.run("card-transactions")
    assert desk.house.row(charge).state == "held"
    desk.types("dismiss", charge["airbase_id"], "--reason", "by hand", "--reference", "EPIC06/2026/GJ/77")
    arrives(desk, bill("B-1", "60.00", vendor=VENDORS[1]))
    desk.house.run("bills")
    row = desk.row("B-1")
    assert (row.state, row.cause) == ("held", "possible_duplicate")
    assert "EPIC06/2026/GJ/77, dismissed (60.00, 2026-10-04)" in row.reason
    desk.types("not-a-duplicate", "B-1", "--reason", "another order")
    desk.house.run("bills")
    assert desk.row("B-1").state == "entered"


def test_a_merchant_that_airbase_does_not_link_is_the_vendor_of_its_name(make_desk: MakeDesk) -> None:
    """The card's merchant was born in Airbase beside the vendor that Epicor publishes."""
    stranger = {**VENDORS[1].on_entry(), "id": "born-here", "airbase_id": "born-here", "erp_reference_id": ""}
    same, other = card("same name", "60.00"), card("another name", "60.00")
    desk = make_desk(
        bill("B-1", "60.00", vendor=VENDORS[1]),
        {**same, "vendor": stranger},
        {**other, "vendor": {**stranger, "name": "Nobody we know"}},
    )
    desk.house.run("bills")
    desk.house.run("card-transactions")
    assert desk.house.row(same).cause == "possible_duplicate"
    assert f"EPIC06/{VENDORS[1].id}/B-1 (2026-11-03)" in desk.house.row(same).reason
    assert desk.house.row(other).state == "entered"
    assert expense_of(desk) == Decimal("60.00")

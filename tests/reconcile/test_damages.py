"""Ten kinds of damage done to the books by hand: the report does not tie, and names what was damaged."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest

from engine.run.dismissing import dismiss
from engine.run.reconciling.reconciling import reconcile
from engine.run.reconciling.report import DOES_NOT_TIE, TIES, ControlReport
from engine.run.reconciling.sides import period_of
from tests.reconcile.month import COMPANY, ENTRIES, OTHER, PERIOD, VENDOR, Month
from tests.run.house import bill

Damage = Callable[[Month], None]


def amount_edited(month: Month) -> None:
    num = month.vendor_num("B-2")
    month.clerk.edit_amount(COMPANY, num, "B-2", 1, Decimal("260.00"))
    month.clerk.edit_header(COMPANY, num, "B-2", ScrDocInvoiceVendorAmt=Decimal("260.00"))


def account_edited(month: Month) -> None:
    month.clerk.edit_account(COMPANY, month.vendor_num("B-2"), "B-2", 1, "6100|10")


def invoice_deleted(month: Month) -> None:
    month.clerk.delete_invoice(COMPANY, month.vendor_num("B-2"), "B-2")


def keyed_again(month: Month) -> None:
    """The same bill under another vendor, with a dash too few in its number."""
    num = month.vendor_num("B-3")
    lines = (("6200|10", Decimal("250.00")),)
    month.clerk.key_invoice(COMPANY, num, "B2", on=date(2026, 11, 5), lines=lines)


def straight_to_control(month: Month) -> None:
    month.journals("6200|10", "2105|00", "204.00")


def journal_deleted(month: Month) -> None:
    month.deletes_a_journal()


def moved_on(month: Month) -> None:
    month.clerk.move_invoice(COMPANY, month.vendor_num("B-2"), "B-2", "LATER", date(2026, 12, 3))


def debit_memo_added(month: Month) -> None:
    month.keys_debit_memo("CM-77", "25.00")


def ledger_row_damaged(month: Month) -> None:
    month.ledger_says("UPDATE records SET amount = '150.00' WHERE label = ?", "B-2")


def ledger_row_removed(month: Month) -> None:
    month.ledger_says("DELETE FROM records WHERE label = ?", "B-2")


def ledger_state_damaged(month: Month) -> None:
    month.ledger_says("UPDATE records SET state = 'skipped', reference = NULL WHERE label = ?", "B-2")


DAMAGES: tuple[tuple[Damage, str, str, str], ...] = (
    (amount_edited, "document differs", "B-2", "10.00"),
    (account_edited, "document differs", "B-2", "250.00"),
    (invoice_deleted, "not in the target", "B-2", "250.00"),
    (keyed_again, "unknown document", "B2", "250.00"),
    (straight_to_control, "booked by others", "GJ 2026/9118 line 2", "-204.00"),
    (moved_on, "not in the target", "B-2", "250.00"),
    (debit_memo_added, "booked by others", "CM-77", "25.00"),
    (ledger_row_damaged, "amount in the ledger", "B-2", "-100.00"),
    (ledger_row_removed, "not in the ledger", "B-2", "250.00"),
    (ledger_state_damaged, "unknown document", "B-2", "250.00"),
)


def test_a_clean_month_ties(month: Month) -> None:
    month.posts()
    report = month.reconciles()
    assert (report.verdict, report.findings, report.exit_code) == (TIES, (), 0)
    assert {one.account: one.in_gl for one in report.roll_forwards} == {
        "2105": Decimal("-1425.50"),
        "2110": Decimal("0.00"),
        "1090": Decimal("451.00"),
    }


def test_what_is_entered_and_not_posted_ties_too(month: Month) -> None:
    report = month.reconciles()
    assert report.verdict == TIES
    assert report.states is not None
    assert {row.mapping: row.buckets["entered"].amount for row in report.states} == {
        "bills": Decimal("425.50"),
        "card-transactions": Decimal("49.00"),
    }


@pytest.mark.parametrize(("damage", "kind", "what", "amount"), DAMAGES, ids=[one[0].__name__ for one in DAMAGES])
def test_a_damage_is_named_with_its_amount(month: Month, damage: Damage, kind: str, what: str, amount: str) -> None:
    damage(month)
    month.posts()
    report = month.reconciles()
    assert (report.verdict, report.exit_code) == (DOES_NOT_TIE, 1)
    assert (kind, Decimal(amount)) in said_of(report, what)


def test_a_deleted_journal_is_named(month: Month) -> None:
    journal_deleted(month)
    month.posts()
    report = month.reconciles()
    assert report.verdict == DOES_NOT_TIE
    (found,) = (one for one in report.findings if one.kind == "not in the target")
    assert found.amount in (Decimal("19.00"), Decimal("30.00"))
    assert found.record.startswith("airbase:")


def test_a_recorded_payment_is_named(month: Month) -> None:
    """Someone takes the locks off, and Friday's payment run pays a bill that Airbase pays."""
    num = month.vendor_num("B-2")
    month.clerk.edit_header(COMPANY, num, "B-2", PayHold=False, PMUID=0)
    month.posts()
    before = month.reconciles()
    assert ("exposed", Decimal("250.00")) in said_of(before, "B-2")
    assert month.clerk.pay(COMPANY, date(2026, 11, 30))
    report = month.reconciles()
    assert report.verdict == DOES_NOT_TIE
    assert any(
        (one.kind, one.account, one.amount) == ("booked by others", "2105", Decimal("250.00"))
        for one in report.findings
    )


def test_what_somebody_else_completed_is_named_until_a_person_says_where_it_stands(month: Month) -> None:
    """Held, and completed in Airbase by hand: it leaves the feed as if it had been recalled."""
    late = bill("LATE", "90.00", account="1300")
    month.airbase_gets(late)
    month.enters()
    assert month.house.row(late).state == "held"
    month.house.sandbox.airbase.books.change_entry(late["airbase_id"], status="sync_complete")
    month.enters()
    assert month.house.row(late).state == "withdrawn"
    month.posts()
    report = month.reconciles()
    assert (report.verdict, report.exit_code) == (DOES_NOT_TIE, 1)
    assert said_of(report, "LATE") == {("not entered", Decimal("90.00"))}

    with month.house.setup() as setup:
        dismiss(setup, [month.house.row(late)], reason="keyed by hand", reference="EPIC06/HAND-9")
    assert month.reconciles().verdict == TIES


def test_what_the_source_moved_to_another_company_is_named_in_both(month: Month) -> None:
    """After it was entered: each company's report must say so, for each has its own controller."""
    month.posts()
    moved = {"erp_reference_id": "EPIC07", "name": "Canada"}
    month.house.sandbox.airbase.books.change_entry(ENTRIES[1]["airbase_id"], subsidiary=moved)
    here = month.reconciles()
    assert here.verdict == DOES_NOT_TIE
    assert said_of(here, "shows it in company EPIC07") == {("not in the source", Decimal("250.00"))}
    with month.house.setup() as setup:
        there = reconcile(setup, "EPIC07", period_of(PERIOD))
    assert ("not in the target", Decimal("250.00")) in said_of(there, "B-2")


def test_what_was_recalled_is_not_named(month: Month) -> None:
    late = bill("LATE", "90.00", account="1300")
    month.airbase_gets(late)
    month.enters()
    month.house.sandbox.airbase.books.change_entry(late["airbase_id"], status="draft")
    month.enters()
    assert month.house.row(late).state == "withdrawn"
    month.posts()
    assert month.reconciles().verdict == TIES


def test_the_vendors_of_the_month_are_not_one(month: Month) -> None:
    assert VENDOR.id != OTHER.id
    assert month.vendor_num("B-2") != month.vendor_num("B-3")


def said_of(report: ControlReport, what: str) -> set[tuple[str, Decimal | None]]:
    """Kind and amount of the findings that name something."""
    return {(one.kind, one.amount) for one in report.findings if what in f"{one.what} {one.sentence}"}

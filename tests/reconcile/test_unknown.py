"""What is not known is never zero, and never ties."""

from __future__ import annotations

from decimal import Decimal

from engine.run.reconciling.report import UNKNOWN
from tests.reconcile.month import CLEARING, OPENINGS, Month


def test_epicor_down_in_the_middle(month: Month) -> None:
    """Epicor gives the invoices and then fails: nothing of it is taken for nothing."""
    month.posts()
    month.epicor_fails("GLJrnDtls")
    report = month.reconciles()
    assert (report.verdict, report.exit_code) == (UNKNOWN, 3)
    assert "GLJrnDtls could not be read" in report.unknown[0]
    assert (report.states, report.roll_forwards, report.by_account) == (None, (), None)
    assert report.exposure is not None
    assert [one.complete for one in report.readings].count(False) == 1


def test_the_open_payables_cannot_be_read(month: Month) -> None:
    """The list of invoices fails, which is where the exposure is read, too."""
    month.posts()
    month.epicor_fails("APInvoices")
    report = month.reconciles()
    assert (report.verdict, report.exposure, report.states) == (UNKNOWN, None, None)
    assert any("what could be paid twice could not be read" in sentence for sentence in report.unknown)


def test_airbase_down(month: Month) -> None:
    month.posts()
    month.airbase_fails()
    report = month.reconciles()
    assert (report.verdict, report.states, report.unclaimed) == (UNKNOWN, None, None)
    assert "ledger_entries" in report.unknown[0]


def test_an_opening_that_nobody_signed(month: Month) -> None:
    month.posts()
    report = month.reconciles(openings={})
    assert (report.verdict, report.exit_code) == (UNKNOWN, 3)
    assert [one.in_gl for one in report.roll_forwards] == [None, None, None]
    assert any("give --opening 2105=AMOUNT" in sentence for sentence in report.unknown)


def test_a_control_account_that_nobody_named(month: Month) -> None:
    path = month.house.folder / "books.yaml"
    text = path.read_text(encoding="utf-8").replace('    control_account: "2105"', "    # control_account:")
    path.write_text(text, encoding="utf-8")
    month.posts()
    report = month.reconciles(openings={name: OPENINGS[name] for name in ("2110", "1090")})
    assert report.unknown == ("books.yaml does not name the control_account of company EPIC06: it is UNKNOWN",)


def test_an_airbase_balance_that_nobody_typed_in(month: Month) -> None:
    month.posts()
    report = month.reconciles(balances={})
    assert report.unknown == ("the source's own balance of 1090 is UNKNOWN: give --airbase-balance",)


def test_an_airbase_balance_that_is_another(month: Month) -> None:
    month.posts()
    report = month.reconciles(balances={"1090": CLEARING + Decimal("12.34")})
    (found,) = report.findings
    assert (found.kind, found.account, found.amount) == ("balance at the source", "1090", Decimal("12.34"))


def test_entered_cards_explain_the_airbase_balance(month: Month) -> None:
    """The general ledger does not have them yet, and Airbase has."""
    report = month.reconciles()
    clearing = next(one for one in report.roll_forwards if one.kind == "clearing")
    assert (clearing.in_gl, clearing.expected_at_source) == (OPENINGS["1090"], CLEARING)
    assert [(one.what, one.amount) for one in clearing.not_yet] == [
        ("entered card-transactions", Decimal("-49.00")),
    ]

"""The whole demonstration, entered and posted: nothing is expense twice, nothing is paid twice, the month ties."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.faces.sandbox.seed import ODD, build
from engine.faces.sandbox.seed.companies import COMPANIES, PAY_BY_AIRBASE, rate
from engine.run.dismissing import dismiss
from engine.run.reconciling.reconciling import reconcile
from engine.run.reconciling.report import TIES
from engine.run.reconciling.sides import period_of
from tests.acts.desk import Desk
from tests.books.conftest import MakeDesk

NOT_POSTED = """not_posted:
  - connection: airbase
    feed: /v1/accounting/ledger_entries/
    when: {type: [cashback, card_rebates, card_chargeback, amortization]}
    reason: finance books them by hand, once a month
"""
OCTOBER = period_of("2026-10")
OPENINGS = {"2105": Decimal("-96114.80"), "2110": Decimal(0), "1090": Decimal("4310.25")}
SPEND = {"bill", "vendor_credit", "reimbursement", "virtual_card_payment", "physical_card_payment"}
STATES = {record.airbase_id: record.state for record in ODD.values()}
BOOKED = ("1400", "5", "6")
"""Where spend is debited: prepaid, cost and expense; a line on 23xx is sales tax."""


def spent() -> Iterator[dict[str, Any]]:
    """The entries that are expense, told from the feed and the seed's own word alone."""
    for entry in build().airbase["ledger_entries"]:
        if entry["type"] in SPEND and STATES.get(entry["id"], "entered") == "entered":
            yield entry


def expected(company: str) -> dict[str, Decimal]:
    """Expense by natural account, in the company's currency; an amortised bill goes to its prepaid account."""
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for entry in spent():
        if entry["subsidiary"]["erp_reference_id"] != company:
            continue
        worth = rate(entry["currency"]["iso_code"], COMPANIES[company].currency, int(entry["entry_date"][5:7]))
        prepaid = entry["amortization_account"]
        for line in entry["expense_list"]:
            account = (prepaid or line["account"])["erp_reference_id"]
            totals[account] += (Decimal(line["amount"]) * worth).quantize(Decimal("0.01"))
    return {account: total for account, total in totals.items() if account.startswith(BOOKED) and total}


@pytest.mark.parametrize("company", COMPANIES)
def test_expense_by_account_is_what_the_feed_says(whole: Desk, company: str) -> None:
    booked: dict[str, Decimal] = defaultdict(Decimal)
    for account, balance in whole.house.sandbox.epicor.books.trial_balance(company).items():
        natural = account.split("|")[0]
        if natural.startswith(BOOKED):
            booked[natural] += balance
    assert {account: total for account, total in booked.items() if total} == expected(company)


@pytest.mark.parametrize("company", COMPANIES)
def test_the_companys_own_payment_run_pays_nothing_that_airbase_pays(whole: Desk, company: str) -> None:
    books = whole.house.sandbox.epicor.books
    assert books.payables(company)
    assert [row for row in books.payables(company) if not row["PayHold"] or row["PMUID"] != PAY_BY_AIRBASE] == []
    assert whole.house.sandbox.clerk.pay(company, date(2026, 12, 31)) == ()
    assert whole.asks("exposure", "--company", company)["exposed"] == []


def test_a_whole_sweep_finds_nothing_wrong_and_a_second_one_leaves_the_journals_alone(whole: Desk) -> None:
    told = whole.asks("sweep")
    assert told["looked_at"] > 250
    assert (told["noticed"], told["unread"], told["stopped"]) == ([], [], {})
    states = {
        name: {row.state for row in whole.house.rows(mapping=name, states=["entered", "in_gl", "settled"])}
        for name in ("bills", "card-transactions")
    }
    assert states == {"bills": {"in_gl"}, "card-transactions": {"settled"}}
    invoices = sum(len(whole.house.sandbox.epicor.books.invoices(company)) for company in COMPANIES)
    assert whole.asks("sweep")["looked_at"] == invoices


def test_the_month_ties(whole: Desk, tmp_path: Path) -> None:
    """In a copy of the workspace: finance names what is not posted, and dismisses the card in euro."""
    shutil.copytree(whole.house.folder, tmp_path / "workspace")
    house = replace(whole.house, folder=tmp_path / "workspace")
    house.edit("books.yaml", "not_posted: []\n", NOT_POSTED)
    house.run("cash-movements")
    in_foreign = [
        row for row in house.rows(mapping="card-transactions") if row.cause == "check_failed" and "EUR" in row.reason
    ]
    with house.setup() as setup:
        report = reconcile(setup, "EPIC06", OCTOBER, openings=OPENINGS)
        assert report.unknown[0].startswith("the amount of held card-transactions on 1090 is UNKNOWN, because of ")
        dismiss(setup, in_foreign, reason="booked by hand at the rate of the statement", reference="GJ 771")
        report = reconcile(setup, "EPIC06", OCTOBER, openings=OPENINGS)
        (balance,) = (one.expected_at_source for one in report.roll_forwards if one.kind == "clearing")
        assert balance is not None, report.unknown
        report = reconcile(setup, "EPIC06", OCTOBER, openings=OPENINGS, balances={"1090": balance})
    assert [one.sentence for one in report.findings] == []
    assert (report.unknown, report.verdict, report.unclaimed) == ((), TIES, 0)
    lines = [
        line
        for line in house.sandbox.epicor.books.gl_lines("EPIC06")
        if date.fromisoformat(line["JEDate"][:10]) <= OCTOBER.last
    ]
    booked = {
        account: sum(
            (line["BookDebitAmount"] - line["BookCreditAmount"] for line in lines if line["SegValue1"] == account),
            Decimal(0),
        )
        for account in OPENINGS
    }
    assert {one.account: one.in_gl for one in report.roll_forwards} == {
        account: OPENINGS[account] + amount for account, amount in booked.items()
    }
    assert booked["2105"] < Decimal(-10_000_000)


def test_bill_and_card_that_paid_it_are_one_expense(make_desk: MakeDesk) -> None:
    desk = make_desk(*(dict(ODD[name].entry) for name in ("bill_by_card", "card_for_bill", "card_like_bill")))
    for name in ("bills", "card-transactions"):
        desk.house.run(name)
    assert desk.house.row(ODD["bill_by_card"].airbase_id).state == "entered"
    assert desk.house.sandbox.epicor.books.journals("EPIC06") == ()

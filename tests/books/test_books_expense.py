"""No combination of the shipped mappings books an expense twice: the ledger equals what the feed says, by account."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from engine.faces.sandbox.seed import ODD, build
from engine.faces.sandbox.seed.companies import COMPANIES, rate
from tests.acts.desk import Desk
from tests.books.conftest import MakeDesk

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
    assert whole.asks("exposure")["exposed"] == []
    assert [row for row in books.payables(company) if not row["PayHold"] or row["PMUID"] != 9] == []


def test_a_whole_sweep_of_posted_books_finds_nothing_wrong(whole: Desk) -> None:
    told = whole.asks("sweep")
    assert told["looked_at"] > 400
    assert (told["noticed"], told["unread"], told["stopped"]) == ([], [], {})
    states = {
        row.state
        for name in ("bills", "card-transactions")
        for row in whole.house.rows(mapping=name, states=["entered", "in_gl", "settled"])
    }
    assert states == {"in_gl"}


def test_bill_and_card_that_paid_it_are_one_expense(make_desk: MakeDesk) -> None:
    desk = make_desk(*(dict(ODD[name].entry) for name in ("bill_by_card", "card_for_bill", "card_like_bill")))
    desk.house.run_all()
    assert desk.house.row(ODD["bill_by_card"].airbase_id).state == "entered"
    assert desk.house.sandbox.epicor.books.journals("EPIC06") == ()

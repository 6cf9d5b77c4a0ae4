"""The demonstration run to its end: what then stands in Epicor and in Airbase, counted apart from the engine."""

from __future__ import annotations

import csv
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.faces.sandbox.sandbox import Sandbox
from engine.faces.sandbox.seed import ODD
from engine.faces.sandbox.tie import tie
from engine.run.result import RunResult
from tests.run.conftest import MakeHouse
from tests.run.house import FEED, House, bill, bills, whole_seed

Finished = tuple[House, dict[str, RunResult]]
SPEND = ("bill", "reimbursement", "virtual_card_payment", "physical_card_payment", "vendor_credit")
CARDS = ("virtual_card_payment", "physical_card_payment")
LATE = date(2026, 12, 31)

WHY = {
    "card_like_bill": "45 days",
    "card_in_euro": "EUR",
    "other_ap_account": "control_account",
    "deposit": "gl-coding",
    "other_entity": "another company than the bill",
    "sixty_characters": "60 characters, at most 50",
    "no_number": "invoice_number is missing",
    "empty_number": "invoice_number is missing",
    "twice_2": f"{ODD['twice_1'].airbase_id} has the same dedupe key",
    "case_2": f"{ODD['case_1'].airbase_id} has the same dedupe key",
    "off_by_a_cent": "out by 0.01",
    "zero_total": "not above zero",
    "negative_bill": "not above zero",
    "positive_credit": "credit_sign",
    "three_decimals": "more than 2 decimals",
    "inactive_vendor": "V00100 is inactive",
    "namesake": "is not linked to Epicor",
    "unlinked_vendor": "is not linked to Epicor",
    "wrong_currency": "another currency",
    "unknown_account": "6999",
    "inactive_account": "6790",
    "expired_account": "6795",
    "guarded_account": "control account",
    "unknown_department": "6200|77",
    "unknown_subsidiary": "EPIC99",
    "received_order": "receipt matching",
    "before_go_live": "go-live on 2026-10-01",
    "period_not_open": "2026-12-15 is not open",
    "amortised_line": "no prepaid account",
    "amortised_month_10": "type amortization",
    "amortised_month_11": "type amortization",
    "card_pending": "not settled",
    "card_pending_physical": "not settled",
    "card_wrong_bank": "bank_account '1010'",
    "card_off_by_a_cent": "out by 0.01",
    "card_reversal": "type card_chargeback",
    "card_for_bill": ODD["bill_by_card"].airbase_id,
    "unknown_employee": "zed.unlisted@example.test",
    "reimbursement_off_by_a_cent": "out by 0.01",
}


@pytest.fixture
def closed_month(finished: Finished, tmp_path: Path) -> Iterator[Sandbox]:
    """The sandbox after the whole run, as a copy that a test may change."""
    shutil.copytree(finished[0].folder / "sandbox", tmp_path / "sandbox")
    sandbox = Sandbox(tmp_path / "sandbox")
    sandbox.start()
    yield sandbox
    sandbox.stop()


def entries() -> list[Mapping[str, Any]]:
    return list(whole_seed().airbase["ledger_entries"])


def entered() -> list[Mapping[str, Any]]:
    """The spend that should be in Epicor: what is ordinary, and the odd ones that say so themselves."""
    states = {one.airbase_id: one.state for one in ODD.values()}
    return [row for row in entries() if row["type"] in SPEND and states.get(row["id"], "entered") == "entered"]


def expected_books() -> dict[tuple[str, str], Decimal]:
    """Debits less credits by company and account, out of the seed's rows and gl-coding.csv alone."""
    path = Path(__file__).parents[2] / "mappings" / "crosswalks" / "gl-coding.csv"
    with path.open(encoding="utf-8", newline="") as file:
        coding = {row["account"]: row for row in csv.DictReader(file)}
    booked: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for entry in entered():
        company = entry["subsidiary"]["erp_reference_id"]
        prepaid = entry["amortization_account"]
        for line in entry["expense_list"]:
            natural = (prepaid or line["account"])["erp_reference_id"]
            tagged = [tag["erp_reference_id"] for tag in line["tags"] if tag["type_label"] == "Department"]
            row = coding[natural]
            assert row["action"] == "post", f"{natural} should not have been entered"
            account = natural if row["natural"] == "=account" else row["natural"]
            department = (tagged or ["00"])[0] if row["department_seg"] == "=department" else row["department_seg"]
            booked[company, f"{account}|{department}"] += Decimal(line["amount"])
        if entry["type"] in CARDS:
            booked[company, "1090|00"] -= Decimal(entry["total_amount"])
    return {key: amount for key, amount in booked.items() if amount}


def test_a_second_run_changes_nothing_anywhere(finished: Finished) -> None:
    house, first = finished
    assert sum(result.sent for result in first.values()) > 400
    before = len(house.wire.effects())
    states = {row.key: (row.state, row.updated_at) for row in house.rows()}

    second = house.run_all()

    assert house.wire.effects()[before:] == []
    assert {name: result.sent for name, result in second.items()} == dict.fromkeys(first, 0)
    assert {row.key: (row.state, row.updated_at) for row in house.rows()} == states


def test_every_invoice_has_an_account_on_every_line_and_adds_up(finished: Finished) -> None:
    report = finished[0].sandbox.report()
    invoices = [invoice for company in report["companies"].values() for invoice in company["invoices"]]
    assert len(invoices) == sum(entry["type"] not in CARDS for entry in entered())
    for invoice in invoices:
        assert all(line["gl_account"] for line in invoice["lines"]), invoice["number"]
        assert sum(line["amount"] for line in invoice["lines"]) == invoice["amount"], invoice["number"]
        assert invoice["tax"] == 0
        assert invoice["pay_hold"]


def test_every_journal_balances(finished: Finished) -> None:
    report = finished[0].sandbox.report()
    journals = [journal for company in report["companies"].values() for journal in company["journals_open"]]
    assert len(journals) == sum(entry["type"] in CARDS for entry in entered())
    for journal in journals:
        assert sum(line["debit"] - line["credit"] for line in journal["lines"]) == 0, journal["description"]
        assert sum(line["debit"] for line in journal["lines"]) > 0


def test_the_books_of_epicor_are_what_the_spend_and_the_coding_say(finished: Finished) -> None:
    booked: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for code, company in finished[0].sandbox.report()["companies"].items():
        for invoice in company["invoices"]:
            for line in invoice["lines"]:
                booked[code, line["gl_account"]] += line["amount"]
        for journal in company["journals_open"]:
            for line in journal["lines"]:
                booked[code, line["gl_account"]] += line["debit"] - line["credit"]
    assert {key: amount for key, amount in booked.items() if amount} == expected_books()


def test_what_is_entered_is_complete_in_airbase_with_its_reference_in_epicor(finished: Finished) -> None:
    house, _ = finished
    wanted = {entry["id"] for entry in entered()}
    rows = {row.key.source_id: row for row in house.rows(feed=("airbase", FEED))}
    numbers = {
        f"{code}/{invoice['vendor']}/{invoice['number']}"
        for code, company in house.sandbox.report()["companies"].items()
        for invoice in company["invoices"]
    }
    for entry in house.sandbox.airbase.books.entries():
        is_entered = entry["id"] in wanted
        assert (entry["status"] == "sync_complete") is is_entered, entry["id"]
        if is_entered:
            assert entry["erp_reference_id"] == rows[entry["id"]].reference
            assert not entry["error_message"]
        if is_entered and entry["type"] not in CARDS:
            assert entry["erp_reference_id"] in numbers


@pytest.mark.parametrize("name", ODD)
def test_an_odd_record_stands_where_it_should_and_says_why(finished: Finished, name: str) -> None:
    odd = ODD[name]
    found = {row.key.source_id: row for row in finished[0].rows(keys=[odd.airbase_id])}
    if odd.state == "never_seen":
        assert odd.airbase_id not in found
        return
    row = found[odd.airbase_id]
    assert row.state == odd.state, row.reason
    assert (name in WHY) is (odd.state != "entered")
    assert WHY.get(name, "") in row.reason


def test_every_record_of_the_feed_is_some_mappings_or_unclaimed(finished: Finished) -> None:
    rows = {row.key.source_id: row for row in finished[0].rows(feed=("airbase", FEED))}
    assert set(rows) == {entry["id"] for entry in entries() if entry["status"] == "sync_ready"}
    for row in rows.values():
        assert (row.mapping is None) is (row.state == "unclaimed"), row
        assert row.state in ("entered", "held", "cut_over", "unclaimed")
    unclaimed = Counter(
        entry["type"] for entry in entries() if rows.get(entry["id"]) and not rows[entry["id"]].mapping
    )
    assert unclaimed == {"cashback": 2, "card_rebates": 2, "amortization": 2, "card_chargeback": 1}


def test_our_ledger_ties_to_the_sandbox_and_its_trail_is_whole(finished: Finished) -> None:
    house, _ = finished
    with house.setup() as setup:
        assert [line.what for line in tie(setup, house.sandbox) if not line.ties] == []
        assert setup.ledger.verify_trail() == ()


def test_the_companys_payment_run_pays_none_of_our_invoices(closed_month: Sandbox) -> None:
    for company in ("EPIC06", "EPIC07"):
        logs = closed_month.clerk.post_all_ap_groups(company)
        assert logs
        assert set(logs.values()) == {""}
        assert closed_month.clerk.pay(company, LATE) == ()
    assert len(closed_month.epicor.books.payables()) > 250


@pytest.mark.parametrize(
    ("unlocked", "paid"),
    [
        ((), 0),
        (('PayHold: "{{ on_hold }}"',), 0),
        (('PMUID: "{{ payment_method }}"',), 0),
        (('PayHold: "{{ on_hold }}"', 'PMUID: "{{ payment_method }}"'), 5),
    ],
)
def test_each_lock_holds_alone_and_without_them_epicor_pays_again(
    make_house: MakeHouse, unlocked: tuple[str, ...], paid: int
) -> None:
    house = make_house(*bills(5))
    for line in unlocked:
        house.edit("mappings/recipes/epicor-ap-invoice.yaml", f"          {line}", f"          # {line}")
    assert house.run("bills").sent == 5
    house.sandbox.clerk.post_all_ap_groups("EPIC06")
    assert len(house.sandbox.clerk.pay("EPIC06", LATE)) == paid


def test_a_difference_that_epicor_keeps_is_told(make_house: MakeHouse) -> None:
    # Where the hold is not sent, Epicor keeps another one than the recipe's `kept` asks for.
    entry = bill("B-1", "60.00")
    house = make_house(entry)
    house.edit("mappings/recipes/epicor-ap-invoice.yaml", 'PayHold: "{{ on_hold }}"', "PayHold: false")
    house.run("bills")
    row = house.row(entry)
    assert (row.state, row.cause) == ("entered", "differs")
    assert "pay_hold" in row.reason

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
from tests.run.conftest import MakeHouse
from tests.run.house import FEED, House, bill, bills, whole_seed

SPEND = ("bill", "reimbursement", "virtual_card_payment", "physical_card_payment", "vendor_credit")
CARDS = ("virtual_card_payment", "physical_card_payment")
LATE = date(2026, 12, 31)


@pytest.fixture
def closed_month(finished: House, tmp_path: Path) -> Iterator[Sandbox]:
    """The sandbox after the whole run, as a copy that a test may change."""
    shutil.copytree(finished.folder / "sandbox", tmp_path / "sandbox")
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


def test_a_second_run_changes_nothing_anywhere(finished: House) -> None:
    house = finished
    with house.setup() as setup:
        first = {run.mapping: run.result["sent"] for run in setup.ledger.runs()}
    assert sum(first.values()) > 400
    states = {row.key: (row.state, row.cause, row.reason) for row in house.rows()}

    second = house.run_all()

    # Only what Epicor refused to prepare is asked for once more, and refused once more.
    assert [request.path.rsplit("/", 2)[-2:] for request in house.wire.effects()] == [
        ["Erp.BO.APInvGrpSvc", "Update"]
    ]
    assert {name: result.sent for name, result in second.items()} == dict.fromkeys(first, 0)
    assert {row.key: (row.state, row.cause, row.reason) for row in house.rows()} == states


def test_every_invoice_has_an_account_on_every_line_and_adds_up(finished: House) -> None:
    report = finished.sandbox.report()
    invoices = [invoice for company in report["companies"].values() for invoice in company["invoices"]]
    assert len(invoices) == sum(entry["type"] not in CARDS for entry in entered())
    for invoice in invoices:
        assert all(line["gl_account"] for line in invoice["lines"]), invoice["number"]
        assert sum(line["amount"] for line in invoice["lines"]) == invoice["amount"], invoice["number"]
        assert invoice["tax"] == 0
        assert invoice["pay_hold"]


def test_every_journal_balances(finished: House) -> None:
    report = finished.sandbox.report()
    journals = [journal for company in report["companies"].values() for journal in company["journals_open"]]
    assert len(journals) == sum(entry["type"] in CARDS for entry in entered())
    for journal in journals:
        assert sum(line["debit"] - line["credit"] for line in journal["lines"]) == 0, journal["description"]
        assert sum(line["debit"] for line in journal["lines"]) > 0


def test_the_books_of_epicor_are_what_the_spend_and_the_coding_say(finished: House) -> None:
    booked: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for code, company in finished.sandbox.report()["companies"].items():
        for invoice in company["invoices"]:
            for line in invoice["lines"]:
                booked[code, line["gl_account"]] += line["amount"]
        for journal in company["journals_open"]:
            for line in journal["lines"]:
                booked[code, line["gl_account"]] += line["debit"] - line["credit"]
    assert {key: amount for key, amount in booked.items() if amount} == expected_books()


def test_what_is_entered_is_complete_in_airbase_with_its_reference_in_epicor(finished: House) -> None:
    house = finished
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
def test_an_odd_record_stands_where_it_should(finished: House, name: str) -> None:
    odd = ODD[name]
    found = {row.key.source_id: row for row in finished.rows(keys=[odd.airbase_id])}
    if odd.state == "never_seen":
        assert odd.airbase_id not in found
        return
    row = found[odd.airbase_id]
    assert row.state == odd.state, row.reason


def test_every_record_of_the_feed_is_some_mappings_or_unclaimed(finished: House) -> None:
    rows = {row.key.source_id: row for row in finished.rows(feed=("airbase", FEED))}
    assert set(rows) == {entry["id"] for entry in entries() if entry["status"] == "sync_ready"}
    for row in rows.values():
        assert (row.mapping is None) is (row.state == "unclaimed"), row
        assert row.state in ("entered", "held", "cut_over", "unclaimed")
    unclaimed = Counter(
        entry["type"] for entry in entries() if rows.get(entry["id"]) and not rows[entry["id"]].mapping
    )
    assert unclaimed == {"cashback": 2, "card_rebates": 2, "amortization": 2, "card_chargeback": 1}


def test_our_ledger_ties_to_the_sandbox_and_its_trail_is_whole(finished: House) -> None:
    house = finished
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

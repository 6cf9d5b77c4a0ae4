"""The seeded books fit together, are the same at every build, and hold every odd record."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from engine.faces.sandbox.epicor.schema import COLUMNS
from engine.faces.sandbox.seed import ODD, build
from engine.faces.sandbox.seed.labels import plain
from engine.words.json_value import canonical

SEED = build()
ENTRIES: list[dict[str, Any]] = SEED.airbase["ledger_entries"]
ODD_IDS = {record.airbase_id for record in ODD.values()}
NORMAL = [entry for entry in ENTRIES if entry["id"] not in ODD_IDS]
SPEND = [
    entry
    for entry in NORMAL
    if entry["type"] in {"bill", "reimbursement", "virtual_card_payment", "physical_card_payment"}
]
KEYS = (
    "id airbase_id erp_reference_id erp_url url airbase_url type status error_message spend_owner subsidiary "
    "credit_mode vendor employee invoice_number bank_account ap_account applied_to receipt_link entry_date "
    "payment_entry_date currency total_amount transaction_tags notes is_amortized amortization_account "
    "amortization_start_date amortization_end_date expense_list amounts"
)


def _company(entry: dict[str, Any]) -> str:
    return str(entry["subsidiary"]["erp_reference_id"])


def _tag(line: dict[str, Any], label: str) -> str | None:
    found = [tag["erp_reference_id"] for tag in line["tags"] if tag["type_label"] == label]
    return found[0] if found else None


def _lines_total(entry: dict[str, Any]) -> Decimal:
    return sum((Decimal(line["amount"]) for line in entry["expense_list"]), Decimal(0))


def test_two_builds_are_equal_and_scale_multiplies() -> None:
    assert canonical(build().airbase) == canonical(SEED.airbase)
    assert canonical(build().epicor) == canonical(SEED.epicor)
    assert sum(entry["type"] == "bill" for entry in build(3).airbase["ledger_entries"]) > 500


def test_ids_are_uuids_and_unique() -> None:
    for table, rows in SEED.airbase.items():
        ids = [row["airbase_id"] for row in rows]
        assert len(set(ids)) == len(ids), table
        assert {len(one) for one in ids} == {36}


def test_entries_have_the_recorded_keys_in_order() -> None:
    assert all(list(entry) == KEYS.split() for entry in ENTRIES)
    assert all(entry["id"] == entry["airbase_id"] and entry["url"] == entry["airbase_url"] for entry in ENTRIES)
    assert {len(entry["entry_date"]) for entry in ENTRIES} == {19, 26}


def test_there_are_as_many_as_a_real_month_has() -> None:
    counted = Counter(entry["type"] for entry in ENTRIES)

    assert 200 <= counted["bill"] <= 260
    assert 140 <= counted["virtual_card_payment"] + counted["physical_card_payment"] <= 170
    assert 55 <= counted["reimbursement"] <= 70
    assert counted["bill_payment"] == counted["reimbursement_payment"] == 60
    assert {"bill_payment_load", "transfer", "operational_fee"} <= set(counted)
    halves = Counter(entry["entry_date"][5:7] for entry in SPEND)
    assert abs(halves["10"] - halves["11"]) <= 2
    assert max(len(entry["expense_list"]) for entry in NORMAL) == 12


def test_every_normal_record_balances() -> None:
    assert [e["id"] for e in NORMAL if _lines_total(e) != Decimal(e["total_amount"])] == []


def test_every_account_of_normal_spend_is_open_on_its_day() -> None:
    chart = {code: {row["GLAccount1"]: row for row in tables["GLAccount"]} for code, tables in SEED.epicor.items()}
    for entry in SPEND:
        for line in entry["expense_list"]:
            key = f"{line['account']['erp_reference_id']}|{_tag(line, 'Department')}"
            account = chart[_company(entry)][key]
            assert account["Active"], key
            assert account["EffTo"] is None, key


def test_every_natural_has_an_active_account_in_department_00() -> None:
    for tables in SEED.epicor.values():
        naturals = {row["SegValue1"] for row in tables["GLAccount"]}
        active = {row["SegValue1"] for row in tables["GLAccount"] if row["SegValue2"] == "00" and row["Active"]}
        assert naturals - active == {"6790"}
        assert 55 <= len(naturals) <= 75


def test_every_vendor_of_normal_bills_and_cards_is_in_order_in_epicor() -> None:
    vendors = {(row["Company"], row["VendorID"]): row for t in SEED.epicor.values() for row in t["Vendor"]}
    for entry in SPEND:
        if entry["type"] == "reimbursement":
            continue
        vendor = vendors[_company(entry), entry["vendor"]["erp_reference_id"]]
        assert not any(vendor[name] for name in ("Inactive", "PayHold", "CPay", "TaxRegionCode"))
        assert vendor["CurrencyCode"] == entry["currency"]["iso_code"]


def test_every_owner_of_a_normal_reimbursement_is_a_vendor_in_epicor() -> None:
    employees = {
        (row["Company"], row["EMailAddress"])
        for tables in SEED.epicor.values()
        for row in tables["Vendor"]
        if row["GroupCode"] == "EMPL"
    }
    owners = {(_company(e), e["spend_owner"]["email"]) for e in SPEND if e["type"] == "reimbursement"}
    assert owners
    assert owners <= employees


def test_no_two_normal_bills_share_vendor_and_number() -> None:
    keys = Counter((e["vendor"]["id"], e["invoice_number"]) for e in NORMAL if e["type"] == "bill")
    assert keys.most_common(1)[0][1] == 1


def test_orders_named_on_normal_bills_are_open_without_receipts_and_of_the_vendor() -> None:
    epicor = SEED.epicor["EPIC06"]
    headers = {str(row["PONum"]): row for row in epicor["POHeader"]}
    received = {str(row["PONum"]) for row in epicor["APUninvoicedRcptLines"]}
    with_receipts = {row["VendorNum"] for row in epicor["APUninvoicedRcptLines"]}
    named = {
        (order, entry["vendor"]["erp_reference_id"])
        for entry in NORMAL
        for line in entry["expense_list"]
        if (order := _tag(line, "Purchase order"))
    }

    assert named
    for order, vendor in named:
        assert headers[order]["OpenOrder"]
        assert headers[order]["VendorVendorID"] == vendor
        assert order not in received
        assert headers[order]["VendorNum"] not in with_receipts


def test_no_normal_bill_is_of_a_vendor_with_receipts_to_match() -> None:
    waiting = {
        (company, row["VendorNum"]) for company, t in SEED.epicor.items() for row in t["APUninvoicedRcptLines"]
    }
    ids = {row["VendorID"] for c, t in SEED.epicor.items() for row in t["Vendor"] if (c, row["VendorNum"]) in waiting}
    bills = [entry for entry in NORMAL if entry["type"] == "bill"]

    assert ids
    assert not [entry["id"] for entry in bills if entry["vendor"]["erp_reference_id"] in ids]


def test_orders_are_open_closed_and_void() -> None:
    orders = [row for tables in SEED.epicor.values() for row in tables["POHeader"]]
    states = Counter((row["OpenOrder"], row["VoidOrder"]) for row in orders)
    assert len(orders) == 40
    assert set(states) == {(True, False), (False, False), (False, True)}


def test_payments_settle_documents_of_the_feed() -> None:
    by_id = {entry["id"]: entry for entry in ENTRIES}
    for entry in NORMAL:
        for document in entry["applied_to"] or ():
            settled = by_id[document["airbase_id"]]
            assert settled["type"] == document["transaction_type"]
            assert settled["total_amount"] == entry["total_amount"]
            assert settled["entry_date"] < entry["entry_date"]


def test_the_vendors_of_every_entry_are_in_airbase() -> None:
    known = {row["airbase_id"] for row in SEED.airbase["vendors"]}
    unknown = {e["id"] for e in ENTRIES if e["vendor"] and e["vendor"]["airbase_id"] not in known}
    assert unknown == {ODD["unknown_employee"].airbase_id}


def test_ten_suppliers_are_unlinked_and_three_have_a_namesake() -> None:
    employees = {
        row["EMailAddress"] for t in SEED.epicor.values() for row in t["Vendor"] if row["GroupCode"] == "EMPL"
    }
    unlinked = [
        row for row in SEED.airbase["vendors"] if not row["erp_reference_id"] and row["email"] not in employees
    ]
    names = {row["Name"] for tables in SEED.epicor.values() for row in tables["Vendor"]}

    assert len(unlinked) == 10
    assert sum(row["name"] in names for row in unlinked) == 3


def test_every_epicor_row_uses_columns_that_exist() -> None:
    for tables in SEED.epicor.values():
        for table, rows in tables.items():
            unknown = {name for row in rows for name in row} - set(COLUMNS[table].kinds)
            assert not unknown, table
            assert not any(isinstance(value, float) for row in rows for value in row.values())


def test_every_odd_record_is_in_the_feed_and_well_named() -> None:
    feed = {entry["id"]: entry for entry in ENTRIES}

    assert len(ODD) > 60
    for name, record in ODD.items():
        assert record.name == name
        assert record.airbase_id in feed
        assert record.reason
        assert record.state in {"entered", "held", "cut_over", "unclaimed", "never_seen"}
    assert len(feed[ODD["sixty_characters"].airbase_id]["invoice_number"]) == 60
    assert len(feed[ODD["fifty_characters"].airbase_id]["invoice_number"]) == 50


@pytest.mark.parametrize("name", sorted(ODD))
def test_an_odd_record_that_should_be_entered_balances(name: str) -> None:
    record = ODD[name]
    if record.state == "entered":
        assert _lines_total(dict(record.entry)) == Decimal(record.entry["total_amount"])


def test_card_rows_without_a_settlement_are_odd_ones() -> None:
    pending = [e["id"] for e in ENTRIES if "_card_payment" in e["type"] and e["amounts"]["settlement_amount"] is None]
    assert sorted(pending) == sorted(ODD[name].airbase_id for name in ("card_pending", "card_pending_physical"))
    assert any(Decimal(e["total_amount"]) < 0 for e in NORMAL if "_card_payment" in e["type"])


def test_the_apply_dates_of_normal_records_lie_in_the_open_months() -> None:
    days = [date.fromisoformat(entry["entry_date"][:10]) for entry in NORMAL]
    assert min(days) > date(2026, 10, 1)
    assert max(days) < date(2026, 11, 30)


@pytest.mark.parametrize(
    ("amount", "text"), [("100.00", "100"), ("89.50", "89.5"), ("-0.10", "-0.1"), ("0.00", "0"), ("1200", "1200")]
)
def test_amounts_are_not_padded(amount: str, text: str) -> None:
    assert plain(Decimal(amount)) == text

"""Puts the seed together: what Airbase holds and what Epicor holds, as plain rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.faces.sandbox.seed.bills import bill_payments, bills
from engine.faces.sandbox.seed.cash import cash_movements
from engine.faces.sandbox.seed.chart import DEPARTMENTS, NATURALS, epicor_accounts
from engine.faces.sandbox.seed.companies import COMPANIES, setup
from engine.faces.sandbox.seed.entry import LOCATIONS
from engine.faces.sandbox.seed.labels import airbase_id
from engine.faces.sandbox.seed.odd import OddRecord
from engine.faces.sandbox.seed.odd_bills import odd_bills
from engine.faces.sandbox.seed.odd_spend import odd_spend
from engine.faces.sandbox.seed.orders import ORDER_LIST, PUBLISHED, epicor_orders
from engine.faces.sandbox.seed.spend import cards, reimbursement_payments, reimbursements
from engine.faces.sandbox.seed.vendors import in_airbase, in_epicor

Tables = Mapping[str, list[dict[str, Any]]]

_NOT_YET_IN_AIRBASE = frozenset({"5110", "6610", "6730", "6810", "6950"})
_RENAMED_SINCE = "6120"

ODD: Mapping[str, OddRecord] = {record.name: record for record in (*odd_bills(), *odd_spend())}
"""Every odd record, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """Both systems' rows: Airbase's by table, Epicor's by company and table."""

    airbase: Tables
    epicor: Mapping[str, Tables]


def build(scale: int = 1) -> Seed:
    """The seed; `scale` multiplies the ordinary records. Two calls give the same rows."""
    return Seed(
        airbase={
            "subsidiaries": _subsidiaries(),
            "currencies": _currencies(),
            "accounts": _accounts(),
            "tags": _tags(),
            "vendors": [vendor.airbase_row() for vendor in in_airbase()],
            "ledger_entries": _entries(scale),
        },
        epicor={code: _company(code) for code in COMPANIES},
    )


def _entries(scale: int) -> list[dict[str, Any]]:
    ordinary = (
        bills(scale),
        reimbursements(scale),
        cards(scale),
        bill_payments(scale),
        reimbursement_payments(scale),
        cash_movements(),
    )
    rows = [row for group in ordinary for row in group]
    rows.extend(dict(record.entry) for record in ODD.values())
    # A stable sort: of two odd records with one date, the one listed first stays first.
    return sorted(rows, key=lambda row: str(row["entry_date"]))


def _company(code: str) -> Tables:
    vendors = in_epicor(code)
    return {
        **setup(COMPANIES[code]),
        "GLAccount": epicor_accounts(code),
        "Vendor": [vendor.epicor_row() for vendor in vendors],
        "EntityGLC": [vendor.control_row() for vendor in vendors],
        **epicor_orders(code),
    }


def _subsidiaries() -> list[dict[str, Any]]:
    return [
        {
            "airbase_id": airbase_id(f"subsidiary:{company.code}"),
            "erp_reference_id": company.code,
            "name": company.name,
            "erp_currency_reference_id": company.currency,
            "iso_code": company.country,
        }
        for company in COMPANIES.values()
    ]


def _currencies() -> list[dict[str, Any]]:
    """Three linked ones, and one that a transaction made by itself: its code twice, without a reference."""
    linked = [
        {"airbase_id": airbase_id(f"currency:{code}"), "erp_reference_id": code, "iso_code": code}
        for code in ("USD", "CAD", "EUR")
    ]
    return [*linked, {"airbase_id": airbase_id("currency:auto"), "erp_reference_id": "", "iso_code": "EUR"}]


def _accounts() -> list[dict[str, Any]]:
    return [
        {
            "airbase_id": airbase_id(f"account:{natural.number}"),
            "erp_reference_id": natural.number,
            "name": "Computers" if natural.number == _RENAMED_SINCE else natural.name,
            "type": natural.kind,
            "category": "",
            "account_number": natural.number,
            "is_active": True,
            "subsidiary_reference_ids": [],
            "erp_currency_reference_id": "",
        }
        for natural in NATURALS
        if natural.number not in _NOT_YET_IN_AIRBASE
    ]


def _tags() -> list[dict[str, Any]]:
    plain = [
        {
            "airbase_id": airbase_id(f"tag:{label}:{code}"),
            "erp_reference_id": code,
            "type_label": label,
            "name": name,
            "is_active": True,
            "subsidiary_reference_ids": [],
        }
        for label, named in (("Department", DEPARTMENTS), ("Location", LOCATIONS))
        for code, name in named.items()
    ]
    return [*plain, *(order.tag_row for order in ORDER_LIST[:PUBLISHED])]

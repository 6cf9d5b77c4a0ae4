"""A bill in another currency: Airbase's amount in the company's currency beside Epicor's, told and not held."""

from __future__ import annotations

import csv
import json
from decimal import Decimal

from engine.faces.sandbox.seed import vendors as peculiar
from engine.faces.sandbox.seed.vendors import SUPPLIER_LIST
from tests.reconcile.month import Month
from tests.reconcile.test_signing import GIVEN, THIS, types
from tests.run.house import bill

EURO = {"currency": {"erp_reference_id": "EUR", "iso_code": "EUR"}}


def test_the_difference_of_the_rates_is_told_by_document(month: Month) -> None:
    vendor = SUPPLIER_LIST[peculiar.EUROPEAN]
    entries = {number: bill(number, "100.00", vendor=vendor, **EURO) for number in ("E-1", "E-2", "E-3")}
    for number, in_dollars in (("E-1", "110.11"), ("E-2", None), ("E-3", "120.00")):
        told = None if in_dollars is None else {"amount": in_dollars, "currency": {"iso_code": "USD"}}
        entry = entries[number]
        month.airbase_gets({**entry, "amounts": {**entry["amounts"], "subsidiary_amount": told}})
    assert month.house.run("bills").became["entered", ""].count == 6
    month.posts()

    there = {number: month.invoice(number)["InvoiceAmt"] for number in entries}
    asked = {"E-1": Decimal("110.11"), "E-3": Decimal("120.00")}
    told = json.loads(types(month, "reconcile", *THIS, *GIVEN, "--format", "json").stdout)
    assert {one["what"]: (one["at_source"], one["at_target"], one["difference"]) for one in told["in_base"]} == {
        number: (
            str(asked[number]) if number in asked else None,
            str(there[number]),
            str(there[number] - asked[number]) if number in asked else None,
        )
        for number in entries
    }
    assert told["result"] == "TIES"
    text = types(month, "reconcile", *THIS, *GIVEN).stdout
    assert "in USD, of other currencies: 3 documents, 3 differ by rate" in text
    assert "100.00 EUR" in text
    assert "100.00 EUR" in types(month, "reconcile", *THIS, *GIVEN, "--format", "html").stdout
    lines = csv.DictReader(types(month, "reconcile", *THIS, *GIVEN, "--format", "csv").stdout.splitlines())
    shown = {one["what"]: one["amount"] for one in lines if one["line"] == "in USD: source"}
    assert shown == {"E-1": "110.11", "E-2": "UNKNOWN", "E-3": "120.00"}

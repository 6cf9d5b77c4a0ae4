"""A credit that Airbase used for a bill refers to that bill's invoice, and is listed until Epicor has applied it."""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from typing import Any

from engine.faces.sandbox.seed.entry import applied
from tests.reconcile.month import Month
from tests.reconcile.test_signing import GIVEN, THIS, types
from tests.run.house import VENDORS, bill

OTHER = VENDORS[1]


def credit(number: str, amount: str, *used_for: str, **changes: Any) -> dict[str, Any]:
    used = [applied(f"test bill {one}", "bill") for one in used_for]
    return bill(number, amount, type="vendor_credit", applied_to=used or None, **changes)


def test_a_used_credit_names_its_invoice_and_is_listed_while_it_is_open(month: Month) -> None:
    for one in (
        credit("C-1", "-20.00", "B-1"),
        credit("C-2", "-5.00", "B-1", "B-2"),
        credit("C-3", "-7.00"),
        credit("C-4", "-8.00", "B-3"),  # the bill of another vendor
    ):
        month.airbase_gets(one)
    month.house.run("credits")
    month.posts()
    assert {name: month.invoice(name).get("InvoiceRef") or None for name in ("C-1", "C-2", "C-3", "C-4")} == {
        "C-1": "B-1",
        "C-2": None,
        "C-3": None,
        "C-4": None,
    }

    told = json.loads(types(month, "reconcile", *THIS, *GIVEN, "--format", "json").stdout)
    listed = {
        one["what"]: (one["balance"], one["currency"], one["used_for"]) for one in told["exposure"]["used_credits"]
    }
    assert listed == {
        "C-1": ("-20.00", "USD", ["B-1"]),
        "C-2": ("-5.00", "USD", ["B-1", "B-2"]),
        "C-4": ("-8.00", "USD", ["B-3"]),
    }
    text = types(month, "reconcile", *THIS, *GIVEN).stdout
    assert "credits used in airbase, open in epicor" in text
    assert "C-2  -5.00 USD  used for B-1, B-2" in text
    assert "used for B-1, B-2" in types(month, "reconcile", *THIS, *GIVEN, "--format", "html").stdout
    lines = list(csv.DictReader(types(month, "reconcile", *THIS, *GIVEN, "--format", "csv").stdout.splitlines()))
    assert [one["amount"] for one in lines if one["line"] == "credit used, open"] == ["-20.00", "-5.00", "-8.00"]

    with month.at_epicor() as session:  # a person applies the debit memo in Epicor
        memo = session.get("APInvHed", month.vendor_num("C-1"), "C-1")
        session.save(
            "APInvHed", {**(memo or {}), "DocInvoiceBal": Decimal(0), "InvoiceBal": Decimal(0), "OpenPayable": False}
        )
    told = json.loads(types(month, "reconcile", *THIS, *GIVEN, "--format", "json").stdout)
    assert [one["what"] for one in told["exposure"]["used_credits"]] == ["C-2", "C-4"]

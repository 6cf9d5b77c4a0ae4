"""The prepaid roll-forward: by bill, from our own entries; what nobody tells us is unknown."""

from __future__ import annotations

import csv
from typing import Any

from engine.faces.sandbox.seed.chart import PREPAID
from engine.faces.sandbox.seed.entry import account, applied
from tests.acts.desk import Desk
from tests.books.conftest import MakeDesk, make_desk
from tests.run.house import bill

__all__ = ["make_desk"]

MONTHS = """
name: prepaid-months
title: Months of a schedule release prepaid
owner: AP manager
recipe: epicor-gl-journal
source: {connection: airbase, endpoint: /v1/accounting/ledger_entries/, id: airbase_id}
filter:
  type: {take: [amortization]}
  status: {take: [sync_ready], skip: [draft, pending, sync_complete]}
extract:
  subsidiary: subsidiary.erp_reference_id
  currency: currency.iso_code
  date: {path: entry_date, as: book_date}
  amount: {path: total_amount, as: money}
  link: {path: airbase_url, optional: true}
  lines: {each: expense_list, account: {path: account.erp_reference_id, as: text}, amount: {path: amount, as: money}}
transform:
  company: {crosswalk: companies, match: {subsidiary: "{{ subsidiary }}"}, take: company}
  apply_date: {period: "{{ date }}", closed: hold}
  credit_natural: "1400"
  credit_department: "00"
  label: month
  comment: "Airbase {{ id }}"
  lines:
    for: line in lines
    natural: "{{ line.account }}"
    department_seg: "10"
entries:
  - {for: line in lines, account: "{{ line.gl_account }}", debit: "{{ line.amount }}"}
  - {account: "{{ credit_account }}", credit: "{{ amount }}"}
reconcile: {releases: "applied_to[0].airbase_id"}
"""
START, END = "2026-10-01T00:00:00", "2027-09-30T00:00:00"


def amortised(number: str, amount: str, **changes: Any) -> dict[str, Any]:
    schedule = {"amortization_account": account(PREPAID), "amortization_start_date": START}
    return bill(
        number, amount, **{"date": "2026-10-05T00:00:00", **schedule, "amortization_end_date": END, **changes}
    )


def month(of: str, amount: str, date: str) -> dict[str, Any]:
    return bill(
        f"{of} {date}",
        amount,
        type="amortization",
        date=date,
        invoice_number=None,
        applied_to=[applied(f"test bill {of}", "bill")],
    )


def rolled(desk: Desk, period: str = "2026-11", code: int = 0) -> dict[str, tuple[str | None, ...]]:
    told = desk.asks("prepaid", "--company", "EPIC06", "--period", period, code=code)
    names = ("opening", "booked", "released", "remaining", "waiting")
    return {one["number"]: tuple(one[name] for name in names) for one in told["lines"]}


def test_each_bill_rolls_forward_with_its_months(make_desk: MakeDesk) -> None:
    desk = make_desk(
        *(amortised("P-1", "1200.00"), amortised("P-2", "240.00", date="2026-11-09T00:00:00"), bill("B-1", "60.00")),
        *(month("P-1", "100.00", "2026-10-30T00:00:00"), month("P-1", "100.00", "2026-11-30T00:00:00")),
        *(month("P-2", "20.00", "2026-12-30T00:00:00"), month("P-0", "9.00", "2026-11-30T00:00:00")),
    )
    desk.house.write("mappings/prepaid-months.yaml", MONTHS)
    for name in ("bills", "prepaid-months"):
        desk.house.run(name)
    assert rolled(desk) == {
        "P-1": ("1100.00", "0.00", "-100.00", "1000.00", "0.00"),
        "P-2": ("0.00", "240.00", "0.00", "240.00", "20.00"),  # December is not open: its month is held
        "month": ("0.00", "0.00", "-9.00", "-9.00", "0.00"),
    }
    assert rolled(desk, "2026-10") == {"P-1": ("0.00", "1200.00", "-100.00", "1100.00", "0.00")}
    shown = " ".join(desk.types("prepaid", "--company", "EPIC06", "--period", "2026-11").split())
    assert "releases what no entered record of ours booked" in shown
    assert "B-1" not in shown


def test_without_a_mapping_of_the_months_what_is_left_is_unknown(make_desk: MakeDesk) -> None:
    desk = make_desk(amortised("P-1", "1200.00"), month("P-1", "100.00", "2026-10-30T00:00:00"))
    desk.house.run("bills")
    assert rolled(desk, code=3) == {"P-1": (None, "0.00", None, None, None)}
    assert "no mapping books the months" in desk.types(
        "prepaid", "--company", "EPIC06", "--period", "2026-11", code=3
    )
    given = ("prepaid", "--company", "EPIC06", "--period", "2026-10", "--format", "csv")
    (line,) = csv.DictReader(desk.types(*given, code=3).splitlines())
    assert (line["number"], line["booked"], line["remaining"]) == ("P-1", "1200.00", "UNKNOWN")


def test_the_accounts_must_be_named(make_desk: MakeDesk) -> None:
    desk = make_desk(bill("B-1"))
    path = desk.house.folder / "books.yaml"
    books = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(line for line in books if "prepaid_accounts" not in line), encoding="utf-8")
    assert "prepaid_accounts" in desk.is_told("prepaid", "--company", "EPIC06", "--period", "2026-11")

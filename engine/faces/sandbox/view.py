"""The sandbox's books as a plain page for a browser; every value is escaped, nothing on it runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from html import escape
from typing import Any

from engine.faces.sandbox.exchange import SandboxResponse
from engine.words.money import show_money

ROWS_MAX = 1000

_STYLE = (
    "body{font:14px system-ui;margin:2em;color:#222}table{border-collapse:collapse;margin:.5em 0 2em}"
    "td,th{padding:.2em .7em;border-bottom:1px solid #ddd;text-align:left;vertical-align:top}"
    "td.number,th.number{text-align:right;font-variant-numeric:tabular-nums}h2{margin-top:2em}"
    ".empty{color:#888}.open{background:#fff6d8}"
)
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


def books_page(report: Mapping[str, Any]) -> SandboxResponse:
    """The whole report on one page."""
    parts = ["<h1>Books of the sandbox</h1><p><a href='/_sandbox/books.json'>the same as JSON</a></p>"]
    parts.extend(_company(code, company) for code, company in report["companies"].items())
    parts.append(_airbase(report["airbase"]))
    page = (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'><title>Books of the sandbox</title>"
        f"<style>{_STYLE}</style></head><body>{''.join(parts)}</body></html>"
    )
    return SandboxResponse(status=200, body=page.encode(), content_type="text/html; charset=utf-8", headers=_HEADERS)


def _company(code: str, company: Mapping[str, Any]) -> str:
    tables = (
        ("AP groups", ("group", "apply_date", "invoices", "total", "locked_by", "post_error"), company["ap_groups"]),
        ("AP invoices", _INVOICE, [_with_lines(row) for row in company["invoices"]]),
        ("Journals not yet posted", _OPEN, [_with_lines(row) for row in company["journals_open"]]),
        ("Journals in the general ledger", _POSTED, [_with_lines(row) for row in company["journals_posted"]]),
        ("Payments", _PAYMENT, [_with_paid(row) for row in company["payments"]]),
        ("Trial balance", ("gl_account", "description", "debit", "credit", "balance"), company["trial_balance"]),
    )
    shown = "".join(_table(title, columns, rows) for title, columns, rows in tables)
    return f"<h2>Epicor {escape(code)}</h2>{shown}"


_INVOICE = (
    "vendor",
    "vendor_name",
    "number",
    "group",
    "apply_date",
    "currency",
    "amount",
    "balance",
    "posted",
    "pay_hold",
    "payment_method",
    "control",
    "stamp",
    "entered_by",
    "lines",
)
_OPEN = ("number", "code", "group", "date", "description", "lines")
_POSTED = ("number", "code", "group", "date", "module", "invoice", "lines")
_PAYMENT = ("number", "check", "vendor", "date", "bank", "posted", "stamp", "paid")


def _airbase(report: Mapping[str, Any]) -> str:
    entries = _table("Entries", ("type", "status", "currency", "count", "total"), report["entries"])
    errors = _table("Errors written back", ("id", "type", "error"), report["errors"])
    held = ", ".join(f"{report[name]} {name}" for name in ("vendors", "accounts", "tags"))
    return f"<h2>Airbase</h2><p>{escape(held)}</p>{entries}{errors}"


def _with_lines(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "lines": [_line(line) for line in row["lines"]]}


def _line(line: Mapping[str, Any]) -> str:
    if "amount" in line:
        amount = show_money(Decimal(line["amount"]))
    else:
        debit, credit = Decimal(line["debit"]), Decimal(line["credit"])
        amount = f"Dr {show_money(debit)}" if debit else f"Cr {show_money(credit)}"
    return f"{line['gl_account'] or '(no account)'}  {amount}  {line['description']}"


def _with_paid(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "paid": [f"{one['invoice']}  {show_money(Decimal(one['amount']))}" for one in row["paid"]]}


def _table(title: str, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    head = f"<h3>{escape(title)}</h3>"
    if not rows:
        return f"{head}<p class='empty'>none</p>"
    names = "".join(f"<th>{escape(name.replace('_', ' '))}</th>" for name in columns)
    body = "".join(_row(columns, row) for row in rows[:ROWS_MAX])
    more = f"<p>the first {ROWS_MAX} of {len(rows)}</p>" if len(rows) > ROWS_MAX else ""
    return f"{head}<table><tr>{names}</tr>{body}</table>{more}"


def _row(columns: Iterable[str], row: Mapping[str, Any]) -> str:
    return f"<tr>{''.join(_cell(row.get(name)) for name in columns)}</tr>"


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return f"<td>{'yes' if value else ''}</td>"
    if isinstance(value, Decimal):
        return f"<td class='number'>{escape(show_money(value))}</td>"
    if isinstance(value, int):
        return f"<td class='number'>{value}</td>"
    if isinstance(value, list):
        return f"<td>{'<br>'.join(escape(str(one)) for one in value)}</td>"
    return f"<td>{escape(str(value or ''))}</td>"

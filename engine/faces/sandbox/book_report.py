"""What stands in the sandbox's books, gathered for a reader: Epicor company by company, Airbase by type."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from engine.faces.sandbox.airbase.books import AirbaseBooks
from engine.faces.sandbox.tables import TableStore
from engine.words.money import NotMoney, parse_money

Shown = dict[str, Any]
_Row = Mapping[str, Any]
_ZERO = Decimal("0.00")


def books_report(epicor: TableStore, airbase: AirbaseBooks) -> Shown:
    """Every document and every posting, as JSON."""
    companies = epicor.rows("Company")
    return {
        "companies": {row["Company1"]: _company(epicor, row["Company1"]) for row in companies},
        "airbase": _entries(airbase),
    }


def _company(store: TableStore, company: str) -> Shown:
    invoices = store.find("APInvHed", Company=company)
    return {
        "ap_groups": [_group(row, invoices) for row in store.find("APInvGrp", Company=company)],
        "invoices": [_invoice(store, row) for row in invoices],
        "journals_open": [_open_journal(store, row) for row in store.find("GLJrnHed", Company=company)],
        "journals_posted": _posted_journals(store.find("GLJrnDtl", Company=company)),
        "payments": [_payment(store, row) for row in store.find("CheckHed", Company=company)],
        "trial_balance": _trial_balance(store, company),
    }


def _group(group: _Row, invoices: Iterable[_Row]) -> Shown:
    inside = [row for row in invoices if row.get("GroupID") == group["GroupID"] and not row.get("Posted")]
    return {
        "group": group["GroupID"],
        "apply_date": _day(group.get("ApplyDate")),
        "invoices": len(inside),
        "total": _sum(row.get("DocInvoiceAmt") for row in inside),
        "locked_by": group.get("ActiveUserID") or "",
        "post_error": group.get("PostErrorLog") or "",
    }


def _invoice(store: TableStore, row: _Row) -> Shown:
    vendor = store.get("Vendor", row["Company"], row["VendorNum"]) or {}
    return {
        "vendor": vendor.get("VendorID", ""),
        "vendor_name": vendor.get("Name", ""),
        "number": row["InvoiceNum"],
        "group": row.get("GroupID") or "",
        "apply_date": _day(row.get("ApplyDate")),
        "currency": row.get("CurrencyCode") or "",
        "amount": row.get("DocInvoiceAmt") or _ZERO,
        "balance": row.get("DocInvoiceBal") or _ZERO,
        "tax": row.get("DocTaxAmt") or _ZERO,
        "debit_memo": bool(row.get("DebitMemo")),
        "pay_hold": bool(row.get("PayHold")),
        "payment_method": row.get("PMUID") or 0,
        "control": row.get("GLControlCode") or "",
        "posted": bool(row.get("Posted")),
        "stamp": row.get("XRefInvoiceNum") or row.get("ExternalID") or "",
        "entered_by": row.get("EntryPerson") or "",
        "lines": _invoice_lines(store, row),
    }


def _invoice_lines(store: TableStore, invoice: _Row) -> list[Shown]:
    key = {name: invoice[name] for name in ("InvoiceNum", "VendorNum", "Company")}
    texts = {row["InvoiceLine"]: row.get("Description", "") for row in store.find("APInvDtl", **key)}
    accounts = defaultdict(list)
    for row in store.find("APInvExpTGLC", **key):
        accounts[row["InvoiceLine"], row["InvExpSeq"]].append(row.get("GLAccount") or "")
    expenses = sorted(store.find("APInvExp", **key), key=lambda row: (row["InvoiceLine"], row["InvExpSeq"]))
    return [
        {
            "line": row["InvoiceLine"],
            "description": texts.get(row["InvoiceLine"], ""),
            "gl_account": ", ".join(accounts[row["InvoiceLine"], row["InvExpSeq"]]),
            "amount": row.get("DocExpAmt") or _ZERO,
        }
        for row in expenses
    ]


def _open_journal(store: TableStore, row: _Row) -> Shown:
    names = ("JournalNum", "JournalCode", "Company", "BookID", "FiscalYear")
    lines = store.find("GLJrnDtlMnl", **{name: row[name] for name in names})
    return {
        "number": row["JournalNum"],
        "code": row["JournalCode"],
        "group": row.get("GroupID") or "",
        "date": _day(row.get("JEDate")),
        "description": row.get("Description") or "",
        "lines": [_entry_line(line) for line in sorted(lines, key=lambda line: int(line["JournalLine"]))],
    }


def _entry_line(line: _Row) -> Shown:
    amount = Decimal(line.get("TransAmt") or 0)
    return {
        "gl_account": line.get("GLAccount") or "",
        "description": line.get("Description") or "",
        "debit": max(amount, _ZERO),
        "credit": max(-amount, _ZERO),
    }


def _posted_journals(lines: Iterable[_Row]) -> list[Shown]:
    journals: dict[tuple[Any, ...], Shown] = {}
    for line in lines:
        key = tuple(line.get(name) for name in ("BookID", "FiscalYear", "JournalCode", "JournalNum"))
        journal = journals.setdefault(
            key,
            {
                "number": line["JournalNum"],
                "code": line["JournalCode"],
                "group": line.get("GroupID") or "",
                "date": _day(line.get("JEDate")),
                "module": line.get("SourceModule") or "",
                "invoice": line.get("APInvoiceNum") or "",
                "lines": [],
            },
        )
        journal["lines"].append(
            {
                "gl_account": line.get("GLAccount") or "",
                "description": line.get("Description") or "",
                "debit": line.get("BookDebitAmount") or _ZERO,
                "credit": line.get("BookCreditAmount") or _ZERO,
            }
        )
    return list(journals.values())


def _payment(store: TableStore, row: _Row) -> Shown:
    lines = store.find("APTran", Company=row["Company"], HeadNum=row["HeadNum"])
    return {
        "number": row["HeadNum"],
        "check": row.get("CheckNum") or 0,
        "vendor": row.get("VendorID") or row.get("VendorNum") or "",
        "date": _day(row.get("CheckDate")),
        "bank": row.get("BankAcctID") or "",
        "posted": bool(row.get("Posted")),
        "stamp": row.get("XRefCheckNum") or "",
        "paid": [
            {"invoice": line.get("InvoiceNum") or "", "amount": line.get("DocTranAmt") or _ZERO} for line in lines
        ],
    }


def _trial_balance(store: TableStore, company: str) -> list[Shown]:
    booked: dict[str, list[Decimal]] = defaultdict(lambda: [_ZERO, _ZERO])
    for line in store.find("GLJrnDtl", Company=company):
        sides = booked[line["GLAccount"]]
        sides[0] += Decimal(line.get("BookDebitAmount") or 0)
        sides[1] += Decimal(line.get("BookCreditAmount") or 0)
    names = {row["GLAccount1"]: row.get("AccountDesc", "") for row in store.find("GLAccount", Company=company)}
    return [
        {
            "gl_account": account,
            "description": names.get(account, ""),
            "debit": debit,
            "credit": credit,
            "balance": debit - credit,
        }
        for account, (debit, credit) in sorted(booked.items())
    ]


def _entries(airbase: AirbaseBooks) -> Shown:
    counted: dict[tuple[str, str, str], list[Decimal]] = defaultdict(list)
    errors = []
    for entry in airbase.entries():
        key = (entry["type"], entry["status"], entry["currency"]["iso_code"])
        counted[key].append(_amount(entry["total_amount"]))
        if entry["error_message"]:
            errors.append({"id": entry["id"], "type": entry["type"], "error": entry["error_message"]})
    return {
        "entries": [
            {
                "type": kind,
                "status": status,
                "currency": currency,
                "count": len(amounts),
                "total": sum(amounts, _ZERO),
            }
            for (kind, status, currency), amounts in sorted(counted.items())
        ],
        "errors": errors,
        "vendors": sum(1 for _ in airbase.rows("vendors")),
        "accounts": sum(1 for _ in airbase.rows("accounts")),
        "tags": sum(1 for _ in airbase.rows("tags")),
    }


def _amount(text: str) -> Decimal:
    try:
        return parse_money(text)
    except NotMoney:
        # One odd record has three decimals on purpose; the report counts it and leaves its amount out.
        return _ZERO


def _sum(amounts: Iterable[Any]) -> Decimal:
    return sum((Decimal(amount or 0) for amount in amounts), _ZERO)


def _day(text: Any) -> str:
    return str(text or "")[:10]

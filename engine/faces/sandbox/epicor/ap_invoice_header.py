"""The header of an AP invoice (`APInvHed`): what is checked, defaulted and derived when it is saved.

What only the vendor can decide (terms, currency, tax region, payment method, GL control, central
payment) comes from the vendor when the row does not name it, and is kept when it does; a blank tax
region is a choice, blank terms or currency are not.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from engine.faces.sandbox.epicor.accounts import PAYABLES, control_account, control_code
from engine.faces.sandbox.epicor.ap_groups import add_to_total, usable_group
from engine.faces.sandbox.epicor.calendar import open_period
from engine.faces.sandbox.epicor.currency import base_currency, check_currency, due_date, rate_on
from engine.faces.sandbox.epicor.errors import duplicate, not_found, refused
from engine.faces.sandbox.epicor.methods import mode
from engine.faces.sandbox.epicor.rows import as_date, date_text, decimal, fits, rounded
from engine.faces.sandbox.epicor.session import Session
from engine.faces.sandbox.tables import Row, fold

TABLE = "APInvHed"
CHILDREN = ("APInvDtl", "APInvExp", "APInvExpTGLC")

_FIXED = ("VendorNum", "InvoiceNum", "DebitMemo", "GroupID", "Posted", "OpenPayable")
_ZERO = Decimal("0.00")


def find_vendor(session: Session, row: Mapping[str, Any], table: str = TABLE) -> Row:
    """The active vendor that a row names by VendorNum or VendorNumVendorID.

    Raises:
        EpicorError: none, an unknown one, an inactive one, or two different ones.
    """
    number, vendor_id = row.get("VendorNum") or 0, row.get("VendorNumVendorID") or ""
    if number:
        vendor = session.get("Vendor", number)
        if vendor is not None and vendor_id and fold(vendor["VendorID"]) != fold(vendor_id):
            raise refused(f"Supplier {vendor_id} is not number {number}.", table, "VendorNumVendorID")
    else:
        vendor = next(iter(session.find("Vendor", VendorID=vendor_id)), None) if vendor_id else None
    if vendor is None:
        raise refused("A valid Supplier is required.", table, "VendorNum")
    if vendor.get("Inactive"):
        raise refused(f"Supplier {vendor['VendorID']} is inactive.", table, "VendorNum")
    return vendor


def parts(session: Session, table: str, header: Mapping[str, Any]) -> list[Row]:
    """The rows of an invoice in one of its tables, in key order."""
    found = session.find(table, VendorNum=header["VendorNum"], InvoiceNum=header["InvoiceNum"])
    return sorted(found, key=lambda row: (row["InvoiceLine"], row.get("InvExpSeq", 0)))


def open_invoice(session: Session, vendor_num: Any, invoice_num: Any) -> Row:
    """An invoice that may still be changed, in a group the caller may write into.

    Raises:
        EpicorError: it is not there, is posted, or its group is held by someone else.
    """
    row = session.get(TABLE, vendor_num, invoice_num)
    if row is None:
        raise not_found(f"invoice {invoice_num} of supplier {vendor_num}", TABLE)
    if row["Posted"]:
        raise refused(f"Invoice {invoice_num} is posted and cannot be changed.", TABLE)
    usable_group(session, row["GroupID"], TABLE)
    return row


def save_header(session: Session, row: dict[str, Any], group: str) -> Row | None:
    """Carry out a header row by its RowMod; None when the invoice was deleted."""
    letter = mode(row)
    if letter == "A":
        return _add(session, row, group)
    if letter == "D":
        delete_invoice(session, row.get("VendorNum"), row.get("InvoiceNum"))
        return None
    return _change(session, row)


def _add(session: Session, row: dict[str, Any], group: str) -> Row:
    named = row.get("GroupID") or group
    if group and fold(named) != fold(group):
        raise refused(f"The invoice names group {named}, the call group {group}.", TABLE, "GroupID")
    held = usable_group(session, named, TABLE)
    vendor = find_vendor(session, row)
    number = str(row.get("InvoiceNum") or "").strip()
    if not number:
        raise refused("Invoice Number is required.", TABLE, "InvoiceNum")
    fits(row, TABLE, InvoiceNum=50)
    if session.get(TABLE, vendor["VendorNum"], number) is not None:
        raise duplicate(TABLE, "InvoiceNum")
    made = {name: value for name, value in row.items() if name not in ("SysRevID", "SysRowID")}
    made |= {
        "GroupID": held["GroupID"],
        "InvoiceNum": number,
        "VendorNum": vendor["VendorNum"],
        "VendorNumVendorID": vendor["VendorID"],
        "VendorNumName": vendor.get("Name", ""),
        "DebitMemo": bool(row.get("DebitMemo")),
        "EntryPerson": session.user,
        "ApplyDate": row.get("ApplyDate") or held["ApplyDate"],
        "Posted": False,
        "OpenPayable": False,
        "DocInvoiceAmt": _ZERO,
        "InvoiceAmt": _ZERO,
    }
    made = _vendor_defaults(session, made, vendor)
    return session.save(TABLE, _derived(session, made, _control_total(row, None, made)))


def _vendor_defaults(session: Session, row: dict[str, Any], vendor: Row) -> dict[str, Any]:
    defaults = {
        "TaxRegionCode": vendor.get("TaxRegionCode", ""),
        "PMUID": vendor.get("PMUID", 0),
        "CPay": bool(vendor.get("CPay")),
        "PayHold": bool(vendor.get("PayHold")),
        "RateGrpCode": vendor.get("RateGrpCode", ""),
        "GLControlType": PAYABLES,
        "LockRate": False,
        "InvoiceHeld": False,
        "Description": "",
        "XRefInvoiceNum": "",
        "ExternalID": "",
        "ExtSysURL": "",
        "REFPONum": 0,
    }
    filled = defaults | row
    for name, fallback in (
        ("TermsCode", vendor.get("TermsCode", "")),
        ("CurrencyCode", vendor.get("CurrencyCode") or base_currency(session)),
        ("GLControlCode", control_code(session, int(vendor["VendorNum"]), PAYABLES)),
    ):
        filled[name] = filled.get(name) or fallback
    return filled


def _control_total(row: Mapping[str, Any], old: Row | None, made: Mapping[str, Any]) -> Decimal:
    sign = -1 if made["DebitMemo"] else 1
    kept = decimal(old, "DocInvoiceVendorAmt") if old is not None else _ZERO
    entered, stored = decimal(row, "ScrDocInvoiceVendorAmt"), decimal(row, "DocInvoiceVendorAmt")
    if "ScrDocInvoiceVendorAmt" in row and entered != sign * kept:
        amount = sign * entered
    elif "DocInvoiceVendorAmt" in row and stored != kept:
        amount = stored
    else:
        amount = kept
    if amount * sign < 0:
        raise refused("Invoice amount must be positive as entered.", TABLE, "ScrDocInvoiceVendorAmt")
    return rounded(amount, made["CurrencyCode"])


def _derived(session: Session, row: dict[str, Any], control_total: Decimal) -> dict[str, Any]:
    if not row.get("InvoiceDate"):
        raise refused("Invoice Date is required.", TABLE, "InvoiceDate")
    apply, invoiced = as_date(row["ApplyDate"]), as_date(row["InvoiceDate"])
    check_currency(session, row["CurrencyCode"], TABLE)
    if row["GLControlCode"] and not control_account(session, row["GLControlType"], row["GLControlCode"]):
        raise refused(f"GL Control {row['GLControlCode']} is not valid.", TABLE, "GLControlCode")
    rate = decimal(row, "ExchangeRate")
    if not (row.get("LockRate") and rate):
        rate = rate_on(session, row["CurrencyCode"], row["RateGrpCode"], apply, TABLE)
    due = row.get("DueDate") or date_text(due_date(session, row["TermsCode"], invoiced, TABLE))
    sign = -1 if row["DebitMemo"] else 1
    base = rounded(control_total * rate, base_currency(session))
    return {
        **row,
        **open_period(session, "AP", apply, TABLE, "ApplyDate").columns(),
        "DueDate": due,
        "ExchangeRate": rate,
        "DocInvoiceVendorAmt": control_total,
        "ScrDocInvoiceVendorAmt": sign * control_total,
        "InvoiceVendorAmt": base,
        "ScrInvoiceVendorAmt": sign * base,
    }


def _change(session: Session, row: dict[str, Any]) -> Row:
    old = open_invoice(session, row.get("VendorNum"), row.get("InvoiceNum"))
    for name in _FIXED:
        if name in row and fold(row[name]) != fold(old.get(name)):
            raise refused(f"{name} cannot be changed here.", TABLE, name)
    changed = session.merge(TABLE, old, row)
    moved = changed.get("ApplyDate") != old["ApplyDate"]
    if moved and old.get("DisableAplDate"):
        raise refused("Apply Date cannot be changed once the invoice has lines.", TABLE, "ApplyDate")
    if changed["TermsCode"] != old["TermsCode"] or changed["InvoiceDate"] != old["InvoiceDate"]:
        changed["DueDate"] = None if changed.get("DueDate") == old["DueDate"] else changed.get("DueDate")
    if not changed.get("LockRate"):
        changed["ExchangeRate"] = 0
    return session.save(TABLE, _derived(session, changed, _control_total(row, old, changed)))


def delete_invoice(session: Session, vendor_num: Any, invoice_num: Any) -> None:
    """Delete an unposted invoice with everything under it."""
    header = open_invoice(session, vendor_num, invoice_num)
    for row in parts(session, "APInvDtl", header):
        delete_line(session, row)
    session.remove(TABLE, header["VendorNum"], header["InvoiceNum"])
    add_to_total(session, header["GroupID"], -decimal(header, "InvoiceVendorAmt"))


def delete_line(session: Session, line: Row) -> None:
    """Delete a line with its distributions."""
    for table in ("APInvExpTGLC", "APInvExp"):
        for row in parts(session, table, line):
            if row["InvoiceLine"] == line["InvoiceLine"]:
                last = (row["SysRowID"],) if table == "APInvExpTGLC" else ()
                session.remove(
                    table, row["VendorNum"], row["InvoiceNum"], row["InvoiceLine"], row["InvExpSeq"], *last
                )
    session.remove("APInvDtl", line["VendorNum"], line["InvoiceNum"], line["InvoiceLine"])


def recalculate(session: Session, vendor_num: Any, invoice_num: Any, before: Row | None) -> Row | None:
    """Bring an invoice's computed amounts up to date after a save; `before` is its header as it was.

    The computed total is lines plus tax; tax is the percentage of the header's tax region on all lines.
    """
    header = session.get(TABLE, vendor_num, invoice_num)
    if header is None:
        return None
    lines = parts(session, "APInvDtl", header)
    region = session.get("TaxRgn", header["TaxRegionCode"]) if header["TaxRegionCode"] else None
    percent = decimal(region, "Percent") if region is not None else _ZERO
    net = sum((decimal(line, "DocExtCost") for line in lines), _ZERO)
    tax = rounded(net * percent / 100, header["CurrencyCode"])
    base = base_currency(session)
    base_tax = rounded(tax * decimal(header, "ExchangeRate"), base)
    base_total = sum((decimal(line, "ExtCost") for line in lines), _ZERO) + base_tax
    sign = -1 if header["DebitMemo"] else 1
    amounts = {
        "DocTaxAmt": tax,
        "TaxAmt": base_tax,
        "ScrDocTotSelfAmt": _ZERO,
        "DocInvoiceAmt": net + tax,
        "ScrDocInvoiceAmt": sign * (net + tax),
        "InvoiceAmt": base_total,
        "DocInvoiceBal": net + tax,
        "InvoiceBal": base_total,
        "DocUnpostedBal": net + tax,
        "UnpostedBal": base_total,
        "DocInvoiceVariance": decimal(header, "DocInvoiceVendorAmt") - net - tax,
        "InvoiceVariance": decimal(header, "InvoiceVendorAmt") - base_total,
        "DisableAplDate": bool(lines),
    }
    gained = decimal(header, "InvoiceVendorAmt") - (decimal(before, "InvoiceVendorAmt") if before else _ZERO)
    add_to_total(session, header["GroupID"], gained)
    return session.store.put(TABLE, {**header, **amounts})

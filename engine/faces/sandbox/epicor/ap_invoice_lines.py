"""Lines of an AP invoice and their distribution: `APInvDtl`, `APInvExp`, `APInvExpTGLC`.

The amount of a distribution stands in `APInvExp`, its account in `APInvExpTGLC`. `APInvExp.GLAccount` is
a helper column of the screen: whether the server takes an account from it is not known, so it is kept
and otherwise ignored. Child rows must name their invoice by VendorNum and InvoiceNum.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from engine.faces.sandbox.epicor.accounts import MAIN_BOOK, chart_of, check_account, default_expense_account
from engine.faces.sandbox.epicor.ap_invoice_header import delete_line, open_invoice, parts
from engine.faces.sandbox.epicor.currency import base_currency
from engine.faces.sandbox.epicor.errors import duplicate, not_found, refused
from engine.faces.sandbox.epicor.methods import mode
from engine.faces.sandbox.epicor.rows import as_date, decimal, new_row_id, rounded, segments
from engine.faces.sandbox.epicor.session import Session
from engine.faces.sandbox.tables import Row, fold

LINE, EXPENSE_ROW, ACCOUNT_ROW = "APInvDtl", "APInvExp", "APInvExpTGLC"
MISCELLANEOUS, UNRECEIVED = "M", "U"


def save_line(session: Session, row: dict[str, Any]) -> Row | None:
    """Carry out a line row by its RowMod; None when it was deleted."""
    header = open_invoice(session, row.get("VendorNum"), row.get("InvoiceNum"))
    number = int(row.get("InvoiceLine") or 0)
    old = session.get(LINE, header["VendorNum"], header["InvoiceNum"], number)
    if mode(row) == "A":
        if old is not None:
            raise duplicate(LINE, "InvoiceLine")
        return _add_line(session, header, row, number)
    if old is None:
        raise not_found(f"line {number} of invoice {header['InvoiceNum']}", LINE)
    if mode(row) == "D":
        delete_line(session, old)
        return None
    kept = session.save(LINE, _priced(session, header, session.merge(LINE, old, row), row, old))
    _follow_line(session, header, kept, old)
    return kept


def _add_line(session: Session, header: Row, row: dict[str, Any], number: int) -> Row:
    kind = row.get("LineType") or ""
    if kind not in (MISCELLANEOUS, UNRECEIVED):
        # Receipt, advance, job and asset lines are not modelled, and a line of no type is a slip.
        raise refused(f"Line type '{kind}' is not supported: use M or U.", LINE, "LineType")
    if kind == UNRECEIVED:
        _check_order(session, header, row)
    number = number or max((line["InvoiceLine"] for line in parts(session, LINE, header)), default=0) + 1
    made = {name: value for name, value in row.items() if name not in ("SysRevID", "SysRowID")}
    made |= {
        "VendorNum": header["VendorNum"],
        "InvoiceNum": header["InvoiceNum"],
        "InvoiceLine": number,
        "CurrencyCode": header["CurrencyCode"],
        "DebitMemo": header["DebitMemo"],
        "GroupID": header["GroupID"],
    }
    made = {"Description": "", "PONum": 0, "POLine": 0, "PORelNum": 0} | made
    return session.save(LINE, _priced(session, header, made, row, None))


def _check_order(session: Session, header: Row, row: Mapping[str, Any]) -> None:
    order = session.get("POHeader", row.get("PONum") or 0)
    line = session.get("PODetail", row.get("PONum") or 0, row.get("POLine") or 0)
    if order is None or line is None:
        raise refused("A valid PO and PO line are required.", LINE, "PONum")
    if order["VendorNum"] != header["VendorNum"]:
        raise refused(f"PO {order['PONum']} belongs to another supplier.", LINE, "PONum")
    if order.get("VoidOrder") or not order.get("OpenOrder", True) or not line.get("OpenLine", True):
        raise refused(f"PO {order['PONum']} line {line['POLine']} is closed.", LINE, "POLine")


def _priced(
    session: Session, header: Row, made: dict[str, Any], row: Mapping[str, Any], old: Row | None
) -> dict[str, Any]:
    """The line with its extended cost; entered positive, stored negative on a debit memo."""
    sign = -1 if header["DebitMemo"] else 1
    kept = decimal(old, "DocExtCost") if old is not None else Decimal("0.00")
    quantity, unit = decimal(row, "ScrVendorQty"), decimal(row, "DocUnitCost")
    if "ScrDocExtCost" in row and decimal(row, "ScrDocExtCost") != sign * kept:
        amount = sign * decimal(row, "ScrDocExtCost")
    elif "DocExtCost" in row and decimal(row, "DocExtCost") != kept:
        amount = decimal(row, "DocExtCost")
    elif quantity and unit:
        amount = sign * quantity * unit
    else:
        amount = kept
    amount = rounded(amount, header["CurrencyCode"])
    base = rounded(amount * decimal(header, "ExchangeRate"), base_currency(session))
    return made | {
        "DocExtCost": amount,
        "ScrDocExtCost": sign * amount,
        "ExtCost": base,
        "ScrExtCost": sign * base,
        "VendorQty": sign * quantity,
    }


def _follow_line(session: Session, header: Row, line: Row, old: Row) -> None:
    # A line's only distribution follows the line's amount, as long as it was the whole of it.
    rows = expenses_of(session, line)
    if len(rows) == 1 and decimal(rows[0], "DocExpAmt") == decimal(old, "DocExtCost"):
        changed = {**rows[0], **_expense_amounts(session, header, decimal(line, "DocExtCost"))}
        session.save(EXPENSE_ROW, changed)


def expenses_of(session: Session, line: Row) -> list[Row]:
    """The distributions of a line."""
    return [row for row in parts(session, EXPENSE_ROW, line) if row["InvoiceLine"] == line["InvoiceLine"]]


def accounts_of(session: Session, expense: Row) -> list[Row]:
    """The account rows of a distribution."""
    rows = parts(session, ACCOUNT_ROW, expense)
    at = (expense["InvoiceLine"], expense["InvExpSeq"])
    return [row for row in rows if (row["InvoiceLine"], row["InvExpSeq"]) == at]


def save_expense(session: Session, row: dict[str, Any]) -> Row | None:
    """Carry out a distribution row by its RowMod; None when it was deleted."""
    header, line = _line_of(session, row, EXPENSE_ROW)
    sequence = int(row.get("InvExpSeq") or 0)
    key = (header["VendorNum"], header["InvoiceNum"], line["InvoiceLine"], sequence)
    old = session.get(EXPENSE_ROW, *key)
    if mode(row) == "A":
        if old is not None:
            raise duplicate(EXPENSE_ROW, "InvExpSeq")
        return _add_expense(session, header, line, row, sequence)
    if old is None:
        raise not_found(f"distribution {sequence} of line {line['InvoiceLine']}", EXPENSE_ROW)
    if mode(row) == "D":
        for account in accounts_of(session, old):
            session.remove(ACCOUNT_ROW, *key, account["SysRowID"])
        session.remove(EXPENSE_ROW, *key)
        return None
    amounts = _expense_amounts(session, header, _entered(row, header, old, decimal(old, "DocExpAmt")))
    return session.save(EXPENSE_ROW, session.merge(EXPENSE_ROW, old, row) | amounts)


def _add_expense(session: Session, header: Row, line: Row, row: Mapping[str, Any], sequence: int) -> Row:
    taken = [expense["InvExpSeq"] for expense in expenses_of(session, line)]
    made = {name: value for name, value in row.items() if name not in ("SysRevID", "SysRowID")}
    made |= {
        "VendorNum": header["VendorNum"],
        "InvoiceNum": header["InvoiceNum"],
        "InvoiceLine": line["InvoiceLine"],
        "InvExpSeq": sequence or max(taken, default=0) + 1,
        "GroupID": header["GroupID"],
        "CurrencyCode": header["CurrencyCode"],
        "DebitMemo": header["DebitMemo"],
    }
    amount = _entered(row, header, None, decimal(line, "DocExtCost"))
    return session.save(EXPENSE_ROW, made | _expense_amounts(session, header, amount))


def _entered(row: Mapping[str, Any], header: Row, old: Row | None, otherwise: Decimal) -> Decimal:
    sign = -1 if header["DebitMemo"] else 1
    kept = decimal(old, "DocExpAmt") if old is not None else None
    if "DocScrExpAmt" in row and (kept is None or decimal(row, "DocScrExpAmt") != sign * kept):
        return sign * decimal(row, "DocScrExpAmt")
    if "DocExpAmt" in row and decimal(row, "DocExpAmt") != kept:
        return decimal(row, "DocExpAmt")
    return otherwise


def _expense_amounts(session: Session, header: Row, amount: Decimal) -> dict[str, Decimal]:
    sign = -1 if header["DebitMemo"] else 1
    amount = rounded(amount, header["CurrencyCode"])
    base = rounded(amount * decimal(header, "ExchangeRate"), base_currency(session))
    return {"DocExpAmt": amount, "DocScrExpAmt": sign * amount, "ExpAmt": base, "ScrExpAmt": sign * base}


def _line_of(session: Session, row: Mapping[str, Any], table: str) -> tuple[Row, Row]:
    header = open_invoice(session, row.get("VendorNum"), row.get("InvoiceNum"))
    line = session.get(LINE, header["VendorNum"], header["InvoiceNum"], row.get("InvoiceLine") or 0)
    if line is None:
        raise refused(f"Line {row.get('InvoiceLine') or 0} does not exist.", table, "InvoiceLine")
    return header, line


def save_account(session: Session, row: dict[str, Any]) -> Row | None:
    """Carry out an account row by its RowMod; None when it was deleted.

    A distribution has one account row in the main book; a second is refused.
    """
    header, line = _line_of(session, row, ACCOUNT_ROW)
    key = (header["VendorNum"], header["InvoiceNum"], line["InvoiceLine"], row.get("InvExpSeq") or 0)
    expense = session.get(EXPENSE_ROW, *key)
    if expense is None:
        raise refused(f"Distribution {row.get('InvExpSeq') or 0} does not exist.", ACCOUNT_ROW, "InvExpSeq")
    there = accounts_of(session, expense)
    if mode(row) == "A":
        if there:
            raise duplicate(ACCOUNT_ROW, "InvExpSeq")
        made = {name: value for name, value in row.items() if name not in ("SysRevID", "SysRowID")}
        return session.save(ACCOUNT_ROW, _account_row(session, header, expense, made))
    old = next((known for known in there if fold(known["SysRowID"]) == fold(row.get("SysRowID"))), None)
    if old is None:
        raise not_found("account row", ACCOUNT_ROW)
    if mode(row) == "D":
        session.remove(ACCOUNT_ROW, *key, old["SysRowID"])
        return None
    changed = session.merge(ACCOUNT_ROW, old, row)
    if changed["GLAccount"] != old["GLAccount"]:
        changed["IsModifiedByUser"] = True
        changed |= (
            {}
            if any(name.startswith("SegValue") for name in row if row[name] != old.get(name))
            else (segments(changed["GLAccount"]))
        )
    return session.save(ACCOUNT_ROW, _account_row(session, header, expense, changed))


def _account_row(session: Session, header: Row, expense: Row, row: dict[str, Any]) -> dict[str, Any]:
    account = row.get("GLAccount") or ""
    if account:
        check_account(session, account, as_date(header["ApplyDate"]), ACCOUNT_ROW)
        for name, part in segments(account).items():
            if row.get(name) and row[name] != part:
                raise refused(f"{name} does not agree with GL Account {account}.", ACCOUNT_ROW, name)
    keys = {
        "RelatedToFile": EXPENSE_ROW,
        "Key1": str(header["VendorNum"]),
        "Key2": header["InvoiceNum"],
        "Key3": str(expense["InvoiceLine"]),
        "Key4": str(expense["InvExpSeq"]),
    }
    for name, value in keys.items():
        if row.get(name) and fold(row[name]) != fold(value):
            raise refused(f"{name} must be '{value}'.", ACCOUNT_ROW, name)
    defaults = {"TGLCTranNum": 1, "GLAcctContext": "Expense", "RecordType": "A", "UserCanModify": True}
    return {
        **defaults,
        **row,
        **keys,
        **(segments(account) if account else {}),
        "VendorNum": header["VendorNum"],
        "InvoiceNum": header["InvoiceNum"],
        "APInvoiceNum": header["InvoiceNum"],
        "InvoiceLine": expense["InvoiceLine"],
        "InvExpSeq": expense["InvExpSeq"],
        "GroupID": header["GroupID"],
        "BookID": row.get("BookID") or MAIN_BOOK,
        "COACode": row.get("COACode") or chart_of(session),
        "GLAccount": account,
        "GLAccountGLAcctDisp": account.replace("|", "-"),
    }


def complete_distribution(session: Session, line: Row) -> None:
    """Give a line what nobody sent for it: a distribution of its whole amount, and accounts from the GL controls."""
    header = open_invoice(session, line["VendorNum"], line["InvoiceNum"])
    expenses = expenses_of(session, line) or [_add_expense(session, header, line, {}, 0)]
    for expense in expenses:
        if not accounts_of(session, expense):
            day = as_date(header["ApplyDate"])
            account = default_expense_account(session, int(header["VendorNum"]), day)
            made = {"GLAccount": account, "SysRowID": new_row_id(), "IsModifiedByUser": False}
            session.save(ACCOUNT_ROW, _account_row(session, header, expense, made))

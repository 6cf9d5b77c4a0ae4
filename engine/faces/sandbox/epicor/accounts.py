"""The chart of accounts: which account may be booked, and which one the GL controls give by default.

The literals of GL control types and contexts are not published, except that suppliers' payables are
type `APAcct`. The sandbox calls the expense default `APExp`; one account stands behind a control code.
"""

from __future__ import annotations

from datetime import date

from engine.faces.sandbox.epicor.errors import EpicorError, refused
from engine.faces.sandbox.epicor.rows import as_date
from engine.faces.sandbox.epicor.session import Session

PAYABLES = "APAcct"
EXPENSE = "APExp"
MAIN_BOOK = "MAIN"
GENERAL_JOURNAL = "GJ"


def chart_of(session: Session) -> str:
    """The company's chart of accounts: its book's, else the one its accounts are in."""
    for row in session.find("GLBook"):
        return str(row["COACode"])
    accounts = session.find("GLAccount")
    return str(accounts[0]["COACode"]) if accounts else MAIN_BOOK


def check_account(
    session: Session, account: str, on: date, table: str, column: str = "GLAccount", chart: str | None = None
) -> None:
    """Refuse an account that does not exist, is not active, or is not effective on a day."""
    row = session.get("GLAccount", chart or chart_of(session), account)
    if row is None or row["GLAccount1"] != account:
        raise refused(f"GL Account {account} is not valid.", table, column)
    if not row.get("Active", True):
        raise refused(f"GL Account {account} is inactive.", table, column)
    begins, ends = row.get("EffFrom"), row.get("EffTo")
    if (begins and on < as_date(begins)) or (ends and on > as_date(ends)):
        raise refused(f"GL Account {account} is not effective on {on}.", table, column)


def account_problem(session: Session, account: str, on: date) -> str | None:
    """What is wrong with an account, as a sentence for a posting log, or None."""
    if not account:
        return "G/L Account is required"
    try:
        check_account(session, account, on, "GLAccount")
    except EpicorError as error:
        return f"Invalid Account: {error.message}"
    return None


def control_code(session: Session, vendor_num: int, control_type: str) -> str:
    """The GL control code of a vendor for a type, else the company's, else nothing."""
    for file, key in (("Vendor", str(vendor_num)), ("Company", session.company)):
        row = session.get("EntityGLC", file, key, control_type)
        if row is not None and row.get("GLControlCode"):
            return str(row["GLControlCode"])
    return ""


def control_account(session: Session, control_type: str, code: str) -> str:
    """The account behind a GL control code, or nothing."""
    rows = session.find("GLCntrlAcct", GLControlType=control_type, GLControlCode=code) if code else []
    return str(rows[0].get("GLAccount") or "") if rows else ""


def default_expense_account(session: Session, vendor_num: int, on: date) -> str:
    """What the server writes on a line whose account nobody gave: the control's account, or nothing.

    The nothing is the known trap: the invoice is saved, and cannot be posted.
    """
    account = control_account(session, EXPENSE, control_code(session, vendor_num, EXPENSE))
    return "" if account_problem(session, account, on) else account

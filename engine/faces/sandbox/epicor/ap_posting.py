"""Posting AP invoice groups (`Erp.Proc.APInvoicePostSvc`): expense and tax against the AP control account.

The call answers nothing; what could not be posted stays in the group, with the reasons in `PostErrorLog`.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from engine.faces.sandbox.epicor.accounts import account_problem, control_account
from engine.faces.sandbox.epicor.ap_groups import TABLE as GROUP
from engine.faces.sandbox.epicor.ap_groups import usable_group
from engine.faces.sandbox.epicor.ap_invoice_header import TABLE as HEADER
from engine.faces.sandbox.epicor.ap_invoice_header import parts
from engine.faces.sandbox.epicor.ap_invoice_lines import accounts_of, expenses_of
from engine.faces.sandbox.epicor.calendar import open_period, period_of
from engine.faces.sandbox.epicor.errors import EpicorError
from engine.faces.sandbox.epicor.gl_posting import LedgerLine, book_journal, journal_number
from engine.faces.sandbox.epicor.methods import Answer, Method, read_tables, tableset
from engine.faces.sandbox.epicor.rows import as_date, decimal, new_row_id
from engine.faces.sandbox.epicor.session import Session
from engine.faces.sandbox.tables import Row

JOURNAL_CODE = "PJ"

_PARAMETERS = "APInvoicePostParam"


def post_ap_group(session: Session, group: str) -> str:
    """Post a group; gives the error log, empty when everything was posted and the group is gone.

    Invoices on hold (`InvoiceHeld`) stay in the group without being an error.
    """
    held = usable_group(session, group)
    problems: list[str] = []
    for invoice in session.find(HEADER, GroupID=held["GroupID"], Posted=False):
        if invoice.get("InvoiceHeld"):
            continue
        found = _problems(session, invoice)
        if found:
            problems += [f"Invoice {invoice['InvoiceNum']}: {problem}" for problem in found]
        else:
            _post_invoice(session, invoice)
    log = "\n".join(problems)
    if session.find(HEADER, GroupID=held["GroupID"], Posted=False):
        current = session.get(GROUP, held["GroupID"]) or held
        session.save(GROUP, {**current, "PostErrorLog": log, "PostInProcess": False})
    else:
        session.remove(GROUP, held["GroupID"])
    return log


def _problems(session: Session, invoice: Row) -> list[str]:
    lines, on = parts(session, "APInvDtl", invoice), as_date(invoice["ApplyDate"])
    found = [] if lines else ["Invoice has no detail"]
    if decimal(invoice, "DocInvoiceAmt") != decimal(invoice, "DocInvoiceVendorAmt"):
        found.append("Invoice total does not agree with vendor's total")
    for line in lines:
        where = f"line {line['InvoiceLine']}"
        expenses = expenses_of(session, line)
        total = sum((decimal(row, "DocExpAmt") for row in expenses), Decimal(0))
        if total != decimal(line, "DocExtCost"):
            found.append(f"{where}: distribution does not agree with the line")
        for expense in expenses:
            accounts = accounts_of(session, expense)
            problem = account_problem(session, accounts[0]["GLAccount"] if accounts else "", on)
            found += [f"{where}: {problem}"] if problem else []
    problem = account_problem(session, _control(session, invoice), on)
    found += [f"AP control: {problem}"] if problem else []
    if decimal(invoice, "DocTaxAmt"):
        problem = account_problem(session, _tax_account(session, invoice), on)
        found += [f"tax: {problem}"] if problem else []
    try:
        open_period(session, "AP", on, HEADER, "ApplyDate")
    except EpicorError as error:
        found.append(error.message)
    return found


def _control(session: Session, invoice: Row) -> str:
    return control_account(session, invoice["GLControlType"], invoice["GLControlCode"])


def _tax_account(session: Session, invoice: Row) -> str:
    region = session.get("TaxRgn", invoice["TaxRegionCode"])
    return str(region.get("GLAccount") or "") if region is not None else ""


def _post_invoice(session: Session, invoice: Row) -> None:
    lines = []
    for line in parts(session, "APInvDtl", invoice):
        for expense in expenses_of(session, line):
            account = accounts_of(session, expense)[0]["GLAccount"]
            text = line.get("Description") or invoice.get("Description") or ""
            lines.append(
                LedgerLine(account=account, amount=decimal(expense, "ExpAmt"), columns={"Description": text})
            )
    if decimal(invoice, "TaxAmt"):
        account = _tax_account(session, invoice)
        lines.append(LedgerLine(account=account, amount=decimal(invoice, "TaxAmt"), columns={"Description": "Tax"}))
    payable = sum((line.amount for line in lines), Decimal("0.00"))
    text = {"Description": invoice.get("Description") or f"Invoice {invoice['InvoiceNum']}"}
    lines.append(LedgerLine(account=_control(session, invoice), amount=-payable, columns=text))
    _book(session, invoice, lines)
    balances = {"InvoiceAmt": payable, "InvoiceBal": payable, "UnpostedBal": payable}
    session.save(HEADER, {**invoice, **balances, "Posted": True, "OpenPayable": bool(payable)})


def _book(session: Session, invoice: Row, lines: list[LedgerLine]) -> None:
    on = as_date(invoice["ApplyDate"])
    year = period_of(session, on, HEADER).year
    book_journal(
        session,
        on,
        JOURNAL_CODE,
        journal_number(session, "", year, JOURNAL_CODE),
        lines,
        SourceModule="AP",
        GroupID=invoice["GroupID"],
        VendorNum=invoice["VendorNum"],
        APInvoiceNum=invoice["InvoiceNum"],
        CurrencyCode=invoice["CurrencyCode"],
        ExtSysURL=invoice.get("ExtSysURL", ""),
    )


def _new_parameters(_session: Session, _arguments: Mapping[str, Any]) -> Answer:
    row = {"GroupID": "", "ACTType": "", "AgentID": "", "AgentSchedNum": 0, "SysRowID": new_row_id(), "RowMod": "A"}
    return {"returnObj": tableset(APInvoicePostParam=[row])}


def _run_direct(session: Session, arguments: Mapping[str, Any]) -> Answer:
    for row in read_tables(arguments["ds"], (_PARAMETERS,))[_PARAMETERS]:
        post_ap_group(session, row.get("GroupID", ""))
    return {}


METHODS = {
    "GetNewParameters": Method(_new_parameters, reads=True),
    "RunDirect": Method(_run_direct, "ds:ds", effect=True),
}

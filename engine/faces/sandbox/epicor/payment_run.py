"""The company's own payment run: what its people would pay on a Friday, with no knowledge of Airbase.

It writes the payment (`CheckHed`), its lines (`APTran`) and the ledger journal, and settles the invoices.
Invoices marked for central payment leave through the parent company, whatever their payment method.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from engine.faces.sandbox.epicor.accounts import control_account
from engine.faces.sandbox.epicor.ap_invoice_header import TABLE as HEADER
from engine.faces.sandbox.epicor.calendar import period_of
from engine.faces.sandbox.epicor.errors import refused
from engine.faces.sandbox.epicor.gl_posting import LedgerLine, book_journal, journal_number
from engine.faces.sandbox.epicor.rows import as_date, date_text, decimal
from engine.faces.sandbox.epicor.session import Session
from engine.faces.sandbox.tables import Row

MANUAL = 0
"""PayMethod.Type of a method that no payment run serves."""

JOURNAL_CODE = "CD"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """An invoice that the run paid; a negative amount is a debit memo that was netted."""

    company: str
    vendor_num: int
    invoice_num: str
    amount: Decimal
    currency: str
    check_num: int
    central: bool


def payables(session: Session) -> list[Row]:
    """The open payables of a company: posted, with a balance left."""
    return [row for row in session.find(HEADER, OpenPayable=True) if decimal(row, "InvoiceBal")]


def selectable(session: Session, invoice: Row) -> bool:
    """Whether a payment run would take an open payable, due dates aside.

    Not on hold, its supplier neither; and its payment method is blank, the supplier's, or one that the
    company runs. A manual method (type 0) keeps an invoice out, central payment takes it in again.
    """
    vendor = session.get("Vendor", invoice["VendorNum"])
    if invoice.get("PayHold") or (vendor is not None and vendor.get("PayHold")):
        return False
    method = invoice.get("PMUID") or 0
    if not method or invoice.get("CPay"):
        return True
    row = session.get("PayMethod", method)
    if row is None:
        return vendor is not None and method == vendor.get("PMUID")
    return row.get("Type") != MANUAL


def pay(session: Session, up_to: date) -> tuple[Paid, ...]:
    """Pay what is due up to a day, one cheque per vendor, currency and way; a net of zero or less waits."""
    due = [row for row in payables(session) if selectable(session, row) and as_date(row["DueDate"]) <= up_to]
    cheques: dict[tuple[int, str, bool], list[Row]] = {}
    for row in due:
        key = (int(row["VendorNum"]), str(row["CurrencyCode"]), bool(row.get("CPay")))
        cheques.setdefault(key, []).append(row)
    paid: list[Paid] = []
    for (_, _, central), invoices in cheques.items():
        if sum((decimal(row, "InvoiceBal") for row in invoices), Decimal(0)) > 0:
            paid += _write_cheque(session, invoices, up_to, central=central)
    return tuple(paid)


def _write_cheque(session: Session, invoices: list[Row], on: date, *, central: bool) -> list[Paid]:
    number = session.store.next_number(f"CheckNum {session.company}", start=5001)
    head = session.store.next_number("CheckHed HeadNum")
    bank = next((row for row in session.find("BankAcct") if not row.get("Closed")), None)
    if bank is None or not bank.get("GLAccount"):
        raise refused("A bank account with a GL account is required for payments.", "BankAcct")
    total = sum((decimal(row, "InvoiceBal") for row in invoices), Decimal("0.00"))
    shared = {"BankAcctID": bank["BankAcctID"], "CheckNum": number, "VendorNum": invoices[0]["VendorNum"]}
    session.save(
        "CheckHed",
        {
            **shared,
            "HeadNum": head,
            "GroupID": "CHECKRUN",
            "CheckDate": date_text(on),
            "ManualPrint": False,
            "PaymentTotal": total,
            "CurrencyCode": invoices[0]["CurrencyCode"],
            "EntryPerson": session.user,
            "Posted": True,
            "Voided": False,
            **period_of(session, on, "CheckHed").columns(),
        },
    )
    paid = [_settle(session, row, {**shared, "HeadNum": head}, on, central=central) for row in invoices]
    lines = [
        LedgerLine(
            account=control_account(session, row["GLControlType"], row["GLControlCode"]),
            amount=decimal(row, "InvoiceBal"),
            columns={"VendorNum": row["VendorNum"], "APInvoiceNum": row["InvoiceNum"]},
        )
        for row in invoices
    ]
    lines.append(LedgerLine(account=bank["GLAccount"], amount=-total, columns={"BankAcctID": bank["BankAcctID"]}))
    year = period_of(session, on, "CheckHed").year
    journal = journal_number(session, "", year, JOURNAL_CODE)
    text = f"Cheque {number}"
    book_journal(session, on, JOURNAL_CODE, journal, lines, SourceModule="AP", CheckNum=number, Description=text)
    return paid


def _settle(session: Session, invoice: Row, cheque: dict[str, object], on: date, *, central: bool) -> Paid:
    session.save(
        "APTran",
        {
            **cheque,
            "APTranNo": session.store.next_number("APTran APTranNo"),
            "InvoiceNum": invoice["InvoiceNum"],
            "TranType": "Pay",
            "TranDate": date_text(on),
            "TranAmt": decimal(invoice, "InvoiceBal"),
            "DocTranAmt": decimal(invoice, "DocInvoiceBal"),
            "DocDiscAmt": Decimal("0.00"),
            "Posted": True,
            "GLPosted": True,
            "Voided": False,
        },
    )
    zero = dict.fromkeys(("InvoiceBal", "DocInvoiceBal", "UnpostedBal", "DocUnpostedBal"), Decimal("0.00"))
    session.save(HEADER, {**invoice, **zero, "OpenPayable": False})
    return Paid(
        company=session.company,
        vendor_num=int(invoice["VendorNum"]),
        invoice_num=str(invoice["InvoiceNum"]),
        amount=decimal(invoice, "DocInvoiceBal"),
        currency=str(invoice["CurrencyCode"]),
        check_num=int(str(cheque["CheckNum"])),
        central=central,
    )

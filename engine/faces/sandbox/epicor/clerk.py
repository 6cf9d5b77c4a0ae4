"""A person at the company who works in Epicor by hand: what the connector must notice, and survive."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal

from engine.faces.sandbox.epicor import ap_groups, gl_groups
from engine.faces.sandbox.epicor.accounts import chart_of
from engine.faces.sandbox.epicor.ap_invoice_header import delete_invoice, open_invoice
from engine.faces.sandbox.epicor.ap_invoice_lines import accounts_of, expenses_of
from engine.faces.sandbox.epicor.ap_invoice_update import save_invoices
from engine.faces.sandbox.epicor.ap_invoices import move_invoice
from engine.faces.sandbox.epicor.ap_posting import post_ap_group
from engine.faces.sandbox.epicor.books import EpicorBooks
from engine.faces.sandbox.epicor.calendar import close_through, open_from, period_of
from engine.faces.sandbox.epicor.errors import not_found
from engine.faces.sandbox.epicor.gl_posting import post_gl_group
from engine.faces.sandbox.epicor.methods import Tables
from engine.faces.sandbox.epicor.payment_run import Paid, pay
from engine.faces.sandbox.epicor.rows import date_text
from engine.faces.sandbox.epicor.session import Session
from engine.faces.sandbox.tables import Row


class Clerk:
    """Every action is one step in the books, or raises EpicorError and changes nothing.

    The clerk is a user like any other: a group that someone else holds is closed to them too.
    """

    def __init__(self, books: EpicorBooks, user: str = "clerk") -> None:
        self._books = books
        self._user = user

    @contextmanager
    def _at(self, company: str) -> Iterator[Session]:
        session = self._books.session(company, self._user)
        with self._books.store.transaction():
            yield session

    def edit_amount(self, company: str, vendor_num: int, invoice_num: str, line: int, amount: Decimal) -> None:
        """Give a line another amount, as entered (positive); the invoice's control total is left as it is."""
        row = {"VendorNum": vendor_num, "InvoiceNum": invoice_num, "InvoiceLine": line, "RowMod": "U"}
        with self._at(company) as session:
            save_invoices(session, _tables(APInvDtl=[{**row, "ScrDocExtCost": amount}]))

    def edit_account(self, company: str, vendor_num: int, invoice_num: str, line: int, account: str) -> None:
        """Give the first distribution of a line another account."""
        with self._at(company) as session:
            found = session.get("APInvDtl", vendor_num, invoice_num, line)
            if found is None:
                raise not_found(f"line {line} of invoice {invoice_num}", "APInvDtl")
            row = accounts_of(session, expenses_of(session, found)[0])[0]
            save_invoices(session, _tables(APInvExpTGLC=[{**row, "GLAccount": account, "RowMod": "U"}]))

    def edit_header(self, company: str, vendor_num: int, invoice_num: str, **columns: object) -> None:
        """Change columns of an unposted invoice's header, such as PayHold, PMUID or ScrDocInvoiceVendorAmt."""
        row = {"VendorNum": vendor_num, "InvoiceNum": invoice_num, "RowMod": "U", **columns}
        with self._at(company) as session:
            save_invoices(session, _tables(APInvHed=[row]))

    def delete_invoice(self, company: str, vendor_num: int, invoice_num: str) -> None:
        """Delete an unposted invoice."""
        with self._at(company) as session:
            delete_invoice(session, vendor_num, invoice_num)

    def move_invoice(
        self, company: str, vendor_num: int, invoice_num: str, group: str, apply: date | None = None
    ) -> None:
        """Move an unposted invoice into another group, which is made when it is not there."""
        with self._at(company) as session:
            header = open_invoice(session, vendor_num, invoice_num)
            self._ensure_group(session, group, date_text(apply) if apply else header["ApplyDate"])
            move_invoice(session, vendor_num, invoice_num, group, apply)

    def key_invoice(
        self,
        company: str,
        vendor_num: int,
        invoice_num: str,
        *,
        on: date,
        lines: tuple[tuple[str, Decimal], ...],
        group: str = "HAND",
        description: str = "",
    ) -> Row:
        """Key an invoice by hand: lines are account and amount; gives its header."""
        key = {"VendorNum": vendor_num, "InvoiceNum": invoice_num, "RowMod": "A"}
        day = date_text(on)
        total = sum((amount for _, amount in lines), Decimal("0.00"))
        header = {"InvoiceDate": day, "ApplyDate": day, "ScrDocInvoiceVendorAmt": total, "Description": description}
        tables = _tables(APInvHed=[{**key, **header, "TaxRegionCode": ""}])
        for number, (account, amount) in enumerate(lines, 1):
            place = {**key, "InvoiceLine": number}
            tables["APInvDtl"].append({**place, "LineType": "M", "ScrDocExtCost": amount})
            tables["APInvExp"].append({**place, "InvExpSeq": 1, "DocScrExpAmt": amount})
            tables["APInvExpTGLC"].append({**place, "InvExpSeq": 1, "GLAccount": account})
        with self._at(company) as session:
            self._ensure_group(session, group, day)
            return save_invoices(session, tables, group)[0]

    def post_ap_group(self, company: str, group: str) -> str:
        """Post an AP invoice group; gives its error log, empty when all went through."""
        with self._at(company) as session:
            return post_ap_group(session, group)

    def post_all_ap_groups(self, company: str) -> dict[str, str]:
        """Post every AP invoice group; gives the error log of each."""
        groups = [str(row["GroupID"]) for row in self._books.rows(company, "APInvGrp")]
        return {group: self.post_ap_group(company, group) for group in groups}

    def post_gl_group(self, company: str, group: str) -> str:
        """Post a GL journal group; gives the message about journals that stay, empty when none does."""
        with self._at(company) as session:
            return post_gl_group(session, gl_groups.usable_group(session, group))

    def lock_ap_group(self, company: str, group: str) -> None:
        """Open an AP group on the clerk's screen, so that nobody else can write into it."""
        with self._at(company) as session:
            ap_groups.set_holder(session, group, self._user)

    def unlock_ap_group(self, company: str, group: str) -> None:
        """Let go of an AP group."""
        with self._at(company) as session:
            ap_groups.set_holder(session, group, "")

    def lock_gl_group(self, company: str, group: str) -> None:
        """Open a GL group on the clerk's screen, so that nobody else can write into it."""
        with self._at(company) as session:
            gl_groups.set_holder(session, group, self._user)

    def unlock_gl_group(self, company: str, group: str) -> None:
        """Let go of a GL group."""
        with self._at(company) as session:
            gl_groups.set_holder(session, group, "")

    def close_period(self, company: str, day: date, module: str = "AP") -> None:
        """Close the period of a day, and all before it, in one module."""
        with self._at(company) as session:
            close_through(session, module, period_of(session, day, "FiscalPer").last)

    def open_period(self, company: str, day: date, module: str = "AP") -> None:
        """Open the period of a day, and all after it, in one module."""
        with self._at(company) as session:
            open_from(session, module, period_of(session, day, "FiscalPer").first)

    def inactivate_vendor(self, company: str, vendor_num: int) -> None:
        """Set a vendor inactive."""
        with self._at(company) as session:
            row = session.get("Vendor", vendor_num)
            if row is None:
                raise not_found(f"supplier {vendor_num}", "Vendor")
            session.save("Vendor", {**row, "Inactive": True})

    def inactivate_account(self, company: str, account: str) -> None:
        """Set a GL account inactive."""
        with self._at(company) as session:
            row = session.get("GLAccount", chart_of(session), account)
            if row is None:
                raise not_found(f"account {account}", "GLAccount")
            session.save("GLAccount", {**row, "Active": False})

    def pay(self, company: str, up_to: date) -> tuple[Paid, ...]:
        """Run the company's own payments for what is due up to a day; gives what was paid."""
        with self._at(company) as session:
            return pay(session, up_to)

    def _ensure_group(self, session: Session, group: str, apply: str) -> None:
        if session.get("APInvGrp", group) is None:
            ap_groups.save_group(session, {"GroupID": group, "ApplyDate": apply, "RowMod": "A"})


def _tables(**given: list[dict[str, object]]) -> Tables:
    names = ("APInvHed", "APInvDtl", "APInvExp", "APInvExpTGLC")
    return {name: list(given.get(name, [])) for name in names}

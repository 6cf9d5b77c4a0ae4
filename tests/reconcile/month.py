"""A month of a small company: bills and card charges, entered by us and posted by the clerk."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from engine.faces.sandbox.epicor.ap_groups import save_group
from engine.faces.sandbox.epicor.ap_invoice_update import save_invoices
from engine.faces.sandbox.epicor.gl_posting import LedgerLine, book_journal, remove_journal
from engine.faces.sandbox.epicor.session import Session
from engine.faces.sandbox.faults import Fault, FaultKind
from engine.run.reconciling.reconciling import reconcile
from engine.run.reconciling.report import ControlReport
from engine.run.reconciling.sides import period_of
from tests.run.house import VENDORS, House, bill, card

COMPANY, PERIOD = "EPIC06", "2026-11"
OPENINGS = {"2105": Decimal("-1000.00"), "2110": Decimal("0.00"), "1090": Decimal("500.00")}
VENDOR, OTHER = VENDORS[0], VENDORS[1]
ENTRIES = (
    bill("B-1", "60.00", "40.00"),
    bill("B-2", "250.00"),
    bill("B-3", "75.50", vendor=OTHER),
    card("lunch", "12.00", "7.00"),
    card("tools", "30.00"),
)
CLEARING = OPENINGS["1090"] - Decimal("49.00")


@dataclass
class Month:
    """What people do in it; `vendor_num` is Epicor's number of the first vendor."""

    house: House

    def enters(self) -> None:
        for name in ("bills", "card-transactions"):
            self.house.run(name)

    def posts(self) -> None:
        """The clerk posts everything."""
        self.clerk.post_all_ap_groups(COMPANY)
        for row in self.house.sandbox.epicor.books.rows(COMPANY, "GLJrnGrp"):
            assert not self.clerk.post_gl_group(COMPANY, row["GroupID"])

    @property
    def clerk(self) -> Any:
        return self.house.sandbox.clerk

    def vendor_num(self, number: str = "B-1") -> int:
        return int(self.invoice(number)["VendorNum"])

    def invoice(self, number: str) -> dict[str, Any]:
        found = self.house.sandbox.epicor.books.invoices(COMPANY)
        return next(row for row in found if row["InvoiceNum"] == number)

    @contextmanager
    def at_epicor(self) -> Iterator[Session]:
        """By hand in Epicor's books, as a user called kwon."""
        books = self.house.sandbox.epicor.books
        with books.store.transaction():
            yield books.session(COMPANY, "kwon")

    def journals(self, debit: str, credit: str, amount: str) -> None:
        """A journal keyed and posted by hand."""
        with self.at_epicor() as session:
            lines = [
                LedgerLine(account=debit, amount=Decimal(amount), columns={"Description": "correction"}),
                LedgerLine(account=credit, amount=-Decimal(amount), columns={"Description": "correction"}),
            ]
            book_journal(session, date(2026, 11, 29), "GJ", 9118, lines, SourceModule="GL")

    def deletes_a_journal(self) -> Any:
        with self.at_epicor() as session:
            journal = session.find("GLJrnHed")[0]
            remove_journal(session, journal)
        return journal

    def ledger_says(self, statement: str, *values: str) -> None:
        """Someone at the ledger's own file."""
        with closing(sqlite3.connect(self.house.folder / ".ml-connector" / "ledger.sqlite3")) as database:
            assert database.execute(statement, values).rowcount == 1
            database.commit()

    def keys_debit_memo(self, number: str, amount: str) -> None:
        """A debit memo keyed by hand, with the control code of Airbase's bills."""
        key = {"VendorNum": self.vendor_num("B-2"), "InvoiceNum": number, "RowMod": "A"}
        day = "2026-11-10T00:00:00"
        header = {
            **key,
            "DebitMemo": True,
            "InvoiceDate": day,
            "ApplyDate": day,
            "ScrDocInvoiceVendorAmt": Decimal(amount),
            "GLControlType": "APAcct",
            "GLControlCode": "AB-AP",
            "Description": number,
            "TaxRegionCode": "",
        }
        place = {**key, "InvoiceLine": 1}
        tables = {
            "APInvHed": [header],
            "APInvDtl": [{**place, "LineType": "M", "ScrDocExtCost": Decimal(amount)}],
            "APInvExp": [{**place, "InvExpSeq": 1, "DocScrExpAmt": Decimal(amount)}],
            "APInvExpTGLC": [{**place, "InvExpSeq": 1, "GLAccount": "6200|10"}],
        }
        with self.at_epicor() as session:
            save_group(session, {"GroupID": "HAND", "ApplyDate": day, "RowMod": "A"})
            save_invoices(session, tables, "HAND")

    def epicor_fails(self, path: str) -> None:
        self.house.sandbox.faults.add(Fault(kind=FaultKind.STATUS, system="epicor", path=path, status=500))

    def airbase_fails(self) -> None:
        path = "ledger_entries"
        self.house.sandbox.faults.add(Fault(kind=FaultKind.STATUS, system="airbase", path=path, status=500))

    def airbase_gets(self, entry: dict[str, Any]) -> None:
        """An entry that is approved after all others."""
        self.house.sandbox.airbase.books.load("ledger_entries", [entry])

    def reconciles(self, **more: Any) -> ControlReport:
        given = {"openings": OPENINGS, "balances": {"1090": CLEARING}, **more}
        with self.house.setup() as setup:
            return reconcile(setup, COMPANY, period_of(PERIOD), **given)

"""The simulated books as people see them from inside the company: loaded, listed, added up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from engine.faces.sandbox.epicor.accounts import EXPENSE, PAYABLES
from engine.faces.sandbox.epicor.ap_invoice_header import CHILDREN, parts
from engine.faces.sandbox.epicor.ap_invoice_header import TABLE as HEADER
from engine.faces.sandbox.epicor.gl_posting import journal_lines
from engine.faces.sandbox.epicor.payment_run import payables
from engine.faces.sandbox.epicor.rows import EMPTY, decimal, typed
from engine.faces.sandbox.epicor.schema import COLUMNS, KEYS, declare_all
from engine.faces.sandbox.epicor.session import Session
from engine.faces.sandbox.tables import Row, TableStore
from engine.words.clock import Clock

_CONTROLS = {"GLControlCode": PAYABLES, "ExpenseControlCode": EXPENSE}


class EpicorBooks:
    """The books of every company in a store. Reading needs no rights; `Clerk` changes them by hand."""

    def __init__(self, store: TableStore, clock: Clock) -> None:
        self.store = store
        self.clock = clock
        declare_all(store)

    def session(self, company: str, user: str) -> Session:
        """Someone at work in a company."""
        return Session(store=self.store, clock=self.clock, company=company, user=user)

    def load(self, company: str, table: str, rows: Iterable[Mapping[str, Any]]) -> int:
        """Put rows into a table as they are, without the rules of entry; gives how many.

        `Company` is filled in; dates are dates or `YYYY-MM-DD`. Loading a row again replaces it. Rows of
        `Vendor` and `Company` may carry `GLControlCode` (payables) and `ExpenseControlCode`, which become
        `EntityGLC` rows; the accounts behind the codes are rows of `GLCntrlAcct` (GLControlType `APAcct`
        or `APExp`, GLControlCode, GLAcctContext, GLAccount). What is closed stands in `EADType` (EADType
        `AP`, `GL` or blank for both), tax rates in `TaxRgn` (TaxRegionCode, Percent, GLAccount).

        Raises:
            KeyError: the table does not exist.
            EpicorError: a row has a column that does not exist, or a value of the wrong kind.
        """
        if table not in KEYS:
            raise KeyError(f"there is no table {table!r}; known are {', '.join(sorted(KEYS))}")
        session, count = self.session(company, "seed"), 0
        with self.store.transaction():
            for given in rows:
                row = {name: value for name, value in given.items() if name not in _only_controls(table)}
                row |= {"Company1": company} if table == "Company" else {}
                kept = session.save(table, _defaults(table) | typed(table, _with_company(table, company, row)))
                self._load_controls(session, table, kept, given)
                count += 1
        return count

    def _load_controls(self, session: Session, table: str, kept: Row, given: Mapping[str, Any]) -> None:
        for name in _only_controls(table):
            if given.get(name):
                key = session.company if table == "Company" else str(kept["VendorNum"])
                row = {
                    "RelatedToFile": table,
                    "Key1": key,
                    "GLControlType": _CONTROLS[name],
                    "GLControlCode": given[name],
                }
                session.save("EntityGLC", row)

    def companies(self) -> tuple[str, ...]:
        """The ids of the companies, in order."""
        return tuple(str(row["Company1"]) for row in self.store.ordered("Company", ("Company1",)))

    def rows(self, company: str, table: str) -> tuple[Row, ...]:
        """The rows of a company in any table, in key order."""
        rows = self.store.ordered(table, KEYS[table])
        return tuple(row for row in rows if row.get("Company", company) == company)

    def invoices(self, company: str) -> tuple[dict[str, Any], ...]:
        """Every AP invoice with its lines, distributions and accounts, in entry order.

        Each is the header's columns, and the three child tables under their names.
        """
        session = self.session(company, "reader")
        with self.store.transaction():
            return tuple(
                {**header, **{table: tuple(parts(session, table, header)) for table in CHILDREN}}
                for header in self.store.find(HEADER, Company=company)
            )

    def invoice(self, company: str, vendor_num: int, invoice_num: str) -> dict[str, Any] | None:
        """One AP invoice as `invoices` gives it, or None."""
        session = self.session(company, "reader")
        with self.store.transaction():
            header = session.get(HEADER, vendor_num, invoice_num)
            if header is None:
                return None
            return {**header, **{table: tuple(parts(session, table, header)) for table in CHILDREN}}

    def journals(self, company: str) -> tuple[dict[str, Any], ...]:
        """Every journal that is entered and not posted, with its lines under `GLJrnDtlMnl`."""
        session = self.session(company, "reader")
        with self.store.transaction():
            return tuple(
                {**row, "GLJrnDtlMnl": tuple(journal_lines(session, row))}
                for row in self.store.find("GLJrnHed", Company=company)
            )

    def gl_lines(self, company: str) -> tuple[Row, ...]:
        """The general ledger: every posted line, in posting order."""
        return tuple(self.store.find("GLJrnDtl", Company=company))

    def trial_balance(self, company: str) -> dict[str, Decimal]:
        """Debits less credits by account, from the general ledger; accounts in order, zero balances kept."""
        totals: dict[str, Decimal] = {}
        for row in self.gl_lines(company):
            amount = decimal(row, "BookDebitAmount") - decimal(row, "BookCreditAmount")
            totals[row["GLAccount"]] = totals.get(row["GLAccount"], Decimal("0.00")) + amount
        return dict(sorted(totals.items()))

    def payables(self, company: str | None = None) -> tuple[Row, ...]:
        """The open payables of one company, or of all."""
        names = self.companies() if company is None else (company,)
        return tuple(row for name in names for row in payables(self.session(name, "reader")))


def _only_controls(table: str) -> tuple[str, ...]:
    return tuple(_CONTROLS) if table in ("Vendor", "Company") else ()


def _with_company(table: str, company: str, row: Mapping[str, Any]) -> dict[str, Any]:
    known = "Company" in COLUMNS[table].kinds
    return {**row, **({"Company": company} if known else {})}


def _defaults(table: str) -> dict[str, Any]:
    """The key columns and states that entry would have given a row."""
    kinds = COLUMNS[table].kinds
    states = {"APInvHed": {"Posted": False, "OpenPayable": False, "DebitMemo": False}}
    return {name: EMPTY[kinds[name]] for name in KEYS[table]} | states.get(table, {})

"""Our ledger against the sandbox's own books: what we say we entered must be what stands there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from engine.adapters.store.port import RecordRow
from engine.domain.lifecycle import State
from engine.faces.sandbox.sandbox import EPICOR_USER, Sandbox
from engine.run.ledger_pages import every_record
from engine.run.setup import Setup

_ZERO = Decimal("0.00")
_ENTERED = (State.ENTERED, State.IN_GL, State.SETTLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tie:
    """One line: how many and how much on our side and on the other's."""

    what: str
    ours: int
    our_amount: Decimal
    theirs: int
    their_amount: Decimal

    @property
    def ties(self) -> bool:
        """Whether both sides say the same."""
        return (self.ours, self.our_amount) == (self.theirs, self.their_amount)

    @property
    def verdict(self) -> str:
        """The line's verdict for people."""
        return "ties" if self.ties else "DOES NOT TIE"

    def as_json(self) -> dict[str, Any]:
        """The line as JSON, amounts as text."""
        return {
            "what": self.what,
            "ours": self.ours,
            "our_amount": str(self.our_amount),
            "theirs": self.theirs,
            "their_amount": str(self.their_amount),
            "ties": self.ties,
        }


def tie(setup: Setup, sandbox: Sandbox) -> tuple[Tie, ...]:
    """Documents by company and currency, and what Airbase holds as complete."""
    report = sandbox.report()
    rows = [row for spec in setup.specs if not spec.in_step for row in _entered(setup, spec.name)]
    journals = {spec.name for spec in setup.specs if "GLJournalEntrySvc" in spec.target.call.path.text}
    lines: list[Tie] = []
    for company, books in report["companies"].items():
        ours = [row for row in rows if row.company == company]
        lines += _invoices(company, [row for row in ours if row.mapping not in journals], books)
        lines.append(_journals(company, [row for row in ours if row.mapping in journals], books))
    lines.append(_complete(rows, report))
    return tuple(lines)


def _entered(setup: Setup, mapping: str) -> Iterable[RecordRow]:
    return every_record(setup.ledger, mapping=mapping, states=_ENTERED)


def _invoices(company: str, rows: list[RecordRow], books: Any) -> list[Tie]:
    theirs = [invoice for invoice in books["invoices"] if invoice["entered_by"] == EPICOR_USER]
    currencies = sorted({row.currency or "" for row in rows} | {invoice["currency"] for invoice in theirs})
    return [
        Tie(
            what=f"AP invoices in {company}, {currency}",
            ours=sum(row.currency == currency for row in rows),
            our_amount=sum((row.amount or _ZERO for row in rows if row.currency == currency), _ZERO),
            theirs=sum(invoice["currency"] == currency for invoice in theirs),
            their_amount=sum((invoice["amount"] for invoice in theirs if invoice["currency"] == currency), _ZERO),
        )
        for currency in currencies
    ]


def _journals(company: str, rows: list[RecordRow], books: Any) -> Tie:
    theirs = [journal for journal in books["journals_open"] if journal["description"].startswith("AB-")]
    return Tie(
        what=f"GL journals in {company}",
        ours=len(rows),
        our_amount=sum((abs(row.amount or _ZERO) for row in rows), _ZERO),
        theirs=len(theirs),
        their_amount=sum((line["debit"] for journal in theirs for line in journal["lines"]), _ZERO),
    )


def _complete(rows: list[RecordRow], report: Any) -> Tie:
    complete = [entry for entry in report["airbase"]["entries"] if entry["status"] == "sync_complete"]
    return Tie(
        what="complete in Airbase",
        ours=len(rows),
        our_amount=sum((row.amount or _ZERO for row in rows), _ZERO),
        theirs=sum(entry["count"] for entry in complete),
        their_amount=sum((entry["total"] for entry in complete), _ZERO),
    )

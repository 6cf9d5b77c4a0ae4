"""What each side says of a period: the source's records, the ledger's, the target's documents and booked lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from engine.domain.lifecycle import State
from engine.domain.record import RecordKey
from engine.language.spec.periods import parse_period
from engine.run.exposure import Exposure
from engine.words.errors import InputError

IN_TARGET = frozenset({State.ENTERED, State.IN_GL, State.SETTLED})
"""States of a record whose document stands in the target."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A month of a company's books."""

    name: str
    first: date
    last: date

    def has(self, day: date | None) -> bool:
        """Whether a day lies in it."""
        return day is not None and self.first <= day <= self.last

    @property
    def before(self) -> str:
        """The name of the month before it."""
        year, month = (self.first.year - 1, 12) if self.first.month == 1 else (self.first.year, self.first.month - 1)
        return f"{year}-{month:02d}"


def period_of(name: str) -> Period:
    """The month written as 2026-10.

    Raises:
        InputError: it is no month.
    """
    try:
        first, last = parse_period(name)
    except ValueError:
        raise InputError(f"--period {name}: write a month as 2026-10") from None
    return Period(name=f"{first:%Y-%m}", first=first, last=last)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFact:
    """A record as the source shows it now; what cannot be read of it is None.

    `on_clearing` is what it moves on the clearing account if it `touches_clearing`, `moment` its date as the source
    writes it, `pays` the id of the record that it pays, `used_for` the ids of those that it was used for,
    `base_amount` what the source says it is in the company's currency.
    """

    key: RecordKey
    mapping: str | None
    company: str | None
    day: date | None
    amount: Decimal | None
    currency: str | None
    label: str
    vendor: str = ""
    touches_clearing: bool = False
    clearing: str = ""
    on_clearing: Decimal | None = None
    moment: str = ""
    pays: str | None = None
    used_for: tuple[str, ...] = ()
    base_amount: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerFact:
    """A record as our ledger has it; `entries` are account and amount as they were sent, None when not known."""

    key: RecordKey
    mapping: str | None
    state: State
    company: str | None
    day: date | None
    amount: Decimal | None
    currency: str | None
    label: str
    reference: str
    reason: str
    entries: tuple[tuple[str, Decimal], ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetDocument:
    """A document as the target lists it; `ours` is our stamp, `posting_key` what its booked lines name."""

    reference: str
    posting_key: str
    in_gl: bool
    number: str = ""
    amount: Decimal | None = None
    base_amount: Decimal | None = None
    currency: str | None = None
    day: str = ""
    vendor: str = ""
    ours: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedLine:
    """A line booked at the target: a debit positive. `document` is the one it belongs to, empty when it has none."""

    listed: str
    name: str
    document: str
    account: str
    natural: str
    amount: Decimal
    in_gl: bool
    by: str = ""
    day: str = ""
    text: str = ""
    ours: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What was read where: complete with its numbers, or not, with the reason."""

    what: str
    rows: int = 0
    pages: int = 0
    problem: str = ""

    @property
    def complete(self) -> bool:
        """Whether all of it was read."""
        return not self.problem


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetSide:
    """Documents by reference, and all lines of the period; `by_document` gives those of a folded posting key."""

    documents: Mapping[str, TargetDocument]
    lines: Iterable[BookedLine]
    by_document: Callable[[str], tuple[BookedLine, ...]]

    def document(self, reference: str) -> TargetDocument | None:
        """A document by the name the ledger knows it by, or None."""
        return self.documents.get(reference.casefold())

    def lines_of(self, document: TargetDocument) -> tuple[BookedLine, ...]:
        """The lines booked for a document."""
        return self.by_document(document.posting_key.casefold())


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """Everything that was read for one company and period; a side that could not be read whole is None."""

    source: Mapping[RecordKey, SourceFact] | None
    ledger: Mapping[RecordKey, LedgerFact]
    target: TargetSide | None
    payable: Exposure | None
    readings: tuple[Reading, ...]

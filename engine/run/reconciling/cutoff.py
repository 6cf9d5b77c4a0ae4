"""The cut-off list: records near the end of a period, and those booked on another day than their own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from engine.adapters.store.aside import Aside
from engine.run.reconciling.read_ledger import read_ledger
from engine.run.reconciling.read_source import read_source
from engine.run.reconciling.sides import LedgerFact, Period, SourceFact
from engine.run.setup import Setup
from engine.words.errors import Unreachable

NEAR = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class CutOffLine:
    """One record: its date as the source writes it, read as a UTC day and on the company's calendar, and as booked.

    `other_period` marks the ones whose two readings fall into different months.
    """

    record: str
    mapping: str
    number: str
    amount: Decimal | None
    currency: str
    written: str
    utc_day: str
    local_day: str
    book_day: str
    apply_day: str
    state: str
    why: str
    other_period: bool

    def as_json(self) -> dict[str, str | bool | None]:
        """The line, its amount as text."""
        amount = None if self.amount is None else str(self.amount)
        names = (
            "record",
            "mapping",
            "number",
            "currency",
            "written",
            "utc_day",
            "local_day",
            "book_day",
            "apply_day",
        )
        return {
            **{name: getattr(self, name) for name in names},
            "amount": amount,
            "state": self.state,
            "why": self.why,
            "other_period": self.other_period,
        }


def cut_off(setup: Setup, company: str, period: Period) -> tuple[CutOffLine, ...]:
    """The list of a company and period, by date. Reads the source and our ledger, writes nothing.

    Raises:
        InputError: the company is not in books.yaml.
        Unreachable: the source cannot be read whole.
    """
    books = setup.books.company(company)
    with Aside() as aside:
        facts, readings = read_source(setup, company, aside)
        if facts is None:
            raise Unreachable("; ".join(f"{one.what}: {one.problem}" for one in readings if not one.complete))
        ledger = read_ledger(setup, books, period, aside)
        lines = (
            line
            for fact in facts.values()
            if fact.company == company
            and (line := cut_off_line(fact, ledger.get(fact.key), books.zone, period)) is not None
        )
        return tuple(sorted(lines, key=lambda line: (line.written, line.record)))


def cut_off_line(fact: SourceFact, row: LedgerFact | None, zone: ZoneInfo, period: Period) -> CutOffLine | None:
    """The line of a record; None when nothing about it touches the period's end."""
    moment = _moment(fact.moment)
    if moment is None or fact.day is None:
        return None
    why = "; ".join(_reasons(fact.day, moment, row, zone, period))
    if not why:
        return None
    utc, local = moment.date(), moment.astimezone(zone).date()
    return CutOffLine(
        record=str(fact.key),
        mapping=fact.mapping or "",
        number=fact.label,
        amount=fact.amount,
        currency=fact.currency or "",
        written=fact.moment,
        utc_day=utc.isoformat(),
        local_day=local.isoformat(),
        book_day=fact.day.isoformat(),
        apply_day=row.day.isoformat() if row is not None and row.day is not None else "",
        state=row.state.value if row is not None else "not in the ledger",
        why=why,
        other_period=(utc.year, utc.month) != (local.year, local.month),
    )


def _reasons(day: date, moment: datetime, row: LedgerFact | None, zone: ZoneInfo, period: Period) -> Iterator[str]:
    booked = row.day if row is not None else None
    if booked is not None and booked != day and (period.has(day) or period.has(booked)):
        yield f"moved from {day} to {booked}"
    for end in (_end(period, zone), _end(period, ZoneInfo("UTC"))):
        if abs(moment - end) <= NEAR:
            yield f"within 24 hours of the end of {period.name}"
            return


def _end(period: Period, zone: ZoneInfo) -> datetime:
    return datetime.combine(period.last + timedelta(days=1), time(0, 0), tzinfo=zone)


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

"""The prepaid roll-forward: what each record booked to a prepaid account, what was released of it, and what is left.

It is made of the entries that our own documents booked, so it knows nothing of a schedule that people keep elsewhere:
what our ledger cannot tell is None, and said to be unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from engine.adapters.store.port import RecordRow
from engine.domain.lifecycle import OPEN, State
from engine.domain.record import RecordKey
from engine.language.spec.books import Company
from engine.language.spec.model import MappingSpec
from engine.language.transform.select import SelectError
from engine.run.entered_documents import Entered, entered_documents
from engine.run.ledger_pages import record_pages
from engine.run.reconciling.read_source import booking_specs
from engine.run.reconciling.sides import Period
from engine.run.setup import Setup
from engine.words.errors import InputError

_ZERO = Decimal("0.00")
_WAITING = tuple(OPEN | {State.SENDING, State.IN_DOUBT, State.REFUSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class PrepaidLine:
    """One record that booked to a prepaid account, or that released what no record of ours booked.

    `opening` is what was left when the period began, `waiting` the amount of records that release it and are not
    entered; None is unknown.
    """

    record: str
    number: str
    currency: str
    booked_on: str
    state: str
    opening: Decimal | None
    booked: Decimal
    released: Decimal | None
    remaining: Decimal | None
    waiting: Decimal | None
    note: str = ""

    @property
    def is_over(self) -> bool:
        """Whether nothing was left when the period began, and nothing moved in it."""
        return not any(amount or amount is None for amount in self._amounts())

    def _amounts(self) -> tuple[Decimal | None, ...]:
        return self.opening, self.booked, self.released, self.remaining, self.waiting

    def as_json(self) -> dict[str, Any]:
        """The line, amounts as text and null where unknown."""
        names = ("opening", "booked", "released", "remaining", "waiting")
        shown = {
            name: None if amount is None else str(amount) for name, amount in zip(names, self._amounts(), strict=True)
        }
        return {
            "record": self.record,
            "number": self.number,
            "currency": self.currency,
            "booked_on": self.booked_on,
            "state": self.state,
            **shown,
            "note": self.note,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PrepaidRoll:
    """The roll-forward of a company and period, by day; `unknown` says what could not be told."""

    lines: tuple[PrepaidLine, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Booked:
    """What one entered record moves on the prepaid accounts; `of` is the record whose amount it releases, if any."""

    row: RecordRow
    day: date
    amount: Decimal
    of: RecordKey | None


@dataclass(slots=True)
class _Moves:
    """The moves of one record's prepaid amount: its own, and those of the records that release it."""

    own: list[_Booked] = field(default_factory=list)
    released: list[_Booked] = field(default_factory=list)
    waiting: list[RecordRow] = field(default_factory=list)


def roll_prepaid(setup: Setup, company: str, period: Period) -> PrepaidRoll:
    """What every record of a company has left on the prepaid accounts. Reads our ledger only.

    Raises:
        InputError: the company is not in books.yaml, or has no prepaid_accounts there.
    """
    books = setup.books.companies.get(company)
    if books is None:
        raise InputError(f"company {company} is not in books.yaml")
    accounts = tuple(books.settings.get("prepaid_accounts") or ())
    if not accounts:
        raise InputError(f"books.yaml does not name the prepaid_accounts of company {company}: add them")
    specs = booking_specs(setup)
    unknown: list[str] = []
    moves: dict[RecordKey, _Moves] = {}
    for spec in specs:
        for one in _booked(setup, spec, books, accounts, period, unknown):
            group = moves.setdefault(one.of or one.row.key, _Moves())
            (group.own if one.of is None else group.released).append(one)
        for key, row in _waiting(setup, spec, company):
            moves.setdefault(key, _Moves()).waiting.append(row)
    told = any(spec.reconcile is not None and spec.reconcile.releases is not None for spec in specs)
    lines = [line for group in moves.values() for line in _lines(group, period, told=told) if not line.is_over]
    if any(line.released is None for line in lines):
        unknown.append(
            "what was released is UNKNOWN: no mapping books the months of a schedule (reconcile: releases)"
        )
    return PrepaidRoll(
        lines=tuple(sorted(lines, key=lambda line: (line.booked_on, line.record))), unknown=tuple(unknown)
    )


def _booked(
    setup: Setup, spec: MappingSpec, books: Company, accounts: Sequence[str], period: Period, unknown: list[str]
) -> Iterator[_Booked]:
    """What the entered documents of a mapping moved on the accounts up to the end of the period."""
    for page in entered_documents(setup, spec, State.ENTERED, State.IN_GL, State.SETTLED):
        ours = [one for one in page if one.row.company == books.code]
        payloads = setup.ledger.payloads([one.row.payload_hash for one in ours])
        for one in ours:
            amount = _moved(one, accounts)
            day = date.fromisoformat(one.row.book_date[:10]) if one.row.book_date else None
            if amount is None or (amount and day is None):
                name = one.row.label or one.row.key.source_id
                unknown.append(
                    f"what {name} booked to prepaid is UNKNOWN: its entries or its day are not in the ledger"
                )
            elif amount and day is not None and day <= period.last:
                of = _released(spec, one.row, payloads.get(one.row.payload_hash)) if amount < 0 else None
                yield _Booked(row=one.row, day=day, amount=amount, of=of)


def _moved(one: Entered, accounts: Sequence[str]) -> Decimal | None:
    if one.document is None:
        return None
    entries = one.document.entries
    return sum((entry.amount for entry in entries if _is_on(entry.account, accounts)), _ZERO)


def _is_on(account: str, accounts: Iterable[str]) -> bool:
    """Whether it is one of the accounts, or one of them with its other segments behind it."""
    return any(
        account == name or (account.startswith(name) and not account[len(name)].isalnum()) for name in accounts
    )


def _waiting(setup: Setup, spec: MappingSpec, company: str) -> Iterator[tuple[RecordKey, RecordRow]]:
    """Records that release another one's amount once they are entered, with that other one."""
    if spec.reconcile is None or spec.reconcile.releases is None:
        return
    for rows in record_pages(setup.ledger, mapping=spec.name, states=_WAITING):
        payloads = setup.ledger.payloads([row.payload_hash for row in rows])
        for row in rows:
            of = _released(spec, row, payloads.get(row.payload_hash))
            if of is not None and row.company in (None, company):
                yield of, row


def _released(spec: MappingSpec, row: RecordRow, payload: Any) -> RecordKey | None:
    """The record of the same feed whose amount this one releases, as the source says it."""
    releases = spec.reconcile.releases if spec.reconcile is not None else None
    try:
        found = releases(payload) if releases is not None and isinstance(payload, dict) else None
    except SelectError:
        return None
    named = isinstance(found, str) and found
    return RecordKey(connection=row.key.connection, feed=row.key.feed, source_id=str(found)) if named else None


def _lines(group: _Moves, period: Period, *, told: bool) -> Iterator[PrepaidLine]:
    """The line of a record's amount; without one of ours that booked it, a line for each that released."""
    if not group.own:
        for one in group.released:
            yield _line(one, [], [one], (), period, told=True, note="releases what no entered record of ours booked")
        return
    first = group.own[0]
    note = "released more than was booked" if _total((*group.own, *group.released)) < 0 else ""
    yield _line(first, group.own, group.released, group.waiting, period, told=told, note=note)


def _line(
    one: _Booked,
    own: Sequence[_Booked],
    released: Sequence[_Booked],
    waiting: Sequence[RecordRow],
    period: Period,
    *,
    told: bool,
    note: str,
) -> PrepaidLine:
    before = [move for move in (*own, *released) if move.day < period.first]
    began = _total(before) if told else (None if before else _ZERO)
    amounts = [row.amount for row in waiting]
    return PrepaidLine(
        record=str(one.row.key),
        number=one.row.label or one.row.key.source_id,
        currency=one.row.currency or "",
        booked_on=one.day.isoformat(),
        state=one.row.state.value,
        opening=began,
        booked=_total(move for move in own if move.day >= period.first),
        released=_total(move for move in released if move.day >= period.first) if told else None,
        remaining=_total((*own, *released)) if told else None,
        waiting=None if None in amounts or not told else sum((abs(amount or _ZERO) for amount in amounts), _ZERO),
        note=note,
    )


def _total(moves: Iterable[_Booked]) -> Decimal:
    return sum((move.amount for move in moves), _ZERO)

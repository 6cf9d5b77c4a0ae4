"""Checking the audit trail: every event that was edited, removed, inserted, moved or cut off is named.

The hashes need the key, which is not in the database, so nobody who only has the database can write an event
that fits. Two things the database alone cannot show: that it was put back whole to an older state, and what
somebody changed who has the key too. Against both helps a head that was kept elsewhere.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any

from sqlalchemy import Connection, Row, select

from engine.adapters.store.dialect import any_text, missing_guards
from engine.adapters.store.kept_payloads import KeptPayloads
from engine.adapters.store.tables import audit, audit_head, records, runs
from engine.adapters.store.trail import HEAD_ID, Trail
from engine.domain.audit_event import GENESIS

PAGE = 500
MOVED_WITHIN = 1000
"""How far from its place a moved event is looked for; each place costs the computing of a hash."""
SEARCHES_MAX = 50

_OWNER = (records.c.connection + ":" + records.c.feed + ":" + records.c.source_id).label("owner")
"""The record that an event is found by."""

Head = tuple[int, str]


def problems(connection: Connection, trail: Trail, kept: Head | None) -> Generator[str, None, None]:
    """What does not fit, in sentences, in the order of the trail; then its end, its payloads and its guards."""
    with any_text(connection):
        check = _Check(connection, trail, kept)
        columns = select(audit, _OWNER, records.c.connection)
        in_order = columns.join(records, records.c.id == audit.c.record_id, isouter=True).order_by(audit.c.seq)
        with connection.execute(in_order, execution_options={"yield_per": PAGE}) as rows:
            for row in rows:
                yield from check.row(row)
        yield from check.end()
        if check.has_our_key:
            yield from check.payloads.problems()
    for name in missing_guards(connection):
        yield f"the guard {name}, which keeps the audit trail append-only, was taken away, changed or switched off"


class _Check:
    """Goes through the trail once, and remembers the place it has come to."""

    def __init__(self, connection: Connection, trail: Trail, kept: Head | None) -> None:
        self._connection = connection
        self._trail = trail
        self._kept = kept
        self._seal_problems, self._sealed = _seal(connection, trail)
        self._seq = 0
        self._hash = GENESIS
        self._last: Row[Any] | None = None
        self._last_fits = True
        self._hashes_at: dict[int, str] = {}
        self._foreign: tuple[str, int, int] | None = None
        self._searches = 0
        self._keys: set[bool] = set()
        self.payloads = KeptPayloads(connection, trail.payload_seal)

    @property
    def has_our_key(self) -> bool:
        """Whether payloads can be opened: not when every event bears another key."""
        return self._keys != {False}

    def row(self, row: Row[Any]) -> Iterator[str]:
        """What does not fit about the next event."""
        if not isinstance(row.seq, int) or row.seq < 1:
            yield f"{named(row)} was inserted: events count from 1"
            return
        self._keys.add(row.key_id == self._trail.key_id)
        if row.key_id != self._trail.key_id:
            yield from self._another_key(row)
            fits = True  # nothing can be said of it without its key
        else:
            yield from self._end_of_another_key()
            fits = self._trail.fits(row)
            if fits:
                yield from self.payloads.referred(row, named(row))
                if row.record_id is not None and (row.owner != row.record or ":" in row.connection):
                    yield f"{named(row)} is not found by its record: one of them was changed, or the record removed"
        yield from self._place(row, fits=fits)
        if not self._is_behind_the_end(row) and (row.seq > self._seq or fits):
            self._seq, self._hash, self._last, self._last_fits = row.seq, row.hash, row, fits
            if row.seq in self._wanted():
                self._hashes_at[row.seq] = row.hash

    def _place(self, row: Row[Any], *, fits: bool) -> Iterator[str]:
        if row.seq == self._seq:
            yield f"{named(row)} was inserted: there are two events of that number"
        elif self._is_behind_the_end(row):
            yield f"{named(row)} was inserted behind the last event"
        elif row.seq > self._seq + 1:
            yield f"{_span(self._seq + 1, row.seq - 1)} removed: {self._between(row)}"
        if not fits:
            yield self._edited_or_moved(row)
        elif row.seq == self._seq + 1 and self._last_fits and row.previous != self._hash:
            yield (
                f"the chain is broken before {named(row)}: it was not written behind {self._last_named()}, so one of "
                "the two was replaced, by somebody who has the key"
            )

    def _is_behind_the_end(self, row: Row[Any]) -> bool:
        return self._sealed is not None and bool(row.seq > self._sealed[0])

    def _edited_or_moved(self, row: Row[Any]) -> str:
        if self._searches < SEARCHES_MAX:
            self._searches += 1
            for distance in range(1, MOVED_WITHIN + 1):
                for place in (row.seq - distance, row.seq + distance):
                    if place > 0 and self._trail.fits(row, place):
                        return f"{named(row)} was moved here: it was written as event {place}"
        return f"{named(row)} was edited or inserted: its content does not give its hash"

    def _between(self, row: Row[Any]) -> str:
        if self._last is None:
            return f"the first one left is {named(row)}"
        return f"missing between {self._last_named()} and {named(row)}"

    def _last_named(self) -> str:
        return "the beginning" if self._last is None else named(self._last)

    def _another_key(self, row: Row[Any]) -> Iterator[str]:
        if self._foreign is not None and self._foreign[0] != row.key_id:
            yield from self._end_of_another_key()
        first = row.seq if self._foreign is None else self._foreign[1]
        self._foreign = (row.key_id, first, row.seq)

    def _end_of_another_key(self) -> Iterator[str]:
        if self._foreign is not None:
            key_id, first, last = self._foreign
            which = f"event {first} bears" if first == last else f"events {first} to {last} bear"
            yield f"{which} the key {key_id}, and this is the key {self._trail.key_id}: nothing proves what they say"
            self._foreign = None

    def end(self) -> Iterator[str]:
        """What does not fit about the end of the trail: its seal, and the head that was kept elsewhere."""
        yield from self._end_of_another_key()
        yield from self._seal_problems
        if self._last is None and self._sealed is None and _was_used(self._connection):
            yield "the whole audit trail was removed: the ledger holds runs or records, and not one event"
        if self._sealed is not None:
            yield from self._compare(self._sealed, "the seal of the trail")
        if self._kept is not None and self._kept[0] > 0 and self._kept != self._sealed:
            yield from self._compare(self._kept, "the head that was kept")

    def _compare(self, head: Head, of_what: str) -> Iterator[str]:
        seq, expected = head
        if seq > self._seq:
            yield (
                f"{_span(self._seq + 1, seq)} removed from the end: {of_what} names event {seq}, "
                f"and the last one left is {self._last_named()}"
            )
        elif seq and self._hashes_at.get(seq) != expected:
            yield f"event {seq} is not the event that {of_what} names: it, or one before it, was replaced"

    def _wanted(self) -> tuple[int, ...]:
        return tuple(head[0] for head in (self._sealed, self._kept) if head is not None)


def _seal(connection: Connection, trail: Trail) -> tuple[list[str], Head | None]:
    """What does not fit about the trail's seal, and the head it names when it can be relied upon."""
    rows = connection.execute(select(audit_head).order_by(audit_head.c.id)).all()
    told = [
        f"the seal {row.id} of the last event was inserted: there is only one" for row in rows if row.id != HEAD_ID
    ]
    seals = [row for row in rows if row.id == HEAD_ID]
    if not seals:
        any_event = connection.execute(select(audit.c.seq).limit(1)).first() is not None
        return ([*told, "the seal of the last event was removed"] if any_event else told), None
    (seal,) = seals
    if seal.key_id != trail.key_id:
        told.append(f"the seal of the last event bears the key {seal.key_id}, and this is the key {trail.key_id}")
        return told, None
    if not isinstance(seal.seq, int) or trail.seal(seal.seq, str(seal.hash)) != seal.seal:
        return [*told, "the seal of the last event was edited"], None
    return told, (seal.seq, seal.hash)


def _was_used(connection: Connection) -> bool:
    return any(connection.execute(select(table.c.id).limit(1)).first() is not None for table in (runs, records))


def named(row: Row[Any]) -> str:
    """The event with its number, kind and record."""
    about = f"{row.kind} of {row.record}" if row.record else f"{row.kind}"
    return f"event {row.seq} ({about})"


def _span(first: int, last: int) -> str:
    return f"event {first} was" if first == last else f"events {first} to {last} were"

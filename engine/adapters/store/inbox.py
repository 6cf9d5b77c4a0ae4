"""Webhook events as they came, each once, until they are old."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import Connection, bindparam, delete, select, update

from engine.adapters.store import payloads as payload_rows
from engine.adapters.store.database import Database
from engine.adapters.store.many import InsertMany, UpdateMany
from engine.adapters.store.payload_seal import PayloadSeal
from engine.adapters.store.rows import Record, rows_of
from engine.adapters.store.tables import inbox, payloads, storable
from engine.adapters.store.transaction import parts_of
from engine.words.clock import Clock

PAGE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """An event that came and was proven.

    `again_after` is set where the event brought no id of its own, and its content stands for one: after that
    time the same content is a new event.
    """

    connection: str
    event_id: str
    kind: str
    payload: Any
    again_after: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptEvent:
    """An event in the inbox; `woken_at` is empty until a run that reads after its arrival was asked for."""

    number: int
    connection: str
    event_id: str
    kind: str
    payload_hash: str
    received_at: datetime
    woken_at: datetime | None


_Key = tuple[str, str]
_Row = dict[str, Any]

_INSERT = InsertMany(inbox, ("connection", "event_id", "kind", "payload_hash", "received_at", "woken_at"))
_AGAIN = UpdateMany(inbox, ("received_at", "woken_at"), by=("connection", "event_id"))
_KNOWN = select(inbox.c.connection, inbox.c.event_id, inbox.c.received_at).where(
    inbox.c.connection.in_(bindparam("connections", expanding=True)),
    inbox.c.event_id.in_(bindparam("events", expanding=True)),
)


class Inbox(Protocol):
    """Keeps events. Every method is one transaction, durable when it returns; safe from several threads.

    Any failure of the store raises LedgerError.
    """

    def keep(self, events: Sequence[NewEvent]) -> tuple[bool, ...]:
        """Keep events; for each whether it is new, False when it came before."""
        ...

    def waiting(self) -> tuple[KeptEvent, ...]:
        """The oldest events, at most 1,000, whose mappings were not woken yet."""
        ...

    def mark_woken(self, events: Sequence[KeptEvent]) -> None:
        """Their mappings were woken."""
        ...

    def prune(self, connection: str, before: datetime) -> int:
        """Forget a connection's events of before then, with their payloads, except those that wait; how many."""
        ...


class SqlInbox:
    """An inbox beside a SQL ledger."""

    def __init__(self, database: Database, clock: Clock, seal: PayloadSeal) -> None:
        self._database = database
        self._clock = clock
        self._seal = seal

    def keep(self, events: Sequence[NewEvent]) -> tuple[bool, ...]:
        """Keep events; whether each is new."""
        # Wrapped, so that no event is ever the same payload as a record, and may be forgotten by itself.
        contents = [{"webhook": event.connection, "event": event.payload} for event in events]
        packed = [payload_rows.packed(self._seal, content) for content in contents]
        return self._database.write(lambda connection: self._keep(connection, events, packed))

    def _keep(
        self, connection: Connection, events: Sequence[NewEvent], packed: Sequence[payload_rows.Packed]
    ) -> tuple[bool, ...]:
        now, known = self._clock.now(), _known(connection, events)
        new, again, told = list[tuple[_Row, payload_rows.Packed]](), list[_Row](), list[bool]()
        for event, content in zip(events, packed, strict=True):
            key = _key(event)
            came_at = known.get(key)
            is_new = came_at is None or (event.again_after is not None and now - came_at > event.again_after)
            if came_at is None:
                new.append((_row(event, content.name, now), content))
            elif is_new:
                again.append({"connection": key[0], "event_id": key[1], "received_at": now, "woken_at": None})
            if is_new:
                known[key] = now
            told.append(is_new)
        payload_rows.keep_at(connection, now, [content for _, content in new])
        _INSERT.run(connection, [row for row, _ in new])
        _AGAIN.run(connection, again)
        return tuple(told)

    def waiting(self) -> tuple[KeptEvent, ...]:
        """The oldest events that wait."""
        query = select(inbox).where(inbox.c.woken_at.is_(None)).order_by(inbox.c.number).limit(PAGE)
        return self._database.read(lambda connection: tuple(map(_kept, rows_of(connection.execute(query)))))

    def mark_woken(self, events: Sequence[KeptEvent]) -> None:
        """Their mappings were woken."""

        def work(connection: Connection) -> None:
            for part in parts_of([event.number for event in events]):
                connection.execute(update(inbox).where(inbox.c.number.in_(part)).values(woken_at=self._clock.now()))

        self._database.write(work)

    def prune(self, connection: str, before: datetime) -> int:
        """Forget old events with their payloads."""
        old = (inbox.c.connection == connection, inbox.c.received_at < before, inbox.c.woken_at.is_not(None))

        def work(database: Connection) -> int:
            rows = database.execute(select(inbox.c.number, inbox.c.payload_hash).where(*old)).all()
            for part in parts_of([row.number for row in rows]):
                database.execute(delete(inbox).where(inbox.c.number.in_(part)))
            for part in parts_of(sorted({row.payload_hash for row in rows})):
                still = select(inbox.c.payload_hash).where(inbox.c.payload_hash.in_(part))
                database.execute(delete(payloads).where(payloads.c.hash.in_(part), payloads.c.hash.not_in(still)))
            return len(rows)

        return self._database.write(work)

    def latest(self, limit: int) -> tuple[KeptEvent, ...]:
        """The newest events, newest first; for people."""
        query = select(inbox).order_by(inbox.c.number.desc()).limit(limit)
        return self._database.read(lambda connection: tuple(map(_kept, rows_of(connection.execute(query)))))

    def contents(self, events: Sequence[KeptEvent]) -> Mapping[int, Any]:
        """What the events said, by their numbers; without those whose payload is not there."""
        names = [event.payload_hash for event in events]
        kept = self._database.read(lambda connection: payload_rows.read(connection, self._seal, names))
        return {one.number: kept[one.payload_hash]["event"] for one in events if one.payload_hash in kept}


def _key(event: NewEvent) -> _Key:
    """What an event is known by, as it stands in its row."""
    return event.connection, storable(event.event_id)


def _row(event: NewEvent, content: str, now: datetime) -> _Row:
    return {
        "connection": event.connection,
        "event_id": event.event_id,
        "kind": event.kind,
        "payload_hash": content,
        "received_at": now,
        "woken_at": None,
    }


def _known(connection: Connection, events: Sequence[NewEvent]) -> dict[_Key, datetime]:
    """When those of them that came before did."""
    connections = sorted({event.connection for event in events})
    found: dict[_Key, datetime] = {}
    for part in parts_of(sorted({event.event_id for event in events})):
        rows = connection.execute(_KNOWN, {"connections": connections, "events": part})
        found |= {(row.connection, row.event_id): row.received_at for row in rows}
    return found


def _kept(row: Record) -> KeptEvent:
    return KeptEvent(
        number=row["number"],
        connection=row["connection"],
        event_id=row["event_id"],
        kind=row["kind"],
        payload_hash=row["payload_hash"],
        received_at=row["received_at"],
        woken_at=row["woken_at"],
    )

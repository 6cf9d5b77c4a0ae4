"""The audit trail: appended under the writer's lock, chained by hashes, and checked event by event."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from engine.adapters.store.tables import audit, audit_head
from engine.domain.audit_event import GENESIS, AuditEvent, link
from engine.words.errors import LedgerError, ProgramError
from engine.words.json_value import NotJson, canonical, decode

PAGE = 500

_HEAD = select(audit_head)
_MOVE_HEAD = update(audit_head)
_INSERT = insert(audit)


class Trail:
    """Writes and reads the audit trail with one key; the key never enters the database."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.key_id = hmac.new(key, b"ml-connector audit key id", hashlib.sha256).hexdigest()[:8]

    def append(self, connection: Connection, events: Sequence[AuditEvent]) -> None:
        """Add events behind the last one, in one write transaction.

        Raises:
            LedgerError: the trail was begun with another key; a chain of two keys could not be verified.
            ProgramError: a detail is not JSON, or a time is naive.
        """
        if not events:
            return
        head = connection.execute(_HEAD).one_or_none()
        if head is not None and head.key_id != self.key_id:
            raise LedgerError(
                f"the audit trail was written with the key {head.key_id}, and this is the key {self.key_id}: "
                "set ML_CONNECTOR_KEY to the key that this workspace was made with"
            )
        seq, previous = (0, GENESIS) if head is None else (head.seq, head.hash)
        rows = []
        for event in events:
            seq += 1
            rows.append(self._sealed(seq, previous, event))
            previous = rows[-1]["hash"]
        connection.execute(_INSERT, rows)
        new = {"seq": seq, "hash": previous, "key_id": self.key_id, "seal": self.seal(seq, previous)}
        connection.execute(insert(audit_head) if head is None else _MOVE_HEAD, {**new, "id": 1})

    def _sealed(self, seq: int, previous: str, event: AuditEvent) -> dict[str, Any]:
        if event.at.tzinfo is None:
            raise ProgramError(f"the audit event '{event.kind}' has a naive time")
        event = AuditEvent(
            at=event.at.astimezone(UTC),
            who=event.who,
            kind=event.kind,
            record=event.record,
            run=event.run,
            detail=event.detail,
        )
        try:
            detail = canonical(event.detail).decode()
            seal = link(previous, seq, event, self._key)
        except TypeError as error:
            raise ProgramError(f"the audit event '{event.kind}' has a detail that is not JSON: {error}") from error
        return {
            "seq": seq,
            "at": event.at.isoformat(),
            "who": event.who,
            "kind": event.kind,
            "record": event.record,
            "run": event.run,
            "detail": detail,
            "previous": previous,
            "hash": seal,
            "key_id": self.key_id,
        }

    def seal(self, seq: int, last_hash: str) -> str:
        """The seal of the trail's head: its last event, under the key."""
        return hmac.new(self._key, f"head\n{seq}\n{last_hash}".encode(), hashlib.sha256).hexdigest()

    def fits(self, row: Row[Any]) -> bool:
        """Whether the row's own hash is that of its content, byte for byte."""
        event = _event_or_none(row)
        if event is None or row.at != event.at.isoformat() or row.detail != canonical(event.detail).decode():
            return False
        return hmac.compare_digest(link(row.previous, row.seq, event, self._key), row.hash)


def page(connection: Connection, after: int | None, record: str | None = None) -> Sequence[Row[Any]]:
    """Rows of the trail in order, from the first, or from behind `after`."""
    query = select(audit).order_by(audit.c.seq).limit(PAGE)
    if after is not None:
        query = query.where(audit.c.seq > after)
    if record is not None:
        query = query.where(audit.c.record == record)
    return connection.execute(query).all()


def event_of(row: Row[Any]) -> AuditEvent:
    """The event of a row.

    Raises:
        LedgerError: the row is not one that this program wrote.
    """
    event = _event_or_none(row)
    if event is None:
        raise LedgerError(f"event {row.seq} of the audit trail cannot be read: run `ml-connector audit verify`")
    return event


def _event_or_none(row: Row[Any]) -> AuditEvent | None:
    try:
        at, detail = datetime.fromisoformat(row.at), decode(row.detail)
    except (TypeError, ValueError, NotJson):
        return None
    if at.utcoffset() is None or not isinstance(detail, dict):
        return None
    return AuditEvent(at=at, who=row.who, kind=row.kind, record=row.record, run=row.run, detail=detail)


def problems(connection: Connection, trail: Trail) -> Iterator[str]:
    """What does not fit in the trail, event by event, and at its end."""
    seq, last_hash = 0, GENESIS
    after: int | None = None
    while rows := page(connection, after):
        for row in rows:
            if row.seq < 1:
                yield f"event {row.seq} was inserted: events count from 1"
                continue
            yield from _problems_of(row, seq, last_hash, trail)
            seq, last_hash = row.seq, row.hash
        after = rows[-1].seq
    yield from _problems_of_head(connection, seq, last_hash, trail)


def _problems_of(row: Row[Any], seq: int, last_hash: str, trail: Trail) -> Iterator[str]:
    if row.seq > seq + 1:
        yield f"{_span(seq + 1, row.seq - 1)} removed"
    if row.key_id != trail.key_id:
        yield f"event {row.seq} bears the key {row.key_id}, and this is the key {trail.key_id}"
    elif not trail.fits(row):
        yield f"event {row.seq} was edited or inserted: its content does not give its hash"
    if row.seq == seq + 1 and row.previous != last_hash:
        yield f"the chain is broken before event {row.seq}: it does not follow the event that stands before it"


def _problems_of_head(connection: Connection, seq: int, last_hash: str, trail: Trail) -> Iterator[str]:
    head = connection.execute(_HEAD).one_or_none()
    if head is None:
        if seq:
            yield "the seal of the last event was removed"
        return
    if head.key_id == trail.key_id and not hmac.compare_digest(trail.seal(head.seq, head.hash), head.seal):
        yield "the seal of the last event was edited"
    elif head.seq > seq:
        yield f"{_span(seq + 1, head.seq)} removed from the end"
    elif head.seq < seq:
        yield f"{_span(head.seq + 1, seq)} inserted at the end"
    elif head.hash != last_hash:
        yield f"event {seq} is not the event that was sealed as the last one"


def _span(first: int, last: int) -> str:
    return f"event {first} was" if first == last else f"events {first} to {last} were"

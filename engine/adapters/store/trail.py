"""The audit trail: appended under the writer's lock, chained by hashes, and read in pages."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Row, select

from engine.adapters.store.dialect import executed
from engine.adapters.store.many import InsertMany, UpdateMany
from engine.adapters.store.payload_seal import PayloadSeal
from engine.adapters.store.tables import audit, audit_head, storable
from engine.domain.audit_event import GENESIS, AuditEvent, chain_of, link_row
from engine.wire.masking import mask_links
from engine.words.errors import LedgerError, ProgramError
from engine.words.json_value import NotJson, canonical, decode

PAGE = 500

HEAD_ID = 1

_HEAD = f"SELECT seq, hash, key_id FROM audit_head WHERE id = {HEAD_ID}"  # noqa: S608  a number of ours
_BEGIN_HEAD = InsertMany(audit_head)
_MOVE_HEAD = UpdateMany(audit_head, ("seq", "hash", "key_id", "seal"))
_INSERT = InsertMany(audit)


@dataclass(frozen=True, slots=True)
class Of:
    """Whose events are wanted: the name that they bear, and its numbers in the ledger, none if it is no record."""

    name: str
    ids: tuple[int, ...]


class Trail:
    """Writes and reads the audit trail with one key, which never enters the database; payloads are sealed from it."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._chain = chain_of(key)
        self.payload_seal = PayloadSeal(key)
        self.key_id = hmac.new(key, b"ml-connector audit key id", hashlib.sha256).hexdigest()[:8]

    def append(self, connection: Connection, events: Sequence[AuditEvent]) -> None:
        """Add events behind the last one, in one write transaction.

        Raises:
            LedgerError: the trail was begun with another key; a chain of two keys could not be verified.
            ProgramError: a detail is not JSON, or a time is naive.
        """
        if not events:
            return
        begun = executed(connection, _HEAD, ())
        seq, previous, key_id = begun[0] if begun else (0, GENESIS, self.key_id)
        if key_id != self.key_id:
            raise LedgerError(
                f"the audit trail was written with the key {key_id}, and this is the key {self.key_id}: "
                "set ML_CONNECTOR_KEY to the key that this workspace was made with"
            )
        rows = []
        for event in events:
            seq += 1
            told, detail = _spelled(seq, event)
            own = link_row(previous, told, detail, self._chain)
            rows.append((*told, detail.decode(), previous, own, self.key_id, event.record_id))
            previous = own
        _INSERT.run_as_kept(connection, rows)
        head = {"id": HEAD_ID, "seq": seq, "hash": previous, "key_id": self.key_id, "seal": self.seal(seq, previous)}
        (_MOVE_HEAD if begun else _BEGIN_HEAD).run(connection, [head])

    def head(self, connection: Connection) -> tuple[int, str, str]:
        """Number, hash and key id of the last event; of an empty trail, where it will begin."""
        begun = executed(connection, _HEAD, ())
        seq, last, key_id = begun[0] if begun else (0, GENESIS, self.key_id)
        return seq, last, key_id

    def seal(self, seq: int, last_hash: str) -> str:
        """The seal of the trail's head: its last event, under the key."""
        return hmac.new(self._key, f"head\n{seq}\n{last_hash}".encode(), hashlib.sha256).hexdigest()

    def fits(self, row: Row[Any], seq: int | None = None) -> bool:
        """Whether the row's own hash is that of its content, byte for byte, under its number or another one."""
        event = _event_or_none(row)
        try:
            if event is None or row.at != event.at.isoformat():
                return False
            detail = canonical(event.detail)
            told = (row.seq if seq is None else seq, row.at, row.who, row.kind, row.record, row.run)
            own = link_row(row.previous, told, detail, self._chain)
            return bool(row.detail == detail.decode() and row.hash == own)
        except ValueError:  # text that is no text: bytes that are not UTF-8
            return False


def _spelled(seq: int, event: AuditEvent) -> tuple[tuple[int | str | None, ...], bytes]:
    """An event as it is kept and hashed: what stands in front of its detail, and that in canonical JSON."""
    if event.at.tzinfo is None:
        raise ProgramError(f"the audit event '{event.kind}' has a naive time")
    try:
        detail = canonical(event.detail)
    except TypeError as error:
        raise ProgramError(f"the audit event '{event.kind}' has a detail that is not JSON: {error}") from error
    if b"://" in detail:
        detail = canonical(mask_links(event.detail))
    record = None if event.record is None else storable(event.record)
    run = None if event.run is None else storable(event.run)
    return (seq, _as_kept(event.at), storable(event.who), storable(event.kind), record, run), detail


def page(connection: Connection, after: int | None, of: Of | None = None) -> Sequence[Row[Any]]:
    """Rows of the trail in order, from the first, or from behind `after`; all, or those of a record."""
    behind = () if after is None else (audit.c.seq > after,)
    rows = select(audit).where(*behind).order_by(audit.c.seq).limit(PAGE)
    if of is None:
        return connection.execute(rows).all()
    parts = (
        rows.where(audit.c.record_id.in_(of.ids), audit.c.record == of.name),
        rows.where(audit.c.record_id.is_(None), audit.c.record == of.name),
    )
    found = [row for part in parts for row in connection.execute(part)]
    return sorted(found, key=lambda row: row.seq)[:PAGE]


@lru_cache(maxsize=64)
def _as_kept(moment: datetime) -> str:
    """The time as the trail spells it; the events of one act have the same."""
    return moment.astimezone(UTC).isoformat()


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
    texts = (row.who, row.kind, row.previous, row.record or "", row.run or "")
    if at.utcoffset() is None or not isinstance(detail, dict) or not all(isinstance(text, str) for text in texts):
        return None
    return AuditEvent(at=at, who=row.who, kind=row.kind, record=row.record, run=row.run, detail=detail)

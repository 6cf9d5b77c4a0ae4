"""What the calls of one transaction do to records: read at once, changed in memory, written at once.

So a statement is shared by all that wait together, and a call costs little more than its rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Protocol

from sqlalchemy import bindparam, select

from engine.adapters.store import leases, payloads
from engine.adapters.store.claims import ClaimKey, Claims
from engine.adapters.store.many import InsertMany, UpdateMany
from engine.adapters.store.port import Lease
from engine.adapters.store.rows import Record, key_of, rows_of
from engine.adapters.store.tables import attempts, records
from engine.adapters.store.transaction import Transaction, parts_of
from engine.domain.audit_event import AuditEvent
from engine.words.errors import ProgramError

WRITTEN = (
    *("state", "cause", "reason", "mapping", "company", "label", "label_folded", "amount", "currency", "book_date"),
    *("dedupe_key", "document_hash", "entered_payload_hash", "reference", "acknowledged"),
    *("attempts", "doubt_epoch", "doubt_seconds", "may_be_entered"),
)
"""What of a record may change by a call, beside the time of it."""

_BY_IDS = select(*(records.c[name] for name in ("id", "connection", "feed", "source_id", "payload_hash", *WRITTEN)))
_BY_IDS = _BY_IDS.where(records.c.id.in_(bindparam("ids", expanding=True)))
_ATTEMPTS = select(attempts.c.id, attempts.c.record_id, attempts.c.ended_at.is_(None)).where(
    attempts.c.id.in_(bindparam("ids", expanding=True))
)
_BEGUN = tuple(name for name in attempts.c.keys() if name != "id")  # noqa: SIM118  a collection of columns, no dict
_BEGIN = InsertMany(attempts, _BEGUN, behind="RETURNING id, record_id")
_END = UpdateMany(attempts, ("answer_hash", "proof", "status", "message", "ended_at"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What a call must know before it can be done: records and attempts by id, claims, and whose turn it is."""

    records: Sequence[int] = ()
    claims: Sequence[ClaimKey] = ()
    attempts: Sequence[int] = ()
    leases: Sequence[Lease] = ()


class Step(Protocol):
    """A call that changes records."""

    def needs(self) -> Needs:
        """What it must know."""
        ...

    def do(self, writing: Writing) -> Any:
        """Do it; where it raises, nothing of the transaction is kept, its other calls' changes neither."""
        ...


class Writing:
    """What is known of the records, and what becomes of them; nothing is written before `write`."""

    def __init__(self, transaction: Transaction) -> None:
        self.transaction = transaction
        self.claims = Claims(transaction)
        self.lost: dict[Lease, Exception] = {}
        self._read: dict[int, Record] = {}
        self._now: dict[int, Record] = {}
        self._changed: dict[int, None] = {}
        self._attempts: dict[int, tuple[int, bool]] = {}
        self._begun: list[dict[str, Any]] = []
        self._ended: dict[int, Mapping[str, Any]] = {}
        self._payloads: list[payloads.Packed] = []
        self._events: list[AuditEvent] = []

    def read(self, needs: Needs) -> None:
        """Read what calls need to know."""
        connection = self.transaction.connection
        for part in parts_of(sorted(set(needs.records))):
            self._read |= {row["id"]: row for row in rows_of(connection.execute(_BY_IDS, {"ids": part}))}
        self._now = dict(self._read)
        for part in parts_of(needs.attempts):
            rows = connection.execute(_ATTEMPTS, {"ids": part})
            self._attempts |= {attempt_id: (record_id, is_open) for attempt_id, record_id, is_open in rows}
        self.claims.look_up(needs.claims)

    def record(self, record_id: int) -> Record:
        """A record as it is now.

        Raises:
            ProgramError: there is no such record.
        """
        if record_id not in self._now:
            raise ProgramError(f"there is no record {record_id} in the ledger")
        return self._now[record_id]

    def is_open(self, attempt_id: int, record_id: int) -> bool:
        """Whether an attempt of a record has not ended.

        Raises:
            ProgramError: there is no such attempt.
        """
        found, is_open = self._attempts.get(attempt_id, (None, False))
        if found != record_id:
            raise ProgramError(f"there is no attempt {attempt_id} of record {record_id} in the ledger")
        return bool(is_open) and attempt_id not in self._ended

    def change(self, record: Record) -> None:
        """The record is so from now on."""
        self._now[record["id"]] = record
        self._changed[record["id"]] = None

    def keep(self, payload: payloads.Packed) -> None:
        """Keep a payload."""
        self._payloads.append(payload)

    def begin_attempt(self, row: dict[str, Any]) -> None:
        """An attempt begins; its row has its id when all is written."""
        self._begun.append(row)

    def end_attempt(self, row: Mapping[str, Any]) -> None:
        """An attempt has ended."""
        self._ended[row["id"]] = row

    def note(self, kind: str, record: Record, detail: Mapping[str, Any]) -> None:
        """Say something of a record in the trail."""
        self._events.append(self.transaction.event(kind, str(key_of(record)), detail))

    def write(self) -> None:
        """Write all that changed."""
        connection = self.transaction.connection
        payloads.keep(self.transaction, self._payloads)
        self.claims.write()
        self._write_begun()
        self._write_records()
        _END.run(connection, list(self._ended.values()))
        self.transaction.note(self._events)

    def _write_begun(self) -> None:
        by_record = {row["record_id"]: row for row in self._begun}  # a record begins once, then it is `sending`
        for attempt_id, record_id in _BEGIN.run(self.transaction.connection, self._begun):
            by_record[record_id]["id"] = attempt_id

    def _write_records(self) -> None:
        changed = [(self._read[record_id], self._now[record_id]) for record_id in self._changed]
        names = tuple(name for name in WRITTEN if any(now[name] != read[name] for read, now in changed))
        rows = [{**now, "updated_at": self.transaction.now} for _, now in changed]
        _update_of(names).run(self.transaction.connection, rows)


@cache
def _update_of(names: tuple[str, ...]) -> UpdateMany:
    """The statement that writes these of records; there are few, since the same things change together."""
    return UpdateMany(records, (*names, "updated_at"))


def do_together(transaction: Transaction, steps: Sequence[Step], lease_time: Callable[[], datetime]) -> list[Any]:
    """Do calls one after the other; gives what each gives.

    Raises:
        Exception: what one of them raises; then the transaction must be rolled back.
    """
    writing = Writing(transaction)
    needs = [step.needs() for step in steps]
    writing.read(
        Needs(
            records=_all(need.records for need in needs),
            claims=_all(need.claims for need in needs),
            attempts=_all(need.attempts for need in needs),
        )
    )
    held = _all(need.leases for need in needs)
    if held:
        writing.lost.update(leases.lost(transaction.connection, held, lease_time()))
    given = [step.do(writing) for step in steps]
    writing.write()
    return given


def _all(parts: Iterable[Sequence[Any]]) -> list[Any]:
    return [value for part in parts for value in part]

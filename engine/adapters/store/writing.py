"""What the calls of one transaction do to records: read at once, changed in memory, written at once.

So a statement is shared by all that wait together, and a call costs little more than its rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Protocol

from engine.adapters.store import leases, payloads
from engine.adapters.store.claims import Claims
from engine.adapters.store.knowing import WRITTEN, Needs, all_of, ask
from engine.adapters.store.many import InsertMany, UpdateMany
from engine.adapters.store.port import Lease
from engine.adapters.store.rows import Record
from engine.adapters.store.tables import attempts, records
from engine.adapters.store.transaction import Transaction
from engine.domain.audit_event import AuditEvent
from engine.words.errors import ProgramError

_BEGIN = InsertMany(attempts)
_END = UpdateMany(attempts, ("answer_hash", "proof", "status", "message", "ended_at"))


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

    def __init__(self, transaction: Transaction, needs: Needs) -> None:
        self.transaction = transaction
        known = ask(transaction.connection, needs)
        self.claims = Claims(transaction, known.claims)
        self.leases = known.leases
        self.lost: Mapping[Lease, Exception] = {}
        self._now = known.records
        self._changed: dict[int, None] = {}
        self._names: set[str] = set()
        self._attempts = known.attempts
        self._new_attempts = iter(known.new_attempts)
        self._begun: list[dict[str, Any]] = []
        self._ended: dict[int, Mapping[str, Any]] = {}
        self._payloads: list[payloads.Packed] = []
        self._events: list[AuditEvent] = []

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

    def change(self, record: Record, changes: Mapping[str, Any]) -> None:
        """The record is so from now on."""
        record_id = record["id"]
        self._now[record_id] = {**record, **changes}
        self._changed[record_id] = None
        self._names.update(name for name, value in changes.items() if value != record[name])

    def keep(self, payload: payloads.Packed) -> None:
        """Keep a payload."""
        self._payloads.append(payload)

    def begin_attempt(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """An attempt begins; gives its row with its id."""
        begun = {"id": next(self._new_attempts), **row}
        self._begun.append(begun)
        return begun

    def end_attempt(self, row: Mapping[str, Any]) -> None:
        """An attempt has ended."""
        self._ended[row["id"]] = row

    def note(self, kind: str, record: Record, detail: Mapping[str, Any]) -> None:
        """Say something of a record in the trail."""
        self._events.append(self.transaction.event_of(kind, record, detail))

    def write(self) -> None:
        """Write all that changed."""
        connection = self.transaction.connection
        payloads.keep(self.transaction, self._payloads)
        self.claims.write()
        _BEGIN.run(connection, self._begun)
        self._write_records()
        _END.run(connection, list(self._ended.values()))
        self.transaction.note(self._events)

    def _write_records(self) -> None:
        names = tuple(name for name in WRITTEN if name in self._names)
        rows = [{**self._now[record_id], "updated_at": self.transaction.now} for record_id in self._changed]
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
    needs = all_of([step.needs() for step in steps])
    writing = Writing(transaction, needs)
    if needs.leases:
        writing.lost = leases.lost(writing.leases, needs.leases, lease_time())
    given = [step.do(writing) for step in steps]
    writing.write()
    return given

"""Attempts: the intent before the request leaves, the outcome after it, and doubt where there is none."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from engine.adapters.store import claims, leases, payloads
from engine.adapters.store.moving import move_of, moved, records_of, write
from engine.adapters.store.port import Attempt, Conclusion, Decision, Intent, Lease, NotReady
from engine.adapters.store.rows import Record, key_of
from engine.adapters.store.tables import attempts
from engine.adapters.store.transaction import Transaction
from engine.domain.audit_event import AuditEvent
from engine.domain.lifecycle import State
from engine.domain.outcome import Proof
from engine.wire.masking import mask_links
from engine.words.clock import Instant
from engine.words.errors import ProgramError

_INTERRUPTED = "its runner ended before the outcome was known"

_INSERT = insert(attempts)
_ENDED = select(attempts.c.ended_at).where(
    attempts.c.id == bindparam("attempt"), attempts.c.record_id == bindparam("record")
)
_OPEN = select(attempts.c.id).where(attempts.c.record_id == bindparam("record"), attempts.c.ended_at.is_(None))
_END = (
    update(attempts)
    .where(attempts.c.id == bindparam("attempt"))
    .values({name: bindparam(f"new_{name}") for name in ("answer_hash", "proof", "status", "message", "ended_at")})
)


def begin(
    transaction: Transaction, intents: Sequence[Intent], lease: Lease, lease_now: datetime
) -> tuple[Attempt, ...]:
    """Claims, attempts and the state `sending` for documents that are about to leave, all or none."""
    leases.check(transaction.connection, lease, lease_now)
    events: list[AuditEvent] = []
    begun = tuple(_begin_one(transaction, intent, events) for intent in intents)
    transaction.note(events)
    return begun


def _begin_one(transaction: Transaction, intent: Intent, events: list[AuditEvent]) -> Attempt:
    record = records_of(transaction, [intent.record_id])[intent.record_id]
    key = str(key_of(record))
    if record["state"] != State.READY:
        raise NotReady(record["id"], f"the record {key} is {record['state']}, so it is not sent")
    claims.claim(transaction, record["id"], intent.namespace, intent.dedupe_key, in_step=intent.in_step)
    attempt = _insert_attempt(transaction, intent, record["attempts"] + 1)
    new = {
        "state": State.SENDING,
        "cause": "",
        "reason": "",
        "dedupe_key": intent.dedupe_key,
        "document_hash": intent.document_hash,
        "attempts": attempt.number,
        "updated_at": transaction.now,
    }
    write(transaction, [{**record, **new}])
    detail = {
        "from": record["state"],
        "to": State.SENDING,
        "attempt": attempt.number,
        "namespace": intent.namespace,
        "dedupe_key": intent.dedupe_key,
        "document": intent.document_hash,
        "mapping": intent.mapping_hash,
        "request": attempt.request_hash,
        "payload": record["payload_hash"],
    }
    events.append(transaction.event("intent", key, detail))
    return attempt


def _insert_attempt(transaction: Transaction, intent: Intent, number: int) -> Attempt:
    values: dict[str, Any] = {
        "record_id": intent.record_id,
        "number": number,
        "run": transaction.act.run,
        "document_hash": intent.document_hash,
        "mapping_hash": intent.mapping_hash,
        "request_hash": payloads.keep_one(transaction, intent.request),
        "answer_hash": None,
        "proof": None,
        "status": None,
        "message": "",
        "started_at": transaction.now,
        "ended_at": None,
    }
    result = transaction.connection.execute(_INSERT, values)
    (attempt_id,) = result.inserted_primary_key or (0,)
    return Attempt(id=attempt_id, **values)


def conclude(transaction: Transaction, attempt: Attempt, conclusion: Conclusion) -> bool:
    """Write how the attempt ended; False when another runner has put it in doubt meanwhile.

    Then the record is left alone, and the trail keeps what came too late.
    """
    decision = conclusion.decision
    if decision.record_id != attempt.record_id:
        raise ProgramError(f"attempt {attempt.id} is of record {attempt.record_id}, not {decision.record_id}")
    record = records_of(transaction, [attempt.record_id])[attempt.record_id]
    key = str(key_of(record))
    answer_hash = payloads.keep_one(transaction, conclusion.answer)
    detail: dict[str, Any] = {
        "attempt": attempt.number,
        "proof": conclusion.proof,
        "status": conclusion.status,
        "message": conclusion.message,
        "answer": answer_hash,
    }
    if not _is_open(transaction, attempt) or record["state"] != State.SENDING:
        transaction.note([transaction.event("outcome", key, {**detail, "late": True})])
        return False
    move = move_of(record, decision)
    write(transaction, [moved(transaction, move, proof=conclusion.proof, doubt=conclusion.doubt)])
    _end_attempt(
        transaction,
        attempt.id,
        answer_hash=answer_hash,
        proof=conclusion.proof,
        status=conclusion.status,
        message=conclusion.message,
    )
    transaction.note([transaction.event("outcome", key, {**detail, **move.detail()})])
    return True


def _is_open(transaction: Transaction, attempt: Attempt) -> bool:
    query = {"attempt": attempt.id, "record": attempt.record_id}
    ended = transaction.connection.execute(_ENDED, query).one_or_none()
    if ended is None:
        raise ProgramError(f"there is no attempt {attempt.id} of record {attempt.record_id} in the ledger")
    return ended.ended_at is None


def _end_attempt(
    transaction: Transaction,
    attempt_id: int,
    *,
    proof: str,
    message: str,
    status: int | None = None,
    answer_hash: str | None = None,
) -> None:
    transaction.connection.execute(
        _END,
        {
            "attempt": attempt_id,
            "new_answer_hash": answer_hash,
            "new_proof": proof,
            "new_status": status,
            "new_message": mask_links(message),
            "new_ended_at": transaction.now,
        },
    )


def doubt(transaction: Transaction, record_ids: Sequence[int], since: Instant) -> None:
    """Put interrupted records in doubt and end their attempts without proof; others are left alone."""
    changed: list[Record] = []
    events: list[AuditEvent] = []
    for record_id, record in records_of(transaction, record_ids).items():
        if record["state"] != State.SENDING:
            continue
        decision = Decision(record_id=record_id, state=State.IN_DOUBT, cause="no_answer", reason=_INTERRUPTED)
        move = move_of(record, decision)
        changed.append(moved(transaction, move, doubt=since))
        for attempt_id in transaction.connection.execute(_OPEN, {"record": record_id}).scalars().all():
            _end_attempt(transaction, attempt_id, proof=Proof.NONE, message=_INTERRUPTED)
        detail = {"proof": Proof.NONE, "message": _INTERRUPTED, **move.detail()}
        events.append(transaction.event("outcome", str(key_of(record)), detail))
    write(transaction, changed)
    transaction.note(events)

"""Attempts: the intent before the request leaves, the outcome after it, and doubt where there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from engine.adapters.store import claims, leases, payloads
from engine.adapters.store.many import Many
from engine.adapters.store.moving import move_of, moved, no_record, records_of, there_are, write, write_sending
from engine.adapters.store.port import Attempt, ClaimTaken, Conclusion, Decision, Intent, Lease, NotReady
from engine.adapters.store.rows import Record, key_of
from engine.adapters.store.tables import attempts
from engine.adapters.store.transaction import Transaction, parts_of
from engine.adapters.store.writer import Outcome
from engine.domain.audit_event import AuditEvent
from engine.domain.lifecycle import State
from engine.domain.outcome import Proof
from engine.wire.masking import mask_links
from engine.words.clock import Instant
from engine.words.errors import ProgramError

_INTERRUPTED = "its runner ended before the outcome was known"

_INSERT = insert(attempts).returning(attempts.c.id, sort_by_parameter_order=True)
_ENDED = select(attempts.c.id, attempts.c.record_id, attempts.c.ended_at).where(
    attempts.c.id.in_(bindparam("ids", expanding=True))
)
_OPEN = select(attempts.c.id).where(attempts.c.record_id == bindparam("record"), attempts.c.ended_at.is_(None))
_END = Many(
    update(attempts)
    .where(attempts.c.id == bindparam("attempt"))
    .values({name: bindparam(f"new_{name}") for name in ("answer_hash", "proof", "status", "message", "ended_at")})
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Begin:
    """Documents of one call that is about to leave, each with what is written down of it, and the turn."""

    intents: Sequence[tuple[Intent, payloads.Packed]]
    lease: Lease


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """An attempt that ended, with the answer as it is kept."""

    attempt: Attempt
    conclusion: Conclusion
    answer: payloads.Packed


def begin_together(transaction: Transaction, calls: Sequence[Begin], lease_now: datetime) -> list[Outcome]:
    """Claims, attempts and the state `sending` for calls that are about to leave; each call all or none.

    A call that fails has changed nothing, and its error is its outcome; the others go on.
    """
    intents = [intent for call in calls for intent, _ in call.intents]
    lost = leases.lost(transaction.connection, (call.lease for call in calls), lease_now)
    records = dict(there_are(transaction, (intent.record_id for intent in intents)))
    held = claims.held_by(transaction.connection, (_claim_key(intent) for intent in intents))
    begun: list[tuple[Intent, Record, payloads.Packed]] = []
    outcomes: list[Outcome] = []
    for call in calls:
        failure = lost.get(call.lease) or _refusal(call, records, held)
        outcomes.append((len(call.intents), failure))
        if failure is None:
            for intent, request in call.intents:
                begun.append((intent, records[intent.record_id], request))
                records[intent.record_id] = {**records[intent.record_id], "state": State.SENDING}
                held.setdefault(
                    _claim_key(intent), {**records[intent.record_id], "record_id": intent.record_id, "new": True}
                )
    attempts_made = iter(_begin_all(transaction, begun, held))
    return [
        (tuple(next(attempts_made) for _ in range(count)), None) if failure is None else (None, failure)
        for count, failure in outcomes
    ]


def _claim_key(intent: Intent) -> tuple[str, str]:
    return intent.namespace, claims.fold(intent.dedupe_key)


def _refusal(call: Begin, records: Mapping[int, Record], held: Mapping[tuple[str, str], Record]) -> Exception | None:
    """Why none of a call's documents may leave; two of one record, or under one key, are refused as well."""
    own: dict[tuple[str, str], Record] = {}
    met: set[int] = set()
    for intent, _ in call.intents:
        record = records.get(intent.record_id)
        if record is None:
            return no_record(intent.record_id)
        if record["state"] != State.READY or intent.record_id in met:
            state = State.SENDING if intent.record_id in met else record["state"]
            return NotReady(record["id"], f"the record {key_of(record)} is {state}, so it is not sent")
        key = _claim_key(intent)
        holder = held.get(key) or own.setdefault(key, {**record, "record_id": intent.record_id})
        if holder["record_id"] != intent.record_id:
            return ClaimTaken(key_of(holder), intent.record_id)
        met.add(intent.record_id)
    return None


def _begin_all(
    transaction: Transaction,
    begun: Sequence[tuple[Intent, Record, payloads.Packed]],
    held: Mapping[tuple[str, str], Record],
) -> list[Attempt]:
    if not begun:
        return []
    payloads.keep(transaction, (request for _, _, request in begun))
    new = [intent for intent, _, _ in begun if "new" in held[_claim_key(intent)]]
    claims.insert_all(
        transaction,
        [claims.claim_of(one.record_id, one.namespace, one.dedupe_key, in_step=one.in_step) for one in new],
    )
    rows = [_attempt_row(transaction, *one) for one in begun]
    ids = transaction.connection.execute(_INSERT, rows).scalars().all()
    made = [Attempt(id=attempt_id, **row) for attempt_id, row in zip(ids, rows, strict=True)]
    whole = zip(begun, made, strict=True)
    write_sending(transaction, [_as_sending(transaction, intent, record, one) for (intent, record, _), one in whole])
    whole = zip(begun, made, strict=True)
    transaction.note([_intent_event(transaction, intent, record, one) for (intent, record, _), one in whole])
    return made


def _attempt_row(
    transaction: Transaction, intent: Intent, record: Record, request: payloads.Packed
) -> dict[str, Any]:
    return {
        "record_id": intent.record_id,
        "number": record["attempts"] + 1,
        "run": transaction.act.run,
        "document_hash": intent.document_hash,
        "mapping_hash": intent.mapping_hash,
        "request_hash": request.name,
        "answer_hash": None,
        "proof": None,
        "status": None,
        "message": "",
        "started_at": transaction.now,
        "ended_at": None,
    }


def _as_sending(transaction: Transaction, intent: Intent, record: Record, attempt: Attempt) -> Record:
    return {
        **record,
        "state": State.SENDING,
        "cause": "",
        "reason": "",
        "dedupe_key": intent.dedupe_key,
        "document_hash": intent.document_hash,
        "attempts": attempt.number,
        "updated_at": transaction.now,
    }


def _intent_event(transaction: Transaction, intent: Intent, record: Record, attempt: Attempt) -> AuditEvent:
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
    return transaction.event("intent", str(key_of(record)), detail)


def conclude_together(transaction: Transaction, ends: Sequence[End]) -> list[Outcome]:
    """Write how attempts ended; False for one that another runner has put in doubt meanwhile.

    Its record is left alone, and the trail keeps what came too late.
    """
    records = dict(there_are(transaction, (end.attempt.record_id for end in ends)))
    still_open = _open_attempts(transaction, ends)
    asked = {
        (one.namespace, claims.fold(one.dedupe_key))
        for one in (end.conclusion.decision for end in ends)
        if one.namespace is not None and one.dedupe_key is not None
    }
    held = claims.held_by(transaction.connection, asked)
    changed: list[Record] = []
    closed: list[End] = []
    events: list[AuditEvent] = []
    outcomes: list[Outcome] = []
    for end in ends:
        try:
            now = _conclude_one(transaction, end, records, still_open, held, events)
        except (ProgramError, ClaimTaken) as failure:
            outcomes.append((None, failure))
            continue
        outcomes.append((now is not None, None))
        closed.append(end)
        if now is not None:
            records[end.attempt.record_id] = now
            still_open.discard(end.attempt.id)
            changed.append(now)
    payloads.keep(transaction, (end.answer for end in closed))
    write(transaction, changed)
    ended = [end for end, (in_time, _) in zip(ends, outcomes, strict=True) if in_time]
    _end_attempts(transaction, ended)
    transaction.note(events)
    return outcomes


def _conclude_one(
    transaction: Transaction,
    end: End,
    records: Mapping[int, Record],
    still_open: AbstractSet[int],
    held: Mapping[tuple[str, str], Record],
    events: list[AuditEvent],
) -> Record | None:
    attempt, conclusion, decision = end.attempt, end.conclusion, end.conclusion.decision
    if decision.record_id != attempt.record_id:
        raise ProgramError(f"attempt {attempt.id} is of record {attempt.record_id}, not {decision.record_id}")
    record = records.get(attempt.record_id)
    if record is None:
        raise no_record(attempt.record_id)
    key = str(key_of(record))
    detail: dict[str, Any] = {
        "attempt": attempt.number,
        "proof": conclusion.proof,
        "status": conclusion.status,
        "message": conclusion.message,
        "answer": end.answer.name,
    }
    if attempt.id not in still_open or record["state"] != State.SENDING:
        events.append(transaction.event("outcome", key, {**detail, "late": True}))
        return None
    move = move_of(record, decision)
    holder = held.get((decision.namespace or "", claims.fold(decision.dedupe_key or "")))
    now = moved(
        transaction,
        move,
        proof=conclusion.proof,
        doubt=conclusion.doubt,
        holds_claim=holder is not None and holder["record_id"] == record["id"],
    )
    events.append(transaction.event("outcome", key, {**detail, **move.detail()}))
    return now


def _open_attempts(transaction: Transaction, ends: Sequence[End]) -> set[int]:
    """The attempts that have not ended.

    Raises:
        ProgramError: one of them is not in the ledger.
    """
    found = {
        (row.id, row.record_id): row.ended_at is None
        for part in parts_of([end.attempt.id for end in ends])
        for row in transaction.connection.execute(_ENDED, {"ids": part})
    }
    for end in ends:
        if (end.attempt.id, end.attempt.record_id) not in found:
            raise ProgramError(
                f"there is no attempt {end.attempt.id} of record {end.attempt.record_id} in the ledger"
            )
    return {attempt_id for (attempt_id, _), is_open in found.items() if is_open}


def _end_attempts(transaction: Transaction, ends: Sequence[End]) -> None:
    _END.run(
        transaction.connection,
        [
            {
                "attempt": end.attempt.id,
                "new_answer_hash": end.answer.name,
                "new_proof": end.conclusion.proof,
                "new_status": end.conclusion.status,
                "new_message": mask_links(end.conclusion.message),
                "new_ended_at": transaction.now,
            }
            for end in ends
        ],
    )


def _end_in_doubt(transaction: Transaction, attempt_id: int) -> None:
    end = {
        "attempt": attempt_id,
        "new_answer_hash": None,
        "new_proof": Proof.NONE,
        "new_status": None,
        "new_message": _INTERRUPTED,
        "new_ended_at": transaction.now,
    }
    _END.run(transaction.connection, [end])


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
            _end_in_doubt(transaction, attempt_id)
        detail = {"proof": Proof.NONE, "message": _INTERRUPTED, **move.detail()}
        events.append(transaction.event("outcome", str(key_of(record)), detail))
    write(transaction, changed)
    transaction.note(events)

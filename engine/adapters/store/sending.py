"""Attempts: the intent before the request leaves, the outcome after it, and doubt where there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from engine.adapters.store import payloads
from engine.adapters.store.claims import claim_key
from engine.adapters.store.knowing import Needs
from engine.adapters.store.moving import claim_of, make, move_of
from engine.adapters.store.port import Attempt, ClaimTaken, Conclusion, Decision, Intent, Lease, NotReady
from engine.adapters.store.rows import Record, key_of
from engine.adapters.store.tables import attempts
from engine.adapters.store.transaction import Transaction, parts_of
from engine.adapters.store.writing import Writing
from engine.domain.lifecycle import State
from engine.domain.outcome import Proof
from engine.wire.masking import mask_links
from engine.words.clock import Instant
from engine.words.errors import ProgramError

_INTERRUPTED = "its runner ended before the outcome was known"


@dataclass(frozen=True, slots=True, kw_only=True)
class Begin:
    """Documents of one call that is about to leave, each with what is written down of it, and the turn."""

    intents: Sequence[tuple[Intent, payloads.Packed]]
    lease: Lease

    def needs(self) -> Needs:
        """The records, who holds the claims, and whether the turn is still ours."""
        return Needs(
            records=[intent.record_id for intent, _ in self.intents],
            claims=[claim_key(intent.namespace, intent.dedupe_key) for intent, _ in self.intents],
            leases=[self.lease],
            beginning=len(self.intents),
        )

    def do(self, writing: Writing) -> list[dict[str, Any]]:
        """Claims, attempts and the state `sending`; gives the rows of the attempts.

        Raises:
            TurnLost, NotReady, ClaimTaken: as the ledger's `begin` does.
        """
        if self.lease in writing.lost:
            raise writing.lost[self.lease]
        return [_begin(writing, intent, request) for intent, request in self.intents]


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """An attempt that ended, with the answer as it is kept."""

    attempt: Attempt
    conclusion: Conclusion
    answer: payloads.Packed


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """Attempts that ended; each is written whatever becomes of the others."""

    ends: Sequence[End]

    def needs(self) -> Needs:
        """The records, the attempts, and who holds the claims."""
        decisions = [end.conclusion.decision for end in self.ends]
        return Needs(
            records=[end.attempt.record_id for end in self.ends],
            attempts=[end.attempt.id for end in self.ends],
            claims=[key for decision in decisions if (key := claim_of(decision)) is not None],
        )

    def do(self, writing: Writing) -> list[bool | Exception]:
        """Write how attempts ended; gives for each whether it was in time, or why it cannot be written.

        It is not in time when another runner has put it in doubt meanwhile: then its record is left alone, and the
        trail keeps what came too late.
        """
        return [_ended(writing, end) for end in self.ends]


def _begin(writing: Writing, intent: Intent, request: payloads.Packed) -> dict[str, Any]:
    record = writing.record(intent.record_id)
    if record["state"] != State.READY:
        raise NotReady(record["id"], f"the record {key_of(record)} is {record['state']}, so it is not sent")
    key = claim_key(intent.namespace, intent.dedupe_key)
    writing.claims.take(record, key, intent.dedupe_key, in_step=intent.in_step)
    writing.keep(request)
    row = writing.begin_attempt(_attempt_row(writing.transaction, intent, record, request))
    writing.change(
        record,
        {
            "state": State.SENDING.value,
            "cause": "",
            "reason": "",
            "dedupe_key": intent.dedupe_key,
            "document_hash": intent.document_hash,
            "attempts": row["number"],
        },
    )
    writing.note("intent", record, _intent_detail(intent, record, row))
    return row


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


def _intent_detail(intent: Intent, record: Record, attempt: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "from": record["state"],
        "to": State.SENDING.value,
        "attempt": attempt["number"],
        "namespace": intent.namespace,
        "dedupe_key": intent.dedupe_key,
        "document": intent.document_hash,
        "mapping": intent.mapping_hash,
        "request": attempt["request_hash"],
        "payload": record["payload_hash"],
    }


def _ended(writing: Writing, end: End) -> bool | Exception:
    try:
        return _end(writing, end)
    except (ProgramError, ClaimTaken) as failure:  # it has changed nothing: the others go on
        return failure


def _end(writing: Writing, end: End) -> bool:
    attempt, conclusion, decision = end.attempt, end.conclusion, end.conclusion.decision
    if decision.record_id != attempt.record_id:
        raise ProgramError(f"attempt {attempt.id} is of record {attempt.record_id}, not {decision.record_id}")
    record = writing.record(attempt.record_id)
    in_time = writing.is_open(attempt.id, attempt.record_id) and record["state"] == State.SENDING
    detail: dict[str, Any] = {
        "attempt": attempt.number,
        "proof": conclusion.proof,
        "status": conclusion.status,
        "message": conclusion.message,
        "answer": end.answer.name,
    }
    if in_time:
        move = move_of(record, decision)
        make(writing, move, proof=conclusion.proof, doubt=conclusion.doubt)
        writing.end_attempt(
            {
                "id": attempt.id,
                "answer_hash": end.answer.name,
                "proof": conclusion.proof,
                "status": conclusion.status,
                "message": mask_links(conclusion.message),
                "ended_at": writing.transaction.now,
            }
        )
        detail |= move.detail()
    else:
        detail["late"] = True
    writing.keep(end.answer)
    writing.note("outcome", record, detail)
    return in_time


def doubt(transaction: Transaction, record_ids: Sequence[int], since: Instant) -> None:
    """Put interrupted records in doubt and end their attempts without proof; others are left alone."""
    writing = Writing(transaction, Needs(records=record_ids))
    asked = sorted(set(record_ids))
    interrupted = [record_id for record_id in asked if writing.record(record_id)["state"] == State.SENDING]
    for record_id in interrupted:
        record = writing.record(record_id)
        decision = Decision(record_id=record_id, state=State.IN_DOUBT, cause="no_answer", reason=_INTERRUPTED)
        move = move_of(record, decision)
        make(writing, move, doubt=since)
        detail = {"proof": Proof.NONE, "message": _INTERRUPTED, **move.detail()}
        writing.note("outcome", record, detail)
    for part in parts_of(interrupted):
        still_open = select(attempts.c.id).where(attempts.c.record_id.in_(part), attempts.c.ended_at.is_(None))
        for attempt_id in transaction.connection.execute(still_open).scalars():
            writing.end_attempt(_end_in_doubt(transaction, attempt_id))
    writing.write()


def _end_in_doubt(transaction: Transaction, attempt_id: int) -> dict[str, Any]:
    return {
        "id": attempt_id,
        "answer_hash": None,
        "proof": Proof.NONE,
        "status": None,
        "message": _INTERRUPTED,
        "ended_at": transaction.now,
    }

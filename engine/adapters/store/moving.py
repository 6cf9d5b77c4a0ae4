"""Moving records from state to state: by a decision, by the table of allowed moves, with its audit event."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select, update

from engine.adapters.store import claims
from engine.adapters.store.many import Many
from engine.adapters.store.port import Decision
from engine.adapters.store.rows import Record, key_of, rows_of
from engine.adapters.store.tables import fold_label, records
from engine.adapters.store.transaction import Transaction, parts_of
from engine.domain.audit_event import AuditEvent
from engine.domain.lifecycle import State, check_move
from engine.domain.outcome import Proof
from engine.wire.masking import mask_links
from engine.words.clock import Instant
from engine.words.errors import ProgramError

_DESCRIPTION = ("mapping", "company", "label", "amount", "currency", "book_date")
_OUTCOME = ("dedupe_key", "document_hash", "entered_payload_hash", "reference", "acknowledged")
_WRITTEN = (
    *("state", "cause", "reason", *_DESCRIPTION, "label_folded", *_OUTCOME),
    *("attempts", "doubt_epoch", "doubt_seconds", "may_be_entered", "updated_at"),
)
_IN_TARGET = frozenset({State.ENTERED, State.IN_GL, State.SETTLED, State.IN_DOUBT})
_CLOSED = frozenset({State.DISMISSED, State.WITHDRAWN})
_NOTHING_WRITTEN = frozenset({Proof.NOT_SENT, Proof.NO_EFFECT})

_BY_IDS = select(records).where(records.c.id.in_(bindparam("ids", expanding=True)))
_SENDING = ("state", "cause", "reason", "dedupe_key", "document_hash", "attempts", "updated_at")


def _writing(names: Sequence[str]) -> Many:
    return Many(update(records).where(records.c.id == bindparam("new_id")).values(_new(names)))


def _new(names: Sequence[str]) -> dict[str, Any]:
    return {name: bindparam(f"new_{name}") for name in names}


_WRITE, _WRITE_SENDING = _writing(_WRITTEN), _writing(_SENDING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What a decision changes in one record."""

    record: Record
    decision: Decision
    standing: Mapping[str, str]
    facts: Mapping[str, Any]

    @property
    def is_move(self) -> bool:
        """Whether state, cause or reason change."""
        return bool(self.standing)

    @property
    def is_noted(self) -> bool:
        """Whether the trail should say it: a move, an outcome, or a description that was another one before."""
        return self.is_move or any(name in _OUTCOME or self.record[name] not in (None, "") for name in self.facts)

    def detail(self) -> dict[str, Any]:
        """The move for the audit trail."""
        told: dict[str, Any] = {}
        if self.is_move:
            told |= {"from": self.record["state"], "to": str(self.decision.state)}
            told |= {name: text for name, text in _reasons(self.decision).items() if text}
        if self.facts:
            told["facts"] = dict(self.facts)
        if self.decision.detail:
            told["detail"] = dict(self.decision.detail)
        return told


def records_of(transaction: Transaction, ids: Iterable[int]) -> dict[int, Record]:
    """The records with these ids.

    Raises:
        ProgramError: there is no such record.
    """
    wanted = sorted(set(ids))
    found = there_are(transaction, wanted)
    for record_id in wanted:
        if record_id not in found:
            raise no_record(record_id)
    return found


def there_are(transaction: Transaction, ids: Iterable[int]) -> dict[int, Record]:
    """Those of the records that are there."""
    return {
        row["id"]: row
        for part in parts_of(sorted(set(ids)))
        for row in rows_of(transaction.connection.execute(_BY_IDS, {"ids": part}))
    }


def no_record(record_id: int) -> ProgramError:
    """The error of one that is not."""
    return ProgramError(f"there is no record {record_id} in the ledger")


def write(transaction: Transaction, changed: Sequence[Record]) -> None:
    """Write records as they are now."""
    _WRITE.run(transaction.connection, [_as_new(record, _WRITTEN) for record in changed])


def write_sending(transaction: Transaction, changed: Sequence[Record]) -> None:
    """Write of records what an intent changes."""
    _WRITE_SENDING.run(transaction.connection, [_as_new(record, _SENDING) for record in changed])


def _as_new(record: Record, names: Sequence[str]) -> Record:
    return {"new_id": record["id"], **{f"new_{name}": record[name] for name in names}}


def decide(transaction: Transaction, decisions: Sequence[Decision]) -> None:
    """Move a batch of records, all or none."""
    current = records_of(transaction, (decision.record_id for decision in decisions))
    changed: dict[int, Record] = {}
    events: list[AuditEvent] = []
    for decision in decisions:
        if _is_overtaken(current[decision.record_id], decision):
            continue
        move = move_of(current[decision.record_id], decision)
        if move.is_move or move.facts:
            current[decision.record_id] = changed[decision.record_id] = moved(transaction, move)
            if move.is_noted:
                kind = "moved" if move.is_move else "noted"
                events.append(transaction.event(kind, str(key_of(move.record)), move.detail()))
    write(transaction, list(changed.values()))
    transaction.note(events)


def _is_overtaken(record: Record, decision: Decision) -> bool:
    """Whether the record is not any more as it was when the decision was made."""
    return (decision.was is not None and record["state"] != decision.was) or (
        decision.tries is not None and record["attempts"] != decision.tries
    )


def move_of(record: Record, decision: Decision) -> Move:
    """What the decision changes.

    Raises:
        ProgramError: the life of a record does not have this move.
    """
    check_move(State(record["state"]), decision.state, in_step=decision.in_step)
    wanted = {"state": str(decision.state), **_reasons(decision)}
    facts = {
        name: value
        for name in (*_DESCRIPTION, *_OUTCOME)
        if (value := getattr(decision, name)) is not None and value != record[name]
    }
    return Move(
        record=record,
        decision=decision,
        standing={name: text for name, text in wanted.items() if record[name] != text},
        facts=facts,
    )


def _reasons(decision: Decision) -> dict[str, str]:
    return {"cause": decision.cause, "reason": mask_links(decision.reason)}


def moved(
    transaction: Transaction,
    move: Move,
    *,
    proof: str | None = None,
    doubt: Instant | None = None,
    holds_claim: bool = False,
) -> Record:
    """The record after the move, not yet written; takes or gives back the claim that goes with it.

    `holds_claim` says that the record is known to hold the claim of the decision already.

    Raises:
        ClaimTaken: the decision adopts a document whose dedupe key another record holds.
    """
    decision = move.decision
    now: dict[str, Any] = {**move.record, **move.standing, **move.facts, "updated_at": transaction.now}
    now["label_folded"] = fold_label(now["label"])
    now["may_be_entered"] = _may_be_entered(move.record, decision.state, proof)
    if decision.state is not State.IN_DOUBT or doubt is not None:
        now["doubt_epoch"] = doubt.epoch if doubt is not None else None
        now["doubt_seconds"] = doubt.seconds if doubt is not None else None
    if holds_claim:
        return now
    if decision.namespace is not None and decision.dedupe_key is not None:
        claims.claim(transaction, now["id"], decision.namespace, decision.dedupe_key, in_step=decision.in_step)
    elif not now["may_be_entered"] and (proof in _NOTHING_WRITTEN or decision.state in _CLOSED):
        claims.release(transaction, now["id"])
    return now


def _may_be_entered(record: Record, new: State, proof: str | None) -> bool:
    if new in _IN_TARGET or (proof is not None and proof not in _NOTHING_WRITTEN):
        return True
    if record["state"] == State.IN_DOUBT and new is State.READY:
        return False  # looked up after the settle window, and not there
    return bool(record["may_be_entered"])

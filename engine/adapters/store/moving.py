"""Moving records from state to state: by a decision, by the table of allowed moves, with its audit event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.adapters.store.claims import claim_key
from engine.adapters.store.knowing import ClaimKey, Needs
from engine.adapters.store.port import Decision
from engine.adapters.store.rows import Record
from engine.adapters.store.tables import fold_label
from engine.adapters.store.writing import Writing
from engine.domain.lifecycle import State, check_move
from engine.domain.outcome import Proof
from engine.wire.masking import mask_links
from engine.words.clock import Instant

_DESCRIPTION = ("mapping", "company", "label", "amount", "currency", "book_date")
_OUTCOME = ("dedupe_key", "document_hash", "entered_payload_hash", "reference", "acknowledged")
_IN_TARGET = frozenset({State.ENTERED, State.IN_GL, State.SETTLED, State.IN_DOUBT})
_CLOSED = frozenset({State.DISMISSED, State.WITHDRAWN})
_NOTHING_WRITTEN = frozenset({Proof.NOT_SENT, Proof.NO_EFFECT})


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Decide:
    """Decisions on a batch of records, all or none."""

    decisions: Sequence[Decision]

    def needs(self) -> Needs:
        """The records, and who holds the claims of documents that are adopted."""
        return Needs(
            records=[decision.record_id for decision in self.decisions],
            claims=[key for decision in self.decisions if (key := claim_of(decision)) is not None],
        )

    def do(self, writing: Writing) -> None:
        """Move the records.

        Raises:
            ProgramError, ClaimTaken: as the ledger's `decide` does.
        """
        for decision in self.decisions:
            record = writing.record(decision.record_id)
            if _is_overtaken(record, decision):
                continue
            move = move_of(record, decision)
            if move.is_move or move.facts:
                make(writing, move)
                if move.is_noted:
                    writing.note("moved" if move.is_move else "noted", record, move.detail())


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


def make(writing: Writing, move: Move, *, proof: str | None = None, doubt: Instant | None = None) -> None:
    """Make a move, and take or give back the claim that goes with it.

    Raises:
        ClaimTaken: another record holds the dedupe key of the decision; nothing is changed.
    """
    decision, record, key = move.decision, move.record, claim_of(move.decision)
    may_be_entered = _may_be_entered(record, decision.state, proof)
    changes: dict[str, Any] = {**move.standing, **move.facts, "may_be_entered": may_be_entered}
    if "label" in move.facts:
        changes["label_folded"] = fold_label(changes["label"])
    if decision.state is not State.IN_DOUBT or doubt is not None:
        changes["doubt_epoch"] = doubt.epoch if doubt is not None else None
        changes["doubt_seconds"] = doubt.seconds if doubt is not None else None
    if key is not None:
        writing.claims.take(record, key, decision.dedupe_key or "", in_step=decision.in_step)
    elif not may_be_entered and (proof in _NOTHING_WRITTEN or decision.state in _CLOSED):
        writing.claims.release(record["id"])
    writing.change(record, changes)


def claim_of(decision: Decision) -> ClaimKey | None:
    """The claim that belongs to the document of a decision, if one does."""
    if decision.namespace is None or decision.dedupe_key is None:
        return None
    return claim_key(decision.namespace, decision.dedupe_key)


def _may_be_entered(record: Record, new: State, proof: str | None) -> bool:
    if new in _IN_TARGET or (proof is not None and proof not in _NOTHING_WRITTEN):
        return True
    if record["state"] == State.IN_DOUBT and new is State.READY:
        return False  # looked up after the settle window, and not there
    return bool(record["may_be_entered"])

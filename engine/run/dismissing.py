"""Closing records by a person's word, with a reason and a reference; never one that may still be written."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from engine.adapters.store.port import Decision, RecordRow
from engine.domain.lifecycle import State
from engine.run.setup import Setup
from engine.words.errors import InputError

IN_TARGET = frozenset({State.ENTERED, State.IN_GL, State.SETTLED})
TEXT_MAX = 500

_WhyNot = Callable[[RecordRow], str]


def dismiss(setup: Setup, rows: Sequence[RecordRow], *, reason: str, reference: str) -> None:
    """Dismiss the records, all or none; the audit trail says who did it and how each stood before.

    The source is told nothing: a dismissed record is not ours to complete.

    Raises:
        InputError: one of them may not be dismissed, or the reason or reference is missing.
    """
    _check_words(reason, reference)
    _check_all(rows, _why_not)
    setup.ledger.decide(
        [
            Decision(
                record_id=row.id,
                state=State.DISMISSED,
                reason=reason.strip(),
                reference=reference.strip(),
                entered_payload_hash=row.payload_hash,
                acknowledged="",
                was=row.state,
                detail={"act": "dismiss", "was": {"cause": row.cause, "reason": row.reason}},
            )
            for row in rows
        ],
        setup.make_id(),
        setup.who,
    )
    _check_done(setup, rows, State.DISMISSED)


def close_finding(setup: Setup, rows: Sequence[RecordRow], *, reason: str, reference: str) -> None:
    """Close what the worklist says of entered or dismissed records: they stay so, and only what is new is told.

    Raises:
        InputError: one of them is neither, or has nothing to close, or the reason or reference is missing.
    """
    _check_words(reason, reference)
    _check_all(rows, _why_no_finding)
    setup.ledger.decide(
        [
            Decision(
                record_id=row.id,
                state=row.state,
                reason=row.reason if row.state is State.DISMISSED else "",
                entered_payload_hash=row.payload_hash,
                was=row.state,
                detail={
                    "act": "close finding",
                    "why": reason.strip(),
                    "reference": reference.strip(),
                    "was": {"cause": row.cause, "reason": row.reason, "payload": row.entered_payload_hash},
                },
            )
            for row in rows
        ],
        setup.make_id(),
        setup.who,
    )


def _check_words(reason: str, reference: str) -> None:
    for name, text in (("reason", reason), ("reference", reference)):
        if not text.strip():
            raise InputError(f"--{name} is empty: an auditor will ask for it")
        if len(text) > TEXT_MAX:
            raise InputError(f"--{name} has {len(text)} characters, at most {TEXT_MAX} are kept")


def _check_all(rows: Sequence[RecordRow], why_not: _WhyNot) -> None:
    told = [f"{row.label or row.key.source_id} {reason}" for row in rows if (reason := why_not(row))]
    if told:
        raise InputError(f"nothing was changed: {'; '.join(told)}")


def _check_done(setup: Setup, rows: Sequence[RecordRow], state: State) -> None:
    """Another runner may have taken a record up between our look and our word."""
    now = setup.ledger.records(keys=[str(row.key) for row in rows], limit=len(rows))
    missed = [row.label or row.key.source_id for row in now if row.state is not state]
    if missed:
        raise InputError(f"not changed, because a run has just dealt with it: {', '.join(missed)}")


def _why_not(row: RecordRow) -> str:
    if row.state in IN_TARGET and not (row.state is State.ENTERED and row.cause == "vanished"):
        return (
            f"is entered as {row.reference}: it cannot be dismissed. Correct it in the target; `--finding` closes "
            "what the worklist says of it"
        )
    if row.state is State.SENDING:
        return "is being sent: run its mapping, which finds out how that ended"
    if row.state is State.IN_DOUBT and row.cause == "no_answer":
        return "was sent and nobody knows yet whether it was written: run its mapping, which looks it up"
    return "is dismissed already" if row.state is State.DISMISSED else ""


def _why_no_finding(row: RecordRow) -> str:
    if row.state not in IN_TARGET | {State.DISMISSED}:
        return f"is {row.state.value.replace('_', ' ')}, not entered: dismiss it without --finding"
    if not row.cause and row.entered_payload_hash in (None, row.payload_hash):
        return "has nothing to close"
    return ""

"""A person's word that a record is no duplicate of the document it was held for."""

from __future__ import annotations

from engine.adapters.store.port import Decision, RecordRow
from engine.domain.lifecycle import State
from engine.run.dismissing import TEXT_MAX
from engine.run.setup import Setup
from engine.words.errors import InputError


def not_a_duplicate(setup: Setup, row: RecordRow, *, reason: str) -> None:
    """Let the record through at the next run; the word holds for the documents it was held for, and no others.

    Raises:
        InputError: the record is not held as a possible duplicate, or the reason is missing.
    """
    if not reason.strip():
        raise InputError("--reason is empty: an auditor will ask for it")
    if len(reason) > TEXT_MAX:
        raise InputError(f"--reason has {len(reason)} characters, at most {TEXT_MAX} are kept")
    named = row.label or row.key.source_id
    if row.state is not State.HELD or row.cause != "possible_duplicate":
        raise InputError(f"{named} is not held as a possible duplicate: there is nothing to say of it")
    decision = Decision(
        record_id=row.id,
        state=State.READY,
        reason=f"no duplicate: {reason.strip()}",
        was=State.HELD,
        detail={
            "act": "not a duplicate",
            "why": reason.strip(),
            "was": {"cause": row.cause, "reason": row.reason},
        },
    )
    setup.ledger.decide([decision], setup.make_id(), setup.who)

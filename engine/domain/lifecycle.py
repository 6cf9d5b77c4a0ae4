"""The life of a record as a table of allowed moves; anything else raises."""

from __future__ import annotations

from enum import StrEnum

from engine.words.errors import ProgramError


class State(StrEnum):
    """Where a record stands. Every record is in exactly one state."""

    SEEN = "seen"
    UNCLAIMED = "unclaimed"
    NOT_POSTED = "not_posted"
    CUT_OVER = "cut_over"
    SKIPPED = "skipped"
    HELD = "held"
    WITHDRAWN = "withdrawn"
    READY = "ready"
    SENDING = "sending"
    ENTERED = "entered"
    IN_GL = "in_gl"
    SETTLED = "settled"
    REFUSED = "refused"
    IN_DOUBT = "in_doubt"
    DISMISSED = "dismissed"


MEANINGS: dict[State, str] = {
    State.SEEN: "read from the source, not yet looked at",
    State.UNCLAIMED: "no mapping takes it and books.yaml does not say why not",
    State.NOT_POSTED: "named under `not_posted` in books.yaml, with finance's reason",
    State.CUT_OVER: "dated before the company's go-live: never posts by itself",
    State.SKIPPED: "not to be sent, by its status or a check; looked at again at every run",
    State.HELD: "a check failed or a value is unknown; freed by itself when the cause is gone",
    State.WITHDRAWN: "left the feed before it was entered",
    State.READY: "may be sent",
    State.SENDING: "the intent is on disk and the request may be on its way",
    State.ENTERED: "saved in the target and read back",
    State.IN_GL: "posted to the general ledger by the ERP",
    State.SETTLED: "nothing is open any more",
    State.REFUSED: "the target said no, with proof that nothing was written",
    State.IN_DOUBT: "no proof either way; nothing is sent again until it is resolved",
    State.DISMISSED: "closed by a person, with a reason",
}

_S = State
_DECIDED = frozenset(
    {_S.UNCLAIMED, _S.NOT_POSTED, _S.CUT_OVER, _S.SKIPPED, _S.HELD, _S.WITHDRAWN, _S.READY, _S.DISMISSED, _S.ENTERED}
)
"""What a run makes of an open record; `entered` at once when it is found in the target already."""

MOVES: dict[State, frozenset[State]] = {
    _S.SEEN: _DECIDED,
    _S.UNCLAIMED: _DECIDED,
    _S.NOT_POSTED: _DECIDED,
    _S.CUT_OVER: _DECIDED,
    _S.SKIPPED: _DECIDED,
    _S.HELD: _DECIDED,
    _S.WITHDRAWN: _DECIDED | {_S.SEEN},
    _S.READY: _DECIDED | {_S.SENDING},
    _S.SENDING: frozenset({_S.READY, _S.ENTERED, _S.REFUSED, _S.IN_DOUBT, _S.HELD}),
    _S.IN_DOUBT: frozenset({_S.READY, _S.ENTERED, _S.HELD, _S.DISMISSED}),
    _S.REFUSED: frozenset({_S.READY, _S.HELD, _S.WITHDRAWN, _S.DISMISSED}),
    _S.ENTERED: frozenset({_S.IN_GL, _S.DISMISSED}),
    _S.IN_GL: frozenset({_S.SETTLED}),
    _S.SETTLED: frozenset(),
    _S.DISMISSED: frozenset(),
}
"""The moves of a document that is entered once."""

STEP_MOVES: dict[State, frozenset[State]] = {
    **MOVES,
    _S.ENTERED: frozenset({_S.READY, _S.HELD, _S.SKIPPED, _S.DISMISSED}),
}
"""The moves of master data kept in step: what was entered may be sent again when it changes."""

OPEN = frozenset({_S.SEEN, _S.UNCLAIMED, _S.NOT_POSTED, _S.CUT_OVER, _S.SKIPPED, _S.HELD, _S.WITHDRAWN, _S.READY})
"""States a run decides anew."""

NEEDS_PERSON = frozenset({_S.UNCLAIMED, _S.HELD, _S.REFUSED, _S.IN_DOUBT})
"""States that a person should look at when a run ends."""


def may_move(current: State, new: State, *, in_step: bool = False) -> bool:
    """Whether the table allows the move; staying in a state is always allowed."""
    return current is new or new in (STEP_MOVES if in_step else MOVES)[current]


def check_move(current: State, new: State, *, in_step: bool = False) -> None:
    """Do nothing when the move is allowed.

    Raises:
        ProgramError: the table does not have this move.
    """
    if not may_move(current, new, in_step=in_step):
        raise ProgramError(f"a record may not go from {current} to {new}")

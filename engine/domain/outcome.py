"""What is known after a write was tried: by proof, never by the status code alone."""

from __future__ import annotations

from enum import StrEnum

from engine.domain.lifecycle import State


class Proof(StrEnum):
    """What the answer, or its absence, proves about the target's books."""

    NOT_SENT = "not_sent"
    """Nothing left this machine."""
    NO_EFFECT = "no_effect"
    """401, 403, 429, or a 400, 409 or 503 with the target's own error body: nothing was written."""
    DUPLICATE = "duplicate"
    """The target says it has this key already: look it up and compare."""
    EFFECT = "effect"
    """A success in the target's own words."""
    NONE = "none"
    """Anything else: it may have been written."""


def state_after(proof: Proof, *, succeeded: bool, passing: bool) -> State:
    """The state a write leads to.

    `succeeded` is the recipe's own test of a 2xx answer; `passing` says that the refusal is about us
    or the moment (login, rate, seats) and not about the document, so that the record stays ready.
    """
    if proof is Proof.NOT_SENT:
        return State.READY
    if proof is Proof.NO_EFFECT:
        return State.READY if passing else State.REFUSED
    if proof is Proof.EFFECT and succeeded:
        return State.ENTERED
    return State.IN_DOUBT

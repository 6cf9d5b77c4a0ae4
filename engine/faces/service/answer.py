"""What a webhook is answered, and under which word it is counted."""

from __future__ import annotations

from enum import StrEnum


class Answer(StrEnum):
    """The outcome of one request; a refusal is answered by its status alone, so that nobody learns from it."""

    ACCEPTED = "accepted"
    KNOWN = "known"
    NO_ADDRESS = "no_address"
    WRONG_TYPE = "wrong_type"
    TOO_LARGE = "too_large"
    TOO_SLOW = "too_slow"
    UNSIGNED = "unsigned"
    FORGED = "forged"
    STALE = "stale"
    NOT_JSON = "not_json"
    NOT_KEPT = "not_kept"

    @property
    def status(self) -> int:
        """The HTTP status."""
        return _STATUSES[self]

    @property
    def is_taken(self) -> bool:
        """Whether the event is in the inbox."""
        return self in (Answer.ACCEPTED, Answer.KNOWN)


_STATUSES = {
    Answer.ACCEPTED: 202,
    Answer.KNOWN: 200,
    Answer.NO_ADDRESS: 404,
    Answer.WRONG_TYPE: 415,
    Answer.TOO_LARGE: 413,
    Answer.TOO_SLOW: 408,
    Answer.UNSIGNED: 401,
    Answer.FORGED: 401,
    Answer.STALE: 401,
    Answer.NOT_JSON: 400,
    Answer.NOT_KEPT: 503,
}

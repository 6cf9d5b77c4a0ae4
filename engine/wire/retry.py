"""Whether a read is tried again, and when; writes are never repeated by this rule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryRule:
    """How patient a connection is with reads; `attempts_max` counts the first one too."""

    attempts_max: int = 4
    first_wait_s: float = 1.0
    wait_max_s: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryDecision:
    """Try again after `wait_s`, or give up (None)."""

    wait_s: float | None

    @property
    def again(self) -> bool:
        """Whether there is another attempt."""
        return self.wait_s is not None


GIVE_UP = RetryDecision(wait_s=None)


def decide(
    rule: RetryRule, *, attempt: int, asked_wait_s: float | None, random: Callable[[], float]
) -> RetryDecision:
    """What to do after the attempt with this number (counting from 1) failed for a reason that may pass.

    The wait doubles with each attempt, between half and the whole of it at random (`random` gives 0 to 1).
    A wait the other system asked for is kept to, and is a reason to give up when it is longer than ours.
    """
    if attempt >= rule.attempts_max:
        return GIVE_UP
    if asked_wait_s is not None:
        return RetryDecision(wait_s=asked_wait_s) if asked_wait_s <= rule.wait_max_s else GIVE_UP
    whole = min(rule.first_wait_s * 2.0 ** min(attempt - 1, 30), rule.wait_max_s)
    return RetryDecision(wait_s=whole * (0.5 + random() / 2))


def retry_after_s(header: str | None, now: datetime) -> float | None:
    """Seconds from a `Retry-After` header, a number or an HTTP date; None when it says nothing usable."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit() and len(text) <= 9:
        return int(text)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())

"""Waits double, are bounded, and follow what the other system asks."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from engine.wire.retry import RetryRule, decide, retry_after_s

RULE = RetryRule(attempts_max=6, first_wait_s=1, wait_max_s=10)


def wait(attempt: int, random: float = 1.0, asked: float | None = None) -> float | None:
    return decide(RULE, attempt=attempt, asked_wait_s=asked, random=lambda: random).wait_s


def test_waits_double_up_to_the_longest():
    assert [wait(attempt) for attempt in range(1, 7)] == [1, 2, 4, 8, 10, None]


def test_half_of_the_wait_is_random():
    assert (wait(3, 0.0), wait(3, 0.5), wait(3, 1.0)) == (2, 3, 4)


def test_a_wait_asked_for_is_kept_and_a_too_long_one_ends_it():
    assert wait(1, asked=0) == 0
    assert wait(1, asked=9.5) == 9.5
    assert wait(1, asked=11) is None
    assert wait(6, asked=1) is None


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("30", 30.0),
        (" 5 ", 5.0),
        ("soon", None),
        ("-3", None),
        ("Mon, 23 Nov 2026 12:00:30 GMT", 30.0),
        ("Mon, 23 Nov 2026 11:00:00 GMT", 0.0),
        ("9" * 40, None),
        ("Mon, 23 Nov 99999999999 12:00:30 GMT", None),
        ("Mon, 23 Nov 2026 12:00:30 +99999999999999", None),
    ],
)
def test_retry_after(header, seconds):
    assert retry_after_s(header, datetime(2026, 11, 23, 12, tzinfo=UTC)) == seconds

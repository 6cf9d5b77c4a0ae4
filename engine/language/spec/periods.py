"""The days that may be posted into."""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from typing import Any

Span = tuple[date, date]


def parse_period(written: Any) -> Span:
    """The first and last day of a month (`2026-11`) or of `{from: …, to: …}`.

    Raises:
        ValueError: a day that the calendar does not have, or a span that ends before it begins.
    """
    if isinstance(written, dict):
        first, last = date.fromisoformat(written["from"]), date.fromisoformat(written["to"])
        if last < first:
            raise ValueError(f"{last} is before {first}")
        return first, last
    year, month = (int(part) for part in written.split("-"))
    return date(year, month, 1), date(year, month, monthrange(year, month)[1])


def is_open(spans: tuple[Span, ...], day: date) -> bool:
    """Whether a day lies in one of the spans."""
    return any(first <= day <= last for first, last in spans)


def next_open(spans: tuple[Span, ...], day: date) -> date | None:
    """The first open day from this day on, itself included; None when nothing is open any more."""
    if is_open(spans, day):
        return day
    return min((first for first, _ in spans if first > day), default=None)

"""OData `$filter` texts from values, cut into requests that a server accepts."""

from __future__ import annotations

import string
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from engine.words.errors import ProgramError

Condition = tuple[str, object]

_AS_THEY_ARE = f"{string.ascii_letters}{string.digits}_.-~".encode()
"""The signs that percent-encoding leaves alone."""


def literal(value: object) -> str:
    """A value as OData writes it: text in quotes (a quote inside doubled), dates as midnight without zone.

    Raises:
        ProgramError: a value that has no spelling here, such as a float or nothing at all.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, Decimal)):
        return f"{value:f}" if isinstance(value, Decimal) else str(value)
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(timespec="seconds")
    if isinstance(value, date):
        return f"{value.isoformat()}T00:00:00"
    raise ProgramError(f"{value!r} cannot stand in a $filter")


def all_of(conditions: Sequence[Condition]) -> str:
    """Conditions that a row must fulfil together."""
    return " and ".join(f"{field} eq {literal(value)}" for field, value in conditions)


def any_of(groups: Sequence[str]) -> str:
    """One of several groups; `and` binds closer than `or`, so they need no brackets."""
    return " or ".join(groups)


def chunks(groups: Sequence[str], *, bytes_max: int, groups_max: int) -> Iterator[tuple[str, ...]]:
    """The groups of as few filters as fit: each at most `bytes_max` when percent-encoded, and `groups_max` groups.

    A group that is too long alone is given alone.
    """
    taken: list[str] = []
    size = 0
    for group in groups:
        more = _length_encoded(f" or {group}")
        if taken and (size + more > bytes_max or len(taken) >= groups_max):
            yield tuple(taken)
            taken, size = [], 0
        taken.append(group)
        size += more
    if taken:
        yield tuple(taken)


def _length_encoded(text: str) -> int:
    """The bytes of a text when it is percent-encoded, without writing it out: three for each sign that is."""
    plain = text.encode()
    return len(plain) + 2 * len(plain.translate(None, _AS_THEY_ARE))

"""OData `$filter` texts from values, cut into requests that a server accepts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TypeVar
from urllib.parse import quote
from uuid import UUID

from engine.words.errors import ProgramError

Condition = tuple[str, object]
_T = TypeVar("_T")


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
    """One of several groups; a single one stands without brackets."""
    return groups[0] if len(groups) == 1 else " or ".join(f"({group})" for group in groups)


def chunks(
    items: Sequence[_T], group: Callable[[_T], str], *, bytes_max: int, groups_max: int
) -> Iterator[tuple[tuple[_T, ...], str]]:
    """Items in as few filters as fit: each at most `bytes_max` when percent-encoded, and `groups_max` groups.

    IIS refuses long query strings and ASP.NET deep filters. A group that is too long alone is sent alone.
    """
    taken: list[_T] = []
    texts: list[str] = []
    size = 0
    for item in items:
        text = group(item)
        more = len(quote(f" or ({text})", safe=""))
        if texts and (size + more > bytes_max or len(texts) >= groups_max):
            yield tuple(taken), any_of(texts)
            taken, texts, size = [], [], 0
        taken.append(item)
        texts.append(text)
        size += more
    if texts:
        yield tuple(taken), any_of(texts)

"""Filters of lists."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, DecimalException
from typing import Any

from engine.language.transform.exact import sum_exactly
from engine.language.transform.failure import TransformError
from engine.language.transform.operators import contained, equal, read_key, refuse_unknown
from engine.language.transform.wanted import wanted_count, wanted_date, wanted_list, wanted_number, wanted_text

DAYS_MAX = 3660


def _field_of(item: Any, name: str) -> Any:
    if type(item) is dict and type(name) is str and name in item:
        found = item[name]
    else:
        found = read_key(item, wanted_text(name), "an item")
    refuse_unknown(found)
    return found


def first(value: Any) -> Any:
    """The first item, or nothing when there is none."""
    return next(iter(wanted_list(value)), None)


def last(value: Any) -> Any:
    """The last item, or nothing when there is none."""
    items = wanted_list(value)
    return items[-1] if items else None


def sum_of(value: Any, name: Any) -> int | Decimal:
    """The sum of one field over a list; items without a value count nothing."""
    found = [_field_of(item, name) for item in wanted_list(value)]
    try:
        return sum_exactly([wanted_number(number) for number in found if number is not None])
    except DecimalException as error:
        raise TransformError("gives more digits than are kept") from error


def pluck(value: Any, name: Any) -> list[Any]:
    """One field of every item."""
    return [_field_of(item, name) for item in wanted_list(value)]


def where(value: Any, name: Any, wanted: Any) -> list[Any]:
    """The items whose field has this value."""
    shown = f"{name}"
    return [item for item in wanted_list(value) if equal(_field_of(item, name), wanted, shown, "the wanted value")]


def dated_near(value: Any, name: Any, day: Any, days: Any) -> list[Any]:
    """The items whose date in one field is at most so many days from a day; items without a date are left out."""
    middle, most = wanted_date(day), wanted_count(days, DAYS_MAX)
    return [item for item in wanted_list(value) if _days_apart(_field_of(item, name), middle) <= most]


def _days_apart(value: Any, middle: date) -> int:
    if value is None or value == "":
        return DAYS_MAX + 1
    try:
        found = value if isinstance(value, date) else date.fromisoformat(wanted_text(value)[:10])
    except ValueError as error:
        raise TransformError(f"finds '{value}', which is no date") from error
    return abs((found - middle).days)


def any_in(value: Any, name: Any, wanted: Any) -> bool:
    """Whether the field of any item is one of the list."""
    choices, items, shown = wanted_list(wanted if wanted is not None else []), wanted_list(value), f"{name}"
    return bool(choices) and any(contained(_field_of(item, name), choices, shown, "the list") for item in items)

"""The kinds of value a filter may ask for; each check hands the value on or says what it is instead."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from engine.language.transform.failure import TransformError
from engine.language.transform.operators import is_number, kind_of


def wanted_text(value: Any) -> str:
    """The value, which is text."""
    if not isinstance(value, str):
        raise TransformError(f"wants text, not what is {kind_of(value)}")
    return value


def wanted_number(value: Any) -> int | Decimal:
    """The value, which is a whole number or an amount."""
    if not is_number(value):
        raise TransformError(f"wants a number, not what is {kind_of(value)}")
    number: int | Decimal = value
    return number


def wanted_date(value: Any) -> date:
    """The value, which is a date."""
    if not isinstance(value, date):
        raise TransformError(f"wants a date, not what is {kind_of(value)}")
    return value


def wanted_list(value: Any) -> list[Any] | tuple[Any, ...]:
    """The value, which is a list."""
    if not isinstance(value, (list, tuple)):
        raise TransformError(f"wants a list, not what is {kind_of(value)}")
    return value


def wanted_count(value: Any, most: int) -> int:
    """The value, which is a whole number from 0 to `most`."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise TransformError(f"wants a whole number from 0 to {most} in its brackets")
    return value

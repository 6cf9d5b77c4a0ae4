"""Filters of numbers, amounts and dates."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal, DecimalException
from functools import lru_cache
from typing import Any

from engine.language.transform.exact import number_of_text
from engine.language.transform.failure import TransformError
from engine.language.transform.operators import is_number, kind_of, turned
from engine.language.transform.wanted import wanted_date, wanted_number, wanted_text
from engine.words.money import ROUNDINGS, round_money

DATE_PARTS = "YymdHMSjb"
"""The letters that may follow % in a date pattern: they read the same in every locale."""

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def absolute(value: Any) -> int | Decimal:
    """The number without its sign."""
    number = wanted_number(value)
    return number.copy_abs() if isinstance(number, Decimal) else abs(number)


def flip(value: Any, condition: Any) -> int | Decimal:
    """The number with its sign turned when the condition is true."""
    number = wanted_number(value)
    if not isinstance(condition, bool):
        raise TransformError(f"wants true or false in its brackets, not what is {kind_of(condition)}")
    return turned(number) if condition else number


def format_date(value: Any, pattern: Any) -> str:
    """A date as text, by a pattern such as '%Y-%m-%d'."""
    day = wanted_date(value)
    fault = date_pattern_fault(pattern)
    if fault:
        raise TransformError(fault)
    return day.strftime(pattern.replace("%b", _MONTHS[day.month - 1]))


def date_pattern_fault(pattern: Any) -> str | None:
    """What is wrong with a date pattern, or None."""
    return _part_fault(pattern) if isinstance(pattern, str) else "wants a pattern such as '%Y-%m-%d'"


@lru_cache(maxsize=256)
def _part_fault(pattern: str) -> str | None:
    wrong = re.search(rf"%(?![{DATE_PARTS}]).?", pattern)
    if wrong:
        return f"does not know {wrong.group()!r}: %Y %y %m %d %j %b %H %M %S are the parts of a date"
    return None


def round_to_currency(value: Any, currency: Any, rule: Any) -> Decimal:
    """An amount at its currency's scale by a named rule, half_up or half_even."""
    amount = Decimal(wanted_number(value))
    fault = rule_fault(rule) or currency_fault(currency)
    if fault:
        raise TransformError(fault)
    try:
        rounded = round_money(amount, currency, rule)
    except DecimalException as error:
        raise TransformError("was given more digits than are kept") from error
    return rounded if rounded else rounded.copy_abs()


def format_money(value: Any, thousands: Any = ",") -> str:
    """An amount as text, with at least two decimals and none lost."""
    amount = Decimal(wanted_number(value))
    decimals = max(2, -int(amount.as_tuple().exponent))
    return f"{amount:,.{decimals}f}".replace(",", wanted_text(thousands))


def decimal(value: Any) -> Decimal:
    """The exact number that a text such as '12.50' spells."""
    if is_number(value):
        return Decimal(value)
    number = number_of_text(wanted_text(value).strip())
    if number is None:
        raise TransformError(f"cannot read {value[:40]!r} as a number")
    return Decimal(number)


def add_days(value: Any, days: Any) -> date:
    """The date so many days later; earlier with a negative number."""
    if isinstance(days, bool) or not isinstance(days, int):
        raise TransformError("wants a whole number of days in its brackets")
    try:
        return wanted_date(value) + timedelta(days=days)
    except OverflowError as error:
        raise TransformError("gives a date outside the calendar") from error


def rule_fault(rule: Any) -> str | None:
    """What is wrong with the name of a rounding, or None."""
    return (
        None
        if isinstance(rule, str) and rule in ROUNDINGS
        else f"does not know the rule {rule!r}: {' or '.join(sorted(ROUNDINGS))}"
    )


def currency_fault(currency: Any) -> str | None:
    """What is wrong with a currency, or None."""
    named = isinstance(currency, str) and re.fullmatch("[A-Z]{3}", currency)
    return None if named else "wants a currency such as 'USD'"

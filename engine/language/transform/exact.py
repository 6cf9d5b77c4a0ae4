"""Exact arithmetic, and JMESPath's functions on Decimal.

JMESPath as shipped refuses Decimal in `sum`, `max` and others, and its `to_number` loses cents. The
functions here keep every digit; the library itself is not changed.
"""

from __future__ import annotations

import math
import re
from decimal import Clamped, Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow
from typing import Any

from jmespath import functions

from engine.language.transform.bounded import check_size, lengths_in
from engine.words.json_value import encode

DIGITS_MAX = 60

# Only methods of this context are called: they read its precision and traps, so threads may share it.
EXACT = Context(prec=DIGITS_MAX, traps=[Inexact, InvalidOperation, Overflow, DivisionByZero, Clamped])

_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?", re.ASCII)


def number_of_text(text: str) -> int | Decimal | None:
    """The number a text spells as JSON would, exactly; None when it spells none."""
    if not _NUMBER.fullmatch(text):
        return None
    if text.lstrip("-").isdigit():
        return int(text) if len(text) <= DIGITS_MAX else None
    return Decimal(text)


def sum_exactly(numbers: list[int | Decimal]) -> int | Decimal:
    """The sum; a whole number when all are, 0 of nothing.

    Raises:
        decimal.Inexact: the sum has more digits than are kept.
    """
    total: int | Decimal = 0
    for number in numbers:
        if isinstance(total, int) and isinstance(number, int):
            total += number
        else:
            total = EXACT.add(Decimal(total), Decimal(number))
    return total


class DecimalFunctions(functions.Functions):
    """JMESPath's built-in functions, for which a Decimal is a number like any other."""

    def __init__(self) -> None:
        self._allowed: dict[tuple[str, ...], tuple[list[str], list[tuple[str, ...]]]] = {}

    def _get_allowed_pytypes(self, types: list[str]) -> tuple[list[str], list[tuple[str, ...]]]:
        known = self._allowed.get(tuple(types))
        if known is None:
            allowed, inner = super()._get_allowed_pytypes(types)  # type: ignore[misc]
            if "int" in allowed:
                allowed = [*allowed, "Decimal"]
            known = allowed, [(*names, "Decimal") if "int" in names else names for names in inner]
            self._allowed[tuple(types)] = known
        return known

    def _convert_to_jmespath_type(self, pyobject: str) -> str:
        if pyobject == "Decimal":
            return "number"
        return str(super()._convert_to_jmespath_type(pyobject))  # type: ignore[misc]

    @functions.signature({"types": ["number"]})
    def _func_abs(self, arg: int | Decimal) -> int | Decimal:
        return arg.copy_abs() if isinstance(arg, Decimal) else abs(arg)

    @functions.signature({"types": ["number"]})
    def _func_ceil(self, arg: int | Decimal) -> int:
        return math.ceil(arg)

    @functions.signature({"types": ["number"]})
    def _func_floor(self, arg: int | Decimal) -> int:
        return math.floor(arg)

    @functions.signature({"types": ["array-number"]})
    def _func_sum(self, arg: list[int | Decimal]) -> int | Decimal:
        return sum_exactly(arg)

    @functions.signature({"types": ["array-number"]})
    def _func_avg(self, arg: list[int | Decimal]) -> Decimal | None:
        return Decimal(sum_exactly(arg)) / len(arg) if arg else None

    @functions.signature({"types": []})
    def _func_to_number(self, arg: Any) -> int | Decimal | None:
        if isinstance(arg, str):
            return number_of_text(arg)
        return arg if isinstance(arg, (int, Decimal)) and not isinstance(arg, bool) else None

    @functions.signature({"types": []})
    def _func_to_string(self, arg: Any) -> str:
        if isinstance(arg, str):
            return arg
        check_size(lengths_in(arg))
        return f"{arg:f}" if isinstance(arg, Decimal) else encode(arg).decode()

    @functions.signature({"types": ["string"]}, {"types": ["array-string"]})
    def _func_join(self, glue: str, texts: list[str]) -> str:
        check_size(len(glue) + len(text) for text in texts)
        return glue.join(texts)

    @functions.signature({"types": []})
    def _func_type(self, arg: Any) -> str:
        return self._convert_to_jmespath_type(type(arg).__name__)

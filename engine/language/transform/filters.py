"""The filters and tests of expressions: pure functions in a literal table, from which the README prints.

An empty value passes through a filter as it is, unless the filter `takes_missing`. A filter that is given
the wrong kind of value raises TransformError; it never guesses.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.language.transform import list_filters, text_filters, value_filters
from engine.language.transform.operators import is_number
from engine.language.transform.wanted import wanted_date, wanted_text


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterSpec:
    """A filter: what it does in one line, and an example `expression` with its result.

    `checks` look at arguments that are written as literals, when the file is read. `names_field` says that
    the first argument names a field of a list's items, and `keeps_items` that the items come out again.
    """

    function: Callable[..., Any]
    doc: str
    example: tuple[str, str]
    takes_missing: bool = False
    checks: Mapping[str, Callable[[Any], str | None]] = field(default_factory=dict)
    names_field: bool = False
    keeps_items: bool = False

    @property
    def parameters(self) -> tuple[inspect.Parameter, ...]:
        """What may stand in the brackets."""
        return tuple(inspect.signature(self.function).parameters.values())[1:]

    @property
    def usage(self) -> str:
        """How it is called, as `left(count)`; arguments that may be left out have their default."""
        shown = [p.name if p.default is p.empty else f"{p.name}={p.default!r}" for p in self.parameters]
        return f"({', '.join(shown)})" if shown else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TestOfValue:
    """A test, as in `x is missing`."""

    __test__ = False

    function: Callable[[Any], bool]
    doc: str
    example: tuple[str, str]


def _default(value: Any, otherwise: Any) -> Any:
    """The value, or the other one when it is missing."""
    return otherwise if _is_missing(value) else value


def _is_missing(value: Any) -> bool:
    """Whether there is nothing: no value, or empty text."""
    return value is None or value == ""


FILTERS: dict[str, FilterSpec] = {
    "abs": FilterSpec(
        function=value_filters.absolute, doc="the number without its sign", example=("-12 | abs", "12")
    ),
    "add_days": FilterSpec(
        function=value_filters.add_days,
        doc="the date so many days later; earlier with a negative number",
        example=("date | add_days(30)", "2026-12-23"),
    ),
    "any_in": FilterSpec(
        function=list_filters.any_in,
        doc="whether the field of any item is one of a list",
        example=("lines | any_in('account', ['6100', '6200'])", "true"),
        names_field=True,
    ),
    "contains": FilterSpec(
        function=text_filters.contains,
        doc="whether the text holds another text, or the list an item",
        example=("'AWS June' | contains('June')", "true"),
    ),
    "dated_near": FilterSpec(
        function=list_filters.dated_near,
        doc="the items whose date in one field is at most so many days from a day",
        example=("[] | dated_near('InvoiceDate', date, 45)", "[]"),
        names_field=True,
    ),
    "day": FilterSpec(
        function=lambda value: wanted_date(value).day, doc="the day of a date", example=("date | day", "23")
    ),
    "decimal": FilterSpec(
        function=value_filters.decimal,
        doc="the exact number that a text spells",
        example=("'12.50' | decimal", "12.50"),
    ),
    "default": FilterSpec(
        function=_default,
        doc="another value when this one is missing (none, empty text, or no such key)",
        example=("none | default('n/a')", "n/a"),
        takes_missing=True,
    ),
    "first": FilterSpec(
        function=list_filters.first,
        doc="the first item; nothing of an empty list",
        example=("['a', 'b'] | first", "a"),
    ),
    "flip": FilterSpec(
        function=value_filters.flip,
        doc="the number with its sign turned when the condition is true",
        example=("12 | flip(true)", "-12"),
    ),
    "format_date": FilterSpec(
        function=value_filters.format_date,
        doc="a date as text; %Y %y %m %d %j %b %H %M %S are the parts",
        example=("date | format_date('%y%m%d')", "261123"),
        checks={"pattern": value_filters.date_pattern_fault},
    ),
    "format_money": FilterSpec(
        function=value_filters.format_money,
        doc="an amount as text, with at least two decimals and none lost",
        example=("1234.5 | format_money", "1,234.50"),
    ),
    "join": FilterSpec(
        function=text_filters.join,
        doc="the texts and whole numbers of a list, joined",
        example=("['a', 'b'] | join('-')", "a-b"),
    ),
    "last": FilterSpec(
        function=list_filters.last, doc="the last item; nothing of an empty list", example=("['a', 'b'] | last", "b")
    ),
    "left": FilterSpec(
        function=text_filters.left, doc="the first characters of a text", example=("'Epicor' | left(3)", "Epi")
    ),
    "length": FilterSpec(
        function=text_filters.length,
        doc="how many characters or items there are; 0 of nothing",
        example=("'abc' | length", "3"),
        takes_missing=True,
    ),
    "lower": FilterSpec(
        function=lambda value: wanted_text(value).lower(),
        doc="the text in lower case",
        example=("'USD' | lower", "usd"),
    ),
    "month": FilterSpec(
        function=lambda value: wanted_date(value).month, doc="the month of a date", example=("date | month", "11")
    ),
    "pad_left": FilterSpec(
        function=text_filters.pad_left,
        doc="the text, filled up on the left to a length",
        example=("'42' | pad_left(6, '0')", "000042"),
    ),
    "pluck": FilterSpec(
        function=list_filters.pluck,
        doc="one field of every item, as a list",
        example=("lines | pluck('account')", "['6100', '6200']"),
        names_field=True,
    ),
    "replace": FilterSpec(
        function=text_filters.replace,
        doc="the text with every occurrence replaced",
        example=("'a/b' | replace('/', '-')", "a-b"),
    ),
    "right": FilterSpec(
        function=text_filters.right, doc="the last characters of a text", example=("'INV-0042' | right(4)", "0042")
    ),
    "round_money": FilterSpec(
        function=value_filters.round_to_currency,
        doc="an amount at its currency's scale by a named rule, half_up or half_even",
        example=("2.345 | round_money('USD', 'half_up')", "2.35"),
        checks={"rule": value_filters.rule_fault, "currency": value_filters.currency_fault},
    ),
    "short_hash": FilterSpec(
        function=text_filters.short_hash,
        doc="the first hex digits of the text's SHA-256, in upper case",
        example=("'bill_1' | short_hash(8)", "2D2EFE41"),
    ),
    "split": FilterSpec(
        function=text_filters.split,
        doc="the parts of a text between separators, trimmed",
        example=("'6100|10' | split('|')", "['6100', '10']"),
    ),
    "sum_of": FilterSpec(
        function=list_filters.sum_of,
        doc="the sum of one field over a list",
        example=("lines | sum_of('amount')", "100.00"),
        names_field=True,
    ),
    "text": FilterSpec(function=text_filters.text, doc="a number written out as text", example=("42 | text", "42")),
    "trim": FilterSpec(
        function=lambda value: wanted_text(value).strip(),
        doc="the text without spaces at its ends",
        example=("' a ' | trim", "a"),
    ),
    "upper": FilterSpec(
        function=lambda value: wanted_text(value).upper(),
        doc="the text in upper case",
        example=("'usd' | upper", "USD"),
    ),
    "where": FilterSpec(
        function=list_filters.where,
        doc="the items of a list whose field has this value",
        example=("lines | where('account', '6100') | length", "1"),
        names_field=True,
        keeps_items=True,
    ),
    "year": FilterSpec(
        function=lambda value: wanted_date(value).year, doc="the year of a date", example=("date | year", "2026")
    ),
}

TESTS: dict[str, TestOfValue] = {
    "missing": TestOfValue(
        function=_is_missing,
        doc="there is nothing: no value, empty text, or no such key",
        example=("none is missing", "true"),
    ),
    "none": TestOfValue(
        function=lambda value: value is None, doc="there is no value", example=("'' is none", "false")
    ),
    "number": TestOfValue(
        function=is_number, doc="it is a whole number or an amount", example=("12.50 is number", "true")
    ),
    "string": TestOfValue(
        function=lambda value: isinstance(value, str), doc="it is text", example=("'12' is string", "true")
    ),
}

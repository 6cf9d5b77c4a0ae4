"""Every filter and test: its printed example is true, and wrong values are refused in words."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from engine.language.transform.filters import FILTERS, TESTS
from engine.language.transform.render import RenderError

Evaluate = Callable[[str], Any]


def shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


@pytest.mark.parametrize("name", sorted(FILTERS))
def test_the_example_of_a_filter_is_true(evaluate: Evaluate, name: str) -> None:
    expression, result = FILTERS[name].example
    assert f"| {name}" in expression
    assert shown(evaluate(f"{{{{ {expression} }}}}")) == result


@pytest.mark.parametrize("name", sorted(TESTS))
def test_the_example_of_a_test_is_true(evaluate: Evaluate, name: str) -> None:
    expression, result = TESTS[name].example
    assert f"is {name}" in expression
    assert shown(evaluate(f"{{{{ {expression} }}}}")) == result


@pytest.mark.parametrize("name", sorted(FILTERS))
def test_a_filter_says_in_one_line_what_it_does(name: str) -> None:
    spec = FILTERS[name]
    assert spec.doc
    assert "\n" not in spec.doc
    assert not spec.doc.endswith(".")
    assert all(parameter in {p.name for p in spec.parameters} for parameter in spec.checks)


def test_the_arguments_of_a_filter_are_shown() -> None:
    assert FILTERS["left"].usage == "(count)"
    assert FILTERS["short_hash"].usage == "(length=12)"
    assert FILTERS["upper"].usage == ""


@pytest.mark.parametrize("name", sorted(set(FILTERS) - {"default", "length"}))
def test_nothing_passes_through_a_filter(evaluate: Evaluate, name: str) -> None:
    arguments = {
        "add_days": "(1)",
        "any_in": "('a', ['b'])",
        "contains": "('a')",
        "dated_near": "('a', date, 45)",
        "flip": "(true)",
        "format_date": "('%Y')",
        "join": "(',')",
        "left": "(1)",
        "right": "(1)",
        "pad_left": "(3)",
        "pluck": "('a')",
        "replace": "('a', 'b')",
        "round_money": "('USD', 'half_up')",
        "split": "(',')",
        "sum_of": "('a')",
        "where": "('a', 'b')",
    }
    assert evaluate(f"{{{{ prepaid_account | {name}{arguments.get(name, '')} }}}}") is None


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("total | flip(credit)", Decimal("-100.00")),
        ("total | flip(not credit)", Decimal("100.00")),
        ("count | flip(credit)", -3),
        ("0 | flip(credit)", 0),
        ("2.345 | round_money('USD', 'half_up')", Decimal("2.35")),
        ("2.345 | round_money('USD', 'half_even')", Decimal("2.34")),
        ("2.5 | round_money('JPY', 'half_even')", Decimal("2")),
        ("-0.001 | round_money('USD', 'half_up')", Decimal("0.00")),
        ("1234567.5 | format_money", "1,234,567.50"),
        ("1234567.567 | format_money(thousands='')", "1234567.567"),
        ("-5 | format_money", "-5.00"),
        ("' 12.50 ' | decimal", Decimal("12.50")),
        ("'-3' | decimal", Decimal(-3)),
        ("count | text", "3"),
        ("total | text", "100.00"),
        ("date | format_date('%d %b %Y, week day %j')", "23 Nov 2026, week day 327"),
        ("date | add_days(-23)", date(2026, 10, 31)),
        ("empty | default('n/a')", "n/a"),
        ("vendor.Phone | default('n/a')", "n/a"),
        ("prepaid_account | default(none)", None),
        ("0 | default(5)", 0),
        ("false | default(true)", False),
        ("prepaid_account | length", 0),
        ("lines | length", 2),
        ("[] | first", None),
        ("[] | last", None),
        ("lines | last", {"account": "6200", "amount": Decimal("40.00"), "memo": "June"}),
        ("lines | sum_of('amount')", Decimal("100.00")),
        ("lines | where('account', '9') | sum_of('amount')", 0),
        ("lines | any_in('account', ['6200'])", True),
        ("lines | any_in('account', ['62'])", False),
        ("lines | any_in('account', books.amortise_in)", False),
        ("lines | where('memo', none) | pluck('account')", ["6100"]),
        ("['a', 1] | join('-')", "a-1"),
        ("'a,b , c' | split(',')", ["a", "b", "c"]),
        ("['a', 'b'] | contains('b')", True),
        ("'abc' | left(10)", "abc"),
        ("'abc' | right(0)", ""),
        ("'abcabc' | replace('b', '')", "acac"),
        ("7 | pad_left(4)", "0007"),
        ("'12345' | pad_left(4)", "12345"),
        ("id | short_hash", hashlib.sha256(b"bill_1").hexdigest()[:12].upper()),
        ("id | short_hash | length", 12),
        ("vendor_name | upper | lower | trim", "acme"),
    ],
)
def test_a_filter_gives_the_exact_value(evaluate: Evaluate, expression: str, value: Any) -> None:
    found = evaluate(f"{{{{ {expression} }}}}")
    assert found == value
    assert str(found) == str(value)


@pytest.mark.parametrize(
    ("expression", "sentence"),
    [
        ("vendor_name | flip(credit)", "vendor_name: flip wants a number"),
        ("total | flip('yes')", "flip wants true or false in its brackets, not what is text"),
        ("credit | abs", "abs wants a number, not what is true or false"),
        ("total | upper", "upper wants text, not what is an amount"),
        ("vendor_name | format_date('%Y')", "format_date wants a date, not what is text"),
        ("date | add_days(1.5)", "add_days wants a whole number"),
        ("date | add_days(9999999)", "outside the calendar"),
        ("vendor | first", "first wants a list, not what is an object"),
        ("'1,234' | decimal", "cannot read '1,234' as a number"),
        ("'NaN' | decimal", "cannot read 'NaN'"),
        ("'1_0' | decimal", "cannot read '1_0'"),
        ("lines | pluck('nothing')", "pluck an item.nothing is not known"),
        ("lines | where('amount', 'x')", "they cannot be compared"),
        ("[total] | join(',')", "an item is money, which text may not hold"),
        ("total | round_money(vendor_name, 'half_up')", "wants a currency such as 'USD'"),
        ("total | round_money('USD', vendor_name)", "does not know the rule 'Acme'"),
        ("vendor_name | replace('', 'x')", "not an empty one"),
        ("vendor_name | split('')", "not an empty text"),
        ("vendor_name | pad_left(9, 'ab')", "one character"),
        ("date | format_date(vendor_name ~ '%Z')", "does not know '%Z'"),
        ("total | length", "length wants text or a list"),
        ("lines | dated_near('memo', date, 45)", "finds 'June', which is no date"),
        ("lines | dated_near('memo', 'June', 45)", "wants a date, not what is text"),
        ("date | short_hash", "a date, which text may not hold"),
    ],
)
def test_a_filter_refuses_the_wrong_value_in_words(evaluate: Evaluate, expression: str, sentence: str) -> None:
    with pytest.raises(RenderError) as failed:
        evaluate(f"{{{{ {expression} }}}}")
    assert sentence in failed.value.sentence

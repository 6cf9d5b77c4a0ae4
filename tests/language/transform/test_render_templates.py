"""Templates: what they give, and what they say when they cannot."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from engine.language.node import Node, ProblemFound
from engine.language.transform.failure import TransformError
from engine.language.transform.render import RenderError, Template, compile_template, literal
from engine.words.problem import Place

Nodes = Callable[..., Node]
Evaluate = Callable[[str], Any]


@pytest.mark.parametrize("value", [None, True, 7, Decimal("1.10"), "", "plain", "a { b } c", "100 %"])
def test_a_literal_is_what_is_written(node: Nodes, value: Any) -> None:
    template = compile_template(node(value), "bills")
    assert template.is_literal
    assert template.names == ()
    assert template.render({}) == value
    assert type(template.render({})) is type(value)


def test_a_literal_can_be_made_without_a_file() -> None:
    template = literal("AP control", Place(file="x", line=1, column=1))
    assert (template.render({}), template.is_literal, template.text) == ("AP control", True, "AP control")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{{ total }}", Decimal("100.00")),
        ("  {{ total }}  ", Decimal("100.00")),
        ("{{ count }}", 3),
        ("{{ prepaid_account }}", None),
        ("{{ date }}", date(2026, 11, 23)),
        ("{{ vendor.Inactive }}", False),
        ("{{ lines }}", "all lines"),
        ("{{ '12345' }}", "12345"),
        ("{{ '1E10' }}", "1E10"),
        ("{{ 0.05 }}", Decimal("0.05")),
        ("{{ [1, 'a', 0.5] }}", [1, "a", Decimal("0.5")]),
        ("{{ true }}", True),
        ("{{ none }}", None),
        ("{{ '}}' }}", "}}"),
        ("{{ 'it\\'s }}' }}", "it's }}"),
    ],
)
def test_one_expression_keeps_its_type(evaluate: Evaluate, scope: dict[str, Any], text: str, value: Any) -> None:
    found = evaluate(text)
    wanted = scope["lines"] if value == "all lines" else value
    assert found == wanted
    assert type(found) is type(wanted)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("bill {{ id }} of {{ vendor_name }}", "bill bill_1 of Acme"),
        ("{{ count }}{{ count }}", "33"),
        (" {{ count }} x", " 3 x"),
        ("{{ vendor.VendorNum }}|{{ lines[0].account }}", "7|6100"),
        ("{{ vendor_name | default('') }}-", "Acme-"),
        ("{{ total | format_money }} due", "100.00 due"),
    ],
)
def test_text_with_expressions_is_text(evaluate: Evaluate, text: str, value: str) -> None:
    assert evaluate(text) == value


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("vendor.items", "field"),
        ("vendor.keys", 5),
        ("vendor['Post Box']", "12"),
        ('vendor["items"]', "field"),
        ("lines[0].account", "6100"),
        ("lines[-1].account", "6200"),
        ("lines[0]['account']", "6100"),
        ("total < 0", False),
        ("total > 99", True),
        ("total == 100", True),
        ("total != 100.00", False),
        ("1 < count <= 3", True),
        ("3 < count <= 3", False),
        ("date == date", True),
        ("date >= date", True),
        ("'a' < 'b'", True),
        ("vendor_name == none", False),
        ("prepaid_account == none", True),
        ("prepaid_account != 'x'", True),
        ("credit == true", True),
        ("'6100' in ['6100', '6200']", True),
        ("lines[0].account not in ['6100']", False),
        ("'Ac' in vendor_name", True),
        ("'VendorNum' in vendor", True),
        ("prepaid_account in ['6100']", False),
        ("not vendor.Inactive and credit", True),
        ("vendor.Inactive or 'fallback'", "fallback"),
        ("'yes' if credit else 'no'", "yes"),
        ("'yes' if not credit", None),
        ("total + 0.05", Decimal("100.05")),
        ("total - 1", Decimal("99.00")),
        ("total * 0.0725", Decimal("7.250000")),
        ("total * 0 * -1", Decimal("0.00")),
        ("count * count + 1", 10),
        ("count - 4", -1),
        ("-count", -3),
        ("-total", Decimal("-100.00")),
        ("-0.0", Decimal("0.0")),
        ("'a' ~ count ~ 'b'", "a3b"),
        ("total is number", True),
        ("credit is number", False),
        ("vendor_name is string", True),
        ("prepaid_account is missing", True),
        ("empty is missing", True),
        ("empty is none", False),
        ("prepaid_account is not missing", False),
        ("answer.parameters.opMessage is missing", True),
        ("answer.parameters.ds.rows is missing", True),
        ("answer.nothing | default('n/a')", "n/a"),
        ("lines[7] is missing", True),
        ("books.amortise_in is missing or books.paid_by == 'airbase'", True),
        ("result ~ ''", "a name that the compiled form uses too"),
        ("lines | where('account', '6100') | sum_of('amount')", Decimal("60.00")),
    ],
)
def test_an_expression_gives_the_exact_value(evaluate: Evaluate, expression: str, value: Any) -> None:
    found = evaluate(f"{{{{ {expression} }}}}")
    assert found == value
    assert type(found) is type(value)
    assert str(found) == str(value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{{ vendor.Inactiv }}", "vendor.Inactiv is not known"),
        ("{{ totl }}", "totl is not known"),
        ("{{ totl is missing }}", "totl is not known"),
        ("{{ totl | default('x') }}", "totl is not known"),
        ("{{ not answer.parameters.done }}", "answer.parameters.done is not known"),
        ("{{ answer.x.y.z }}", "answer.x is not known"),
        ("{{ prepaid_account.code }}", "prepaid_account is empty, so prepaid_account.code is not known"),
        ("{{ vendor_name.first }}", "vendor_name is text and has no field first"),
        ("{{ lines.account }}", "lines is a list and has no field account"),
        ("{{ lines[5].account }}", "lines has 2 items and no item [5]"),
        ("{{ vendor[0] }}", "only a list has items by number"),
        ("due {{ total }}", "total is money, which text may not hold: use format_money"),
        ("on {{ date }}", "date is a date, which text may not hold: use format_date"),
        ("for {{ prepaid_account }}", "prepaid_account is empty, which text may not hold: use default('')"),
        ("is {{ credit }}", "credit is true or false, which text may not hold"),
        ("{{ 'due ' ~ total }}", "total is money, which text may not hold"),
        ("{{ total == '100.00' }}", "total is an amount and '100.00' is text: they cannot be compared"),
        ("{{ total != '100.00' }}", "they cannot be compared"),
        ("{{ credit == 1 }}", "credit is true or false and 1 is a whole number"),
        ("{{ count in ['3'] }}", "they cannot be compared"),
        ("{{ count in 'a3' }}", "never in text"),
        ("{{ 'x' in total }}", "total is an amount, and in wants a list"),
        ("{{ total < vendor_name }}", "they cannot be compared"),
        ("{{ prepaid_account < 1 }}", "prepaid_account is empty, which < cannot compare"),
        ("{{ vendor.Inactiv < 1 }}", "vendor.Inactiv is not known"),
        ("{{ 1 < vendor.Inactiv }}", "vendor.Inactiv is not known"),
        ("{{ vendor.Inactiv == 1 }}", "vendor.Inactiv is not known"),
        ("{{ vendor_name + 'x' }}", "vendor_name is text, and + wants a number; ~ joins text"),
        ("{{ vendor_name * 3 }}", "vendor_name is text, and * wants a number"),
        ("{{ lines * 3 }}", "lines is a list, and * wants a number"),
        ("{{ credit + 1 }}", "credit is true or false, and + wants a number"),
        ("{{ -vendor_name }}", "vendor_name is text, and - wants a number"),
        ("{{ vendor_name | abs }}", "vendor_name: abs wants a number, not what is text"),
        ("{{ total | flip(vendor_name) }}", "flip wants true or false"),
        ("{{ lines | sum_of('amunt') }}", "lines: sum_of an item.amunt is not known"),
    ],
)
def test_what_has_no_value_is_told_in_words(evaluate: Evaluate, text: str, sentence: str) -> None:
    with pytest.raises(RenderError) as failed:
        evaluate(text)
    assert sentence in failed.value.sentence
    assert failed.value.template.text == text
    assert isinstance(failed.value, TransformError)


@pytest.mark.parametrize(
    ("text", "code", "column"),
    [
        ("{{ total", "E202", 1),
        ("{{ 'total }}", "E202", 1),
        ("total }}", "E202", 7),
        ("{{ }}", "E202", 3),
        ("{{ total | uper }}", "E204", 12),
        ("x {{ a }} {{ total | uper }}", "E204", 22),
        ("{{ total is defined }}", "E204", 13),
        ("{{ a b }}", "E202", 6),
        ("{{ a + }}", "E202", 7),
        ("{{ a $ b }}", "E202", 6),
        ("{{ a) }}", "E202", 5),
        ("{{ a = 1 }}", "E202", 6),
        ("{{ a[1:2] }}", "E203", 7),
        ("{{ a / b }}", "E203", 6),
        ("{{ a // b }}", "E203", 6),
        ("{{ a % b }}", "E203", 6),
        ("{{ a ** b }}", "E203", 6),
        ("{{ a.b() }}", "E203", 6),
        ("{{ range(3) }}", "E203", 4),
        ("{{ a.__class__ }}", "E203", 6),
        ("{{ x | left }}", "E202", 8),
        ("{{ x | left(1, 2) }}", "E202", 8),
        ("{{ x | format_date('%Q') }}", "E202", 8),
        ("{{ x | round_money('USD', 'up') }}", "E202", 8),
        ("{{ x | round_money('dollars', 'half_up') }}", "E202", 8),
        ("{{ 0.1234567890123456789 * x }}", "E205", 4),
        ("{{ 1e5 }}", "E202", 4),
        ("{{ 1_000 }}", "E202", 4),
        ("{{ 0x1F }}", "E202", 4),
        ("{{ 010 }}", "E202", 5),
        ("{% if x %}", "E203", 1),
        ("a {# b #}", "E203", 3),
    ],
)
def test_a_template_that_cannot_be_read_is_placed_to_the_character(
    node: Nodes, text: str, code: str, column: int
) -> None:
    with pytest.raises(ProblemFound) as found:
        compile_template(node(text, 9), "bills > transform > group")
    problem = found.value.problem
    assert (problem.code, problem.place.line, problem.place.column) == (code, 9, column)
    assert problem.where == "bills > transform > group"
    assert problem.sentence


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("{{ total | uper }}", "did you mean 'upper'?"),
        ("{{ total is mising }}", "did you mean 'missing'?"),
        ("{{ name.upper() }}", "write | upper"),
        ("{{ a = 1 }}", "== compares"),
    ],
)
def test_a_mistake_is_offered_its_remedy(node: Nodes, text: str, hint: str) -> None:
    with pytest.raises(ProblemFound) as found:
        compile_template(node(text), "bills")
    assert found.value.problem.hint == hint


def test_a_map_is_no_value(node: Nodes) -> None:
    with pytest.raises(ProblemFound, match="E106"):
        compile_template(node({"a": 1}), "bills")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("{{ vendor.Inactive }}", [("vendor.Inactive", 4)]),
        ("a {{ b }} {{ c.d }}", [("b", 6), ("c.d", 14)]),
        ("{{ 'x' if a else b }}", [("a", 11), ("b", 18)]),
        ("{{ vendor['Post Box'] }}", [("vendor.Post Box", 4)]),
        ("{{ lines[0].account ~ lines[-1].memo }}", [("lines.account", 4), ("lines.memo", 23)]),
        ("{{ lines | sum_of('amount') }}", [("lines", 4), ("lines.amount", 19)]),
        (
            "{{ lines | where('account', code) | sum_of('amount') }}",
            [("lines", 4), ("lines.account", 18), ("lines.amount", 44), ("code", 29)],
        ),
        ("{{ x | round_money(currency='USD', rule=y) }}", [("x", 4), ("y", 41)]),
        ("{{ x is missing and y is not none }}", [("x", 4), ("y", 21)]),
        ("{{ true and none }}", []),
        ("{{ a.if }}", [("a.if", 4)]),
    ],
)
def test_the_names_an_expression_uses_have_places(node: Nodes, text: str, names: list[tuple[str, int]]) -> None:
    found = compile_template(node(text), "bills").names
    assert [(".".join(use.path), use.place.column) for use in found] == names


def test_a_template_is_rendered_by_many_threads_at_once(node: Nodes) -> None:
    template = compile_template(node("{{ a * 2 + b.c }}"), "bills")

    def work(number: int) -> bool:
        return bool(template.render({"a": number, "b": {"c": 1}}) == number * 2 + 1)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(2000)))


def test_rendering_changes_nothing(node: Nodes, scope: dict[str, Any]) -> None:
    before = repr(scope)
    template: Template = compile_template(node("{{ lines | pluck('account') | join(',') }}"), "bills")
    assert template.render(scope) == "6100,6200"
    assert repr(scope) == before

"""What an expression must never do, whoever wrote it: reach objects, loop, or fill the memory."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from engine.language.node import Node, ProblemFound
from engine.language.transform.render import RenderError, compile_template

Nodes = Callable[..., Node]


@pytest.mark.parametrize(
    "expression",
    [
        "''.__class__.__mro__[1].__subclasses__()",
        "x.__class__",
        "x['__class__']",
        "x['_private']",
        "x._private",
        "_hidden",
        "__import__('os')",
        "self",
        "self._TemplateReference__context",
        "self.x",
        "range(10)",
        "lipsum()",
        "cycler('a', 'b')",
        "joiner()",
        "namespace(a=1)",
        "dict(a=1)",
        "x.items()",
        "x.upper()",
        "x['upper']()",
        "(x)()",
        "'{0.__class__}'.format(x)",
        "'%s' % x",
        "x | attr('__class__')",
        "x | map(attribute='__class__')",
        "x | list",
        "x | format(1)",
        "x | xmlattr",
        "x | tojson",
        "x | float",
        "x | int",
        "x | round(1, 'floor')",
        "x | center(1000000000)",
        "x | indent(1000000)",
        "x is callable",
        "x == (x == (x == x == x) == x) == x",
        "x is sameas y",
        "x is filter('abs')",
        "{'a': 1}",
        "{'a', 'b'}",
        "(1, 2)",
        "x[1:2]",
        "x[::1]",
        "x[y]",
        "x[-y]",
        "x[1.5]",
        "x[true]",
        "x[none]",
        "x[-'a']",
        "2 ** 9999999",
        "1 / 0",
        "1 // 0",
        "x | default(*y)",
        "x | default(**y)",
        "x | default(words='y')",
        "x | default(value=1, otherwise=2)",
        "x for x in y",
        "lambda: 1",
        "x := 1",
        "x; y",
        "x if",
        "x | upper | ",
        "x..y",
        "x.",
        "x\\y",
        "x @ y",
        "[x",
        "x]",
        "caller()",
        "super()",
        "varargs[0]()",
        "x | filter abs",
        "x | .",
        "x | get it",
        "x is is missing",
    ],
)
def test_an_attack_is_refused_when_the_file_is_read(node: Nodes, expression: str) -> None:
    with pytest.raises(ProblemFound) as found:
        compile_template(node(f"{{{{ {expression} }}}}"), "bills")
    assert found.value.problem.code in {"E202", "E203", "E204"}
    assert found.value.problem.sentence


@pytest.mark.parametrize(
    "expression",
    [
        "(" * 300 + "1" + ")" * 300,
        "[" * 300 + "1" + "]" * 300,
        "not " * 300 + "x",
        "-" * 300 + "1",
        "x + " * 300 + "x",
        "x ~ " * 3000 + "x",
        "x" + ".a" * 300,
        "x" + " | upper" * 150,
        "x if y else " * 100 + "z",
        "x and " * 300 + "x",
        "x == " * 100 + "x",
        "9" * 5000,
        "0." + "9" * 100,
        "'" + "a" * 5000 + "'",
    ],
    ids=lambda text: text[:12],
)
def test_an_expression_too_deep_or_long_is_refused(node: Nodes, expression: str) -> None:
    with pytest.raises(ProblemFound) as found:
        compile_template(node(f"{{{{ {expression} }}}}"), "bills")
    assert found.value.problem.code in {"E202", "E203", "E205"}


def test_a_long_chain_of_text_is_one_flat_join(node: Nodes) -> None:
    text = " ~ ".join(["x"] * 150)
    assert compile_template(node(f"{{{{ {text} }}}}"), "bills").render({"x": "a"}) == "a" * 150


@pytest.mark.parametrize("name", ["range", "lipsum", "dict", "cycler", "joiner", "namespace", "environment"])
def test_nothing_of_jinja_is_a_known_name(node: Nodes, name: str) -> None:
    with pytest.raises(RenderError, match=f"{name} is not known"):
        compile_template(node(f"{{{{ {name} }}}}"), "bills").render({})
    with pytest.raises(RenderError, match=f"{name} is not known"):
        compile_template(node(f"{{{{ [{name}] | first }}}}"), "bills").render({})


@pytest.mark.parametrize(
    ("expression", "sentence"),
    [
        ("long ~ long ~ long", "150000 characters"),
        ("short | replace('a', long)", "more than 100000 characters"),
        ("short | pad_left(1000000000)", "whole number from 0 to 1000"),
        ("short | left(-1)", "whole number from 0"),
        ("many | join(long)", "characters"),
        ("number * number", "more than 60 digits"),
        ("-number * 2 - number", "more than 60 digits"),
        ("amount * amount", "more than 60 digits"),
        ("amount + 0.001", "more than 60 digits"),
        ("many2 | pluck('a')", "10001 items"),
        ("date_text | format_date('%Y')", "wants a date"),
    ],
)
def test_a_value_does_not_grow_without_bound(node: Nodes, expression: str, sentence: str) -> None:
    scope: dict[str, Any] = {
        "long": "x" * 50_000,
        "short": "aaa",
        "many": ["a"] * 10,
        "many2": [{"a": 1}] * 10_001,
        "number": 10**40 if "*" in expression and "-" not in expression else 9 * 10**59,
        "amount": Decimal("9" * 59 + ".9"),
        "date_text": "2026-01-01",
    }
    with pytest.raises(RenderError) as failed:
        compile_template(node(f"{{{{ {expression} }}}}"), "bills").render(scope)
    assert sentence in failed.value.sentence


def test_an_object_with_methods_gives_only_its_keys(node: Nodes) -> None:
    class Opened:
        secret = "open"

    for expression in ("opened.secret", "opened['secret']", "opened ~ 'x'", "opened == opened.y"):
        with pytest.raises(RenderError):
            compile_template(node(f"{{{{ {expression} }}}}"), "bills").render({"opened": Opened()})


def test_a_text_is_never_read_as_a_template_again(node: Nodes) -> None:
    template = compile_template(node("{{ memo }} and {{ memo }}"), "bills")
    assert template.render({"memo": "{{ id }}"}) == "{{ id }} and {{ id }}"
    assert compile_template(node("{{ memo }}"), "bills").render({"memo": "<b>"}) == "<b>"

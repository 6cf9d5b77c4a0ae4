"""JMESPath on records whose numbers are Decimal."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import jmespath
import pytest
from jmespath.visitor import Options, TreeInterpreter

from engine.language.node import Node, ProblemFound
from engine.language.transform.exact import DecimalFunctions
from engine.language.transform.failure import TransformError
from engine.language.transform.select import LENGTH_MAX, SelectError, compile_selector

Nodes = Callable[..., Node]

RECORD: dict[str, Any] = {
    "vendor": {"name": "Acme", "erp": None},
    "total": Decimal("1234567890123.45"),
    "lines": [
        {"amount": Decimal("0.1"), "code": "b", "tags": [{"label": "Department", "id": "10"}]},
        {"amount": Decimal("2.50"), "code": "a", "tags": []},
        {"amount": 3, "code": "c", "tags": None},
    ],
}


def select(node: Nodes, text: str, record: Any = RECORD) -> Any:
    return compile_selector(node(text), "bills > extract")(record)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("vendor.name", "Acme"),
        ("vendor.erp", None),
        ("vendor.erp.code", None),
        ("vendor.name.first", None),
        ("absent", None),
        ("lines.amount", None),
        ("sum(lines[].amount)", Decimal("5.60")),
        ("sum(`[]`)", 0),
        ("max(lines[].amount)", 3),
        ("min(lines[].amount)", Decimal("0.1")),
        ("avg(lines[:2].amount)", Decimal("1.3")),
        ("avg(`[]`)", None),
        ("sort(lines[].amount)[-1]", 3),
        ("sort_by(lines, &amount)[0].code", "b"),
        ("max_by(lines, &amount).code", "c"),
        ("min_by(lines, &amount).code", "b"),
        ("abs(`-1.5`)", Decimal("1.5")),
        ("ceil(total)", 1234567890124),
        ("floor(total)", 1234567890123),
        ("to_number(total)", Decimal("1234567890123.45")),
        ("to_number('1234567890123.45')", Decimal("1234567890123.45")),
        ("to_number('12')", 12),
        ("to_number('1_000')", None),
        ("to_number('NaN')", None),
        ("to_number(' 1')", None),
        ("to_number(`true`)", None),
        ("to_string(total)", "1234567890123.45"),
        ("to_string(lines[0].tags)", '[{"label":"Department","id":"10"}]'),
        ("to_string(lines[*].amount)", "[0.1,2.50,3]"),
        ("type(total)", "number"),
        ("type(lines[2].amount)", "number"),
        ("type(vendor.erp)", "null"),
        ("lines[?amount == `0.1`].code | [0]", "b"),
        ("lines[?amount > `0.1`].code", ["a", "c"]),
        ("lines[?amount >= `2.5`].code", ["a", "c"]),
        ("lines[].tags[?label=='Department'].id | [0]", ["10"]),
        ("lines[0].tags[?label=='Department'].id | [0]", "10"),
        ('"vendor"."name"', "Acme"),
    ],
)
def test_a_path_gives_the_exact_value(node: Nodes, text: str, value: Any) -> None:
    found = select(node, text)
    assert found == value
    assert not isinstance(found, float)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a" + "|[@,@][]" * 10, "more than 1,000 times"),
        ("s" + "|to_string([@])" * 60, "more than 1,000,000 letters"),
        ("many" + "|map(&[@,@],@)[]" * 8, "more than 1,000,000"),
        ("join(long, many)", "more than 1,000,000 letters"),
    ],
    ids=["doubling", "quoting", "steps", "joining"],
)
def test_a_path_never_fills_the_memory_or_keeps_a_run_waiting(node: Nodes, text: str, said: str) -> None:
    record = {"a": ["x" * 10] * 3, "s": 'a "quoted" \\ text', "many": ["y"] * 5000, "long": "x" * 100_000}
    with pytest.raises((ProblemFound, SelectError)) as refused:
        compile_selector(node(text), "bills > extract")(record)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        *("@", "a.b.c", "a.list[0]", "a.list[-1]", "a.list[-3]", "a.list[3]", "a.list[-4]", "a[0]", "a.b[0]"),
        *("a.list[1:]", "a.list[::-1]", "a.b[:2]", "a.list[]", "a.mixed[]", "a.b[]", "a.mixed[][]", "a.mixed[*].x"),
        *("a.*", "a.*.x", "a.list.*", "*.b | [0]", "a.mixed[?x].y", "a.mixed[?x == y].x", "a.mixed[?x != `1`]"),
        *("a.mixed[?x > `0`].y", "a.mixed[?@ == 'text']", "one == yes", "zero == no", "one == `1`", "yes == `1`"),
        *("zero || a.b", "zero && a.b", "empty || nothing || no || none || 'else'", "a && one", "!zero", "!one"),
        *("!empty", "!none", "!yes", "text > `1`", "text > 'a'", "yes > `0`", "none > `0`", "a.list > `0`"),
        *("[one, a.b, none]", "none.[one]", "{p: one, q: a.list[0]}", "none.{p: one}", "a.mixed[].[x, y]"),
        *("a.list | sort(@)", "(a || none).list[1]", "map(&x, a.mixed)", "sort_by(a.mixed[?x], &x)[].y", "'a.b'"),
        *("max_by(a.list, &@)", "not_null(none, no, one)", "a.mixed[?contains(keys(@), 'x')]", "a.list[0].x.y"),
    ],
)
def test_every_part_of_a_path_means_what_the_library_means(node: Nodes, text: str) -> None:
    mixed = [{"x": 1, "y": 1}, {"x": 0}, [[], [4]], "text", None]
    record: dict[str, Any] = {"a": {"b": "c", "list": [3, 1, Decimal("2.5")], "mixed": mixed}}
    record |= {"one": 1, "zero": Decimal(0), "yes": True, "no": False, "none": None}
    record |= {"text": "text", "empty": "", "nothing": []}
    library = TreeInterpreter(Options(custom_functions=DecimalFunctions()))
    wanted, found = "a path that does not fit", "a path that does not fit"
    with contextlib.suppress(jmespath.exceptions.JMESPathError, TypeError, AttributeError):
        wanted = library.visit(jmespath.compile(text).parsed, record)
    with contextlib.suppress(SelectError):
        found = select(node, text, record)
    assert (found, repr(found)) == (wanted, repr(wanted))


def test_sums_keep_every_digit(node: Nodes) -> None:
    record = {"amounts": [Decimal("99999999999999999999999999999.99"), Decimal("0.02")]}
    assert select(node, "sum(amounts)", record) == Decimal("100000000000000000000000000000.01")


def test_literals_are_exact_without_changing_what_others_compile(node: Nodes) -> None:
    text = "lines[?amount == `0.25`]"
    jmespath.compile(text)
    compile_selector(node(text), "bills")
    assert jmespath.search(text, {"lines": [{"amount": 0.25}]}) == [{"amount": 0.25}]
    literal = jmespath.compile(text).parsed["children"][2]["children"][1]["value"]
    assert isinstance(literal, float)


@pytest.mark.parametrize(
    ("text", "column", "sentence"),
    [
        ("", 1, "a JMESPath is a text"),
        ("vendor.", 8, "breaks off"),
        ("a[", 3, "breaks off"),
        ("a b", 3, "unexpected 'b'"),
        ("vendor.$name", 8, "unknown token $"),
        ("lines[?a == `abc`]", 13, "backticks hold JSON"),
        ("lines[?a == `1234567890.1234567890123`]", 13, "more digits"),
        ("lines[?a == 'x]", 13, "unclosed"),
        ("vendor-name", 7, "unknown token '-'"),
        ("summ(lines[].amount)", 1, "no function 'summ'"),
        ("lines[0].amount || sum(a, b)", 20, "sum() takes 1 arguments, not 2"),
        ("not_null()", 1, "takes 1"),
        ("{{ vendor }}", 2, "unexpected '{'"),
    ],
)
def test_a_path_that_cannot_be_read_is_placed_to_the_character(
    node: Nodes, text: str, column: int, sentence: str
) -> None:
    with pytest.raises(ProblemFound) as found:
        compile_selector(node(text, 14, 1), "bills > extract > total")
    problem = found.value.problem
    assert (problem.code, problem.place.line, problem.place.column) == ("E201", 14, column)
    assert sentence in problem.sentence
    assert problem.where == "bills > extract > total"


def test_an_unknown_function_is_offered_its_neighbour(node: Nodes) -> None:
    with pytest.raises(ProblemFound) as found:
        compile_selector(node("summ(lines[].amount)"), "bills")
    assert found.value.problem.hint == "did you mean 'sum'?"


@pytest.mark.parametrize("value", [None, 3, True, {"a": 1}, "a." + "b" * LENGTH_MAX, "(" * 1500 + "a"])
def test_what_is_no_path_is_a_problem_and_no_crash(node: Nodes, value: Any) -> None:
    with pytest.raises(ProblemFound, match="E201"):
        compile_selector(node(value), "bills")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("sum(vendor.erp)", "sum() in 'sum(vendor.erp)' was given nothing"),
        ("sum(lines[].code)", "was given a value of type str"),
        ("lines[?code > `1`]", "different kinds; see to_number()"),
        ("join(',', lines[].amount)", "join()"),
    ],
)
def test_a_record_that_does_not_fit_is_told_in_words(node: Nodes, text: str, sentence: str) -> None:
    with pytest.raises(SelectError) as failed:
        select(node, text)
    assert sentence in failed.value.sentence
    assert isinstance(failed.value, TransformError)
    assert failed.value.selector.text == text


@pytest.mark.parametrize("record", [None, 3, "text", [], [{"vendor": {"name": "x"}}]])
def test_a_record_that_is_no_object_has_nothing(node: Nodes, record: Any) -> None:
    assert select(node, "vendor.name", record) is None
    assert select(node, "vendor", record) is None


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("vendor.name", {"vendor.name"}),
        ("lines[?label=='x'].erp.id | [0]", {"lines.label", "lines.erp.id"}),
        ("sort_by(a.b, &c)[].d", {"a.b.c", "a.b.d"}),
        ("map(&x.y, a)", {"a.x.y"}),
        ("a || b.c", {"a", "b.c"}),
        ("a.*.b", {"a"}),
        ("{x: a, y: b}.x", {"a", "b"}),
        ("to_number(a.b)", {"a.b"}),
        ("a[].b[].c[0]", {"a.b.c"}),
        ("@", set()),
    ],
)
def test_the_keys_a_path_mentions(node: Nodes, text: str, paths: set[str]) -> None:
    found = compile_selector(node(text), "bills").paths()
    assert {".".join(path) for path in found} == paths


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("vendor.name", None),
        ("vendor.nam", "vendor.nam"),
        ("vendr.name", "vendr"),
        ("vendor.erp.code", None),
        ("lines[].tags[].label", None),
        ("lines[].tags[].lable", "lines.tags.lable"),
        ("sum(lines[].amunt)", "lines.amunt"),
        ("sort_by(lines, &cod)[0]", "lines.cod"),
    ],
)
def test_a_key_no_sample_has_is_found(node: Nodes, text: str, missing: str | None) -> None:
    assert compile_selector(node(text), "bills").missing_in(RECORD) == missing


@pytest.mark.parametrize("path", ["balance == `0`", "posted && balance == `0`", "`0` == balance", "flag || `false`"])
def test_a_literal_may_stand_at_the_end(node: Nodes, path: str) -> None:
    assert select(node, path, {"posted": True, "balance": Decimal("0.00"), "flag": True}) is True

"""The strict YAML reader: values, places, and one plain problem for everything that YAML readers dispute."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from engine.language.node import Node
from engine.language.spec import yaml_reader
from engine.language.spec.yaml_reader import read_yaml
from engine.words.problem import Problem


def read(text: str | bytes) -> Node:
    node, problems = read_yaml(text, "mappings/bills.yaml")
    assert problems == ()
    assert node is not None
    return node


def only_problem(text: str | bytes) -> Problem:
    _, problems = read_yaml(text, "mappings/bills.yaml")
    assert len(problems) == 1, problems
    return problems[0]


def at(problem: Problem) -> tuple[str, int, int]:
    return problem.code, problem.place.line, problem.place.column


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("0", 0),
        ("-17", -17),
        ("1.10", Decimal("1.10")),
        ("-0.05", Decimal("-0.05")),
        ("2026-11-01", "2026-11-01"),
        ("2026-11", "2026-11"),
        ("6100|10", "6100|10"),
        ("AP control", "AP control"),
        ("'010'", "010"),
        ('"NO"', "NO"),
        ("'it''s'", "it's"),
        ('"{{ total }}"', "{{ total }}"),
        ("1.2.3", "1.2.3"),
        ("n", "n"),
        ("10%", "10%"),
    ],
)
def test_scalars_mean_what_they_say(written: str, value: object) -> None:
    found = read(f"a: {written}").find(("a",)).scalar
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "written",
    [
        "010",
        "0x1F",
        "0o17",
        "0b11",
        "1_000",
        "1:30",
        "12:30:00",
        "NO",
        "no",
        "Yes",
        "on",
        "OFF",
        "True",
        "FALSE",
        "Null",
        ".5",
        "5.",
        "1e5",
        "1.5E3",
        "+5",
        ".inf",
        "-.Inf",
        ".nan",
        "00.5",
        "1234567890123456789",
    ],
)
def test_what_readers_dispute_is_refused_with_what_to_write(written: str) -> None:
    problem = only_problem(f"a:\n  - {written}\n")
    assert at(problem) == ("E110", 2, 5)
    assert f'"{written}" in quotes' in problem.hint
    assert problem.where == "bills > a > 1"


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        ("", "E101", 1, 1),
        ("# only a comment\n", "E101", 1, 1),
        (b"a: \xff", "E101", 1, 4),
        ("a: b".encode("utf-16"), "E101", 1, 1),
        (b"x" * 2_000_001, "E111", 1, 1),
        ("a: b\n---\nc: d\n", "E102", 2, 1),
        ("a: b\n  c: d\n", "E102", 2, 3),
        ("a:\n  b: c\n d: e\n", "E102", 3, 2),
        ("a: b: c\n", "E102", 1, 5),
        ("a: b\nkey\nc: d\n", "E102", 2, 1),
        ("a: 'b\nc: d\n", "E102", 1, 4),
        ("a: [1, 2\nb: c\n", "E102", 1, 4),
        ("a: [\n", "E102", 1, 4),
        ("a: {b: 1 c: 2}\n", "E102", 1, 11),
        ("a: @b\n", "E102", 1, 4),
        ('a: "\\d"\n', "E102", 1, 6),
        ("a: b\n- c\n", "E102", 2, 1),
        ("a: b\n  - c\n", "E102", 2, 3),
        ("a:\n- b\n - c\n", "E102", 3, 2),
        ("a: 'x' y\n", "E102", 1, 8),
        ("a: {{ x }}\n", "E102", 1, 4),
        ("a: {{ x }}-{{ y }}\n", "E102", 1, 4),
        ("a: b\x00\n", "E102", 1, 5),
        ("a: 1\nb: 2\na: 3\n", "E103", 3, 1),
        ("[a]: b\n", "E106", 1, 1),
        ("a:\n\tb: c\n", "E108", 2, 1),
        ("a:\tb\n", "E108", 1, 3),
        ("a: b\n \tc\n", "E108", 2, 2),
        ("a: &x 1\nb: *x\n", "E109", 1, 4),
        ("a: *x\n", "E109", 1, 4),
        ("a: !!str 5\n", "E109", 1, 4),
        ("a: !!python/object/apply:os.system [ls]\n", "E109", 1, 4),
        ("<<: {a: 1}\n", "E109", 1, 1),
        ("%YAML 1.1\n---\na: b\n", "E109", 1, 1),
        ("6100: a\n", "E110", 1, 1),
        ("0100: a\n", "E110", 1, 1),
        ("a: " + "[" * 61 + "]" * 61, "E111", 1, 64),
        ("\n".join(f"- [{'a, ' * 999}a]" for _ in range(201)), "E111", 200, 2401),
    ],
)
def test_every_fault_is_one_problem_at_its_place(text: str | bytes, code: str, line: int, column: int) -> None:
    problem = only_problem(text)
    assert at(problem) == (code, line, column)
    assert problem.hint


def test_a_key_written_twice_names_both_lines() -> None:
    problem = only_problem("x:\n  a: 1\n  b: 2\n  a: 3\n")
    assert at(problem) == ("E103", 4, 3)
    assert "line 2" in problem.sentence
    assert problem.where == "bills > x > a"


def test_problems_that_leave_the_structure_readable_come_all_at_once() -> None:
    node, problems = read_yaml("a: 010\nb: !x c\na: 1\n<<: {d: e}\n", "x.yaml")
    assert [problem.code for problem in problems] == ["E110", "E109", "E103", "E109"]
    assert node is not None
    assert node.plain() == {"a": "010", "b": "c"}


def test_a_byte_order_mark_and_windows_line_ends_change_no_place() -> None:
    node = read(b"\xef\xbb\xbfname: bills\r\nsource:\r\n  id: x\r\n")
    assert node.plain() == {"name": "bills", "source": {"id": "x"}}
    assert (node.find(("source", "id")).place.line, node.find(("source", "id")).place.column) == (3, 7)
    assert (node.key_place("name").line, node.key_place("name").column) == (1, 1)


@pytest.mark.parametrize(
    ("written", "exact", "column"),
    [
        ("plain text", True, 6),
        ("'in quotes'", True, 7),
        ('"{{ total }}"', True, 7),
        ("'it''s'", False, 4),
        ('"a\\tb"', False, 4),
        ("one\n  two", False, 4),
        ("|\n  block", False, 4),
    ],
)
def test_a_place_inside_a_text_is_exact_where_the_text_stands_letter_by_letter(
    written: str, exact: bool, column: int
) -> None:
    node = read(f"a: {written}\n").find(("a",))
    assert node.exact is exact
    assert (node.at(2).line, node.at(2).column) == (1, column)


def test_the_quick_parser_reads_what_the_exact_one_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = Path(__file__).resolve().parents[3] / "mappings"
    texts = [path.read_text(encoding="utf-8") for path in sorted(shipped.rglob("*.yaml"))]
    texts += ["a: {b?: c, d: e}", "a: [b?c]", "a: {b: ,c}", "a:\tb", "a: b: c", "a: {b: c\n", "{a: 1, 'b': [x, y]}"]
    texts += [
        "dat\ufeffe: {path: x}",
        "a: b\n\ufeff",
        "a: |# b\n",
        ">#\n",
        "a: {b: 1, c: }",
        "---",
        "a:\n?  b",
        '["x":\n]',
    ]
    quick = [read_yaml(text, "file.yaml") for text in texts]
    monkeypatch.setattr(yaml_reader, "_QUICK", yaml.SafeLoader)
    assert quick == [read_yaml(text, "file.yaml") for text in texts]

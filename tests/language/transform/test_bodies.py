"""Bodies of requests: what is sent, what is left out, what repeats, and which names are used."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.language.node import Node, ProblemFound
from engine.language.transform.body import Body, compile_body, compile_for
from engine.language.transform.render import RenderError
from engine.words.problem import Place, Problem

Nodes = Callable[..., Node]


def body_of(node: Nodes, value: Any) -> Body:
    problems: list[Problem] = []
    body = compile_body(node(value), "bills > target > body", problems)
    assert problems == []
    assert body is not None
    return body


INVOICE = {
    "cGroupID": "AB{{ date | format_date('%y%m%d') }}",
    "note": None,
    "memo": "{{ prepaid_account }}",
    "ds": {
        "APInvHed": [{"VendorNum": "{{ vendor.VendorNum }}", "Total": "{{ total }}", "RowMod": "A"}],
        "APInvDtl": [
            {
                "for": "line in lines",
                "InvoiceLine": "{{ loop.index }}",
                "Amount": "{{ line.amount | flip(credit) }}",
                "LineDesc": "{{ line.memo }}",
                "Date": "{{ date }}",
            }
        ],
        "Empty": [],
    },
}


def test_a_body_is_rendered_with_its_types(node: Nodes, scope: dict[str, Any]) -> None:
    day = date(2026, 11, 23)
    assert body_of(node, INVOICE).render(scope) == {
        "cGroupID": "AB261123",
        "note": None,
        "ds": {
            "APInvHed": [{"VendorNum": 7, "Total": Decimal("100.00"), "RowMod": "A"}],
            "APInvDtl": [
                {"InvoiceLine": 1, "Amount": Decimal("-60.00"), "Date": day},
                {"InvoiceLine": 2, "Amount": Decimal("-40.00"), "LineDesc": "June", "Date": day},
            ],
            "Empty": [],
        },
    }


def test_written_items_stand_beside_repeated_ones(node: Nodes, scope: dict[str, Any]) -> None:
    body = body_of(
        node,
        [
            {"account": "first"},
            {"for": "line in lines", "account": "{{ line.account }}", "of": "{{ loop.index }}"},
            "{{ prepaid_account }}",
            None,
            "{{ count }}",
            ["{{ vendor_name }}"],
        ],
    )
    assert body.render(scope) == [
        {"account": "first"},
        {"account": "6100", "of": 1},
        {"account": "6200", "of": 2},
        None,
        3,
        ["Acme"],
    ]


def test_lists_repeat_inside_each_other(node: Nodes) -> None:
    body = body_of(
        node,
        [
            {
                "for": "line in lines",
                "n": "{{ loop.index }}",
                "tags": [{"for": "tag in line.tags", "t": "{{ tag.id ~ loop.index }}"}],
            }
        ],
    )
    scope = {"lines": [{"tags": [{"id": "a"}, {"id": "b"}]}, {"tags": []}]}
    assert body.render(scope) == [{"n": 1, "tags": [{"t": "a1"}, {"t": "b2"}]}, {"n": 2, "tags": []}]
    assert [".".join(use.path) for use in body.names] == ["lines", "lines.tags", "lines.tags.id"]


def test_the_loop_variable_hides_a_name_and_gives_it_back(node: Nodes) -> None:
    body = body_of(node, [{"for": "line in lines", "x": "{{ line }}"}, "{{ line }}"])
    assert body.render({"line": "outer", "lines": ["a"]}) == [{"x": "a"}, "outer"]
    assert [".".join(use.path) for use in body.names] == ["lines", "lines", "line"]


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (None, "lines is empty, and for wants a list"),
        ("text", "lines is text, and for wants a list"),
        ({"a": 1}, "lines is an object, and for wants a list"),
        ([0] * 10_001, "10001 items"),
    ],
)
def test_for_wants_a_list(node: Nodes, lines: Any, sentence: str) -> None:
    body = body_of(node, [{"for": "line in lines", "x": "{{ line }}"}])
    with pytest.raises(RenderError) as failed:
        body.render({"lines": lines})
    assert sentence in failed.value.sentence


def test_for_wants_a_known_list(node: Nodes) -> None:
    with pytest.raises(RenderError, match="lines is not known"):
        body_of(node, [{"for": "line in lines", "x": 1}]).render({})


def test_the_names_of_a_body_are_those_of_the_record(node: Nodes) -> None:
    uses = body_of(node, INVOICE).names
    assert [".".join(use.path) for use in uses] == [
        "date",
        "prepaid_account",
        "vendor.VendorNum",
        "total",
        "lines",
        "lines.amount",
        "credit",
        "lines.memo",
        "date",
    ]
    assert all(use.place.file == "mapping.yaml" for use in uses)


def test_the_key_paths_of_a_body_go_through_its_lists(node: Nodes) -> None:
    paths = dict(body_of(node, INVOICE).field_paths())
    assert ("ds", "APInvDtl", "InvoiceLine") in paths
    assert ("ds", "APInvDtl", "for") not in paths
    assert paths[("cGroupID",)] == Place(file="mapping.yaml", line=2, column=1)


def test_the_leaves_of_a_body_tell_where_each_value_goes(node: Nodes, scope: dict[str, Any]) -> None:
    leaves = {path: (template.text, value) for path, template, value in body_of(node, INVOICE).leaves(scope)}
    assert leaves["ds.APInvDtl[1].InvoiceLine"] == ("{{ loop.index }}", 2)
    assert leaves["ds.APInvHed[0].VendorNum"] == ("{{ vendor.VendorNum }}", 7)
    assert leaves["memo"] == ("{{ prepaid_account }}", None)
    assert leaves["note"] == ("null", None)


def test_an_item_left_out_does_not_count(node: Nodes, scope: dict[str, Any]) -> None:
    body = body_of(node, ["{{ prepaid_account }}", "{{ count }}"])
    assert [(path, value) for path, _, value in body.leaves(scope)] == [("[0]", None), ("[0]", 3)]


def test_every_problem_of_a_body_is_collected(node: Nodes) -> None:
    problems: list[Problem] = []
    body = compile_body(
        node(
            {
                "a": "{{ b(",
                "b": [{"for": "all lines", "x": "{{ y | uper }}"}],
                "for": "line in lines",
                "{{ key }}": 1,
                "c": [{"for": "lines in lines"}],
            }
        ),
        "bills > target > body",
        problems,
    )
    assert body is None
    assert [problem.code for problem in problems] == ["E202", "E202", "E204", "E104", "E203", "E309"]
    assert problems[2].where == "bills > target > body > b > x"


@pytest.mark.parametrize(
    "text", ["line", "in lines", "line in", "l-x in y", "a in b[0]", "not in lines", "_a in b", 3]
)
def test_a_for_of_another_form_is_a_problem(node: Nodes, text: Any) -> None:
    with pytest.raises(ProblemFound) as found:
        compile_for(node(text), "bills > entries")
    assert found.value.problem.code == "E202"
    assert found.value.problem.hint == "write for: line in lines"


def test_a_for_says_where_its_list_stands(node: Nodes) -> None:
    clause = compile_for(node("  tag  in  line.tags ", 4), "bills")
    assert (clause.variable, clause.group) == ("tag", ("line", "tags"))
    scopes = list(clause.scopes({"line": {"tags": ["x", "y"]}, "kept": 1}))
    assert [(s["tag"], s["loop"]["index"], s["kept"]) for s in scopes] == [("x", 1, 1), ("y", 2, 1)]


CELLS = st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3) | st.decimals(-9, 9, places=2)


@settings(deadline=None)
@given(
    st.dictionaries(st.sampled_from(("a", "b", "c")), CELLS | st.lists(CELLS, max_size=3)),
    st.lists(st.fixed_dictionaries({"x": CELLS, "y": CELLS}), max_size=4),
)
def test_rendering_is_the_same_twice_and_changes_no_record(
    node: Nodes, values: dict[str, Any], rows: list[Any]
) -> None:
    scope = {"a": None, "b": None, "c": None, **values, "rows": rows}
    before = copy.deepcopy(scope)
    body = body_of(
        node,
        {"k": "{{ a }}", "l": ["{{ b }}", {"for": "row in rows", "x": "{{ row.x }}", "n": "{{ loop.index }}"}]},
    )
    first, second = body.render(scope), body.render(scope)
    assert first == second
    assert scope == before
    assert ("k" in first) == (scope["a"] is not None)
    repeated = first["l"][-len(rows) :] if rows else []
    assert [row["n"] for row in repeated] == list(range(1, len(rows) + 1))

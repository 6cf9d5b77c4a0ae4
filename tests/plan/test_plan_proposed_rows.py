"""Our body laid over the rows that a target proposes, and told from them again."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.plan.proposed_rows import lay_over, only_own, own_names


def test_rows_are_laid_over_the_first_default_row() -> None:
    body = {"g": "AB", "ds": {"Hed": [{"Num": 1, "Mod": "A"}, {"Num": 2}], "Dtl": [{"x": 1}], "Other": []}}
    rows = {"Hed": [{"Num": 0, "Mod": "", "Rate": 1, "Nothing": None}, {"Num": 99}], "Dtl": [], "Extra": [{"z": 1}]}
    expected = {
        "g": "AB",
        "ds": {
            "Hed": [
                {"Num": 1, "Mod": "A", "Rate": 1, "Nothing": None},
                {"Num": 2, "Mod": "", "Rate": 1, "Nothing": None},
            ],
            "Dtl": [{"x": 1}],
            "Other": [],
        },
    }
    for answer in ({"parameters": {"ds": rows}}, {"returnObj": rows}, {"ds": rows}):
        assert lay_over(answer, body) == expected


@pytest.mark.parametrize(
    "answer", [None, "text", [], {}, {"parameters": None}, {"returnObj": []}, {"ds": {"Hed": 3}}]
)
def test_an_answer_without_tables_changes_nothing(answer: Any) -> None:
    body = {"ds": {"Hed": [{"Num": 1}]}}
    assert lay_over(answer, body) == body


@pytest.mark.parametrize("body", [None, [], {"x": 1}, {"ds": 3}, {"ds": {"Hed": {"a": 1}}}, {"ds": {"Hed": ["a"]}}])
def test_a_body_without_rows_is_left_alone(body: Any) -> None:
    assert lay_over({"ds": {"Hed": [{"Num": 0}]}}, body) == body


CELLS = st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3) | st.decimals(-9, 9, places=2)
ROWS = st.lists(st.dictionaries(st.sampled_from("abcd"), CELLS), max_size=3)
TABLES = st.dictionaries(st.sampled_from(("Hed", "Dtl", "Exp")), ROWS)


@settings(deadline=None)
@given(TABLES, TABLES)
def test_laying_over_keeps_the_body_and_adds_only_defaults(defaults: dict[str, Any], tables: dict[str, Any]) -> None:
    answer, body = {"parameters": {"ds": defaults}}, {"ds": tables, "other": 1}
    before = copy.deepcopy((answer, body))
    laid = lay_over(answer, body)
    assert (answer, body) == before
    assert laid["other"] == 1
    assert laid["ds"].keys() == tables.keys()
    for name, rows in tables.items():
        first = next(iter(defaults.get(name, [])), {})
        assert len(laid["ds"][name]) == len(rows)
        for made, row in zip(laid["ds"][name], rows, strict=True):
            assert made == {**first, **row}
    assert lay_over(answer, laid) == laid


@settings(deadline=None)
@given(st.lists(TABLES, max_size=2), TABLES)
def test_what_is_ours_is_told_from_what_was_proposed(proposals: list[dict[str, Any]], tables: dict[str, Any]) -> None:
    """Also once it has been JSON, where no list is the same object any more."""
    ours: dict[str, Any] = {"ds": tables, "other": 1}
    laid = ours
    for defaults in proposals:
        laid = lay_over({"ds": defaults}, laid)
    own = copy.deepcopy(own_names(ours, laid))
    assert only_own(copy.deepcopy(laid), own) == ours


@pytest.mark.parametrize("body", [None, [], {"x": 1}, {"ds": {"Hed": ["a", {"b": 1}]}}])
def test_a_body_of_any_form_is_ours(body: Any) -> None:
    laid = lay_over({"ds": {"Hed": [{"Num": 0}]}}, body)
    assert only_own(laid, own_names(body, laid)) == body

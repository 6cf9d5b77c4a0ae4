"""Mappings that share a feed: one taker for each record, and one id."""

from __future__ import annotations

from pathlib import Path

import pytest
from good_workspace import BILLS, write_workspace
from test_spec_wrong_mappings import KNOWN

from engine.language.spec.load import load_mappings
from engine.language.spec.rules import check_mappings
from engine.words.problem import Problem

ROUTE = "  type: {take: [bill]}\n"


def problems_with_second(root: Path, route: str, **changes: str) -> tuple[Problem, ...]:
    """The problems of the good workspace with a second mapping of the feed, which has another routing filter."""
    text = BILLS.replace("name: bills", "name: credits").replace(ROUTE, route)
    for good, bad in changes.items():
        assert good in text
        text = text.replace(good, bad)
    write_workspace(root, **{"mappings__credits.yaml": text})
    loaded = load_mappings(root / "mappings", root)
    assert loaded.problems == ()
    return check_mappings(loaded.specs, KNOWN)


@pytest.mark.parametrize(
    ("route", "line", "column"),
    [
        ("  type: {take: [credit, bill]}\n", 14, 3),
        ("  kind: {take: [credit]}\n", 14, 3),
        ("  type: {take: [credit], skip: []}\n", 13, 1),
        ("", 13, 1),
    ],
)
def test_two_takers_of_one_record_are_told(tmp_path: Path, route: str, line: int, column: int) -> None:
    found = [problem for problem in problems_with_second(tmp_path, route) if problem.code == "E502"]
    (problem,) = found
    assert (problem.place.file, problem.place.line, problem.place.column) == ("mappings/credits.yaml", line, column)
    assert "bills" in problem.sentence


def test_takers_of_different_values_agree(tmp_path: Path) -> None:
    assert problems_with_second(tmp_path, "  type: {take: [credit, refund]}\n") == ()


def test_a_mapping_that_is_switched_off_still_takes_its_records(tmp_path: Path) -> None:
    found = problems_with_second(tmp_path, ROUTE, owner="switched_on: false\nowner")
    assert [problem.code for problem in found] == ["E502"]


def test_a_feed_has_one_id(tmp_path: Path) -> None:
    changes = {"id: airbase_id": "id: invoice_number"}
    (problem,) = problems_with_second(tmp_path, "  type: {take: [credit]}\n", **changes)
    assert (problem.code, problem.place.line, problem.place.column) == ("E508", 11, 7)

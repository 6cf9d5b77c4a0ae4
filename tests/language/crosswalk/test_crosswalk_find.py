"""Which row wins, and when there is none or more than one."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.language.crosswalk.crosswalk import (
    AmbiguousRows,
    Crosswalk,
    CrosswalkError,
    DateNeeded,
    Row,
    crosswalk_of,
)
from engine.language.crosswalk.lints import row_problems
from engine.language.crosswalk.load import crosswalk_of_rows
from engine.words.problem import Place

Make = Callable[..., Any]

CODING = """account,department,gl_account,rule,from,to,action,note
6100,10,6100-10,r1,,,,
6100,*,6100-00,r2,,,,
*,,9999,r3,,,hold,no department
*,*,=account,r4,,,,
6200,20,old,r5,,2026-06-30,,
6200,20,new,r6,2026-07-01,,post,
"""
DAY = date(2026, 7, 1)


@pytest.mark.parametrize(
    ("account", "department", "day", "rule", "value"),
    [
        ("6100", "10", DAY, "r1", "6100-10"),
        (6100, 10, DAY, "r1", "6100-10"),
        (" 6100 ", "10", DAY, "r1", "6100-10"),
        ("6100", "11", DAY, "r2", "6100-00"),
        ("7000", None, DAY, "r3", "9999"),
        ("7000", "", DAY, "r3", "9999"),
        ("7000", "10", DAY, "r4", "7000"),
        ("aBc ", "10", DAY, "r4", "aBc"),
        (None, "10", DAY, "r4", ""),
        ("6200", "20", date(2026, 6, 30), "r5", "old"),
        ("6200", "20", DAY, "r6", "new"),
    ],
)
def test_the_most_specific_row_wins(
    make: Make, account: Any, department: Any, day: date, rule: str, value: str
) -> None:
    _, problems = make(CODING)
    assert [problem.code for problem in problems] == ["E405"]
    crosswalk, problems = make(CODING + "6100,,6100-XX,r7,,,,\n")
    assert problems == ()
    hit = crosswalk.find({"account": account, "department": department}, day)
    assert (hit.rule, hit.values) == (rule, {"gl_account": value})


def test_a_hit_says_everything_about_its_row(make: Make) -> None:
    crosswalk, _ = make("account,gl_account,rule,action,note\n6100,X,r1,HOLD,ask Finance\n", keys=("account",))
    hit = crosswalk.find({"account": "6100"}, None)
    assert (hit.values, hit.action, hit.rule, hit.note) == ({"gl_account": "X"}, "hold", "r1", "ask Finance")
    assert str(hit.place) == "gl-coding.csv:2:1"
    assert crosswalk.find({"account": "6101"}, None) is None
    assert crosswalk.find({}, None) is None


def test_a_key_that_is_not_given_is_missing(make: Make) -> None:
    crosswalk, _ = make("account,department,gl_account\n6100,10,A\n6100,,B\n6200,*,C\n")
    assert crosswalk.find({"account": "6100"}, None).values == {"gl_account": "B"}
    assert crosswalk.find({"account": "6200"}, None).values == {"gl_account": "C"}
    assert crosswalk.find({"account": "6100", "department": "99"}, None) is None


def test_a_key_that_no_row_asks_for_may_still_be_repeated_or_refused(make: Make) -> None:
    crosswalk, _ = make("account,department,gl_account\n6100,*,=department\n6200,*,B\n")
    for department in ("10", "20"):
        assert crosswalk.find({"account": "6100", "department": department}, None).values == {
            "gl_account": department
        }
    crosswalk, _ = make("account,department,gl_account\n6100,*,A\n")
    assert crosswalk.find({"account": "6100", "department": "10"}, None).values == {"gl_account": "A"}
    with pytest.raises(CrosswalkError, match="department of crosswalk gl-coding wants a code"):
        crosswalk.find({"account": "6100", "department": []}, None)


def test_a_priority_decides_before_the_number_of_stars(make: Make) -> None:
    text = "account,department,gl_account,priority\n6100,10,A,\n*,10,B,2\n*,*,C,9\n6100,20,D,1\n"
    crosswalk, problems = make(text)
    assert crosswalk.find({"account": "6100", "department": "10"}, None).values == {"gl_account": "B"}
    assert crosswalk.find({"account": "6100", "department": "20"}, None).values == {"gl_account": "D"}
    assert crosswalk.find({"account": "6100", "department": "30"}, None).values == {"gl_account": "C"}
    assert [(p.code, p.place.line) for p in problems] == [("W410", 2)]
    assert "line 3 always comes first" in problems[0].sentence


def test_a_dated_row_wants_a_date(make: Make) -> None:
    crosswalk, _ = make("account,gl_account,from\n6100,A,2026-01-01\n*,B,\n", keys=("account",))
    assert crosswalk.is_dated
    assert crosswalk.find({"account": "6200"}, None).values == {"gl_account": "B"}
    assert crosswalk.find({"account": "6100"}, date(2025, 12, 31)).values == {"gl_account": "B"}
    assert crosswalk.find({"account": "6100"}, date(2026, 1, 1)).values == {"gl_account": "A"}
    with pytest.raises(DateNeeded, match="add on:") as failed:
        crosswalk.find({"account": "6100"}, None)
    assert isinstance(failed.value, CrosswalkError)


def test_rows_that_tie_are_never_chosen_silently() -> None:
    rows = [row_of(("6100", None), at=2), row_of((None, "20"), at=3)]
    crosswalk = crosswalk_of("gl-coding", ("account", "department"), ("x",), rows)
    assert crosswalk.find({"account": "6100", "department": "10"}, None) is not None
    for _ in range(2):
        with pytest.raises(AmbiguousRows) as failed:
            crosswalk.find({"account": "6100", "department": "20"}, None)
        assert [place.line for place in failed.value.places] == [2, 3]
        assert "x.csv:2:1 and x.csv:3:1" in failed.value.sentence


@pytest.mark.parametrize("value", [1.5, [], {}, date(2026, 1, 1)])
def test_a_value_that_is_no_code_is_refused(make: Make, value: Any) -> None:
    crosswalk, _ = make("account,gl_account\n6100,A\n", keys=("account",))
    with pytest.raises(CrosswalkError, match="account of crosswalk gl-coding wants a code"):
        crosswalk.find({"account": value}, None)


@pytest.mark.parametrize(
    ("text", "codes", "sentence"),
    [
        (
            "6100,*,A\n*,20,B\n",
            ["E405"],
            "lines 2 and 3 fit the same record equally well: account=6100, department=20",
        ),
        ("6100,*,A\n*,20,B\n6100,20,C\n", [], ""),
        ("6100,20,A\n6100,20,B\n", ["E405"], "account=6100, department=20"),
        ("6100,20,A\n6100,20,A\n", ["W411"], "the same row stands in line 2"),
        ("a,20,A\nA ,20,B\n", ["E405", "W412"], "lines 2 and 3"),
        ("*,*,A\n*,*,B\n", ["E405"], "account=anything, department=anything"),
        ("6100,,A\n*,*,B\n", [], ""),
        ("*,,A\n6100,*,B\n", ["E405"], "account=6100, department=(missing)"),
        ("6100,10,A\n6100,20,B\n", [], ""),
    ],
)
def test_rows_that_tie_are_found_when_the_file_is_read(
    make: Make, text: str, codes: list[str], sentence: str
) -> None:
    _, problems = make("account,department,gl_account\n" + text)
    assert sorted(problem.code for problem in problems) == codes
    assert any(sentence in problem.sentence for problem in problems) or not codes


def test_rows_of_different_days_do_not_tie(make: Make) -> None:
    head = "account,gl_account,from,to\n"
    apart = head + "1,A,,2026-06-30\n1,B,2026-07-01,\n"
    assert make(apart, keys=("account",))[1] == ()
    _, (problem,) = make(apart.replace("06-30", "07-01"), keys=("account",))
    assert problem.code == "E405"


def test_a_tie_decided_by_rows_of_several_days_is_none(make: Make) -> None:
    head = "account,department,gl_account,from,to\n6100,*,A,2026-01-01,2026-12-31\n*,20,B,2026-01-01,2026-12-31\n"
    halves = "6100,20,C,,2026-06-30\n6100,20,D,2026-07-01,\n"
    assert make(head + halves)[1] == ()
    _, (problem,) = make(head + halves.replace("07-01", "07-02"))
    assert (problem.code, problem.place.line) == ("E405", 3)


def test_ties_are_told_up_to_a_bound(make: Make) -> None:
    rows = "".join(f"{number},*,A\n*,{number},B\n" for number in range(200))
    _, problems = make("account,department,gl_account\n" + rows)
    assert 0 < len(problems) <= 50


def test_a_crosswalk_of_rows_in_yaml() -> None:
    place = Place(file="crosswalk", line=1, column=1)
    crosswalk, problems = crosswalk_of_rows(
        "gl-coding",
        [
            {"account": 6100, "gl_account": "A", "action": "hold", "rule": "r1"},
            {"account": "6200", "department": None, "gl_account": "=account"},
            {"account": "6200", "department": None, "gl_account": "=account"},
            {"account": "6100.0", "gl_account": "B"},
        ],
        ("account", "department"),
        ("gl_account", "segment"),
    )
    assert [(problem.code, problem.place) for problem in problems] == [("W411", place)]
    assert crosswalk is not None
    hit = crosswalk.find({"account": "6100", "department": "any"}, None)
    assert hit is not None
    assert (hit.values, hit.action, hit.place) == ({"gl_account": "A", "segment": ""}, "hold", place)
    assert crosswalk.find({"account": "6200", "department": "10"}, None) is None
    assert crosswalk.find({"account": "6200"}, None) is not None


def test_a_crosswalk_of_wrong_rows_in_yaml_is_a_problem() -> None:
    crosswalk, problems = crosswalk_of_rows("x", [{"account": "61*", "gl": "A"}], ("account",), ("gl",))
    assert crosswalk is None
    assert [problem.code for problem in problems] == ["E406"]
    assert crosswalk_of_rows("x", [], ("account",), ("gl",))[0] is not None


CODES = st.sampled_from(["a", "b", "", None])
DAYS = [date(2026, 1, day) for day in range(1, 5)]


def row_of(
    cells: tuple[str | None, ...], at: int = 2, first: date | None = None, last: date | None = None, priority: int = 9
) -> Row:
    place = Place(file="x.csv", line=at, column=1)
    return Row(place=place, cells=cells, results=(f"{at}",), first_day=first, last_day=last, priority=priority)


@st.composite
def row_lists(draw: st.DrawFn) -> list[Row]:
    count = draw(st.integers(0, 7))
    rows = []
    for number in range(count):
        first, last = draw(st.sampled_from([None, *DAYS])), draw(st.sampled_from([None, *DAYS]))
        if first and last and last < first:
            first, last = last, first
        cells = (draw(CODES), draw(CODES))
        rows.append(row_of(cells, number + 2, first, last, draw(st.sampled_from([9, 9, 9, 1]))))
    return rows


def by_hand(rows: list[Row], key: tuple[str, str], day: date) -> list[Row]:
    """The rows that win, by asking every one."""
    fits = [
        row
        for row in rows
        if all(cell is None or cell == code for cell, code in zip(row.cells, key, strict=True))
        and row.days[0] <= day <= row.days[1]
    ]
    best = min((row.rank for row in fits), default=None)
    return [row for row in fits if row.rank == best]


def records() -> list[tuple[tuple[str, str], date]]:
    codes = ["a", "b", "", "nobody lists this"]
    return list(itertools.product(itertools.product(codes, codes), DAYS))


@settings(deadline=None)
@given(row_lists())
def test_finding_equals_asking_every_row(rows: list[Row]) -> None:
    crosswalk: Crosswalk = crosswalk_of("x", ("p", "q"), ("r",), rows)
    for (p, q), day in records():
        winners = by_hand(rows, (p, q), day)
        match = {"p": p.upper() if p else None, "q": f" {q} "}
        if len(winners) > 1:
            with pytest.raises(AmbiguousRows) as failed:
                crosswalk.find(match, day)
            assert set(failed.value.places) == {row.place for row in winners}
        else:
            hit = crosswalk.find(match, day)
            assert (hit.place if hit else None) == (winners[0].place if winners else None)


@settings(deadline=None, max_examples=300)
@given(row_lists())
def test_a_tie_is_reported_exactly_when_some_record_meets_one(rows: list[Row]) -> None:
    """Every row is its own here (its result is its number), so that none counts as repeated."""
    everything = [*records(), *[(key, day) for key, _ in records() for day in (date.min, date.max)]]
    tied = any(len(by_hand(rows, key, day)) > 1 for key, day in everything)
    problems = row_problems(rows, ("p", "q"))
    assert any(problem.code == "E405" for problem in problems) == tied
    won = {row.place for key, day in everything for row in by_hand(rows, key, day)}
    for problem in problems:
        if problem.code == "W410":
            assert problem.place not in won

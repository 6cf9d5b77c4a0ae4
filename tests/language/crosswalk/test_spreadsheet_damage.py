"""What spreadsheets do to codes is named, never guessed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Make = Callable[..., Any]

HEADER = "account,department,gl_account,rule,from,to,priority,action,note\n"


def row(account: str = "6100", department: str = "A", gl: str = "X", rest: str = ",,,,,,") -> str:
    return f'"{account}","{department}","{gl}"{rest}\n'


@pytest.mark.parametrize(
    ("cell", "sentence", "hint"),
    [
        ("6100.0", "a number where a code is meant", "write 6100"),
        ("6100.00", "a number where a code is meant", "write 6100"),
        ("6100,0", "a number where a code is meant", "write 6100"),
        ("1E5", "a spreadsheet shortened", "format the column as text"),
        ("1E+05", "a spreadsheet shortened", "format the column as text"),
        ("1.23457E+11", "a spreadsheet shortened", "format the column as text"),
        ("1,23457e+11", "a spreadsheet shortened", "format the column as text"),
        ("6,100", "thousands separators", "write 6100"),
        ("1,006,100", "thousands separators", "write 1006100"),
        ("6 100", "thousands separators", "write 6100"),
        ("6\u00a0100", "thousands separators", "write 6100"),
        ("6'100", "thousands separators", "write 6100"),
        ("01-Jun", "a date that a spreadsheet made of a code", "type the code again"),
        ("1-Jun-26", "a date", "type the code again"),
        ("Jun-01", "a date", "type the code again"),
        ("01. Mai", "a date", "type the code again"),
        ("2026-01-06", "a date", "type the code again"),
        ("2026-01-06 00:00:00", "a date", "type the code again"),
        ("1/6/2026", "a date", "type the code again"),
        ("#N/A", "an error value of a spreadsheet", "mend the formula"),
        ("#REF!", "an error value of a spreadsheet", "mend the formula"),
        ("#VALUE!", "an error value", "mend the formula"),
        ("#NAME?", "an error value", "mend the formula"),
        ("#DIV/0!", "an error value", "mend the formula"),
        ("#####", "an error value", "mend the formula"),
        ("#NV", "an error value", "mend the formula"),
    ],
)
@pytest.mark.parametrize("column", ["account", "department", "gl_account"])
def test_a_damaged_code_is_named_with_its_cell(make: Make, column: str, cell: str, sentence: str, hint: str) -> None:
    cells = {"account": "6100", "department": "A", "gl_account": "X", column: cell}
    crosswalk, problems = make(HEADER + row("5000") + row(*cells.values()))
    assert crosswalk is None
    (problem,) = [problem for problem in problems if not problem.is_warning]
    start = {"account": 1, "department": 8, "gl_account": 12}[column]
    assert (problem.code, problem.place.line, problem.place.column) == ("E404", 3, start)
    assert f"{column}: " in problem.sentence
    assert sentence in problem.sentence
    assert hint in problem.hint


@pytest.mark.parametrize(
    "cell",
    [
        "6100",
        "0010",
        "6100-10-00",
        "6100|10",
        "A1",
        "E5",
        "JUN",
        "MAY-OPS",
        "12-34",
        "N/A",
        "6100.5",
        "*",
        "",
        "1.2.3",
        "10%",
    ],
)
def test_a_sound_code_is_left_alone(make: Make, cell: str) -> None:
    crosswalk, problems = make(HEADER + row(cell))
    assert problems == ()
    assert crosswalk is not None


@pytest.mark.parametrize(
    ("cells", "sound"),
    [
        (["2010-10-10", "6100-10-00"], True),
        (["2010-10-10", "2020-10-10"], False),
        (["6100.00", "6100.10"], True),
        (["6100.0", "6200.0"], False),
        (["6100.00", "6100.5"], False),
    ],
)
def test_what_looks_damaged_is_sound_when_a_sound_code_has_the_same_shape(
    make: Make, cells: list[str], sound: bool
) -> None:
    crosswalk, problems = make(HEADER + "".join(row(cell) for cell in cells))
    assert (crosswalk is not None) == sound
    assert {problem.code for problem in problems} == (set() if sound else {"E404"})


def test_a_point_between_thousands_is_seen_where_commas_are_decimals(make: Make) -> None:
    assert make(HEADER + row("6.100"))[0] is not None
    _, (problem,) = make((HEADER + row("6.100")).replace(",", ";"))
    assert (problem.code, problem.hint) == ("E404", "write 6100")


def test_lost_zeros_are_seen_by_the_other_codes(make: Make) -> None:
    text = HEADER + row("0010") + row("0020") + row("1000") + row("30") + row("*")
    crosswalk, (problem,) = make(text)
    assert crosswalk is None
    assert (problem.code, str(problem.place)) == ("E404", "gl-coding.csv:5:1")
    assert problem.hint == "did a spreadsheet drop the zeros of 0030?"


@pytest.mark.parametrize(
    "codes",
    [
        ["10", "20", "1000"],
        ["0010", "20"],
        ["0010", "020", "1000", "30"],
        ["0010", "0020", "30", "40", "50"],
        ["0010", "0020", "10000", "30"],
        ["0010", "0020", "A1"],
    ],
)
def test_codes_of_several_widths_are_left_alone(make: Make, codes: list[str]) -> None:
    crosswalk, problems = make(HEADER + "".join(row(code) for code in codes))
    assert problems == ()
    assert crosswalk is not None


@pytest.mark.parametrize(
    ("cell", "code", "how"),
    [
        ("6100 ", "6100", "spaces around it"),
        ("\u00a06100\u00a0", "6100", "spaces around it"),
        ("\ufeff6100\u200b", "6100", "spaces around it"),
        ("\u201c6100\u201d", "6100", "quotes around it"),
        ("\u201e6100\u201c", "6100", "quotes around it"),
        ("'0010", "0010", "an apostrophe before it"),
        ('=""0010""', "0010", "quotes around it"),
    ],
)
def test_what_can_be_mended_is_mended_with_a_warning(make: Make, cell: str, code: str, how: str) -> None:
    crosswalk, (warning,) = make(HEADER + row(cell))
    assert (warning.code, str(warning.place)) == ("W412", "gl-coding.csv:2:1")
    assert warning.sentence == f"'{code}' had {how}"
    assert crosswalk.find({"account": code, "department": "A"}, None) is not None


def test_mended_cells_of_a_column_are_told_once(make: Make) -> None:
    _, (warning,) = make(HEADER + row("1 ") + row("2 ") + row("3 ") + row(rest=",,,,,, a note "))
    assert warning.sentence == "'1' had spaces around it and in 2 more cells of 'account'"


def test_one_apostrophe_inside_a_name_is_kept(make: Make) -> None:
    crosswalk, problems = make(HEADER + row("O\u2019Brien") + row("L'Or\u00e9al"))
    assert problems == ()
    assert crosswalk.find({"account": "o\u2019brien", "department": "a"}, None) is not None


@pytest.mark.parametrize(
    ("rest", "code", "column", "sentence", "hint"),
    [
        (
            ",,1/7/2026,,,,",
            "E404",
            17,
            "1/7/2026 is not a date",
            "write 2026-07-01 or 2026-01-07, whichever is meant",
        ),
        (",,31/12/26,,,,", "E404", 17, "31/12/26 is not a date", "write 2026-12-31, whichever is meant"),
        (",,2026-01-06 00:00:00,,,,", "E404", 17, "not a date written YYYY-MM-DD", "formatted as text"),
        (",,46023,,,,", "E404", 17, "46023 is not a date", "formatted as text"),
        (",,2026-02-30,,,,", "E406", 17, "no day of the calendar", ""),
        (",,2026-02-02,2026-02-01,,,", "E406", 28, "before it begins", ""),
        (",,,,1.5,,", "E406", 19, "the priority 1.5 is not a whole number", "lowest comes first"),
        (",,,,-1,,", "E406", 19, "the priority -1", ""),
        (",,,,,stop,", "E406", 20, "'stop' is not an action", "write post or hold"),
        (",,,,,hodl,", "E406", 20, "'hodl' is not an action", "did you mean 'hold'?"),
        (",,,,,,#REF!", "E404", 21, "#REF! is an error value", ""),
        (",#N/A,,,,,", "E404", 16, "#N/A is an error value", ""),
    ],
)
def test_the_other_columns_are_read_strictly(
    make: Make, rest: str, code: str, column: int, sentence: str, hint: str
) -> None:
    crosswalk, problems = make(HEADER + row(rest=rest))
    assert crosswalk is None
    (problem,) = problems
    assert (problem.code, problem.place.line) == (code, 2)
    assert problem.place.column == column
    assert sentence in problem.sentence
    assert hint in problem.hint


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        (("61*", "A", "X"), "in 61* the * is not alone"),
        (("6100", "A", "*"), "* stands for nothing"),
        (("6100", "A", "=acount"), "=acount passes on no column"),
        (("6100", "A", "=A1+B2"), "=A1+B2 passes on no column"),
        (("6100", "A", ""), "the row says nothing to take"),
    ],
)
def test_a_cell_that_says_nothing_sensible_is_refused(make: Make, cells: tuple[str, str, str], sentence: str) -> None:
    crosswalk, (problem,) = make(HEADER + row(*cells))
    assert crosswalk is None
    assert problem.code == "E406"
    assert sentence in problem.sentence


def test_every_problem_of_a_file_is_told_at_once(make: Make) -> None:
    _, problems = make(HEADER + row("6100.0") + row("#N/A", rest=",,1/1/2026,,,,") + "1,2\n" + row(gl="=x"))
    assert sorted(problem.code for problem in problems) == ["E403", "E404", "E404", "E404", "E406"]

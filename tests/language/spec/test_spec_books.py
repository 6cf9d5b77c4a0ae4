"""books.yaml: settings, open periods, what is not posted, and the questions for what is missing."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from good_workspace import BOOKS

from engine.language.spec.books import Books, Company, company_from, load_books
from engine.language.spec.settings import SETTINGS
from engine.words.problem import Problem


def load(folder: Path, text: str) -> tuple[Books | None, tuple[Problem, ...]]:
    (folder / "books.yaml").write_text(text, encoding="utf-8")
    return load_books(folder / "books.yaml", folder)


@pytest.fixture
def company(tmp_path: Path) -> Company:
    books, problems = load(tmp_path, BOOKS)
    assert problems == ()
    assert books is not None
    return books.companies["EPIC06"]


def test_every_known_setting_is_there_and_an_optional_one_is_none(company: Company) -> None:
    assert set(company.settings) == set(SETTINGS)
    assert company.settings["paid_by"] == "airbase"
    assert company.settings["clearing_accounts"] == ("1090",)
    assert company.settings["go_live"] == company.go_live == date(2026, 11, 1)
    assert company.settings["payment_method"] is None
    assert str(company.zone) == "America/Chicago"


@pytest.mark.parametrize(
    ("day", "is_open", "opens"),
    [
        (date(2026, 10, 31), False, date(2026, 11, 1)),
        (date(2026, 11, 1), True, date(2026, 11, 1)),
        (date(2026, 11, 30), True, date(2026, 11, 30)),
        (date(2026, 12, 15), True, date(2026, 12, 15)),
        (date(2026, 12, 16), False, None),
    ],
)
def test_a_period_is_open_from_its_first_to_its_last_day(
    company: Company, day: date, is_open: bool, opens: date | None
) -> None:
    assert company.is_open(day) is is_open
    assert company.next_open(day) == opens


def test_the_next_open_day_is_the_nearest_one_whatever_the_order_in_the_file(tmp_path: Path) -> None:
    text = BOOKS.replace("[2026-11, {from: 2026-12-01, to: 2026-12-15}]", "[2027-02, 2026-11]")
    books, _ = load(tmp_path, text)
    assert books is not None
    assert books.companies["EPIC06"].next_open(date(2026, 12, 5)) == date(2027, 2, 1)
    assert books.companies["EPIC06"].next_open(date(2026, 1, 5)) == date(2026, 11, 1)


def test_what_is_not_posted_is_told_by_its_values(tmp_path: Path) -> None:
    books, _ = load(tmp_path, BOOKS)
    assert books is not None
    (line,) = books.not_posted
    assert (line.connection, line.reason) == ("airbase", "booked by treasury")
    assert line.names({"type": "load"})
    assert not line.names({"type": "bill"})


@pytest.mark.parametrize("name", [name for name, setting in SETTINGS.items() if setting.needed])
def test_a_missing_setting_without_a_default_puts_its_question(tmp_path: Path, name: str) -> None:
    lines = [line for line in BOOKS.split("\n") if not line.strip().startswith(f"{name}:")]
    books, (problem,) = load(tmp_path, "\n".join(lines))
    assert books is None
    assert (problem.code, problem.place.line, problem.place.column) == ("E703", 2, 3)
    assert problem.hint == SETTINGS[name].question
    assert problem.hint.endswith("?")


@pytest.mark.parametrize(
    ("good", "bad", "code", "line", "column", "hint"),
    [
        ("paid_by: airbase", "paid_by: airbse", "E107", 8, 14, ""),
        ("paid_by: airbase", "payd_by: airbase", "E104", 8, 5, ""),
        ("America/Chicago", "America/Chicgo", "E702", 5, 16, ""),
        ("go_live: 2026-11-01", "go_live: 2026-11-31", "E702", 6, 14, ""),
        ("go_live: 2026-11-01", "go_live: 11/01/2026", "E107", 6, 14, ""),
        ("[2026-11,", "[2026-13,", "E107", 7, 20, ""),
        ("to: 2026-12-15", "to: 2026-11-15", "E702", 7, 29, ""),
        ('["1090"]', "[1090]", "E106", 10, 25, ""),
        ("currency: USD", "currency: usd", "E107", 4, 15, ""),
        ("when: {type: [load, unload]}", "when: {ty..pe: [load, unload]}", "E201", 14, 15, ""),
        ("    reason: booked by treasury\n", "", "E105", 12, 5, ""),
        (
            "paid_by: airbase",
            "paid_by: airbase\n    shares_chart_with: EPIC7",
            "E702",
            9,
            24,
            "a company of this file",
        ),
        ("paid_by: airbase", "paid_by: airbase\n    shares_chart_with: EPIC06", "E702", 9, 24, "name the other one"),
        ("paid_by: airbase", "paid_by: airbase\n    payment_method: '9'", "E106", 9, 21, "write 9, without quotes"),
        ("paid_by: airbase", "paid_by: airbase\n    approval_limit: 75,000", "E106", 9, 21, "such as 1234.50"),
        ("paid_by: airbase", "paid_by: airbase\n    approval_limit: -0.5", "E107", 9, 21, "at least 0"),
        ("paid_by: airbase", "paid_by: airbase\n    fiscal_year_starts: 13", "E107", 9, 25, "at most 12"),
    ],
)
def test_a_wrong_setting_is_one_problem_at_its_place(
    tmp_path: Path, good: str, bad: str, code: str, line: int, column: int, hint: str
) -> None:
    assert good in BOOKS
    books, problems = load(tmp_path, BOOKS.replace(good, bad))
    assert books is None
    assert [(p.code, p.place.line, p.place.column) for p in problems] == [(code, line, column)], problems
    assert hint in problems[0].hint


def test_a_file_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    books, (problem,) = load_books(tmp_path / "books.yaml", tmp_path)
    assert books is None
    assert problem.code == "E704"
    assert "no such file" in problem.sentence


def test_a_company_of_a_tests_world_needs_only_what_the_test_is_about() -> None:
    company = company_from("EPIC06", {"paid_by": "airbase", "open_periods": ["2026-11"]})
    assert company.settings["paid_by"] == "airbase"
    assert company.settings["amortise_in"] is None
    assert not company.is_open(date(2026, 12, 1))
    assert company_from("X", {}).is_open(date(1999, 1, 1))
    with pytest.raises(ValueError, match="payd_by"):
        company_from("X", {"payd_by": "airbase"})
    with pytest.raises(ValueError, match="X"):
        company_from("X", {"time_zone": "Nowhere/Land"})

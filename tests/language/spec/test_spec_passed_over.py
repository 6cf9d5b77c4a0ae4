"""A file that looks like one of the workspace and is not read: its edits would have no effect."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.language.spec.passed_over import passed_over


def told(folder: Path, name: str) -> list[tuple[str, str, str]]:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x", encoding="utf-8")
    return [(problem.place.file, problem.code, problem.hint) for problem in passed_over(folder)]


@pytest.mark.parametrize(
    ("name", "code", "hint"),
    [
        ("alerts.yml", "E704", "rename it to alerts.yaml"),
        ("schedules.YAML", "E704", "rename it to schedules.yaml"),
        ("mappings/refunds.yml", "E704", "rename it to refunds.yaml"),
        ("mappings/recipes/epicor-ap-invoice.yml", "E704", "rename it to epicor-ap-invoice.yaml"),
        ("mappings/crosswalks/gl-coding.CSV", "E704", "rename it to gl-coding.csv"),
        ("mappings/crosswalks/gl-coding.xlsx", "W705", "save the sheet as 'CSV UTF-8', as gl-coding.csv"),
    ],
)
def test_it_is_told_with_what_to_do(tmp_path: Path, name: str, code: str, hint: str) -> None:
    assert told(tmp_path, name) == [(name, code, hint)]


def test_where_the_right_file_stands_beside_it_one_of_the_two_must_go(tmp_path: Path) -> None:
    (tmp_path / "books.yaml").write_text("x", encoding="utf-8")
    assert told(tmp_path, "books.yml") == [("books.yml", "E704", "books.yaml is read instead: keep one of the two")]


@pytest.mark.parametrize(
    "name",
    [
        "docker-compose.yml",
        "mappings/bills.yaml",
        "mappings/README.md",
        "mappings/crosswalks/gl-coding.csv",
        "mappings/crosswalks/~$gl-coding.xlsx",
        "mappings/crosswalks/.~lock.gl-coding.csv#",
    ],
)
def test_what_is_no_file_of_ours_and_what_a_spreadsheet_locks_is_left_alone(tmp_path: Path, name: str) -> None:
    assert told(tmp_path, name) == []

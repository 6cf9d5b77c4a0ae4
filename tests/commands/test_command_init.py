"""`init`: a workspace that is right but for its open questions, and nothing where something stands already."""

from __future__ import annotations

import json
import os
import pty
import select
import time
from pathlib import Path

import pytest

from engine.language.spec.settings import SETTINGS
from tests.commands.scene import CONSOLE, said_once, typed

SYSTEMS = ("--epicor-url", "https://erp.example.com/LIVE", "--environment", "test", "--company", "EPIC06")
ANSWERS = {
    "currency": "USD",
    "time_zone": "America/Chicago",
    "go_live": "2026-11-01",
    "open_periods": "2026-11, 2026-12",
    "paid_by": "airbase",
    "amortise_in": "nobody",
}
NEEDED = {setting.name for setting in SETTINGS.values() if setting.needed}


def setting(answers: dict[str, str]) -> list[str]:
    return [word for name, answer in answers.items() for word in ("--set", f"EPIC06.{name}={answer}")]


def problems(folder: Path) -> list[dict[str, str]]:
    return list(json.loads(typed("validate", "-w", folder, "--format", "json").stdout)["problems"])


def test_the_answers_here_are_all_that_is_needed() -> None:
    assert set(ANSWERS) == NEEDED


def test_with_all_answers_it_validates_and_its_tests_pass(tmp_path: Path) -> None:
    made = typed("init", tmp_path / "books", *SYSTEMS, *setting(ANSWERS))
    assert made.exit_code == 0, made.output
    assert "answer in books.yaml" not in made.stdout
    assert "ml-connector credentials set epicor password" in made.stdout
    assert [one for one in problems(tmp_path / "books") if not one["code"].startswith("W")] == []
    tested = typed("test", "-w", tmp_path / "books")
    assert tested.exit_code == 0, tested.output
    assert " 0 failed" in tested.stdout


def test_the_next_steps_can_be_typed_whatever_the_folder_is_called(tmp_path: Path) -> None:
    made = typed("init", tmp_path / "the books of Zoë", *SYSTEMS)
    assert f"cd '{tmp_path}/the books of Zoë'" in made.stdout


def test_without_answers_only_the_questions_are_open(tmp_path: Path) -> None:
    made = typed("init", tmp_path / "books", *SYSTEMS, "--format", "json")
    assert set(json.loads(made.stdout)["open_questions"]) == {f"EPIC06.{name}" for name in NEEDED}
    found = problems(tmp_path / "books")
    assert {one["code"] for one in found} == {"E703"}
    assert {one["hint"] for one in found} == {SETTINGS[name].question for name in NEEDED}
    assert "has 6 problems; nothing was done" in said_once(typed("run", "--all", "-w", tmp_path / "books"), 2)


def test_a_question_answered_in_the_file_is_answered(tmp_path: Path) -> None:
    typed("init", tmp_path / "books", *SYSTEMS)
    books = tmp_path / "books" / "books.yaml"
    text = books.read_text()
    for name, answer in ANSWERS.items():
        shown = f"[{answer}]" if name == "open_periods" else answer
        line = next(line for line in text.splitlines() if line.startswith(f"    # {name}:"))
        text = text.replace(line, f"    {name}: {shown}")
    books.write_text(text)
    assert typed("validate", "-w", tmp_path / "books").exit_code == 0


def test_no_row_of_the_samples_chart_is_left(tmp_path: Path) -> None:
    typed("init", tmp_path / "books", *SYSTEMS, *setting(ANSWERS))
    for path in (tmp_path / "books" / "mappings" / "crosswalks").glob("*.csv"):
        for line in path.read_text().splitlines()[1:]:
            assert ",hold," in line
            assert not any(cell.isdigit() for cell in line.split(",")), line


def test_a_second_init_changes_nothing(tmp_path: Path) -> None:
    typed("init", tmp_path, *SYSTEMS)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    told = said_once(typed("init", tmp_path, *SYSTEMS, *setting(ANSWERS)), 2)
    assert "is a workspace already; nothing was changed" in told
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_files_that_stand_there_are_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "books.yaml").write_text("mine")
    assert "has a 'books.yaml' already" in said_once(typed("init", tmp_path, *SYSTEMS), 2)
    assert [path.name for path in tmp_path.iterdir()] == ["books.yaml"]


def test_a_folder_kept_in_git_keeps_its_own_ignore_file(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("*.bak")
    assert typed("init", tmp_path, *SYSTEMS).exit_code == 0
    assert (tmp_path / ".gitignore").read_text().splitlines() == ["*.bak", "/.ml-connector/", "/reports/"]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (("--set", "EPIC06.currency=dollars"), "'dollars' does not fit here"),
        (("--set", "EPIC06.time_zone=Chicago"), "'Chicago' is no time zone"),
        (("--set", "EPIC06.go_live=2026-02-30"), "the calendar has no day 2026-02-30"),
        (("--set", "EPIC06.paid_by=both"), "both"),
        (("--epicor-url", "http://erp.example.com/X"), "http sends credentials in the clear"),
        (("--epicor-url", "https://me:planted@erp.example.com/X"), "the address holds a login"),
    ],
)
def test_an_answer_that_does_not_fit_makes_nothing(wrong: tuple[str, str], told: str, tmp_path: Path) -> None:
    result = typed("init", tmp_path / "books", *SYSTEMS, *wrong)
    assert "an answer does not fit; nothing was made" in said_once(result, 2)
    assert told in result.stderr
    assert "planted" not in result.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("word", ["paid_by=airbase", "EPIC06.paid_by", "EPIC06.payed_by=airbase"])
def test_a_setting_that_cannot_be_read(word: str, tmp_path: Path) -> None:
    said_once(typed("init", tmp_path / "books", *SYSTEMS, "--set", word), 2)
    assert list(tmp_path.iterdir()) == []


def test_without_a_terminal_it_says_what_to_give(tmp_path: Path) -> None:
    assert "--epicor-url, --environment and --company" in said_once(typed("init", tmp_path / "books"), 2)


def test_on_a_terminal_it_asks_until_an_answer_fits(tmp_path: Path) -> None:
    answers = [
        "live",
        "production",
        "erp.example.com",
        "https://erp.example.com/LIVE",
        "EPIC06",
        "dollars",
        *ANSWERS.values(),
    ]
    answers[-1] = ""  # who amortises is left open
    said, code = on_a_terminal(("init", str(tmp_path / "books")), answers)
    assert code == 0, said
    assert "'live' is not one of" in said
    assert "the address names no host" in said
    assert "'dollars' does not fit here" in said
    assert "1 question (EPIC06.amortise_in)" in said
    assert [(one["code"], one["hint"]) for one in problems(tmp_path / "books")] == [
        ("E703", SETTINGS["amortise_in"].question)
    ]


def test_interrupted_at_a_question_it_makes_nothing(tmp_path: Path) -> None:
    said, code = on_a_terminal(("init", str(tmp_path / "books")), ["production", "\x03"])
    assert code == 130, said
    assert list(tmp_path.iterdir()) == []


def on_a_terminal(line: tuple[str, ...], answers: list[str]) -> tuple[str, int]:
    """A command on a pseudo-terminal that is given the answers one by one, each when it waits for one."""
    child, screen = pty.fork()
    if child == 0:
        os.execv(CONSOLE, ["ml-connector", *line])
    said, left = "", list(answers)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        ready, _, _ = select.select([screen], [], [], 0.2)
        if ready:
            try:
                read = os.read(screen, 65536).decode()
            except OSError:
                break
            said += read
        elif left and said.rstrip().endswith((":", "?", ")")):
            answer = left.pop(0)
            os.write(screen, (answer if answer == "\x03" else f"{answer}\n").encode())
    os.close(screen)
    return said, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_an_answer_for_a_company_that_was_not_named(tmp_path: Path) -> None:
    told = said_once(typed("init", tmp_path / "books", *SYSTEMS, "--set", "EPIC60.currency=USD"), 2)
    assert "EPIC60 is not among the companies given (EPIC06)" in told
    assert not (tmp_path / "books").exists()

"""Files of a workspace that somebody may take for its files, and that are not read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from engine.language.spec.workspace_file import file_problem, shown_name
from engine.words.problem import Problem

_READ_AT_THE_TOP = ("alerts", "books", "connections", "schedules")
_SPREADSHEETS = frozenset({".xlsx", ".xls", ".xlsm", ".ods", ".numbers", ".tsv", ".txt"})


def passed_over(folder: Path) -> Iterator[Problem]:
    """What is wrong with the names of a workspace's files: an edit of such a file would have no effect."""
    mappings = folder / "mappings"
    for path in _files(folder):
        if path.stem in _READ_AT_THE_TOP:
            yield from _other_ending(path, folder)
    for path in (*_files(mappings), *_files(mappings / "recipes")):
        yield from _other_ending(path, folder)
    for path in _files(mappings / "crosswalks"):
        yield from _other_table(path, folder)


def _files(folder: Path) -> list[Path]:
    """The files of a folder without the hidden ones and the lock files of spreadsheet programs."""
    if not folder.is_dir():
        return []
    return [path for path in sorted(folder.iterdir()) if path.is_file() and path.name[0] not in ".~"]


def _other_ending(path: Path, folder: Path) -> Iterator[Problem]:
    if path.suffix != ".yaml" and path.suffix.lower() in {".yml", ".yaml"}:
        yield _not_read(path, folder, f"{path.stem}.yaml")


def _other_table(path: Path, folder: Path) -> Iterator[Problem]:
    ending = path.suffix.lower()
    if ending in _SPREADSHEETS:
        hint = f"save the sheet as 'CSV UTF-8', as {path.stem}.csv"
        yield file_problem(shown_name(path, folder), "W705", f"{path.name} is not read", hint)
    elif ending == ".csv" and path.suffix != ".csv":
        yield _not_read(path, folder, f"{path.stem}.csv")


def _not_read(path: Path, folder: Path, read: str) -> Problem:
    there = path.with_name(read).exists()
    hint = f"{read} is read instead: keep one of the two" if there else f"rename it to {read}"
    return file_problem(shown_name(path, folder), "E704", f"{path.name} is not read", hint)

"""What the tests of crosswalks share: a file on disk, read and made as the program does it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from engine.language.crosswalk.crosswalk import Crosswalk
from engine.language.crosswalk.load import make_crosswalk
from engine.language.crosswalk.table import read_table
from engine.words.problem import Problem

Made = tuple[Crosswalk | None, tuple[Problem, ...]]
Make = Callable[..., Made]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def made(
        content: str | bytes,
        keys: Sequence[str] = ("account", "department"),
        results: Sequence[str] = ("gl_account",),
    ) -> Made:
        file = tmp_path / "gl-coding.csv"
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        table, problems = read_table(file, "gl-coding.csv")
        if table is None:
            return None, problems
        crosswalk, more = make_crosswalk(table, "gl-coding", keys, results)
        return crosswalk, (*problems, *more)

    return made

"""A problem with its place: what is wrong, where, and what to do about it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Place:
    """A position in a file a person edits; line and column count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong with what a person wrote.

    `code` is stable (see `engine.words.codes`), `where` names the part in words
    (`bills > source > endpoint`), `hint` says what to do. Codes that begin with W are warnings.
    """

    place: Place
    code: str
    sentence: str
    where: str = ""
    hint: str = ""

    @property
    def is_warning(self) -> bool:
        """Whether work may go on in spite of it."""
        return self.code.startswith("W")

    def __str__(self) -> str:
        hint = f" ({self.hint})" if self.hint else ""
        where = f" at {self.where}" if self.where else ""
        return f"{self.place}: {self.code} {self.sentence}{hint}{where}"

    def as_json(self) -> dict[str, object]:
        """The problem as a JSON object for `--format json`."""
        return {
            "file": self.place.file,
            "line": self.place.line,
            "column": self.place.column,
            "code": self.code,
            "sentence": self.sentence,
            "hint": self.hint,
            "where": self.where,
        }


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint that names the nearest known word, or an empty string when none is near."""
    by_folded = {name.casefold(): name for name in sorted(known, reverse=True)}
    near = difflib.get_close_matches(word.casefold(), list(by_folded), n=1, cutoff=0.6)
    return f"did you mean '{by_folded[near[0]]}'?" if near else ""


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Problems as a reader meets them: by file, line, column; each one once."""
    unique = dict.fromkeys(problems)
    return tuple(sorted(unique, key=lambda problem: (problem.place, problem.code)))

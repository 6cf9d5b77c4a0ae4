"""The header of a crosswalk: which column holds what, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.language.crosswalk.damage import mended
from engine.language.crosswalk.table import Table, TableRow
from engine.words.problem import Problem, did_you_mean

RESERVED = ("rule", "priority", "from", "to", "action", "note", "requested_by", "approved_by")
"""Columns with a meaning of their own in every crosswalk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Where each column stands, by its name as the mappings write it."""

    positions: dict[str, int]
    count: int

    def text(self, row: TableRow, name: str) -> str:
        """The mended text of a cell; empty where the table has no such column."""
        position = self.positions.get(name)
        return "" if position is None else mended(row.texts[position])[0]


def read_header(
    table: Table, keys: Sequence[str], results: Sequence[str]
) -> tuple[Columns | None, tuple[Problem, ...]]:
    """Find the columns; a name is compared without regard to case. None when one is missing or in doubt."""
    problems: list[Problem] = []
    names = [mended(text)[0] for text in table.header.texts]
    count = _count(table, names, problems)
    wanted = dict.fromkeys((*keys, *results))
    positions: dict[str, int] = {}
    for position, name in enumerate(names[:count]):
        known = _known(name, tuple(wanted))
        if not name:
            problems.append(_problem(table, position, "E402", "a column without a name"))
        elif known in positions:
            problems.append(_problem(table, position, "E402", f"a second column called '{name}'"))
        else:
            positions[known] = position
    missing = [name for name in wanted if name not in positions]
    spare = [name for name in positions if name not in wanted and name not in RESERVED]
    for name in missing:
        kind = "match by" if name in keys else "take"
        hint = did_you_mean(name, spare) or f"its columns are: {', '.join(positions)}"
        problems.append(_problem(table, 0, "E402", f"no column '{name}', which mappings {kind}", hint))
    if not missing:
        for name in spare:
            sentence = f"no mapping uses the column '{name}'"
            problems.append(_problem(table, positions[name], "W521", sentence, did_you_mean(name, wanted)))
    for name in sorted({*keys} & {*results}):
        sentence = f"the column '{name}' is both matched by and taken"
        problems.append(_problem(table, positions.get(name, 0), "E402", sentence))
    for name in sorted(wanted.keys() & {*RESERVED} - {*results}):
        sentence = f"'{name}' has a meaning of its own and cannot be matched by"
        problems.append(_problem(table, positions.get(name, 0), "E402", sentence))
    sound = not any(problem.code == "E402" for problem in problems)
    return (Columns(positions=positions, count=count) if sound else None), tuple(problems)


def _count(table: Table, names: Sequence[str], problems: list[Problem]) -> int:
    """How many columns there are without those at the end that hold nothing at all."""
    count = len(names)
    while count and not names[count - 1]:
        count -= 1
    if any(text.strip() for row in table.rows for text in row.texts[count : len(names)]):
        return len(names)
    if count < len(names):
        problems.append(_problem(table, count, "W412", "columns without a name or content were passed over"))
    return count


def _known(name: str, wanted: Sequence[str]) -> str:
    by_folded = {known.casefold(): known for known in (*RESERVED, *wanted)}
    return by_folded.get(name.casefold(), name)


def _problem(table: Table, position: int, code: str, sentence: str, hint: str = "") -> Problem:
    return Problem(place=table.place(table.header, position), code=code, sentence=sentence, hint=hint)

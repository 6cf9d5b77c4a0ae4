"""A table made into a crosswalk: cells read, damage named, rows checked against each other."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from engine.language.crosswalk.columns import Columns, read_header
from engine.language.crosswalk.crosswalk import PRIORITY_NONE, Action, Crosswalk, Row, crosswalk_of
from engine.language.crosswalk.damage import (
    damage_of,
    is_error_value,
    mended,
    shape_of,
    sound_shapes,
    width_of_codes,
)
from engine.language.crosswalk.lints import row_problems, without_repeats
from engine.language.crosswalk.table import Table, TableRow
from engine.words.problem import Place, Problem, did_you_mean

_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_OTHER_DATE = re.compile(r"(?P<first>\d{1,2})[/.-](?P<second>\d{1,2})[/.-](?P<year>\d{4}|\d{2})", re.ASCII)
_NO_PLACE = Place(file="crosswalk", line=1, column=1)


def make_crosswalk(
    table: Table, name: str, keys: Sequence[str], results: Sequence[str]
) -> tuple[Crosswalk | None, tuple[Problem, ...]]:
    """The crosswalk that a table spells, and everything that is wrong with it.

    `keys` are the columns that mappings match by, `results` those they take. There is no crosswalk when a problem
    is an error.
    """
    columns, found = read_header(table, keys, results)
    if columns is None:
        return None, found
    reading = _Reading(table, columns, tuple(keys), tuple(results))
    rows = reading.rows()
    problems = [*found, *reading.problems]
    if all(problem.is_warning for problem in problems):
        problems.extend(row_problems(rows, keys))
    return _crosswalk(name, keys, results, rows, problems)


def crosswalk_of_rows(
    name: str, rows: Sequence[Mapping[str, Any]], keys: Sequence[str], results: Sequence[str]
) -> tuple[Crosswalk | None, tuple[Problem, ...]]:
    """The crosswalk of rows written in YAML; a key column that a row leaves out fits anything."""
    names = tuple(dict.fromkeys((*keys, *results, *(column for row in rows for column in row))))
    absent = dict.fromkeys(keys, "*")
    table = Table(
        file=_NO_PLACE.file,
        separator=",",
        header=_row_of(names),
        rows=tuple(_row_of(tuple(_as_cell(row.get(column, absent.get(column))) for column in names)) for row in rows),
    )
    columns, found = read_header(table, keys, results)
    problems = [problem for problem in found if not problem.is_warning]
    if columns is None:
        return None, tuple(problems)
    reading = _Reading(table, columns, tuple(keys), tuple(results), is_typed=True)
    made = reading.rows()
    problems.extend(reading.problems)
    if not problems:
        problems.extend(row_problems(made, keys))
    return _crosswalk(name, keys, results, made, problems)


def _crosswalk(
    name: str, keys: Sequence[str], results: Sequence[str], rows: Sequence[Row], problems: list[Problem]
) -> tuple[Crosswalk | None, tuple[Problem, ...]]:
    sound = all(problem.is_warning for problem in problems)
    made = crosswalk_of(name, keys, results, without_repeats(rows)) if sound else None
    return made, tuple(problems)


def _row_of(texts: tuple[str, ...]) -> TableRow:
    return TableRow(line=_NO_PLACE.line, texts=texts, starts=((_NO_PLACE.line, _NO_PLACE.column),) * len(texts))


def _as_cell(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


@dataclass(slots=True)
class _Reading:
    """One pass over a table, collecting what it finds."""

    table: Table
    columns: Columns
    keys: tuple[str, ...]
    results: tuple[str, ...]
    is_typed: bool = False
    problems: list[Problem] = field(default_factory=list)

    def rows(self) -> tuple[Row, ...]:
        """Every row that can be read."""
        full = [row for row in (self._full(row) for row in self.table.rows) if row is not None]
        if not self.is_typed:
            self._note_mended(full)
            for name in (*self.keys, *self.results):
                self._check_codes(full, name)
        return tuple(self._row(row) for row in full)

    def _full(self, row: TableRow) -> TableRow | None:
        count, given = self.columns.count, len(row.texts)
        if given < count or any(text.strip() for text in row.texts[count:]):
            sentence = f"the row has {given} cells, the header {count}"
            hint = "a cell with a separator in it stands in quotes" if given > count else ""
            self._add(row, min(given, count), "E403", sentence, hint)
            return None
        return row

    def _note_mended(self, rows: Sequence[TableRow]) -> None:
        for name, position in self.columns.positions.items():
            if name not in (*self.keys, *self.results, "rule", "priority", "from", "to", "action"):
                continue
            found = [(row, how) for row in rows if (how := mended(row.texts[position])[1])]
            if found:
                row, how = found[0]
                more = f" and in {len(found) - 1} more cells of '{name}'" if len(found) > 1 else ""
                sentence = f"{mended(row.texts[position])[0]!r} had {how}{more}"
                self._add(row, position, "W412", sentence)

    def _check_codes(self, rows: Sequence[TableRow], name: str) -> None:
        position = self.columns.positions[name]
        cells = [mended(row.texts[position])[0] for row in rows]
        shapes = sound_shapes(dict.fromkeys(cells), self.table.separator)
        width = width_of_codes(cells)
        for row, cell in zip(rows, cells, strict=True):
            if cell in ("", "*"):
                continue
            sentence, hint = damage_of(cell, self.table.separator)
            if sentence and shape_of(cell) not in shapes:
                self._add(row, position, "E404", f"{name}: {sentence}", hint)
            elif width is not None and cell.isdigit() and len(cell) < width:
                sentence = f"{name}: {cell} is shorter than the other codes, which have {width} digits"
                self._add(row, position, "E404", sentence, f"did a spreadsheet drop the zeros of {cell:0>{width}}?")

    def _row(self, row: TableRow) -> Row:
        results = tuple(self._result(row, name) for name in self.results)
        action = self._action(row)
        if action == "post" and results and not any(results):
            self._add(row, self.columns.positions[self.results[0]], "E406", "the row says nothing to take")
        first, last = self._day(row, "from"), self._day(row, "to")
        if first and last and last < first:
            self._add(row, self.columns.positions["to"], "E406", f"the row ends on {last}, before it begins")
        for name in ("rule", "note"):
            if is_error_value(self.columns.text(row, name)):
                sentence = f"{self.columns.text(row, name)} is an error value of a spreadsheet"
                self._add(row, self.columns.positions[name], "E404", sentence)
        return Row(
            place=self.table.place(row),
            cells=tuple(self._key(row, name) for name in self.keys),
            results=results,
            priority=self._priority(row),
            first_day=first,
            last_day=last,
            action=action,
            rule=self.columns.text(row, "rule"),
            note=self.columns.text(row, "note"),
        )

    def _key(self, row: TableRow, name: str) -> str | None:
        cell = self.columns.text(row, name)
        if cell == "*":
            return None
        if "*" in cell:
            sentence = f"{name}: in {cell} the * is not alone"
            self._add(row, self.columns.positions[name], "E406", sentence, "* alone fits any code")
        return cell

    def _result(self, row: TableRow, name: str) -> str:
        cell = self.columns.text(row, name)
        if not cell.startswith("="):
            if cell == "*":
                sentence = f"{name}: * stands for nothing in a column that is taken"
                self._add(row, self.columns.positions[name], "E406", sentence, "=account passes the code on")
            return cell
        passed = next((key for key in self.keys if key.casefold() == cell[1:].strip().casefold()), None)
        if passed is None:
            hint = did_you_mean(cell[1:], self.keys) or f"= is followed by one of: {', '.join(self.keys)}"
            self._add(row, self.columns.positions[name], "E406", f"{name}: {cell} passes on no column", hint)
        return f"={passed}"

    def _action(self, row: TableRow) -> Action:
        word = self.columns.text(row, "action").casefold()
        if word not in ("", "post", "hold"):
            hint = did_you_mean(word, ("post", "hold")) or "write post or hold"
            self._add(row, self.columns.positions["action"], "E406", f"'{word}' is not an action", hint)
        return "hold" if word == "hold" else "post"

    def _priority(self, row: TableRow) -> int:
        text = self.columns.text(row, "priority")
        if not text:
            return PRIORITY_NONE
        if text.isascii() and text.isdigit() and int(text) < PRIORITY_NONE:
            return int(text)
        place = self.columns.positions["priority"]
        self._add(row, place, "E406", f"the priority {text} is not a whole number", "the lowest comes first")
        return PRIORITY_NONE

    def _day(self, row: TableRow, name: str) -> date | None:
        text = self.columns.text(row, name)
        if not text:
            return None
        position = self.columns.positions[name]
        if _ISO_DATE.fullmatch(text):
            try:
                return date.fromisoformat(text)
            except ValueError:
                self._add(row, position, "E406", f"{text} is no day of the calendar")
                return None
        self._add(row, position, "E404", f"{text} is not a date written YYYY-MM-DD", _date_hint(text))
        return None

    def _add(self, row: TableRow, position: int, code: str, sentence: str, hint: str = "") -> None:
        place = self.table.place(row, position)
        self.problems.append(Problem(place=place, code=code, sentence=sentence, hint=hint))


def _date_hint(text: str) -> str:
    found = _OTHER_DATE.fullmatch(text)
    if found is None:
        return "write it as 2026-07-01, in a column formatted as text"
    first, second = int(found["first"]), int(found["second"])
    year = found["year"] if len(found["year"]) == 4 else f"20{found['year']}"
    readings = [
        f"{year}-{month:02d}-{day:02d}"
        for month, day in dict.fromkeys(((second, first), (first, second)))
        if 1 <= month <= 12 and 1 <= day <= 31
    ]
    return f"write {' or '.join(readings)}, whichever is meant" if readings else "write it as 2026-07-01"

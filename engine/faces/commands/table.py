"""Tables: aligned for people, one line a row where a program reads."""

from __future__ import annotations

import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import click

from engine.faces.commands.output import one_line

Cell = object
"""Anything with a text; a tuple is several lines, such as one amount for each currency."""

_GAP = "  "
_INDENT = "    "
_TEXT_MIN = 24
_CELL_MAX = 2_000
"""Letters of a cell: every row is as wide as the widest one, and JSON has all of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column; a `long` one holds sentences, and moves below its row where the line would be too wide."""

    name: str
    right: bool = False
    long: bool = False


def column(name: str, *, right: bool = False, long: bool = False) -> Column:
    """A column by its heading."""
    return Column(name=name, right=right, long=long)


def put_table(columns: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> None:
    """Print a table; to a pipe every line stays whole, on a terminal it fits the width."""
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for line in table_lines(columns, rows, width=width):
        click.echo(line)


def table_lines(columns: Sequence[Column], rows: Iterable[Sequence[Cell]], *, width: int | None) -> Iterable[str]:
    """The lines of a table; without a width a line is as long as it must be, and every column is there."""
    cells = [[_lines(cell) for cell in row] for row in rows]
    if width is None:
        cells = [[["; ".join(cell)] if cell else [""] for cell in row] for row in cells]
        yield from _grid(columns, cells)
        return
    filled = [index for index in range(len(columns)) if any(any(row[index]) for row in cells)]
    columns = [columns[index] for index in filled]
    cells = [[row[index] for index in filled] for row in cells]
    if _width(columns, cells) <= width:
        yield from _grid(columns, cells)
        return
    yield from _narrow(columns, cells, width)


def display_width(text: str) -> int:
    """How many places a text takes on a terminal: wide letters take two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in text
    )


def _lines(cell: Cell) -> list[str]:
    lines = [one_line(part) for part in (cell if isinstance(cell, tuple) else (cell,))]
    return [line if len(line) <= _CELL_MAX else f"{line[:_CELL_MAX]}… ({len(line):,} letters)" for line in lines]


def _widths(columns: Sequence[Column], cells: Sequence[Sequence[Sequence[str]]]) -> list[int]:
    return [
        max([display_width(column.name), *(display_width(line) for row in cells for line in row[index])])
        for index, column in enumerate(columns)
    ]


def _width(columns: Sequence[Column], cells: Sequence[Sequence[Sequence[str]]]) -> int:
    return sum(_widths(columns, cells)) + len(_GAP) * (len(columns) - 1)


def _narrow(columns: Sequence[Column], cells: Sequence[Sequence[Sequence[str]]], width: int) -> Iterable[str]:
    """Sentences in the last column while there is room for them, else on lines of their own below the row."""
    short = [index for index, one in enumerate(columns) if not one.long]
    long = [index for index, one in enumerate(columns) if one.long]
    used = _width([columns[i] for i in short], [[row[i] for i in short] for row in cells])
    room = width - used - len(_GAP)
    if len(long) == 1 and long[0] == len(columns) - 1 and room >= 2 * _TEXT_MIN:
        wrapped = [[*row[:-1], _wrapped(" ".join(row[-1]), room)] for row in cells]
        yield from _grid(columns, wrapped)
        return
    wide = max(width - len(_INDENT), _TEXT_MIN)
    below = [[line for i in long for line in _wrapped(" ".join(row[i]), wide)] for row in cells]
    yield from _grid([columns[i] for i in short], [[row[i] for i in short] for row in cells], below)


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_on_hyphens=False) or [""]


def _grid(
    columns: Sequence[Column],
    cells: Sequence[Sequence[Sequence[str]]],
    below: Sequence[Sequence[str]] | None = None,
) -> Iterable[str]:
    widths = _widths(columns, cells)
    yield _row(columns, widths, [column.name for column in columns])
    yield "-" * (sum(widths) + len(_GAP) * (len(widths) - 1))
    for number, row in enumerate(cells):
        for line in range(max((len(cell) for cell in row), default=1)):
            yield _row(columns, widths, [cell[line] if line < len(cell) else "" for cell in row])
        for text in below[number] if below is not None else ():
            if text:
                yield f"{_INDENT}{text}"


def _row(columns: Sequence[Column], widths: Sequence[int], texts: Sequence[str]) -> str:
    padded = [
        f"{' ' * (width - display_width(text))}{text}"
        if column.right
        else f"{text}{' ' * (width - display_width(text))}"
        for column, width, text in zip(columns, widths, texts, strict=True)
    ]
    return _GAP.join(padded).rstrip()

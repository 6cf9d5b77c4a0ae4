"""A CSV file as a spreadsheet leaves it: bytes to rows of text, every cell with its place.

Accepted are UTF-8 with or without a byte order mark, UTF-16 with one, and Windows-1252 as the last resort;
comma, semicolon or tab; any line ending; quoted cells. Cells are text, always.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.words.problem import Place, Problem

BYTES_MAX = 64_000_000
ROWS_MAX = 200_000
COLUMNS_MAX = 100
CELL_LENGTH_MAX = 2000

_SEPARATORS = (",", ";", "\t")
_SEP_LINE = re.compile(r'"?sep=(?P<separator>[,;\t])"?\r?\n?')
_SIGNATURES = ((b"PK\x03\x04", "an Excel workbook"), (b"\xd0\xcf\x11\xe0", "an old Excel workbook"))
_SAVE_AS = "save it in the spreadsheet as 'CSV UTF-8'"


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """One row: the texts of its cells, and where they begin."""

    line: int
    texts: tuple[str, ...]
    starts: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The rows of one file as they stand there, without rows that are wholly empty."""

    file: str
    separator: str
    header: TableRow
    rows: tuple[TableRow, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, without spaces around them."""
        return tuple(text.strip() for text in self.header.texts)

    def place(self, row: TableRow, column: int = 0) -> Place:
        """Where a cell begins; the end of a row that is too short."""
        line, start = row.starts[min(column, len(row.starts) - 1)] if row.starts else (row.line, 1)
        return Place(file=self.file, line=line, column=start)


class Unreadable(Exception):
    """The file is not a table."""

    def __init__(self, code: str, sentence: str, hint: str = "", line: int = 1, column: int = 1) -> None:
        super().__init__(sentence)
        self.code, self.sentence, self.hint, self.line, self.column = code, sentence, hint, line, column


def read_table(path: Path, shown_as: str) -> tuple[Table | None, tuple[Problem, ...]]:
    """Read one CSV file; `shown_as` is how places name it. No table when the file cannot be read."""
    try:
        return table_of_bytes(_bytes_of(path), shown_as)
    except OSError as error:
        problem = _problem(shown_as, Unreadable("E401", f"the file cannot be read: {error.strerror}"))
    except Unreadable as unreadable:
        problem = _problem(shown_as, unreadable)
    return None, (problem,)


def _bytes_of(path: Path) -> bytes:
    if path.stat().st_size > BYTES_MAX:
        raise Unreadable("E401", f"the file is larger than {BYTES_MAX // 1_000_000} MB")
    return path.read_bytes()


def table_of_bytes(content: bytes, shown_as: str) -> tuple[Table, tuple[Problem, ...]]:
    """The table that the bytes of a file spell.

    Raises:
        Unreadable: it is no table.
    """
    text, warnings = _decoded(content, shown_as)
    line, separator = 1, ""
    marked = _SEP_LINE.match(text)
    if marked:
        line, separator, text = 2, marked["separator"], text[marked.end() :]
    separator = separator or _separator_of(text)
    rows = [row for row in _rows(text, separator, line) if any(cell.strip() for cell in row.texts)]
    if not rows:
        raise Unreadable("E402", "the table is empty", "its first row names the columns")
    return Table(file=shown_as, separator=separator, header=rows[0], rows=tuple(rows[1:])), warnings


def _decoded(content: bytes, shown_as: str) -> tuple[str, tuple[Problem, ...]]:
    for signature, kind in _SIGNATURES:
        if content.startswith(signature):
            raise Unreadable("E401", f"this is {kind}, not a CSV file", _SAVE_AS)
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            return content.decode("utf-16"), ()
        except UnicodeDecodeError as error:
            raise Unreadable("E401", "the file is broken UTF-16", _SAVE_AS) from error
    if b"\x00" in content:
        raise Unreadable("E401", "the file is neither UTF-8 nor marked as UTF-16", _SAVE_AS)
    try:
        return content.decode("utf-8-sig"), ()
    except UnicodeDecodeError as error:
        before = content[: error.start]
    line = before.count(b"\n") + 1
    column = len(before) - (before.rfind(b"\n") + 1) + 1
    try:
        text = content.decode("cp1252")
    except UnicodeDecodeError as error:
        sentence = "the file is neither UTF-8 nor Windows-1252"
        raise Unreadable("E401", sentence, _SAVE_AS, line, column) from error
    sentence = "the file is not UTF-8; it was read as Windows-1252"
    return text, (_problem(shown_as, Unreadable("W412", sentence, _SAVE_AS, line, column)),)


def _separator_of(text: str) -> str:
    """What separates the cells of the first row that says anything; a comma when nothing does."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    plain = re.sub(r'"[^"]*"', "", first)
    return max(_SEPARATORS, key=plain.count)


def _rows(text: str, separator: str, line: int) -> Iterator[TableRow]:
    lines = re.split(r"\r\n|\n|\r", text)
    count, at = 0, 0
    while at < len(lines):
        source, begin = lines[at], line + at
        if '"' in source:
            cells, used = _quoted_row(lines, at, separator, line)
        else:
            cells, used = _plain_row(source, separator, begin), 1
        at += used
        if not cells:
            continue
        count += 1
        if count > ROWS_MAX + 1:
            raise Unreadable("E401", f"a table of more than {ROWS_MAX} rows", line=begin)
        if len(cells) > COLUMNS_MAX:
            raise Unreadable("E402", f"a row of more than {COLUMNS_MAX} cells", line=begin)
        long = next((start for text, start in cells if len(text) > CELL_LENGTH_MAX), None)
        if long is not None:
            sentence = f"a cell of more than {CELL_LENGTH_MAX} characters"
            raise Unreadable("E406", sentence, "is a quote missing?", *long)
        texts, starts = zip(*cells, strict=True)
        yield TableRow(line=begin, texts=texts, starts=starts)


_Cell = tuple[str, tuple[int, int]]


def _plain_row(source: str, separator: str, line: int) -> list[_Cell]:
    cells: list[_Cell] = []
    column = 1
    for text in source.split(separator):
        cells.append((text, (line, column)))
        column += len(text) + 1
    return cells if source.strip() else []


def _quoted_row(lines: list[str], at: int, separator: str, first_line: int) -> tuple[list[_Cell], int]:
    """The cells of a row in which quotes occur, and how many lines it takes."""
    cells: list[_Cell] = []
    begin, column = at, 0
    while True:
        source, start = lines[at], (first_line + at, column + 1)
        opening = re.match(r'\s*"', source[column:])
        if opening is None:
            end = source.find(separator, column)
            end = len(source) if end < 0 else end
            text = source[column:end]
        else:
            text, at, end = _quoted_cell(lines, at, column + opening.end(), start)
            source = lines[at]
            rest = source.find(separator, end)
            rest = len(source) if rest < 0 else rest
            if source[end:rest].strip():
                hint = 'a quote inside a cell is written twice: ""'
                raise Unreadable("E406", "text after the closing quote", hint, first_line + at, end + 1)
            end = rest
        cells.append((text, start))
        if end >= len(source):
            return cells, at - begin + 1
        column = end + 1


def _quoted_cell(lines: list[str], at: int, column: int, start: tuple[int, int]) -> tuple[str, int, int]:
    """The text of a cell after its opening quote, with the line and column behind its closing one."""
    parts: list[str] = []
    while True:
        source = lines[at]
        closing = source.find('"', column)
        if closing < 0:
            parts.extend((source[column:], "\n"))
            at, column = at + 1, 0
            if at == len(lines):
                raise Unreadable("E401", "a quote that is opened here and never closed", "", *start)
            continue
        parts.append(source[column:closing])
        if source.startswith('""', closing):
            parts.append('"')
            column = closing + 2
            continue
        return "".join(parts), at, closing + 1


def _problem(shown_as: str, found: Unreadable) -> Problem:
    place = Place(file=shown_as, line=found.line, column=found.column)
    return Problem(place=place, code=found.code, sentence=found.sentence, hint=found.hint)

"""A crosswalk: rows that turn codes of the source into codes of the target; the most specific row wins."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Literal

from engine.words.problem import Place

REMEMBERED_MAX = 4096
PRIORITY_NONE = 10**9
"""A row without a priority comes after every row that has one."""

Action = Literal["post", "hold"]
Key = tuple[str, ...]
Pattern = tuple[int, ...]


class CrosswalkError(Exception):
    """A crosswalk cannot say which row is meant; the record is held and `sentence` says why."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class AmbiguousRows(CrosswalkError):
    """Two rows fit a record equally well."""

    def __init__(self, name: str, places: tuple[Place, ...]) -> None:
        super().__init__(f"rows of crosswalk {name} fit equally well: {' and '.join(map(str, places))}")
        self.places = places


class DateNeeded(CrosswalkError):
    """A row that fits is valid from or to a date, and no date was given."""

    def __init__(self, name: str, place: Place) -> None:
        super().__init__(f"crosswalk {name} has dates ({place}), and the mapping gives none: add on:")
        self.place = place


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row; a key cell of None fits anything, an empty one only what is missing."""

    place: Place
    cells: tuple[str | None, ...]
    results: tuple[str, ...]
    priority: int = PRIORITY_NONE
    first_day: date | None = None
    last_day: date | None = None
    action: Action = "post"
    rule: str = ""
    note: str = ""

    @property
    def pattern(self) -> Pattern:
        """The positions of the key cells that are not `*`."""
        return tuple(index for index, cell in enumerate(self.cells) if cell is not None)

    @property
    def rank(self) -> tuple[int, int]:
        """Lower wins: first the priority, then how many cells are not `*`."""
        return self.priority, -len(self.pattern)

    @property
    def days(self) -> tuple[date, date]:
        """The first and the last day it is valid."""
        return self.first_day or date.min, self.last_day or date.max

    @property
    def is_dated(self) -> bool:
        """Whether the row is valid for some days only."""
        return self.first_day is not None or self.last_day is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """What the winning row says; an empty value says nothing for that column."""

    values: dict[str, str]
    action: Action
    rule: str
    note: str
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Crosswalk:
    """A loaded crosswalk; several threads may ask it at once.

    `is_dated` says whether any row is valid for some days only, so that `find` wants a date.
    """

    name: str
    keys: tuple[str, ...]
    results: tuple[str, ...]
    rows: tuple[Row, ...] = field(repr=False)
    is_dated: bool
    _asked: tuple[bool, ...] = field(repr=False, compare=False)
    _hit: Callable[[Key, date | None], Hit | None] = field(repr=False, compare=False)

    def find(self, match: Mapping[str, object], on: date | None) -> Hit | None:
        """The row for these codes on this day, or None.

        Codes are compared as text, trimmed, without regard to case; a key that is not given is missing.

        Raises:
            AmbiguousRows: two rows fit equally well.
            DateNeeded: no day was given, and a row that fits has dates.
            CrosswalkError: a value that is no code, such as an amount.
        """
        codes = [_as_code(self.name, key, match.get(key)) for key in self.keys]
        # What no row asks for is not told, so that one answer is remembered for all its values.
        told = tuple([code if asked else "" for code, asked in zip(codes, self._asked, strict=True)])
        return self._hit(told, on if self.is_dated else None)


def crosswalk_of(name: str, keys: Sequence[str], results: Sequence[str], rows: Sequence[Row]) -> Crosswalk:
    """A crosswalk of rows that are known to be sound."""
    index = _Index(name, keys, results, rows)
    echoed = {cell[1:] for row in rows for cell in row.results if cell.startswith("=")}
    return Crosswalk(
        name=name,
        keys=tuple(keys),
        results=tuple(results),
        rows=tuple(rows),
        is_dated=any(row.is_dated for row in rows),
        _asked=tuple(key in echoed or any(row.cells[at] is not None for row in rows) for at, key in enumerate(keys)),
        _hit=lru_cache(maxsize=REMEMBERED_MAX)(index.hit),
    )


def folded(code: str) -> str:
    """A code as it is compared."""
    if code.isascii():
        return code if code.isdigit() else code.strip().lower()
    return unicodedata.normalize("NFC", code.strip().casefold())


class _Index:
    """Rows by the positions of their `*`, then by their other cells: a look-up per pattern, not per row."""

    def __init__(self, name: str, keys: Sequence[str], results: Sequence[str], rows: Sequence[Row]) -> None:
        self._name, self._keys, self._results = name, keys, results
        by_pattern: dict[Pattern, dict[Key, list[Row]]] = {}
        for row in rows:
            key = tuple(folded(cell) for cell in row.cells if cell is not None)
            by_pattern.setdefault(row.pattern, {}).setdefault(key, []).append(row)
        # The best rank of a pattern stands with it, so that asking can stop when nothing better can follow.
        self._patterns = sorted(
            (min(row.rank for rows in keyed.values() for row in rows), pattern, keyed)
            for pattern, keyed in by_pattern.items()
        )

    def hit(self, codes: Key, on: date | None) -> Hit | None:
        """What the row that wins says to these codes."""
        row = self._best(tuple(map(folded, codes)), on)
        if row is None:
            return None
        given = dict(zip(self._keys, codes, strict=True))
        values = {
            name: given[cell[1:]] if cell.startswith("=") else cell
            for name, cell in zip(self._results, row.results, strict=True)
        }
        return Hit(values=values, action=row.action, rule=row.rule, note=row.note, place=row.place)

    def _best(self, key: Key, on: date | None) -> Row | None:
        winners: list[Row] = []
        for rank, pattern, keyed in self._patterns:
            if winners and rank > winners[0].rank:
                break
            for row in keyed.get(tuple(key[index] for index in pattern), ()):
                if on is not None and not row.days[0] <= on <= row.days[1]:
                    continue
                if not winners or row.rank < winners[0].rank:
                    winners = [row]
                elif row.rank == winners[0].rank:
                    winners.append(row)
        dated = next((row for row in winners if row.is_dated), None) if on is None else None
        if dated is not None:
            raise DateNeeded(self._name, dated.place)
        if len(winners) > 1:
            raise AmbiguousRows(self._name, tuple(row.place for row in winners))
        return winners[0] if winners else None


def _as_code(name: str, key: str, value: object) -> str:
    if isinstance(value, str):
        return value.strip()
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    raise CrosswalkError(f"{key} of crosswalk {name} wants a code, which a {type(value).__name__} is not")

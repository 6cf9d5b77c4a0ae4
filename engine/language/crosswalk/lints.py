"""Rows checked against each other: which two fit one record equally well, and which never win."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta

from engine.language.crosswalk.crosswalk import Key, Pattern, Row, folded
from engine.words.problem import Problem

TIES_MAX = 50
PAIRS_MAX = 1_000_000

Cells = tuple[str | None, ...]
Days = tuple[date, date]
Rank = tuple[int, int]


def row_problems(rows: Sequence[Row], keys: Sequence[str]) -> tuple[Problem, ...]:
    """Repeated rows (W411), rows that never win (W410) and rows that tie (E405).

    A tie that a better row decides for every record it could concern is none. At most 50 ties are named;
    a crosswalk so large that its pairs cannot all be looked at is watched at run time instead, where a tie
    raises `AmbiguousRows`.
    """
    problems: list[Problem] = []
    single: dict[object, Row] = {}
    for row in rows:
        first = single.setdefault(_wording(row), row)
        if first is not row:
            problems.append(_problem(row, "W411", f"the same row stands in line {first.place.line}"))
    shelf = _Shelf(single.values())
    for row in single.values():
        by = shelf.deciders(_cells(row), row.days, row.rank)
        if by:
            sentence = f"this row is never reached: line {by[0].place.line} always comes first"
            problems.append(_problem(row, "W410", sentence, "see the column priority"))
    for row, other in shelf.ties():
        shown = ", ".join(f"{key}={cell}" for key, cell in zip(keys, _shown(row, other), strict=True))
        sentence = f"lines {other.place.line} and {row.place.line} fit the same record equally well: {shown}"
        hint = "make one more specific, or give them a priority"
        problems.append(_problem(row, "E405", sentence, hint))
    return tuple(problems)


def without_repeats(rows: Sequence[Row]) -> tuple[Row, ...]:
    """The rows, of those repeated word for word the first."""
    return tuple({_wording(row): row for row in reversed(rows)}.values())[::-1]


class _Shelf:
    """Rows by pattern and by their own cells, to ask which of them cover a stretch of records."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._by_pattern: dict[Pattern, dict[Key, list[Row]]] = defaultdict(lambda: defaultdict(list))
        for row in rows:
            cells = tuple(folded(cell) for cell in row.cells if cell is not None)
            self._by_pattern[row.pattern][cells].append(row)

    def deciders(self, cells: Cells, days: Days, rank: Rank) -> list[Row]:
        """The better-ranked rows that between them take every record of `cells` on all of `days`; else none.

        A row covers what has `*` only with a `*` of its own: there is always a code nobody has listed.
        """
        found: list[Row] = []
        for pattern, keyed in self._by_pattern.items():
            wanted = [cells[index] for index in pattern]
            if any(cell is None for cell in wanted):
                continue
            rows = keyed.get(tuple(cell for cell in wanted if cell is not None), ())
            found.extend(row for row in rows if row.rank < rank and _overlap(row.days, days))
        return found if _cover((row.days for row in found), days) else []

    def ties(self) -> Iterator[tuple[Row, Row]]:
        """Pairs of rows that fit one record equally well, the later one first; each row at most once."""
        told: set[int] = set()
        for row, other in self._equals():
            if id(row) in told or id(other) in told or row.rank != other.rank:
                continue
            days = _overlap(row.days, other.days)
            if days is None or self.deciders(_meet(row, other), days, row.rank):
                continue
            told.update((id(row), id(other)))
            yield (row, other) if row.place > other.place else (other, row)
            if len(told) >= 2 * TIES_MAX:
                return

    def _equals(self) -> Iterator[tuple[Row, Row]]:
        """Pairs of rows with equally many `*` whose other cells do not contradict each other."""
        patterns = sorted(self._by_pattern)
        pairs = 0
        for number, pattern in enumerate(patterns):
            for other in patterns[number:]:
                if len(pattern) != len(other):
                    continue
                for pair in self._pairs(pattern, other):
                    pairs += 1
                    if pairs > PAIRS_MAX:
                        return
                    yield pair

    def _pairs(self, pattern: Pattern, other: Pattern) -> Iterator[tuple[Row, Row]]:
        if pattern == other:
            for rows in self._by_pattern[pattern].values():
                yield from ((row, later) for at, row in enumerate(rows) for later in rows[at + 1 :])
            return
        shared = sorted({*pattern} & {*other})
        there: dict[Key, list[Row]] = defaultdict(list)
        for row in _rows(self._by_pattern[other]):
            there[_at(row, shared)].append(row)
        for row in _rows(self._by_pattern[pattern]):
            yield from ((row, match) for match in there.get(_at(row, shared), ()))


def _wording(row: Row) -> object:
    return _cells(row), row.results, row.priority, row.days, row.action, row.rule, row.note


def _rows(keyed: dict[Key, list[Row]]) -> Iterator[Row]:
    for rows in keyed.values():
        yield from rows


def _at(row: Row, positions: Sequence[int]) -> Key:
    return tuple(folded(row.cells[index] or "") for index in positions)


def _cells(row: Row) -> Cells:
    return tuple(None if cell is None else folded(cell) for cell in row.cells)


def _meet(row: Row, other: Row) -> Cells:
    return tuple(a if a is not None else b for a, b in zip(_cells(row), _cells(other), strict=True))


def _shown(row: Row, other: Row) -> Iterator[str]:
    for mine, theirs in zip(row.cells, other.cells, strict=True):
        cell = mine if mine is not None else theirs
        yield "anything" if cell is None else cell or "(missing)"


def _overlap(one: Days, other: Days) -> Days | None:
    first, last = max(one[0], other[0]), min(one[1], other[1])
    return (first, last) if first <= last else None


def _cover(stretches: Iterable[Days], days: Days) -> bool:
    """Whether the stretches leave no day of `days` out."""
    reached = days[0]
    for first, last in sorted(stretches):
        if first > reached:
            return False
        if last >= days[1]:
            return True
        if last >= reached:
            reached = last + timedelta(days=1)
    return False


def _problem(row: Row, code: str, sentence: str, hint: str = "") -> Problem:
    return Problem(place=row.place, code=code, sentence=sentence, hint=hint)

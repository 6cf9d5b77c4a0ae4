"""Sorting rows to the matches they fit, row by row, so that no feed has to stay in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from engine.adapters.connectors.port import Match, Row
from engine.words.errors import ProgramError, Unreachable
from engine.words.json_value import decode, encode

_Fields = tuple[str, ...]
_ABSENT = object()


class Matcher:
    """Collects the rows that fit each of some matches; what it gives has every match, in the order given."""

    def __init__(self, matches: Sequence[Match]) -> None:
        self._matches = tuple(dict.fromkeys(matches))
        self._rows: dict[Match, list[Row]] = {match: [] for match in self._matches}
        self._by_fields: dict[_Fields, dict[tuple[str, ...], list[Match]]] = {}
        self._met: set[str] = set()
        self._any_row = False
        for match in self._matches:
            by_values = self._by_fields.setdefault(fields_of(match), {})
            by_values.setdefault(tuple(comparable(value) for _, value in match), []).append(match)

    def offer(self, rows: Iterable[Row]) -> None:
        """Look at more rows."""
        for row in rows:
            self._any_row = True
            for fields, by_values in self._by_fields.items():
                key, there = _key_of(row, fields)
                self._met.update(there)
                for match in by_values.get(key, ()):
                    # A feed that shifts while it is read may show a row on two pages.
                    if row not in self._rows[match]:
                        self._rows[match].append(row)

    def found(self, where: str) -> Mapping[Match, tuple[Row, ...]]:
        """The rows of each match.

        Raises:
            Unreachable: rows came, and none of them has a field that was asked for: "none found" would be
                a guess.
        """
        asked = {field for fields in self._by_fields for field in fields}
        if self._any_row and not asked <= self._met:
            raise _no_field(where, asked - self._met)
        return {match: tuple(rows) for match, rows in self._rows.items()}


class FeedIndex:
    """A feed that was read whole, kept small, and searched as often as is wanted as `Matcher` searches it once."""

    def __init__(self) -> None:
        self._rows: list[bytes] = []
        self._places: dict[_Fields, tuple[dict[tuple[str, ...], list[int]], frozenset[str]]] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, rows: Iterable[Row]) -> None:
        """Keep more rows; all of them before the first search."""
        self._rows.extend(encode(row) for row in rows)

    def find(self, matches: Sequence[Match], where: str) -> Mapping[Match, tuple[Row, ...]]:
        """The rows of each match. Raises as `Matcher.found` does."""
        asked: dict[_Fields, list[Match]] = {}
        for match in matches:
            asked.setdefault(fields_of(match), []).append(match)
        found: dict[Match, tuple[Row, ...]] = dict.fromkeys(matches, ())
        missing: set[str] = set()
        for fields, alike in asked.items():
            places, met = self._index(fields)
            missing.update(field for field in fields if field not in met)
            for match in alike:
                fitting = places.get(tuple([comparable(value) for _, value in match]), ())
                if fitting:
                    found[match] = self._rows_at(fitting)
        if self._rows and missing:
            raise _no_field(where, missing)
        return found

    def _rows_at(self, places: Sequence[int]) -> tuple[Row, ...]:
        """The rows, each once: a feed that shifts while it is read may show a row on two pages."""
        rows = [self._rows[place] for place in places]
        return tuple([decode(row) for row in (dict.fromkeys(rows) if len(rows) > 1 else rows)])

    def _index(self, fields: _Fields) -> tuple[dict[tuple[str, ...], list[int]], frozenset[str]]:
        """Where the rows are by the values of these fields, and which of the fields any row has."""
        if fields not in self._places:
            places: dict[tuple[str, ...], list[int]] = {}
            met: set[str] = set()
            for place, row in enumerate(self._rows):
                key, there = _key_of(decode(row), fields)
                met.update(there)
                places.setdefault(key, []).append(place)
            self._places[fields] = places, frozenset(met)
        return self._places[fields]


def _key_of(row: Row, fields: _Fields) -> tuple[tuple[str, ...], list[str]]:
    """The row's values as they are compared, and which of the fields it has."""
    there, values = [], []
    for field in fields:
        value = value_at(row, field)
        if value is _ABSENT:
            values.append("")
        else:
            there.append(field)
            values.append(comparable(value))
    return tuple(values), there


def _no_field(where: str, missing: Iterable[str]) -> Unreachable:
    names = ", ".join(sorted(missing))
    return Unreachable(f"{where}: the rows have no field {names}, so nothing can be looked up by it")


def fields_of(match: Match) -> _Fields:
    """The field names of a match."""
    return tuple([field for field, _ in match])


def check_matches(matches: Sequence[Match], where: str) -> None:
    """Do nothing when every match has a value for every field.

    Raises:
        ProgramError: one has none; asking for nothing would find nothing, or anything.
    """
    for match in matches:
        if not match or any(value is None for _, value in match):
            raise ProgramError(f"{where}: a look-up without a value: {match!r}")


def comparable(value: object) -> str:
    """One spelling for values that are equal: text trimmed and without case, numbers without zeros at the end."""
    if type(value) is str:  # most values are, and the rest costs more to ask for
        return _text(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, Decimal)):
        return _number(Decimal(value))
    if isinstance(value, datetime):
        return _moment(value.isoformat(timespec="seconds"))
    if isinstance(value, date):
        return value.isoformat()
    return _text(str(value))


def _text(value: str) -> str:
    text = value.strip().casefold()
    return _moment(text) if text[10:13] == "t00" else text


def value_at(row: Row, field: str) -> Any:
    """A row's field, or with dots a field inside it; a marker when it is not there."""
    if field in row:
        return row[field]
    value: Any = row
    for step in field.split("."):
        if not isinstance(value, Mapping) or step not in value:
            return _ABSENT
        value = value[step]
    return value


def _number(value: Decimal) -> str:
    # Only zeros behind a point go: normalize() would write 100 as 1E+2.
    text = f"{value:f}"
    short = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if short == "-0" else short


def _moment(text: str) -> str:
    day, _, time = text.casefold().partition("t")
    rest = time.rstrip("z").replace("+00:00", "")
    return day if rest and set(rest) <= set("0:.") else text.casefold()

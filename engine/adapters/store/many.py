"""Constant statements for many rows: compiled once, so that a row costs its values and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Insert, Update
from sqlalchemy.engine import Dialect


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    """A statement in the words of one database: its text, and how each value becomes what the driver takes."""

    text: str
    by_place: bool
    values: tuple[tuple[str, Callable[[Any], Any] | None], ...]

    def row(self, row: Mapping[str, Any]) -> tuple[Any, ...] | dict[str, Any]:
        """A row as the driver takes it."""
        if self.by_place:
            return tuple(row[name] if made is None else made(row[name]) for name, made in self.values)
        return {name: row[name] if made is None else made(row[name]) for name, made in self.values}


class Many:
    """An insert or update whose rows name every value of it: nothing is left to a column's default.

    What such a statement means is SQLAlchemy's to say, once for each kind of database; that it would say it anew for
    each row is what is saved here.
    """

    def __init__(self, statement: Insert | Update, names: Sequence[str] | None = None) -> None:
        self._statement = statement
        self._names = None if names is None else list(names)
        self._ready: dict[str, _Ready] = {}

    def run(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run it for these rows, if there are any."""
        if rows:
            ready = self._ready.get(connection.dialect.name) or self._made_ready(connection.dialect)
            connection.exec_driver_sql(ready.text, [ready.row(row) for row in rows])

    def _made_ready(self, dialect: Dialect) -> _Ready:
        compiled: Any = self._statement.compile(dialect=dialect, column_keys=self._names, for_executemany=True)
        places = compiled.positiontup
        names = list(compiled.binds) if places is None else places
        ready = _Ready(
            text=compiled.string,
            by_place=places is not None,
            values=tuple((name, _processor(compiled.binds[name].type, dialect)) for name in names),
        )
        self._ready[dialect.name] = ready
        return ready


def _processor(kind: Any, dialect: Dialect) -> Callable[[Any], Any] | None:
    processor: Callable[[Any], Any] | None = kind.dialect_impl(dialect).bind_processor(dialect)
    return processor

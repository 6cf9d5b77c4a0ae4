"""Constant statements for many rows: all rows go in one statement, and a row costs its values and nothing else.

A statement for each row would be as many calls of the driver, and each of those lets another thread go first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from sqlalchemy import Column, Connection, LargeBinary, Table
from sqlalchemy.engine import Dialect

from engine.adapters.store.dialect import executed

ROWS_MAX = 32
"""Rows of one statement; more rows are several. The drivers keep a statement of each length ready."""

_SIGNS = {"qmark": "?", "pyformat": "%s"}
"""How each driver marks the place of a value."""
_NUMBERS = (int, float, bool)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    """A statement in the words of one database: before, between and behind its rows."""

    before: str
    row: str
    behind: str
    values: tuple[tuple[str, Callable[[Any], Any] | None], ...]
    texts: dict[int, str] = field(default_factory=dict)

    def text(self, count: int) -> str:
        """The statement for so many rows."""
        if count not in self.texts:
            self.texts[count] = self.before + ", ".join([self.row] * count) + self.behind
        return self.texts[count]


class Many:
    """A statement whose rows name every value of it: nothing is left to a column's default."""

    def __init__(self, table: Table, names: Sequence[str]) -> None:
        self._columns = [table.c[name] for name in names]
        self._table = table.name
        self._ready: dict[str, _Ready] = {}

    def run(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run it for these rows, if there are any."""
        if rows:
            kept = self._for(connection.dialect).values
            made = [[row[name] if make is None else make(row[name]) for name, make in kept] for row in rows]
            self.run_as_kept(connection, made)

    def run_as_kept(self, connection: Connection, rows: Sequence[Sequence[Any]]) -> None:
        """As `run`, of rows whose values are as they are kept, in the order of their columns."""
        ready = self._for(connection.dialect)
        for start in range(0, len(rows), ROWS_MAX):
            part = rows[start : start + ROWS_MAX]
            executed(connection, ready.text(len(part)), list(chain.from_iterable(part)))

    def _for(self, dialect: Dialect) -> _Ready:
        return self._ready.get(dialect.name) or self._made_ready(dialect)

    def _made_ready(self, dialect: Dialect) -> _Ready:
        sign = _SIGNS[dialect.paramstyle]
        before, behind = self._around(dialect)
        ready = _Ready(
            before=before,
            row=f"({', '.join([sign] * len(self._columns))})",
            behind=behind,
            values=tuple((column.name, _processor(column, dialect)) for column in self._columns),
        )
        self._ready[dialect.name] = ready
        return ready

    def _around(self, dialect: Dialect) -> tuple[str, str]:
        """What stands before and behind the rows."""
        raise NotImplementedError


class InsertMany(Many):
    """New rows of a table; `behind` says in SQL what else is done with them."""

    def __init__(self, table: Table, names: Sequence[str] | None = None, *, behind: str = "") -> None:
        super().__init__(table, table.c.keys() if names is None else names)
        self._behind = behind

    def _around(self, dialect: Dialect) -> tuple[str, str]:  # noqa: ARG002  alike in both
        return f"INSERT INTO {self._table} ({_listed(self._columns)}) VALUES ", f" {self._behind}"  # noqa: S608  names of ours


class UpdateMany(Many):
    """New values for rows of a table, each found by what the row says in the columns `by`."""

    def __init__(self, table: Table, names: Sequence[str], *, by: Sequence[str] = ("id",)) -> None:
        super().__init__(table, (*by, *names))
        self._by = by

    def _around(self, dialect: Dialect) -> tuple[str, str]:
        changed = self._columns[len(self._by) :]
        changes = ", ".join(f"{column.name} = {_as_kept(column, dialect)}" for column in changed)
        same = " AND ".join(f"{self._table}.{name} = new.{name}" for name in self._by)
        return (
            f"WITH new ({_listed(self._columns)}) AS (VALUES ",
            f") UPDATE {self._table} SET {changes} FROM new WHERE {same}",  # noqa: S608  names of ours
        )


def _listed(columns: Sequence[Column[Any]]) -> str:
    return ", ".join(column.name for column in columns)


def _as_kept(column: Column[Any], dialect: Dialect) -> str:
    """The new value in the column's type: where it is NULL in every row, PostgreSQL takes it for text."""
    kind = column.type.dialect_impl(dialect)
    new = f"new.{column.name}"
    return f"CAST({new} AS {kind.compile(dialect=dialect)})" if column.type.python_type in _NUMBERS else new


def _processor(column: Column[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    if isinstance(column.type, LargeBinary):
        return None  # both drivers take bytes as they are
    processor: Callable[[Any], Any] | None = column.type.dialect_impl(dialect).bind_processor(dialect)
    return processor

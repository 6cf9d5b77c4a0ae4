"""Tables of plain rows behind the sandbox's systems: keyed, indexed, atomic, and on disk when a path is given."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from engine.words.json_value import canonical, decode, encode

Row = Mapping[str, Any]
Key = tuple[Any, ...]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS rows (table_name TEXT, key TEXT, place INTEGER, row BLOB, PRIMARY KEY (table_name, key))
    WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER);
"""


def fold(value: Any) -> Any:
    """A value as keys and indexes compare it: text without case and trailing blanks, as SQL Server does."""
    return value.rstrip().casefold() if isinstance(value, str) else value


@dataclass(slots=True)
class _Table:
    key_fields: tuple[str, ...]
    indexes: dict[str, dict[Any, dict[Key, None]]]
    rows: dict[Key, Row] = field(default_factory=dict)
    places: dict[Key, int] = field(default_factory=dict)
    next_place: int = 1
    orders: dict[tuple[str, ...], tuple[Row, ...]] = field(default_factory=dict)

    def key(self, row: Row) -> Key:
        return tuple(fold(row[name]) for name in self.key_fields)

    def restore(self, key: Key, row: Row | None, place: int | None) -> None:
        """Set a key back to a row, or to none, and to the place it had."""
        self.swap(key, row)
        if row is not None and place is not None:
            self.places[key] = place

    def swap(self, key: Key, new: Row | None) -> Row | None:
        """Set or remove the row of a key and keep the indexes in step; gives the row that stood there."""
        old = self.rows.get(key)
        for name, entries in self.indexes.items():
            before = fold(old.get(name)) if old is not None else None
            after = fold(new.get(name)) if new is not None else None
            if old is not None and (new is None or before != after):
                entries[before].pop(key)
            if new is not None and (old is None or before != after):
                entries.setdefault(after, {})[key] = None
        if new is None:
            self.rows.pop(key, None)
            self.places.pop(key, None)
        else:
            self.rows[key] = new
        if new is not None and key not in self.places:
            self.places[key] = self.next_place
            self.next_place += 1
        self.orders.clear()
        return old


class TableStore:
    """Rows by table and key.

    A stored row is never changed in place: a writer puts a new one, so a row that was read stays as it
    was. Any thread may call; a transaction keeps the others out until it ends, nests, and undoes its
    writes when it is left by an exception. With a path every committed change is in a SQLite file before
    the outermost transaction ends, and is read again by the next `declare`.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._lock = threading.RLock()
        self._tables: dict[str, _Table] = {}
        self._counters: dict[str, int] = {}
        self._undo: list[Callable[[], None]] = []
        self._dirty: dict[tuple[str, Key], None] = {}
        self._dirty_counters: set[str] = set()
        self._depth = 0
        self._file: sqlite3.Connection | None = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._file.execute("PRAGMA journal_mode=WAL")
            self._file.execute("PRAGMA synchronous=NORMAL")
            self._file.executescript(_SCHEMA)
            self._counters.update(self._file.execute("SELECT name, value FROM counters"))

    def close(self) -> None:
        """Let go of the file; safe to repeat."""
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None

    def declare(self, table: str, key: tuple[str, ...], indexes: tuple[str, ...] = ()) -> None:
        """Make a table known, with the fields of its key and those that `find` answers fast; safe to repeat."""
        with self._lock:
            if table in self._tables:
                return
            made = _Table(key_fields=key, indexes={name: {} for name in indexes})
            self._tables[table] = made
            if self._file is not None:
                select = "SELECT row, place FROM rows WHERE table_name = ? ORDER BY place"
                for text, made.next_place in self._file.execute(select, (table,)):
                    row = decode(text)
                    made.swap(made.key(row), row)

    def get(self, table: str, *key: Any) -> Row | None:
        """The row of a key, or None."""
        with self._lock:
            return self._tables[table].rows.get(tuple(map(fold, key)))

    def rows(self, table: str) -> tuple[Row, ...]:
        """All rows, in the order in which their keys first came."""
        with self._lock:
            held = self._tables[table]
            return tuple(held.rows[key] for key in sorted(held.rows, key=held.places.__getitem__))

    def find(self, table: str, **equals: Any) -> list[Row]:
        """The rows whose fields have these values, compared as keys are, in the order in which their keys came.

        Reads the smallest index that fits.
        """
        with self._lock:
            held = self._tables[table]
            wanted = {name: fold(value) for name, value in equals.items()}
            sets: list[dict[Key, None]] = [
                held.indexes[name].get(value, {}) for name, value in wanted.items() if name in held.indexes
            ]
            smallest = min(sets, key=len) if sets else held.rows
            rest = {name: value for name, value in wanted.items() if len(wanted) > 1 or name not in held.indexes}
            found = [
                key
                for key in smallest
                if all(fold(held.rows[key].get(name)) == value for name, value in rest.items())
            ]
            found.sort(key=held.places.__getitem__)
            return [held.rows[key] for key in found]

    def ordered(self, table: str, fields: tuple[str, ...]) -> tuple[Row, ...]:
        """All rows in ascending order of some fields, empty values first; remembered until the table changes."""
        with self._lock:
            held = self._tables[table]
            if fields not in held.orders:
                ranked = sorted(held.rows.values(), key=lambda row: tuple(rank(row.get(name)) for name in fields))
                held.orders[fields] = tuple(ranked)
            return held.orders[fields]

    def put(self, table: str, row: Mapping[str, Any]) -> Row:
        """Set the row of the key that stands in it; gives the row as it is kept."""
        with self.transaction():
            held = self._tables[table]
            kept = {name: _with_point(value) for name, value in row.items()}
            self._write(table, held.key(kept), kept)
            return kept

    def delete(self, table: str, *key: Any) -> bool:
        """Remove the row of a key; whether there was one."""
        with self.transaction():
            folded = tuple(map(fold, key))
            found = folded in self._tables[table].rows
            if found:
                self._write(table, folded, None)
            return found

    def next_number(self, counter: str, start: int = 1) -> int:
        """The next number of a counter, which never gives one twice unless its transaction is undone."""
        with self.transaction():
            before = self._counters.get(counter)
            number = start if before is None else before + 1
            self._counters[counter] = number
            self._undo.append(lambda: self._reset(counter, before))
            self._dirty_counters.add(counter)
            return number

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All writes inside take effect together, or none when an exception leaves the block."""
        with self._lock:
            mark = len(self._undo)
            self._depth += 1
            try:
                yield
                if self._depth == 1:
                    self._flush()
            except BaseException:
                while len(self._undo) > mark:
                    self._undo.pop()()
                raise
            finally:
                self._depth -= 1
                if self._depth == 0:
                    self._undo.clear()
                    self._dirty.clear()
                    self._dirty_counters.clear()

    def pending(self) -> bool:
        """Whether the transaction that is under way in this thread has written rows or numbers."""
        with self._lock:
            return bool(self._undo)

    def _write(self, table: str, key: Key, row: Row | None) -> None:
        held = self._tables[table]
        place = held.places.get(key)
        old = held.swap(key, row)
        self._undo.append(lambda: held.restore(key, old, place))
        self._dirty[table, key] = None

    def _reset(self, counter: str, value: int | None) -> None:
        if value is None:
            self._counters.pop(counter, None)
        else:
            self._counters[counter] = value

    def _flush(self) -> None:
        if self._file is None or not (self._dirty or self._dirty_counters):
            return
        self._file.execute("BEGIN")
        try:
            for table, key in self._dirty:
                row = self._tables[table].rows.get(key)
                name = canonical(list(key)).decode()
                if row is None:
                    self._file.execute("DELETE FROM rows WHERE table_name = ? AND key = ?", (table, name))
                else:
                    values = (table, name, self._tables[table].places[key], encode(dict(row)))
                    self._file.execute("REPLACE INTO rows VALUES (?, ?, ?, ?)", values)
            for counter in self._dirty_counters:
                if counter in self._counters:
                    self._file.execute("REPLACE INTO counters VALUES (?, ?)", (counter, self._counters[counter]))
            self._file.execute("COMMIT")
        except BaseException:
            self._file.execute("ROLLBACK")
            raise


def rank(value: Any) -> tuple[int, Any]:
    """What sorts mixed values: nothing, then flags, numbers and text, each among its own kind."""
    if value is None:
        return (0, 0)
    if isinstance(value, bool):
        return (1, value)
    return (3, fold(value)) if isinstance(value, str) else (2, value)


def _with_point(value: Any) -> Any:
    # A Decimal without a fraction would come back from JSON as an int: give it one digit, here already,
    # so that a restart changes nothing.
    if isinstance(value, Decimal) and int(value.as_tuple().exponent) >= 0:
        return value.quantize(Decimal("0.1"))
    return value

"""Facts set aside while a job compares them: more than memory should hold, and of no use once it is done."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Callable, ItemsView, Iterator, Mapping, Sequence, ValuesView
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

import msgspec

from engine.adapters.store.payload_seal import PayloadSeal
from engine.words.errors import LedgerError

Name = TypeVar("Name")
Fact = TypeVar("Fact")

READ_AT_ONCE = 100
_CACHE_KB = 500


class Aside:
    """A place of its own for the facts of one job, in a `with`.

    It is SQLite's private temporary database: half a megabyte of it stays in memory, the rest lies in a file in the
    system's folder for temporary files, which nobody else can open and which is gone however the process ends.
    Facts are sealed and names and groups hidden with a key that only this process has: what is left of the file on
    a disk tells nothing.
    """

    def __init__(self) -> None:
        self._key = os.urandom(32)
        self.seal = PayloadSeal(self._key)
        self._database = sqlite3.connect("", isolation_level=None)
        self._tables = 0
        self.run("PRAGMA journal_mode = OFF")
        self.run(f"PRAGMA cache_size = -{_CACHE_KB}")
        self.run("BEGIN")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def keep(
        self, kind: Any, name_of: Callable[[Fact], Name], group_of: Callable[[Fact], str] | None = None
    ) -> Kept[Name, Fact]:
        """Room for facts of a kind, each under its name; a name is a text, or what `str` makes one of."""
        self._tables += 1
        return Kept(self, f"kept_{self._tables}", msgspec.msgpack.Decoder(kind).decode, name_of, group_of)

    def hidden(self, text: str) -> str:
        """What stands for a text: found by those who know the text, and of no use to others."""
        return hashlib.blake2b(text.encode(), key=self._key, digest_size=16).hexdigest()

    def run(self, statement: str, values: Sequence[object] = ()) -> list[Any]:
        """Run a statement; gives its rows.

        Raises:
            LedgerError: there is no room, or no folder to write in.
        """
        try:
            return self._database.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise LedgerError(f"what is compared cannot be set aside in a temporary file: {error}") from error


class Kept(Mapping[Name, Fact], Generic[Name, Fact]):
    """Facts by name, in the order in which they were first put; each is made anew whenever it is asked for.

    Facts may be put while others are gone through.
    """

    def __init__(
        self,
        aside: Aside,
        table: str,
        decode: Callable[[bytes], Fact],
        name_of: Callable[[Fact], Name],
        group_of: Callable[[Fact], str] | None,
    ) -> None:
        self._run, self._hidden, self._seal = aside.run, aside.hidden, aside.seal
        self._table, self._decode = table, decode
        self._name_of, self._group_of = name_of, group_of
        self._run(f"CREATE TABLE {table} (number INTEGER PRIMARY KEY, name TEXT UNIQUE, part TEXT, fact BLOB)")
        if group_of is not None:
            self._run(f"CREATE INDEX {table}_part ON {table} (part)")

    def put(self, fact: Fact) -> None:
        """Keep a fact; it takes the place of the one that has its name."""
        name = self._hidden(str(self._name_of(fact)))
        part = self._hidden(self._group_of(fact)) if self._group_of is not None else None
        self._run(
            f"INSERT INTO {self._table} (name, part, fact) VALUES (?, ?, ?) "  # noqa: S608  a name of ours
            "ON CONFLICT (name) DO UPDATE SET part = excluded.part, fact = excluded.fact",
            (name, part, self._seal.closed(name, msgspec.msgpack.encode(fact))),
        )

    def group(self, part: str) -> tuple[Fact, ...]:
        """The facts of a group."""
        of_group = f"SELECT name, fact FROM {self._table} WHERE part = ? ORDER BY number"  # noqa: S608
        return tuple(self._opened(*row) for row in self._run(of_group, (self._hidden(part),)))

    def __getitem__(self, name: Name) -> Fact:
        hidden = self._hidden(str(name))
        rows = self._run(f"SELECT fact FROM {self._table} WHERE name = ?", (hidden,))  # noqa: S608
        if not rows:
            raise KeyError(name)
        return self._opened(hidden, rows[0][0])

    def _opened(self, name: str, fact: bytes) -> Fact:
        return self._decode(self._seal.opened(name, fact))

    def __iter__(self) -> Iterator[Name]:
        return map(self._name_of, self.each())

    def __len__(self) -> int:
        return int(self._run(f"SELECT count(*) FROM {self._table}")[0][0])  # noqa: S608

    def each(self) -> Iterator[Fact]:
        """Every fact, some at a time."""
        page = f"SELECT name, fact, number FROM {self._table} WHERE number > ? ORDER BY number LIMIT {READ_AT_ONCE}"  # noqa: S608
        last = 0
        while rows := self._run(page, (last,)):
            yield from (self._opened(name, fact) for name, fact, _ in rows)
            last = rows[-1][2]

    def values(self) -> ValuesView[Fact]:
        """Every fact, to be gone through as often as is wanted."""
        return _Values(self)

    def items(self) -> ItemsView[Name, Fact]:
        """Every fact with its name."""
        return _Items(self)

    def named(self) -> Iterator[tuple[Name, Fact]]:
        """Every fact with its name, some at a time."""
        return ((self._name_of(fact), fact) for fact in self.each())


class _Values(ValuesView[Fact]):
    _mapping: Kept[Any, Fact]

    def __iter__(self) -> Iterator[Fact]:
        return self._mapping.each()


class _Items(ItemsView[Name, Fact]):
    _mapping: Kept[Name, Fact]

    def __iter__(self) -> Iterator[tuple[Name, Fact]]:
        return self._mapping.named()

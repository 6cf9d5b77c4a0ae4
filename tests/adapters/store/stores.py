"""The two places where a ledger is kept, and what somebody with full rights over the database can do there."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

from tests.postgres import connect


class Store(Protocol):
    """An empty place for a ledger."""

    url: str

    def run(self, *statements: str) -> None:
        """Change the tables as any client could."""
        ...

    def tamper(self, *statements: str) -> None:
        """Change the tables with the guards out of the way, and leave no trace of that."""
        ...

    def rows(self, query: str) -> Sequence[tuple[Any, ...]]:
        """What stands in the tables."""
        ...

    def drop_guard(self) -> str:
        """Take one guard away for good; gives its name."""
        ...


class SqliteStore:
    """A file."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(exist_ok=True)
        self.path = path
        self.url = f"sqlite:///{path}"

    def run(self, *statements: str) -> None:
        with closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            for statement in statements:
                connection.execute(statement)

    def tamper(self, *statements: str) -> None:
        with closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            guards = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
            for name, _ in guards:
                connection.execute(f"DROP TRIGGER {name}")
            for statement in statements:
                connection.execute(statement)
            for _, guard in guards:
                connection.execute(guard)

    def rows(self, query: str) -> Sequence[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.path)) as connection:
            return connection.execute(query).fetchall()

    def drop_guard(self) -> str:
        self.run("DROP TRIGGER audit_no_update")
        return "audit_no_update"


class PostgresStore:
    """A database of its own on a server, whose superuser we are."""

    def __init__(self, url: str) -> None:
        self.url = url

    def run(self, *statements: str) -> None:
        with connect(self.url) as connection:
            for statement in statements:
                connection.execute(statement)  # type: ignore[call-overload]

    def tamper(self, *statements: str) -> None:
        self.run("SET session_replication_role = replica", *statements)

    def rows(self, query: str) -> Sequence[tuple[Any, ...]]:
        with connect(self.url) as connection:
            return connection.execute(query).fetchall()  # type: ignore[call-overload]

    def drop_guard(self) -> str:
        self.run("ALTER TABLE audit DISABLE TRIGGER audit_no_change")
        return "audit_no_change"

"""The connector's ledger deleted, copied and put back, as an accident or a restore from a backup would do it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sqlalchemy.engine import make_url

from tests.postgres import connect


class LedgerFile:
    """A ledger in a SQLite file; may be copied while it is written to."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._copy = path.with_name("older copy")

    def copy(self) -> None:
        """Take a copy; a later one takes its place."""
        self._copy.unlink(missing_ok=True)
        if self._path.exists():
            ledger, copied = sqlite3.connect(self._path), sqlite3.connect(self._copy)
            with copied:
                ledger.backup(copied)
            ledger.close()
            copied.close()

    def delete(self) -> None:
        """Remove it with all that belongs to it."""
        for file in self._path.parent.glob(f"{self._path.name}*"):
            file.unlink()

    def put_back(self) -> None:
        """Let the copy take its place; without one it is deleted."""
        self.delete()
        if self._copy.exists():
            self._copy.rename(self._path)


class LedgerDatabase:
    """A ledger in a database of a PostgreSQL server; copied only while nobody uses it."""

    def __init__(self, url: str) -> None:
        self._name = make_url(url).database or ""
        self._copied = f"{self._name}_older"
        self._server = make_url(url).set(database="postgres")

    def copy(self) -> None:
        """Take a copy; a later one takes its place."""
        self._run(
            f'DROP DATABASE IF EXISTS "{self._copied}"', f'CREATE DATABASE "{self._copied}" TEMPLATE "{self._name}"'
        )

    def delete(self) -> None:
        """Leave it empty."""
        self._run(f'DROP DATABASE "{self._name}" WITH (FORCE)', f'CREATE DATABASE "{self._name}"')

    def put_back(self) -> None:
        """Let the copy take its place."""
        self._run(
            f'DROP DATABASE "{self._name}" WITH (FORCE)', f'ALTER DATABASE "{self._copied}" RENAME TO "{self._name}"'
        )

    def forget(self) -> None:
        """Remove the copy, if there is one."""
        self._run(f'DROP DATABASE IF EXISTS "{self._copied}"')

    def _run(self, *statements: str) -> None:
        with connect(self._server) as connection:
            for statement in statements:
                connection.execute(statement.encode())

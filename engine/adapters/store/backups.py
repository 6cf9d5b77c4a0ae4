"""Backing up a ledger that is kept in a file while it is written, and putting it back.

A copy is made with SQLite's own backup, which sees one moment of the database however many write meanwhile.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from engine.adapters.store import sqlite
from engine.words.errors import InputError, LedgerError

_WAIT_S = 5.0
_ALONE_WAIT_MS = 500
_SUFFIXES = ("", "-wal", "-shm")


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEnd:
    """Which ledger a file holds, and the last event of its trail: number, hash and time; 0 before the first."""

    ledger: str
    version: int
    seq: int
    hash: str
    at: datetime | None


def copy_ledger(source: Path, target: Path) -> None:
    """Copy a ledger, as it is at one moment, into a new file for its owner only, complete by itself.

    Raises:
        InputError: the target is there already, or cannot be made.
        LedgerError: the source cannot be read, or the copy is damaged.
    """
    if not source.is_file():
        raise InputError(f"there is no ledger at {source} yet")
    try:
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise InputError(f"{target} cannot be made: {error.strerror}") from error
    try:
        with _told(source), _opened(source) as present, _opened(target) as copy:
            present.backup(copy)
            found = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
    except LedgerError:
        target.unlink()
        raise
    if found != "ok":
        target.unlink()
        raise LedgerError(f"the ledger {source} is damaged: {found}")


def as_one_file(path: Path) -> None:
    """Leave a ledger that nobody uses without a log beside it; opening it makes one again."""
    with _told(path), _opened(path) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")


def end_of(path: Path) -> LedgerEnd:
    """The end of the ledger in a file, which is not changed.

    Raises:
        InputError: it is not a ledger.
    """
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=_WAIT_S)) as connection:
            ((ledger, version),) = connection.execute("SELECT id, version FROM ledger")
            last = connection.execute("SELECT seq, hash, at FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
    except (sqlite3.Error, ValueError) as error:
        raise InputError(f"{path} is not a ledger that can be read: {error}") from None
    seq, digest, at = last or (0, "", None)
    return LedgerEnd(
        ledger=ledger, version=version, seq=seq, hash=digest, at=None if at is None else datetime.fromisoformat(at)
    )


def has_event(path: Path, seq: int, digest: str) -> bool:
    """Whether the trail in a file has this event."""
    with _told(path), _opened(path) as connection:
        query = "SELECT 1 FROM audit WHERE seq = ? AND hash = ?"
        return seq == 0 or connection.execute(query, (seq, digest)).fetchone() is not None


def put_back(copy: Path, ledger: Path, aside: Path) -> None:
    """Put a copy in the place of the ledger, whose present state is kept in `aside`, in one step.

    Raises:
        InputError: a process has the ledger open; nothing was changed.
        LedgerError: it cannot be written; nothing was changed.
    """
    with _told(ledger), _opened(ledger) as present:
        _take_alone(present, ledger)
        copy_aside(present, aside)
        with _opened(copy) as source:
            source.backup(present)


def copy_aside(present: sqlite3.Connection, aside: Path) -> None:
    """The present state into a file of its own, through the connection that holds the lock."""
    aside.touch(mode=0o600, exist_ok=False)
    with _opened(aside) as kept:
        present.backup(kept)
        kept.execute("PRAGMA journal_mode = DELETE")


def parts_of(ledger: Path) -> tuple[Path, ...]:
    """The files of a ledger that are there: itself, its log and the log's index."""
    return tuple(part for suffix in _SUFFIXES if (part := Path(f"{ledger}{suffix}")).exists())


def move_aside(ledger: Path, aside: Path) -> None:
    """A ledger that cannot be read, with its log, out of the way."""
    for part in parts_of(ledger):
        part.replace(f"{aside}{part.name.removeprefix(ledger.name)}")


def check_unlocked(ledger: Path) -> None:
    """Refuse a ledger that could not be read because somebody holds its lock.

    Raises:
        InputError: a process has it locked.
    """
    try:
        with _opened(ledger) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error as error:
        if "locked" in str(error):
            raise _in_use(ledger) from None


def _in_use(ledger: Path) -> InputError:
    return InputError(
        f"another process has the ledger {ledger} open: stop the service and let every command end, then restore"
    )


def _take_alone(connection: sqlite3.Connection, ledger: Path) -> None:
    """The database to ourselves: leaving the write-ahead log succeeds only while nobody else has it open."""
    try:
        connection.execute(f"PRAGMA busy_timeout = {_ALONE_WAIT_MS}")
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        mode = connection.execute("PRAGMA journal_mode = DELETE").fetchone()[0]
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("COMMIT")
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            raise
        mode = "wal"
    if mode != "delete":
        raise _in_use(ledger)


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, timeout=_WAIT_S, isolation_level=None)) as connection:
        yield connection


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise LedgerError(f"the ledger {path}: {sqlite.in_words(str(error))}") from error

"""The ledger in a SQLite file: write-ahead log, one writer at a time, append-only by triggers."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.pool import ConnectionPoolEntry

from engine.words.errors import LedgerError

BUSY_S = 30.0
OLDEST = (3, 35, 0)
"""The first SQLite with RETURNING and UPDATE FROM, of March 2021."""
WITH_JSON = (3, 38, 0)
"""The first SQLite that always has JSON functions; most of those before have them as well."""
READERS_MAX = 30
_WRITER_CACHE_KB = 2_000
_READER_CACHE_KB = 500
"""There is one writer and there are several readers, whose pages the system has in memory too."""

_GUARD = "CREATE TRIGGER {name} BEFORE {event} BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END"
_TRAIL_GUARDED = {
    "audit_no_update": "UPDATE ON audit",
    "audit_no_delete": "DELETE ON audit",
    # INSERT OR REPLACE deletes without asking the trigger above.
    "audit_no_replace": "INSERT ON audit WHEN EXISTS (SELECT 1 FROM audit WHERE seq = NEW.seq)",
}
_HEAD_GUARDED = {
    "audit_head_forward": "UPDATE ON audit_head WHEN NEW.seq <= OLD.seq OR NEW.id <> OLD.id",
    "audit_head_no_delete": "DELETE ON audit_head",
    "audit_head_no_replace": "INSERT ON audit_head WHEN EXISTS (SELECT 1 FROM audit_head)",
}

_WORDS = {
    "disk is full": "the disk that holds it is full: free some space, then run again",
    "database is locked": f"another process has kept it locked for {BUSY_S:.0f} seconds: let that one end first",
    "readonly": "it may not be written: check who owns the file and its folder",
    "read-only": "it may not be written: check who owns the file and its folder",
    "unable to open": "it cannot be opened: check that its folder exists and who owns it",
    "malformed": "the file is damaged: restore it from a backup",
    "not a database": "the file is not a ledger, or is damaged: restore it from a backup",
    "disk i/o error": "the disk failed while it was read or written: check the disk and its free space",
}


def open_engine(url: URL) -> Engine:
    """The database in a file, made with its folder for their owner only.

    Raises:
        LedgerError: the URL names no file, the file cannot be made, or this Python's SQLite is too old.
    """
    _check_version()
    if not url.database or url.database == ":memory:" or url.query:
        raise LedgerError("the ledger is a file: write sqlite:///folder/ledger.db, without options")
    file = Path(url.database)
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.touch(mode=0o600, exist_ok=True)
    except OSError as error:
        raise LedgerError(f"the ledger {file} cannot be made or opened: {error.strerror}") from error
    engine = create_engine(url, hide_parameters=True, max_overflow=READERS_MAX, connect_args={"timeout": BUSY_S})
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _beginning(file, _identity(file)))
    return engine


def _check_version() -> None:
    lacks = ""
    if sqlite3.sqlite_version_info < OLDEST:
        lacks = f"the ledger needs {'.'.join(map(str, OLDEST))} or newer"
    elif sqlite3.sqlite_version_info < WITH_JSON and not _knows_json():
        lacks = "without its JSON functions, which the ledger needs"
    if lacks:
        raise LedgerError(
            f"this Python was built with SQLite {sqlite3.sqlite_version}, {lacks}: "
            "use another Python, or keep the ledger on PostgreSQL"
        )


def _knows_json() -> bool:
    """Whether a SQLite that may be built without JSON functions has them."""
    with closing(sqlite3.connect(":memory:")) as connection:
        try:
            connection.execute("SELECT json_group_array(value) FROM json_each('[]')")
        except sqlite3.OperationalError:  # no such function, or no such table
            return False
    return True


def driver_of(connection: Connection) -> sqlite3.Connection:
    """The driver's own connection."""
    return cast("sqlite3.Connection", connection.connection.dbapi_connection)


def trail_guards() -> tuple[str, ...]:
    """The statements that make the audit table append-only."""
    return tuple(_GUARD.format(name=name, event=change) for name, change in _TRAIL_GUARDED.items())


def head_guards() -> tuple[str, ...]:
    """The statements that let the head of the trail move forward only."""
    return tuple(_GUARD.format(name=name, event=change) for name, change in _HEAD_GUARDED.items())


def missing_guards(connection: Connection) -> tuple[str, ...]:
    """The names of guards that are gone or do not say any more what they said."""
    rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    standing = {row.name: row.sql for row in rows}
    wanted = zip((*_TRAIL_GUARDED, *_HEAD_GUARDED), (*trail_guards(), *head_guards()), strict=True)
    return tuple(name for name, guard in wanted if standing.get(name) != guard)


@contextmanager
def any_text(connection: Connection) -> Iterator[None]:
    """Read text whose bytes are not UTF-8 without failing."""
    driver = driver_of(connection)
    usual = driver.text_factory
    driver.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
    try:
        yield
    finally:
        driver.text_factory = usual


def in_words(told: str) -> str:
    """What the database told, for a person."""
    first = told.partition("\n")[0].strip()
    return next((words for sign, words in _WORDS.items() if sign in told.casefold()), first)


def _prepare(connection: Any, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself: see _begin
    cursor = connection.cursor()
    try:
        cursor.execute(f"PRAGMA busy_timeout = {int(BUSY_S * 1000)}")
        _write_ahead(cursor)
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute(f"PRAGMA cache_size = -{_READER_CACHE_KB}")
    finally:
        cursor.close()


def _write_ahead(cursor: Any) -> None:
    """Switch to the write-ahead log; SQLite does not wait here when another process is just doing the same."""
    give_up_at = time.monotonic() + BUSY_S
    while cursor.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > give_up_at:
                raise
            time.sleep(0.02)


def _beginning(file: Path, opened: tuple[int, int] | None) -> Callable[[Connection], None]:
    """How a transaction begins, in the file that was opened and in no other one under its name.

    SQLite goes on writing into a file that was deleted, where nobody will find it.
    """

    def begin(connection: Connection) -> None:
        if _identity(file) != opened:
            raise LedgerError(f"the ledger {file} was deleted or replaced while it was open: nothing more is done")
        # A writer takes the lock before it reads, so that what it read is still so when it writes.
        writes = connection.get_execution_options().get("ledger_write", False)
        driver = driver_of(connection)
        if connection.info.get("ledger_write", False) != writes:
            # What undoes one statement of a writer would go into a temporary file, and be half of all its writing.
            # What a reader sorts stays there, since it may be large.
            driver.execute(f"PRAGMA temp_store = {'MEMORY' if writes else 'DEFAULT'}")
            driver.execute(f"PRAGMA cache_size = -{_WRITER_CACHE_KB if writes else _READER_CACHE_KB}")
            connection.info["ledger_write"] = writes
        driver.execute("BEGIN IMMEDIATE" if writes else "BEGIN")

    return begin


def _identity(file: Path) -> tuple[int, int] | None:
    """Which file it is, whatever its name; None when there is none."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino

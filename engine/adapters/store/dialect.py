"""Everything that SQLite and PostgreSQL do not do alike: opening, locking, append-only tables, error words."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from engine.words.errors import LedgerError

STORE_ERRORS = (SQLAlchemyError, sqlite3.Error)
BUSY_S = 30.0
READERS_MAX = 30
WRITER_LOCK = 0x4D4C4C47
"""The PostgreSQL advisory lock that one write transaction holds at a time, in all processes."""

_SQLITE_GUARD = (
    "CREATE TRIGGER {name} BEFORE {event} BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END"
)
_SQLITE_GUARDED = {
    "audit_no_update": "UPDATE ON audit",
    "audit_no_delete": "DELETE ON audit",
    # INSERT OR REPLACE deletes without asking the trigger above.
    "audit_no_replace": "INSERT ON audit WHEN EXISTS (SELECT 1 FROM audit WHERE seq = NEW.seq)",
}
_POSTGRESQL_GUARDS: tuple[str, ...] = (
    """CREATE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'the audit trail is append-only'; END $$""",
    """CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_append_only()""",
    """CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only()""",
)

_SQLITE_WORDS = {
    "disk is full": "the disk that holds it is full: free some space, then run again",
    "database is locked": f"another process has kept it locked for {BUSY_S:.0f} seconds: let that one end first",
    "readonly": "it may not be written: check who owns the file and its folder",
    "read-only": "it may not be written: check who owns the file and its folder",
    "unable to open": "it cannot be opened: check that its folder exists and who owns it",
    "malformed": "the file is damaged: restore it from a backup",
    "not a database": "the file is not a ledger, or is damaged: restore it from a backup",
    "disk i/o error": "the disk failed while it was read or written: check the disk and its free space",
}


def open_engine(text: str) -> Engine:
    """The database behind a URL; a SQLite file and its folder are made, for their owner only.

    Raises:
        LedgerError: the URL cannot be used.
    """
    try:
        url = make_url(text)
    except ArgumentError:
        raise LedgerError("the ledger's URL cannot be read; it looks like sqlite:////folder/ledger.db") from None
    if url.get_backend_name() == "sqlite":
        return _open_sqlite(url)
    if url.get_backend_name() == "postgresql":
        return _open_postgresql(url)
    raise LedgerError(f"the ledger is kept in SQLite or PostgreSQL, not in {url.get_backend_name()}")


def for_writing(engine: Engine) -> Engine:
    """The same database, whose transactions take the writer's lock when they begin."""
    return engine.execution_options(ledger_write=True)


def guard_trail(connection: Connection) -> None:
    """Make the audit table append-only; a guard rail for honest mistakes, the hashes are the evidence."""
    guards = _POSTGRESQL_GUARDS
    if connection.dialect.name == "sqlite":
        guards = tuple(_SQLITE_GUARD.format(name=name, event=change) for name, change in _SQLITE_GUARDED.items())
    for guard in guards:
        connection.exec_driver_sql(guard)


def in_words(error: Exception, url: URL) -> str:
    """What happened to the store, for a person; never the values of a statement."""
    place = url.database if url.get_backend_name() == "sqlite" else url.render_as_string(hide_password=True)
    told = str(error.orig) if isinstance(error, DBAPIError) else str(error).partition("\n")[0]
    if url.get_backend_name() == "sqlite":
        told = next((words for sign, words in _SQLITE_WORDS.items() if sign in told.casefold()), told)
    return f"the ledger {place}: {told.strip()}"


def _open_sqlite(url: URL) -> Engine:
    if not url.database or url.database == ":memory:" or url.query:
        raise LedgerError("the ledger is a file: write sqlite:///folder/ledger.db, without options")
    file = Path(url.database)
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.touch(mode=0o600, exist_ok=True)
    except OSError as error:
        raise LedgerError(f"the ledger {file} cannot be made or opened: {error.strerror}") from error
    engine = create_engine(url, hide_parameters=True, max_overflow=READERS_MAX, connect_args={"timeout": BUSY_S})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself: see _begin_sqlite
    cursor = connection.cursor()
    try:
        cursor.execute(f"PRAGMA busy_timeout = {int(BUSY_S * 1000)}")
        _write_ahead(cursor)
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
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


def _begin_sqlite(connection: Connection) -> None:
    """A writer takes the lock before it reads, so that what it read is still so when it writes."""
    writes = connection.get_execution_options().get("ledger_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _open_postgresql(url: URL) -> Engine:
    try:
        engine = create_engine(url, hide_parameters=True, pool_pre_ping=True)
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise LedgerError(f"the PostgreSQL driver is not installed ({error}): install psycopg") from error
    event.listen(engine, "begin", _begin_postgresql)
    return engine


def _begin_postgresql(connection: Connection) -> None:
    if connection.get_execution_options().get("ledger_write", False):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITER_LOCK})")

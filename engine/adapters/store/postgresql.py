"""The ledger on a PostgreSQL server: one writer at a time by an advisory lock, append-only by triggers.

Every write transaction takes the one lock first and may then touch any row, so no two can wait for each other
in a circle. A client that stalls inside a transaction is cut off by the server before those who wait for its
lock give up. Readers see one moment of the ledger (REPEATABLE READ) and cannot write.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any, cast

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, NoSuchModuleError
from sqlalchemy.pool import ConnectionPoolEntry

from engine.words.errors import LedgerError

BUSY_S = 30
STALLED_S = 20
CONNECT_S = 10
POOL_SIZE = 2
POOL_OVERFLOW = 4
WRITER_LOCK = 0x4D4C4C47
"""The advisory lock that one write transaction holds at a time, in all processes on the database."""

WRITING: dict[str, Any] = {"isolation_level": "READ COMMITTED", "postgresql_readonly": False}
"""A writer must see what was committed while it waited for the lock; a snapshot would be from before."""
READING: dict[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}

_SESSION = (
    f"SET lock_timeout = '{BUSY_S}s'",
    f"SET idle_in_transaction_session_timeout = '{STALLED_S}s'",
    # Off would lose the last intents in a crash of the server; stricter settings of the server are kept.
    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'",
)
_KEEP_ALIVE = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 60_000}

_APPEND_ONLY = " BEGIN RAISE EXCEPTION 'the audit trail is append-only'; END "
_FORWARD = """ BEGIN
    IF TG_OP = 'UPDATE' AND NEW.seq > OLD.seq AND NEW.id = OLD.id THEN RETURN NEW; END IF;
    IF TG_OP = 'INSERT' AND NOT EXISTS (SELECT 1 FROM audit_head) THEN RETURN NEW; END IF;
    RAISE EXCEPTION 'the audit trail is append-only'; END """
TRAIL_GUARDS = (
    f"CREATE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $${_APPEND_ONLY}$$",
    """CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_append_only()""",
    """CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only()""",
)
HEAD_GUARDS = (
    f"CREATE FUNCTION audit_head_forward() RETURNS trigger LANGUAGE plpgsql AS $${_FORWARD}$$",
    """CREATE TRIGGER audit_head_forward BEFORE INSERT OR UPDATE OR DELETE ON audit_head
    FOR EACH ROW EXECUTE FUNCTION audit_head_forward()""",
    """CREATE TRIGGER audit_head_no_truncate BEFORE TRUNCATE ON audit_head
    FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only()""",
)
_ROW, _BEFORE, _INSERT, _DELETE, _UPDATE, _TRUNCATE = 1, 2, 4, 8, 16, 32
_STANDING = {
    ("audit", "audit_no_change"): (_ROW | _BEFORE | _DELETE | _UPDATE, _APPEND_ONLY),
    ("audit", "audit_no_truncate"): (_BEFORE | _TRUNCATE, _APPEND_ONLY),
    ("audit_head", "audit_head_forward"): (_ROW | _BEFORE | _INSERT | _DELETE | _UPDATE, _FORWARD),
    ("audit_head", "audit_head_no_truncate"): (_BEFORE | _TRUNCATE, _APPEND_ONLY),
}
"""What `pg_trigger` and `pg_proc` say of each guard: the bits of its kind, and the body of its function."""

_WORDS = {
    "28": "the server refuses the user or its password: check the URL, the file ~/.pgpass or PGPASSWORD",
    "3D000": "there is no such database: make it first (createdb), then run again",
    "25006": "the server only reads, as a standby does: name the primary in the URL",
    "42501": "the user may not do this: give it a database of its own, or CREATE on the schema",
    "53100": "the disk of the server is full: free some space, then run again",
    "53300": "the server has no connection left: end other programs, or raise its max_connections",
    "55P03": f"another process has kept it locked for {BUSY_S} seconds: let that one end first",
    "57P": "the server ended the connection: nothing more was written; run again when it is up",
    "25P03": f"the server ended a transaction that stalled for {STALLED_S} seconds: nothing of it was kept",
}


def open_engine(url: URL) -> Engine:
    """The database on a server; connections are made when they are needed.

    Raises:
        LedgerError: the driver is not installed.
    """
    try:
        engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            hide_parameters=True,
            pool_pre_ping=True,
            pool_size=POOL_SIZE,
            max_overflow=POOL_OVERFLOW,
            pool_timeout=BUSY_S,
            connect_args={
                "application_name": "ml-connector",
                "client_encoding": "utf8",
                "connect_timeout": CONNECT_S,
                **{name: value for name, value in _KEEP_ALIVE.items() if name not in url.query},
            },
        )
    except (ImportError, NoSuchModuleError) as error:
        raise LedgerError(
            f"the driver for PostgreSQL cannot be loaded ({error}): pip install 'psycopg[binary]'"
        ) from error
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def server_time(connection: Connection) -> datetime:
    """The server's clock now, not when the transaction began: it may have waited for the lock since."""
    now = connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
    return cast("datetime", now).astimezone(UTC)


def ticket_of(connection: Connection) -> int:
    """The server's number of the write transaction that the connection is in."""
    return cast("int", connection.info["ledger_ticket"])


def was_committed(engine: Engine, ticket: int) -> bool:
    """What became of a transaction whose commit was not answered; waits while the server is still at it."""
    give_up_at = time.monotonic() + BUSY_S
    while True:
        with engine.connect() as connection:
            status = connection.execute(text("SELECT txid_status(:ticket)"), {"ticket": ticket}).scalar_one()
        if status != "in progress" or time.monotonic() > give_up_at:
            return bool(status == "committed")
        time.sleep(0.05)


def missing_guards(connection: Connection) -> tuple[str, ...]:
    """The names of guards that are gone, changed, or switched off."""
    rows = connection.exec_driver_sql(
        "SELECT c.relname, t.tgname, t.tgtype, p.prosrc FROM pg_trigger t"
        " JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
        " JOIN pg_proc p ON p.oid = t.tgfoid"
        " WHERE n.nspname = current_schema() AND t.tgenabled IN ('O', 'A') AND t.tgqual IS NULL"
    )
    standing = {(row.relname, row.tgname): (row.tgtype, row.prosrc) for row in rows}
    return tuple(name for (table, name), kind in _STANDING.items() if standing.get((table, name)) != kind)


def in_words(error: Exception, told: str) -> str:
    """What the server told, for a person."""
    first = told.partition("\n")[0].strip()
    state = str(getattr(getattr(error, "orig", None), "sqlstate", None) or "")
    for length in (5, 3, 2):
        if words := _WORDS.get(state[:length]):
            return words
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return f"the connection to the server was lost ({first}): run again when it is back"
    return first


def _prepare(connection: Any, _entry: ConnectionPoolEntry) -> None:
    connection.autocommit = True
    with connection.cursor() as cursor:
        for statement in _SESSION:
            cursor.execute(statement)
        encoding = cursor.execute("SHOW server_encoding").fetchone()[0]
    connection.autocommit = False
    if encoding != "UTF8":
        connection.close()
        raise LedgerError(f"the ledger's database is kept in {encoding}: make one with the encoding UTF8")


def _begin(connection: Connection) -> None:
    """A writer takes the lock before it reads, so that what it read is still so when it writes."""
    if connection.get_execution_options().get("ledger_write", False):
        query = f"SELECT pg_advisory_xact_lock({WRITER_LOCK}), txid_current()"
        connection.info["ledger_ticket"] = connection.exec_driver_sql(query).one()[1]

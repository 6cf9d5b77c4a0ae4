"""Where SQLite and PostgreSQL part: which of the two a URL names, and what each does in its own way."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Connection, Engine
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from engine.adapters.store import postgresql, sqlite
from engine.words.clock import Clock
from engine.words.errors import LedgerError

STORE_ERRORS = (SQLAlchemyError, sqlite3.Error)

LeaseTime: TypeAlias = Callable[[Connection], datetime]
"""The clock that leases are judged by, read inside a transaction; one and the same for all who share a ledger."""

Ticket: TypeAlias = int | None
"""The database's own number of a write transaction, by which its fate can be asked for; SQLite has none."""


def open_engine(text: str) -> Engine:
    """The database behind a URL; a SQLite file and its folder are made, for their owner only.

    Raises:
        LedgerError: the URL cannot be used.
    """
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise LedgerError(
            "the ledger's URL cannot be read; it looks like sqlite:////folder/ledger.db "
            "or postgresql://user@host/database"
        ) from None
    if url.get_backend_name() == "sqlite":
        return sqlite.open_engine(url)
    if url.get_backend_name() in ("postgresql", "postgres"):
        return postgresql.open_engine(url)
    raise LedgerError(f"the ledger is kept in SQLite or PostgreSQL, not in {url.get_backend_name()}")


def for_reading(engine: Engine) -> Engine:
    """The same database, whose transactions see one moment of it."""
    return engine if _is_sqlite(engine) else engine.execution_options(**postgresql.READING)


def for_writing(engine: Engine) -> Engine:
    """The same database, whose transactions take the writer's lock when they begin."""
    if _is_sqlite(engine):
        return engine.execution_options(ledger_write=True)
    return engine.execution_options(ledger_write=True, **postgresql.WRITING)


def lease_time(engine: Engine, clock: Clock) -> LeaseTime:
    """The ledger's clock: this machine's for a file, the server's for a server, whatever its clients' clocks say."""
    return (lambda _connection: clock.now()) if _is_sqlite(engine) else postgresql.server_time


def ticket_of(connection: Connection) -> Ticket:
    """The ticket of the write transaction that the connection is in."""
    return None if _is_sqlite(connection) else postgresql.ticket_of(connection)


def executed(connection: Connection, text: str, values: Sequence[Any]) -> Sequence[Sequence[Any]]:
    """Run a statement that is written in the words of this database; gives the rows that come back."""
    if _is_sqlite(connection):  # by the driver itself: what SQLAlchemy does around it takes longer than the statement
        return sqlite.driver_of(connection).execute(text, values).fetchall()
    result = connection.exec_driver_sql(text, tuple(values))
    return result.all() if result.returns_rows else ()


def stays_open(connection: Connection) -> bool:
    """Whether nobody else can end the connection between two transactions, as a server does."""
    return _is_sqlite(connection)


def was_committed(engine: Engine, ticket: Ticket) -> bool:
    """Whether a transaction whose commit failed was kept all the same; a failed commit of SQLite never is."""
    return ticket is not None and postgresql.was_committed(engine, ticket)


def guard_trail(connection: Connection) -> None:
    """Make the audit table append-only; a guard rail for honest mistakes, the hashes are the evidence."""
    for guard in sqlite.trail_guards() if _is_sqlite(connection) else postgresql.TRAIL_GUARDS:
        connection.exec_driver_sql(guard)


def guard_head(connection: Connection) -> None:
    """Let the head of the trail move forward only."""
    for guard in sqlite.head_guards() if _is_sqlite(connection) else postgresql.HEAD_GUARDS:
        connection.exec_driver_sql(guard)


def missing_guards(connection: Connection) -> tuple[str, ...]:
    """The names of guards that were taken away, changed or switched off."""
    return sqlite.missing_guards(connection) if _is_sqlite(connection) else postgresql.missing_guards(connection)


@contextmanager
def any_text(connection: Connection) -> Iterator[None]:
    """Read text that is not UTF-8 as well: SQLite lets anyone put such bytes into a text column."""
    if _is_sqlite(connection):
        with sqlite.any_text(connection):
            yield
    else:
        yield


def in_words(error: Exception, url: URL) -> str:
    """What happened to the store, for a person; never the values of a statement or a password."""
    told = str(error.orig) if isinstance(error, DBAPIError) else str(error)
    if url.get_backend_name() == "sqlite":
        return f"the ledger {url.database}: {sqlite.in_words(told)}"
    place = url.set(drivername="postgresql", query={}).render_as_string(hide_password=True)
    return f"the ledger {place}: {postgresql.in_words(error, told)}"


def _is_sqlite(place: Engine | Connection) -> bool:
    return place.dialect.name == "sqlite"

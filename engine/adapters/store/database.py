"""One database: opened, brought up to date, read in one moment of it, and written through its one writer."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine

from engine.adapters.store import dialect
from engine.adapters.store.dialect import STORE_ERRORS, LeaseTime, for_reading, in_words, open_engine
from engine.adapters.store.schema import prepare
from engine.adapters.store.writer import Together, Writer
from engine.words.clock import Clock, IdMaker
from engine.words.errors import LedgerError

T = TypeVar("T")


def open_database(url: str, clock: Clock, make_id: IdMaker) -> Database:
    """The database behind a URL, with its tables made or brought up to date.

    Raises:
        LedgerError: it cannot be opened, is damaged, or was made by a newer program.
    """
    engine = open_engine(url)
    try:
        prepare(engine, clock, make_id)
    except LedgerError:
        engine.dispose()
        raise
    except STORE_ERRORS as error:
        engine.dispose()
        raise LedgerError(in_words(error, engine.url)) from error
    return Database(engine)


class Database:
    """What the ledger and the small stores of the service share; safe from several threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reader = for_reading(engine)
        self._writer = Writer(engine)

    def lease_time(self, clock: Clock) -> LeaseTime:
        """The clock that leases are judged by."""
        return dialect.lease_time(self._engine, clock)

    def write(self, work: Callable[[Connection], T]) -> T:
        """Work in a write transaction, durable when this returns; it may be run twice (see `Writer`).

        Raises:
            LedgerError: the database failed, and nothing was kept.
        """
        return self._writer.run(work)

    def write_together(self, kind: Hashable, work: Together, item: object) -> Any:
        """As `write`, done by one call of `work` with what others write under the same kind at this moment."""
        return self._writer.run_together(kind, work, item)

    def read(self, work: Callable[[Connection], T]) -> T:
        """Work that sees one moment of the database.

        Raises:
            LedgerError: the database failed, or was closed.
        """
        if self._writer.closed:
            raise LedgerError("the ledger is closed")
        try:
            with self._reader.begin() as connection:
                return work(connection)
        except STORE_ERRORS as error:
            raise LedgerError(in_words(error, self._engine.url)) from error

    def close(self) -> None:
        """Write what waits, then close; a second call does nothing."""
        self._writer.close()
        self._engine.dispose()

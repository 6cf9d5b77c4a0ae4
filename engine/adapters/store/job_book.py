"""The book of the workers, beside the queue in the jobs' database: who lives, and which jobs workers died over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    MetaData,
    Table,
    delete,
    func,
    insert,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from engine.adapters.store.dialect import STORE_ERRORS, LeaseTime, in_words, lease_time, open_engine
from engine.adapters.store.tables import UtcTime, Words
from engine.words.clock import Clock
from engine.words.errors import LedgerError

SCHEMA = "ml_connector_jobs"
"""On a server the jobs have a schema of their own, so that they may stand in the ledger's database."""
_QUEUE_TABLE = "workflow_status"
"""The queue's own table, which its library makes."""
RESCUE_LOCK = 0x4D4C434A
"""The advisory lock of whoever looks after the dead."""

T = TypeVar("T")

_metadata = MetaData()
_workers = Table(
    "workers",
    _metadata,
    Column("id", Words, primary_key=True),
    Column("since", UtcTime, nullable=False),
    Column("beat_at", UtcTime, nullable=False),
)
_deaths = Table(
    "deaths",
    _metadata,
    Column("lane", Words, primary_key=True),
    Column("job", Words, primary_key=True),
    Column("worker", Words, primary_key=True),
)
_set_aside = Table(
    "set_aside",
    _metadata,
    Column("lane", Words, primary_key=True),
    Column("job", Words, nullable=False),
    Column("at", UtcTime, nullable=False),
)


def file_of(url: str) -> Path | None:
    """The file that a jobs' database is kept in; None when it is on a server.

    Raises:
        LedgerError: it is no URL of a database.
    """
    try:
        parts = make_url(url)
    except ArgumentError:
        raise LedgerError(
            "the URL of the jobs' database cannot be read; it looks like sqlite:////folder/jobs.sqlite3 "
            "or postgresql://user@host/database"
        ) from None
    return Path(parts.database or "") if parts.get_backend_name() == "sqlite" else None


def is_made(url: str) -> bool:
    """Whether a worker has made its queue there; asking makes nothing.

    Raises:
        LedgerError: it is no URL of a database, or the database cannot be asked.
    """
    file = file_of(url)
    if file is not None and not file.exists():
        return False
    engine = open_engine(url)
    try:
        return inspect(engine).has_table(_QUEUE_TABLE, schema=None if file is not None else SCHEMA)
    except STORE_ERRORS as error:
        raise LedgerError(_in_words(error, engine)) from error
    finally:
        engine.dispose()


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """A lane whose last job was given up, because it had killed too many workers; `deaths` is how many."""

    lane: str
    job: str
    at: datetime
    deaths: int


class JobBook:
    """Heartbeats, deaths and what was set aside; safe from several threads and processes.

    On a server its time is the server's, so that workers whose clocks differ agree on who lives.
    """

    def __init__(self, url: str, clock: Clock) -> None:
        self.engine = open_engine(url)
        self.is_file = self.engine.dialect.name == "sqlite"
        self._engine = self.engine if self.is_file else self.engine.execution_options(
            schema_translate_map={None: SCHEMA}
        )  # fmt: skip
        self._now: LeaseTime = lease_time(self.engine, clock)
        self._do(self._make_tables)

    @property
    def queue_engine(self) -> Any:
        """The same file for the queue, every transaction a writing one; None on a server: there it brings its own."""
        return self.engine.execution_options(ledger_write=True) if self.is_file else None

    def beat(self, worker: str) -> None:
        """This worker lives."""

        def beat(connection: Connection) -> None:
            now = self._now(connection)
            mine = _workers.c.id == worker
            if not connection.execute(update(_workers).where(mine).values(beat_at=now)).rowcount:
                connection.execute(insert(_workers).values(id=worker, since=now, beat_at=now))

        self._do(beat)

    def leave(self, worker: str) -> None:
        """This worker has ended; what it left begun may be taken over at once."""
        self._do(lambda connection: connection.execute(delete(_workers).where(_workers.c.id == worker)))

    def living(self, within_s: float) -> frozenset[str]:
        """The workers whose heart beat within so many seconds; those that did not are forgotten."""

        def look(connection: Connection) -> frozenset[str]:
            oldest = self._now(connection) - timedelta(seconds=within_s)
            connection.execute(delete(_workers).where(_workers.c.beat_at < oldest))
            return frozenset(connection.execute(select(_workers.c.id)).scalars())

        return self._do(look)

    def alone(self, work: Callable[[], None]) -> bool:
        """Do the work, unless another process is at it; says whether it was done. A file has one process anyway."""
        if self.is_file:
            work()
            return True
        try:
            with self._engine.begin() as connection:
                if not connection.execute(text(f"SELECT pg_try_advisory_xact_lock({RESCUE_LOCK})")).scalar():
                    return False
                work()
                return True
        except STORE_ERRORS as error:
            raise LedgerError(_in_words(error, self.engine)) from error

    def died_over(self, lane: str, job: str, worker: str) -> int:
        """A worker died with this job; gives how many died over the lane since a job of it last ended."""

        def note(connection: Connection) -> int:
            this = (_deaths.c.lane == lane, _deaths.c.job == job, _deaths.c.worker == worker)
            if connection.execute(select(_deaths.c.lane).where(*this)).first() is None:
                connection.execute(insert(_deaths).values(lane=lane, job=job, worker=worker))
            counted = select(func.count()).select_from(_deaths).where(_deaths.c.lane == lane)
            return connection.execute(counted).scalar_one()

        return self._do(note)

    def ended(self, lane: str) -> None:
        """A job of the lane has come to its end with its worker alive: what was noted of it is over."""

        def forget(connection: Connection) -> None:
            for table in (_deaths, _set_aside):
                connection.execute(delete(table).where(table.c.lane == lane))

        self._do(forget)

    def set_aside(self, lane: str, job: str) -> None:
        """Give up this job of the lane."""

        def put(connection: Connection) -> None:
            connection.execute(delete(_set_aside).where(_set_aside.c.lane == lane))
            connection.execute(insert(_set_aside).values(lane=lane, job=job, at=self._now(connection)))

        self._do(put)

    def all_set_aside(self) -> tuple[SetAside, ...]:
        """What was given up and has not ended well since, the oldest first."""
        deaths = select(func.count()).where(_deaths.c.lane == _set_aside.c.lane).scalar_subquery().label("deaths")
        query = select(_set_aside, deaths).order_by(_set_aside.c.at)
        rows = self._do(lambda connection: connection.execute(query).all())
        return tuple(SetAside(lane=row.lane, job=row.job, at=row.at, deaths=row.deaths) for row in rows)

    def close(self) -> None:
        """Close the database."""
        self.engine.dispose()

    def _make_tables(self, connection: Connection) -> None:
        if not self.is_file:
            # Several workers begin at once, and IF NOT EXISTS does not wait for the one who is just making it.
            connection.execute(text(f"SELECT pg_advisory_xact_lock({RESCUE_LOCK})"))
            connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
        _metadata.create_all(connection)

    def _do(self, work: Callable[[Connection], T]) -> T:
        try:
            with self._engine.execution_options(ledger_write=self.is_file).begin() as connection:
                return work(connection)
        except STORE_ERRORS as error:
            raise LedgerError(_in_words(error, self.engine)) from error


def _in_words(error: Exception, engine: Engine) -> str:
    return in_words(error, engine.url).replace("the ledger ", "the jobs' database ", 1)

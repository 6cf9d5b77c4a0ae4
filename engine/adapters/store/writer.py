"""One writer thread: what is waiting when it comes by is written in one transaction and committed once.

A unit of work is a function of a connection. It may be run a second time, after its first try was rolled
back, so it must have no effect but through that connection. Units of one kind that wait together are done by one
call, so that their statements are shared. Where one of a group fails, the group is rolled back and each is done by
itself, so that it takes nobody with it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine

from engine.adapters.store.dialect import STORE_ERRORS, for_writing, in_words, stays_open, ticket_of, was_committed
from engine.words.errors import LedgerError

GROUP_MAX = 64
GATHER_S = 0.002
"""How long the writer waits for more, where several came at once before: then their commit is shared by more."""

T = TypeVar("T")


Together = Callable[[Connection, Sequence[Any]], Sequence[Any]]
"""Does many things at once, and gives what comes of each."""


class _Unit:
    """Something to do, and what came of it once `done` is free."""

    __slots__ = ("done", "failure", "item", "kind", "value", "work")

    def __init__(self, work: Together, item: object = None, kind: Hashable = None) -> None:
        self.work, self.item, self.kind = work, item, kind
        self.value: Any = None
        self.failure: Exception | None = None
        self.done = threading.Lock()
        self.done.acquire()


class _Spoiled(Exception):
    """A unit failed, and with it its transaction."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


class Writer:
    """Runs units of work from any thread; each is durable when `run` returns.

    `commits` counts the transactions committed so far.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = for_writing(engine)
        self._waiting: SimpleQueue[_Unit | None] = SimpleQueue()
        self._gate = threading.Lock()
        self._closed = False
        self._kept: Connection | None = None
        self._gathers = False
        self._thread = threading.Thread(target=self._work, name="ledger writer", daemon=True)
        self.commits = 0
        self._thread.start()

    def run(self, work: Callable[[Connection], T]) -> T:
        """Do the work in a transaction, together with what others wait for; gives what it gives.

        Raises:
            LedgerError: the database failed, and nothing of this unit was kept. When a server is lost during
                the commit and does not come back to say what became of it, that stays open.
            Exception: whatever the work raises; then nothing of this unit was kept.
        """
        result: T = self._done(_Unit(lambda connection, _: (work(connection),)))
        return result

    def run_together(self, kind: Hashable, work: Together, item: object) -> Any:
        """As `run`, but what others wait for under the same kind is done by the same call of `work`."""
        return self._done(_Unit(work, item, kind))

    def _done(self, unit: _Unit) -> Any:
        with self._gate:
            if self._closed:
                raise LedgerError("the ledger is closed")
            self._waiting.put(unit)
        unit.done.acquire()
        if unit.failure is not None:
            raise unit.failure
        return unit.value

    @property
    def closed(self) -> bool:
        """Whether it has been closed."""
        return self._closed

    def close(self) -> None:
        """Write what waits, then stop; a second call does nothing."""
        with self._gate:
            if self._closed:
                return
            self._closed = True
            self._waiting.put(None)
        self._thread.join()

    def _work(self) -> None:
        while group := self._next_group():
            self._gathers = len(group) > 1
            self._write(group)
        if self._kept is not None:
            self._kept.close()

    def _next_group(self) -> list[_Unit]:
        """What is waiting now, at least one unit; empty when the writer is closed."""
        group: list[_Unit] = []
        unit = self._waiting.get()
        if self._gathers:
            time.sleep(GATHER_S)
        while unit is not None:
            group.append(unit)
            if len(group) == GROUP_MAX:
                return group
            try:
                unit = self._waiting.get_nowait()
            except Empty:
                return group
        if group:
            self._waiting.put(None)  # the end was met behind this group: meet it again
        return group

    def _write(self, group: list[_Unit]) -> None:
        try:
            self._in_transaction(group)
        except _Spoiled as spoiled:
            if len(group) > 1:
                for unit in group:
                    self._write([unit])
                return
            self._fail(group, spoiled.error)
        except Exception as error:  # noqa: BLE001  every caller waits for an answer, and raises it
            self._fail(group, error)
        else:
            self.commits += 1
        for unit in group:
            unit.done.release()

    def _in_transaction(self, group: list[_Unit]) -> None:
        are_done, ticket = False, None
        try:
            with self._transaction() as connection:
                ticket = ticket_of(connection)
                for units in _by_kind(group):
                    _do(connection, units)
                are_done = True
        except STORE_ERRORS:
            # Only the commit comes after the units; its own answer may be what got lost.
            if not are_done or not was_committed(self._engine, ticket):
                raise

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        """One transaction; its connection is kept for the next one, unless it failed or a server may end it."""
        connection = self._kept or self._engine.connect()
        self._kept = None
        try:
            with connection.begin():
                yield connection
            if stays_open(connection):
                self._kept = connection
        finally:
            if self._kept is None:
                connection.close()

    def _fail(self, group: list[_Unit], error: Exception) -> None:
        for unit in group:
            unit.failure = error
            if isinstance(error, STORE_ERRORS):
                unit.failure = LedgerError(in_words(error, self._engine.url))
                unit.failure.__cause__ = error


def _by_kind(group: Sequence[_Unit]) -> list[list[_Unit]]:
    """The units that are done together; one without a kind is done alone."""
    kinds: dict[Hashable, list[_Unit]] = {}
    for unit in group:
        kinds.setdefault(unit if unit.kind is None else unit.kind, []).append(unit)
    return list(kinds.values())


def _do(connection: Connection, units: Sequence[_Unit]) -> None:
    """Do units of one kind; what they give counts once all is committed."""
    try:
        values = units[0].work(connection, [unit.item for unit in units])
    except Exception as error:
        raise _Spoiled(error) from error
    for unit, value in zip(units, values, strict=True):
        unit.value = value

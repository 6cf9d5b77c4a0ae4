"""One writer thread: what is waiting when it comes by is written in one transaction and committed once.

A unit of work is a function of a connection. It may be run a second time, after its first try was rolled
back, so it must have no effect but through that connection. Units of one kind that wait together are done by one
call, so that their statements are shared.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine

from engine.adapters.store.dialect import STORE_ERRORS, Ticket, for_writing, in_words, ticket_of, was_committed
from engine.words.errors import LedgerError

GROUP_MAX = 64

T = TypeVar("T")


Outcome = tuple[Any, Exception | None]
"""What came of one of many: its value, or why nothing of it was kept."""
Together = Callable[[Connection, Sequence[Any]], Sequence[Outcome]]
"""Does many things at once; one that fails by itself must have changed nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class _Unit:
    work: Together
    item: Any = None
    kind: Hashable = None
    done: Future[Any] = field(default_factory=Future)


class _Spoiled(Exception):
    """A unit met an error of the database, which may have ended the whole transaction."""

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
        result: T = self._done(_Unit(lambda connection, _: ((work(connection), None),)))
        return result

    def run_together(self, kind: Hashable, work: Together, item: object) -> Any:
        """As `run`, but what others wait for under the same kind is done by the same call of `work`."""
        return self._done(_Unit(work, item, kind))

    def _done(self, unit: _Unit) -> Any:
        with self._gate:
            if self._closed:
                raise LedgerError("the ledger is closed")
            self._waiting.put(unit)
        return unit.done.result()

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
            self._write(group)

    def _next_group(self) -> list[_Unit]:
        """What is waiting now, at least one unit; empty when the writer is closed."""
        group: list[_Unit] = []
        unit = self._waiting.get()
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
            answers = self._in_transaction(group)
        except _Spoiled as spoiled:
            if len(group) == 1:
                self._fail(group, spoiled.error)
                return
            for unit in group:
                self._write([unit])
        except Exception as error:  # noqa: BLE001  every caller waits for an answer, and raises it
            self._fail(group, error)
        else:
            self.commits += 1
            for unit, (value, failure) in zip(group, answers, strict=True):
                if failure is None:
                    unit.done.set_result(value)
                else:
                    unit.done.set_exception(failure)

    def _in_transaction(self, group: list[_Unit]) -> list[Outcome]:
        answers: list[Outcome] | None = None
        ticket: Ticket = None
        try:
            with self._engine.begin() as connection:
                ticket = ticket_of(connection)
                kinds = _by_kind(group)
                found = {
                    unit: answer
                    for units in kinds
                    for unit, answer in zip(units, _answers(connection, units, alone=len(kinds) == 1), strict=True)
                }
                answers = [found[unit] for unit in group]
        except STORE_ERRORS:
            # Only the commit comes after the answers; its own answer may be what got lost.
            if answers is None or not was_committed(self._engine, ticket):
                raise
        return answers

    def _fail(self, group: list[_Unit], error: Exception) -> None:
        for unit in group:
            failure = error
            if isinstance(error, STORE_ERRORS):
                failure = LedgerError(in_words(error, self._engine.url))
                failure.__cause__ = error
            unit.done.set_exception(failure)


def _by_kind(group: Sequence[_Unit]) -> list[list[_Unit]]:
    """The units that are done together; one without a kind is done alone."""
    kinds: dict[Hashable, list[_Unit]] = {}
    for unit in group:
        kinds.setdefault(unit if unit.kind is None else unit.kind, []).append(unit)
    return list(kinds.values())


def _answers(connection: Connection, units: Sequence[_Unit], *, alone: bool) -> Sequence[Outcome]:
    """What the units gave, or what they raised after their own changes were taken back.

    Units that are alone in their transaction need no savepoint: what they raise ends it, and takes back all.
    """
    try:
        if alone:
            return units[0].work(connection, [unit.item for unit in units])
        savepoint = connection.begin_nested()
        try:
            answers = units[0].work(connection, [unit.item for unit in units])
        except STORE_ERRORS:
            raise
        except Exception as failure:  # noqa: BLE001  it belongs to the callers of these units alone
            savepoint.rollback()
            return [(None, failure)] * len(units)
        savepoint.commit()
    except STORE_ERRORS as error:
        raise _Spoiled(error) from error
    return answers

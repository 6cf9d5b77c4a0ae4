"""Taking over the jobs of dead workers, and setting aside a job over which workers keep dying.

A worker that lives says so again and again. Who was not heard for the rescue time is dead: what it ran is queued
once more, by one rescuer at a time. That a worker was only slow does no harm: who may send is decided by the lease
in the ledger. Deaths are counted for each lane until a job of it ends; a job over which `deaths_max` workers died
is given up, and the next one of its lane gets one chance each time. What this worker itself did, and could not note
because the database was away, is queued once more too: else its lane would stand still for ever.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection

from engine.adapters.store.job_book import JobBook
from engine.run.jobs.port import OpenJob
from engine.run.jobs.queue import Queue
from engine.words.clock import Clock
from engine.words.errors import LedgerError

BEATS_IN_RESCUE_TIME = 4
FORGET_EVERY_S = 3600.0
STOP_S = 10.0

Trouble = Callable[[str], None]
"""Hears that the jobs' database failed; the next beat tries again."""


class Rescuer:
    """The heart of a worker, and its look after the others, each in a thread of its own."""

    def __init__(
        self,
        queue: Queue,
        book: JobBook,
        *,
        worker: str,
        doing: Callable[[], Collection[str]],
        rescue_s: float,
        deaths_max: int,
        given_up: Callable[[OpenJob, int], None],
        rescued: Callable[[OpenJob], None],
        trouble: Trouble,
        clock: Clock,
    ) -> None:
        self._queue, self._book, self._worker = queue, book, worker
        self._doing = doing
        self._undone = frozenset[str]()
        self._rescue_s, self._deaths_max = rescue_s, deaths_max
        self._given_up, self._rescued, self._trouble = given_up, rescued, trouble
        self._clock = clock
        self._forgot_s = clock.instant().seconds
        self._resting = False
        self._looks_from_s = 0.0
        self._stop = threading.Event()
        self._threads = (
            threading.Thread(target=self._live, args=(self._beat,), name="heart", daemon=True),
            threading.Thread(target=self._live, args=(self._look_after,), name="rescuer", daemon=True),
        )

    def start(self) -> None:
        """Begin to look after the others; the first beat is made before the queue starts, by `beat`."""
        for thread in self._threads:
            thread.start()

    def beat(self) -> None:
        """Say that this worker lives.

        Raises:
            LedgerError: the jobs' database failed.
        """
        self._book.beat(self._worker)

    def rest(self) -> None:
        """Live on without looking after anybody, because this worker is about to end."""
        self._resting = True

    def stop(self) -> None:
        """End; a second call does nothing."""
        self._stop.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(STOP_S)

    def look(self) -> None:
        """Take over what the dead left, unless another rescuer is at it; what was given up is told afterwards.

        Raises:
            LedgerError: the jobs' database failed.
        """
        self._take_up_own()
        given_up: list[tuple[OpenJob, int]] = []
        try:
            self._book.alone(lambda: self._rescue(given_up))
        finally:
            for one, deaths in given_up:
                self._given_up(one, deaths)

    def _live(self, act: Callable[[], None]) -> None:
        while True:
            try:
                act()
            except LedgerError as error:
                self._trouble(str(error))
            except Exception as error:  # noqa: BLE001  a heart that stands still lets others take over a living worker
                self._trouble(f"this is a fault of the program: {type(error).__name__}: {error}")
            if self._stop.wait(self._rescue_s / BEATS_IN_RESCUE_TIME):
                return

    def _beat(self) -> None:
        """Apart from looking after others: telling of a job that is given up may wait for slow receivers."""
        try:
            self.beat()
        except LedgerError:
            # Nobody could beat: the others are dead only when they stay silent from here on.
            self._looks_from_s = self._clock.instant().seconds + self._rescue_s
            raise

    def _look_after(self) -> None:
        if not self._resting and self._clock.instant().seconds >= self._looks_from_s:
            self.look()

    def _take_up_own(self) -> None:
        """Queue again what this worker has by the queue and does not do: its end, or its begin, could not be noted.

        Twice seen so: in between it may just have begun or ended. To do it once more costs time and nothing else.
        """
        mine = self._queue.running_on(self._worker)
        doing = self._doing()
        undone = [one for one in mine if one.id not in doing]
        for one in undone:
            if one.id in self._undone:
                self._queue.again([one])
                self._rescued(one)
        self._undone = frozenset(one.id for one in undone) - self._undone

    def _rescue(self, given_up: list[tuple[OpenJob, int]]) -> None:
        living = frozenset({self._worker}) if self._book.is_file else self._book.living(self._rescue_s)
        for one in self._queue.left_by_the_dead(living | {self._worker}):
            deaths = self._book.died_over(one.job.lane, one.id, one.worker)
            if deaths >= self._deaths_max:
                # Noted first: if this process dies in between, the next rescuer gives it up once more.
                self._book.set_aside(one.job.lane, one.id)
                self._queue.give_up(one)
                given_up.append((one, deaths))
            else:
                self._queue.again([one])
                self._rescued(one)
        if self._clock.instant().seconds - self._forgot_s > FORGET_EVERY_S:
            self._forgot_s = self._clock.instant().seconds
            self._queue.forget_old(self._clock.now())

"""Taking over the jobs of dead workers, and setting aside a job over which workers keep dying.

A worker that lives says so again and again. Who was not heard for the rescue time is dead: what it ran is queued
once more, by one rescuer at a time. That a worker was only slow does no harm: who may send is decided by the lease
in the ledger. Deaths are counted for each lane until a job of it ends; a job over which `deaths_max` workers died
is given up, and the next one of its lane gets one chance each time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

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
    """The heart of a worker, and its look after the others, in a thread of its own."""

    def __init__(
        self,
        queue: Queue,
        book: JobBook,
        *,
        worker: str,
        rescue_s: float,
        deaths_max: int,
        given_up: Callable[[OpenJob, int], None],
        rescued: Callable[[OpenJob], None],
        trouble: Trouble,
        clock: Clock,
    ) -> None:
        self._queue, self._book, self._worker = queue, book, worker
        self._rescue_s, self._deaths_max = rescue_s, deaths_max
        self._given_up, self._rescued, self._trouble = given_up, rescued, trouble
        self._clock = clock
        self._forgot_s = clock.instant().seconds
        self._resting = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._live, name="rescuer", daemon=True)

    def start(self) -> None:
        """Begin to look after the others; the first beat is made before the queue starts, by `beat`."""
        self._thread.start()

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
        if self._thread.is_alive():
            self._thread.join(STOP_S)

    def look(self) -> None:
        """Take over what the dead left, unless another rescuer is at it; what was given up is told afterwards.

        Raises:
            LedgerError: the jobs' database failed.
        """
        given_up: list[tuple[OpenJob, int]] = []
        self._book.alone(lambda: self._rescue(given_up))
        for one, deaths in given_up:
            self._given_up(one, deaths)

    def _live(self) -> None:
        while True:
            try:
                self.beat()
                if not self._resting:
                    self.look()
            except LedgerError as error:
                self._trouble(str(error))
            except Exception as error:  # noqa: BLE001  a heart that stands still lets others take over a living worker
                self._trouble(f"this is a fault of the program: {type(error).__name__}: {error}")
            if self._stop.wait(self._rescue_s / BEATS_IN_RESCUE_TIME):
                return

    def _rescue(self, given_up: list[tuple[OpenJob, int]]) -> None:
        living = frozenset({self._worker}) if self._book.is_file else self._book.living(self._rescue_s)
        for one in self._queue.left_by_the_dead(living | {self._worker}):
            deaths = self._book.died_over(one.job.lane, one.id, one.worker)
            if deaths >= self._deaths_max:
                self._queue.give_up(one)
                self._book.set_aside(one.job.lane, one.id)
                given_up.append((one, deaths))
            else:
                self._queue.again([one])
                self._rescued(one)
        if self._clock.instant().seconds - self._forgot_s > FORGET_EVERY_S:
            self._forgot_s = self._clock.instant().seconds
            self._queue.forget_old(self._clock.now())

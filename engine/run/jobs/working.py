"""A worker's hands: does one job after the other, sees to what follows, and tells once how each ended."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from engine.adapters.store.port import TurnLost
from engine.run.jobs.doing import AGAIN_S, Done, do_job
from engine.run.jobs.port import Ending, Heard, Job, JobEnd, Jobs, Task
from engine.run.ordering import in_order_of_need
from engine.run.setup import STOPPING, Setup, Stopping
from engine.words.clock import Clock, IdMaker
from engine.words.errors import ConnectorError, CredentialsError, InputError, LedgerError, Unreachable

_KINDS = {InputError: "input", CredentialsError: "credentials", Unreachable: "unreachable", LedgerError: "ledger"}
PROBLEMS_TOLD = 5
TRY_AGAIN_S = 1.0

OpenSetup = Callable[[str], AbstractContextManager[Setup]]
"""Opens a workspace by its name, as its files are now.

Raises InputError when there is no such workspace or it has errors: then its jobs fail until it is put right.
"""
Look = Callable[[Setup | None, Job, Done], None]
"""Looks at how the workspace stands after a job, to tell people; without a setup when the job could not open one."""


class Queued(Jobs, Protocol):
    """The queue, as the hands need it."""

    def submit_later(self, job: Job, delay_s: float) -> None:
        """Queue it for later, unless it waits for later already."""
        ...


class Hands:
    """Does the jobs of a worker in the threads that the queue calls it from."""

    def __init__(
        self,
        queue: Queued,
        open_setup: OpenSetup,
        *,
        worker: str,
        clock: Clock,
        make_id: IdMaker,
        ended: Callable[[str], None],
        heard: Sequence[Heard],
        look: Look,
    ) -> None:
        self._queue, self._open_setup = queue, open_setup
        self._worker, self._clock, self._make_id = worker, clock, make_id
        self._ended, self._heard, self._look = ended, tuple(heard), look
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._doing = frozenset[str]()

    @property
    def doing(self) -> frozenset[str]:
        """The ids of the jobs that are being done."""
        return self._doing

    def stop(self) -> None:
        """Begin no new document; jobs end between two records and are queued again for the next start."""
        self._stopping.set()

    def do(self, job_id: str, job: Job) -> None:
        """Do a job to its end; whatever happens is told."""
        with self._lock:
            self._doing |= {job_id}
        try:
            self._do(job_id, job)
        finally:
            with self._lock:
                self._doing -= {job_id}
            # An opened workspace is a megabyte of things that point at each other, which Python by itself lets go
            # of only once there are many: in a process that lives for days these would be a growing heap.
            gc.collect()

    def _do(self, job_id: str, job: Job) -> None:
        started = self._clock.now()
        done = Done(ending=Ending.STOPPED, error=STOPPING)
        if not self._stopping.is_set():
            done = self._done(job_id, job)
        if done.ending is Ending.STOPPED:
            self._queue_surely(lambda: self._queue.submit(job, key=f"{_root(job_id, job)}+{self._make_id()}"))
        else:
            self._follow(job_id, job, done)
            self._queue_surely(lambda: self._ended(job.lane))
        self._tell(job_id, job, done, started)

    def _done(self, job_id: str, job: Job) -> Done:
        try:
            with self._open_setup(job.workspace) as opened:
                setup = replace(
                    opened,
                    who=f"{job.why or job.task.value} on {self._worker}",
                    stopping=self._stopping.is_set,
                )
                if job.task is Task.RUN and not job.subject:
                    return self._spread(setup, job_id, job)
                done = do_job(setup, job)
                if done.ending is not Ending.STOPPED:
                    self._look(setup, job, done)
                return done
        except Stopping:
            return Done(ending=Ending.STOPPED, error=STOPPING)
        except Exception as error:  # noqa: BLE001  told as the job's end, by its kind; a worker goes on with others
            again_s = AGAIN_S if job.task is Task.RUN else None
            done = Done(ending=Ending.FAILED, error=_sentence(error), kind=_kind(error), again_s=again_s)
        self._look(None, job, done)
        return done

    def _spread(self, setup: Setup, job_id: str, job: Job) -> Done:
        """All mappings, in the order of need as the files have it now."""
        names = [spec.name for spec in in_order_of_need(setup.specs)]
        self._submit_next(job_id, replace(job, then=tuple(names)))
        return Done(ending=Ending.DONE, summary={"mappings": ", ".join(names)})

    def _follow(self, job_id: str, job: Job, done: Done) -> None:
        if job.subject:
            self._submit_next(job_id, job)
        if done.again_s is not None:
            later, delay_s = replace(job, then=()), done.again_s
            self._queue_surely(lambda: self._queue.submit_later(later, delay_s))

    def _submit_next(self, job_id: str, job: Job) -> None:
        if job.then:
            following = replace(job, subject=job.then[0], then=job.then[1:])
            self._queue_surely(lambda: self._queue.submit(following, key=f"{_root(job_id, job)}+{following.subject}"))

    def _queue_surely(self, ask: Callable[[], object]) -> None:
        """Ask until it is done: what follows must not be lost, however long the jobs' database is away.

        A process that is ended meanwhile leaves the whole job to the rescuer.
        """
        while True:
            try:
                ask()
            except LedgerError:
                self._clock.sleep(TRY_AGAIN_S)
            else:
                return

    def _tell(self, job_id: str, job: Job, done: Done, started: datetime) -> None:
        end = JobEnd(
            id=job_id,
            job=job,
            ending=done.ending,
            worker=self._worker,
            started_at=started,
            ended_at=self._clock.now(),
            summary=done.summary,
            error=done.error,
            kind=done.kind,
        )
        for heard in self._heard:
            heard(end)


def _root(job_id: str, job: Job) -> str:
    """The key of the tick or question that a job comes from; a workspace's own name may have a `+`."""
    before, workspace, rest = job_id.partition(f"/{job.workspace}/")
    return f"{before}{workspace}{rest.partition('+')[0]}" if workspace else job_id.partition("+")[0]


def _kind(error: Exception) -> str:
    if isinstance(error, TurnLost):
        return "elsewhere"
    return next((kind for one, kind in _KINDS.items() if isinstance(error, one)), "fault")


def _sentence(error: Exception) -> str:
    if isinstance(error, InputError) and error.problems:
        more = len(error.problems) - PROBLEMS_TOLD
        told = [str(problem) for problem in error.problems[:PROBLEMS_TOLD]]
        return "; ".join([str(error), *told, *([f"and {more} more"] if more > 0 else [])])
    if isinstance(error, (ConnectorError, TurnLost)):
        return str(error)
    return f"this is a fault of the program: {type(error).__name__}: {error}"

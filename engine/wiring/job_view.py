"""The queue seen from outside: for a person, beside the workers and without one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from engine.adapters.store.job_book import JobBook, is_made
from engine.domain.audit_event import AuditEvent
from engine.run.jobs.port import OpenJob, Standing
from engine.run.jobs.queue import Queue
from engine.wiring.app import open_records, who_am_i
from engine.wiring.served import Served
from engine.words.clock import Clock, IdMaker
from engine.words.errors import InputError
from engine.words.problem import did_you_mean


@dataclass(frozen=True, slots=True, kw_only=True)
class JobView:
    """The jobs of a queue, and the person's hand on those that were set aside."""

    queue: Queue | None
    served: Sequence[Served]
    clock: Clock

    def open_jobs(self) -> tuple[OpenJob, ...]:
        """What waits, runs or was set aside, of all workspaces that share the queue, the oldest first."""
        return self.queue.open_jobs() if self.queue is not None else ()

    def set_going(self, job_id: str) -> OpenJob:
        """Queue a job that was set aside once more, audited in its workspace; gives it.

        Raises:
            InputError: it is not one that is set aside, or its workspace was not named.
        """
        aside = {one.id: one for one in self.open_jobs() if one.standing is Standing.SET_ASIDE}
        if self.queue is None or job_id not in aside:
            hint = did_you_mean(job_id, aside)
            raise InputError(f"no job '{job_id}' is set aside{f'; {hint}' if hint else ''}")
        one = aside[job_id]
        served = next((each for each in self.served if each.name == one.job.workspace), None)
        if served is None:
            raise InputError(f"the job is of the workspace '{one.job.workspace}': name its folder with --workspace")
        with open_records(served.current.good()) as ledger:
            detail = {"task": one.job.task.value, "subject": one.job.subject, "job": one.id, "reason": one.reason}
            ledger.audit(
                AuditEvent(
                    at=self.clock.now(), who=who_am_i(), kind="job_set_going", record=None, run=None, detail=detail
                )
            )
        self.queue.set_going(one)
        return one


@contextmanager
def open_job_view(served: Sequence[Served], url: str, clock: Clock, make_id: IdMaker) -> Iterator[JobView]:
    """The queue at this URL; where no worker has made one yet there are no jobs.

    Raises:
        LedgerError: the jobs' database cannot be used.
    """
    if not is_made(url):
        yield JobView(queue=None, served=served, clock=clock)
        return
    book = JobBook(url, clock)
    queue = Queue(url, book, worker=who_am_i(), concurrency=1, make_id=make_id)
    try:
        yield JobView(queue=queue, served=served, clock=clock)
    finally:
        queue.let_go()
        book.close()

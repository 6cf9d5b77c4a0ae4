"""A worker, put together: queue, hands, clock of the schedules and rescuer, started and stopped in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from engine.adapters.store.job_book import JobBook, file_of
from engine.domain.audit_event import AuditEvent
from engine.run.alerting.looks import JobLook, Looks
from engine.run.jobs.doing import Done, reconciled_company
from engine.run.jobs.port import Ending, Heard, Job, JobEnd, Jobs, OpenJob, Task
from engine.run.jobs.queue import Queue, set_aside_because
from engine.run.jobs.rescuing import Rescuer
from engine.run.jobs.ticking import Ticker
from engine.run.jobs.working import Hands
from engine.run.setup import Setup
from engine.wiring.alerting import check_workspace
from engine.wiring.app import open_records, open_setup
from engine.wiring.process_lock import ProcessLock
from engine.wiring.served import Served
from engine.wiring.this_process import keep_it_no_longer, keep_what_is_there, share_one_heap
from engine.wiring.workspace import STATE
from engine.words.clock import Clock, IdMaker
from engine.words.errors import ConnectorError, InputError, LedgerError

JOBS = "jobs.sqlite3"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSettings:
    """How a worker works. `concurrency` is how many jobs it does at once; on PostgreSQL the worker that started
    last says it for all. `rescue_s` is how long nothing is heard from a worker before it counts as dead, `deaths_max`
    how many workers may die over a job, `grace_s` how long a stopping worker waits for what is under way.
    """

    concurrency: int = 4
    rescue_s: float = 60.0
    deaths_max: int = 3
    grace_s: float = 30.0


Told = Callable[[str, Mapping[str, str]], None]
"""Hears what is not as usual: a sentence, and what it is about."""


def jobs_url(served: Sequence[Served], given: str | None) -> str:
    """Where the queue is kept: where it is said; else beside the ledger of the one workspace there is.

    Raises:
        InputError: there are several workspaces, and nothing is said.
    """
    if given:
        return given
    if len(served) > 1:
        raise InputError(
            f"{len(served)} workspaces share one queue: say where it is kept, by ML_CONNECTOR_JOBS or "
            "--jobs postgresql://user@host/database"
        )
    ledger = served[0].ledger_url()
    return ledger if file_of(ledger) is None else f"sqlite:///{served[0].folder / STATE / JOBS}"


class Service:
    """One worker of the workspaces it serves."""

    def __init__(
        self,
        served: Sequence[Served],
        *,
        url: str,
        worker: str,
        settings: ServiceSettings,
        clock: Clock,
        make_id: IdMaker,
        told: Told,
    ) -> None:
        self._served = {one.name: one for one in served}
        self._worker, self._settings, self._clock, self._told = worker, settings, clock, told
        file = file_of(url)
        self._lock = _jobs_lock(file.with_suffix(".lock"), clock) if file is not None else None
        self._book = JobBook(url, clock)
        self._queue = Queue(url, self._book, worker=worker, concurrency=settings.concurrency, make_id=make_id)
        self._ticker = Ticker(served, self._queue, clock, self._tell_tick)
        self._rescuer = Rescuer(
            self._queue,
            self._book,
            worker=worker,
            doing=lambda: self._hands.doing if self._hands is not None else (),
            rescue_s=settings.rescue_s,
            deaths_max=settings.deaths_max,
            given_up=self._give_up,
            rescued=self._tell_rescued,
            trouble=lambda sentence: told(sentence, {}),
            clock=clock,
        )
        self._make_id = make_id
        self._heard: tuple[Heard, ...] = ()
        self._hands: Hands | None = None

    @property
    def worker(self) -> str:
        """What this process is called: host, process, and a part that no other has."""
        return self._worker

    @property
    def jobs(self) -> Jobs:
        """The queue, for those that ask for work."""
        return self._queue

    @property
    def ticker(self) -> Ticker:
        """The clock of the schedules, for the metrics."""
        return self._ticker

    def start(self, *, heard: Sequence[Heard]) -> None:
        """Begin to work: first what dead workers left, then what is due.

        Raises:
            LedgerError: the jobs' database cannot be used.
        """
        share_one_heap()
        self._heard = tuple(heard)
        self._hands = Hands(
            self._queue,
            self._open_setup,
            worker=self._worker,
            clock=self._clock,
            make_id=self._make_id,
            ended=self._book.ended,
            heard=heard,
            look=self._look,
        )
        self._rescuer.beat()
        self._queue.start(self._hands.do)
        self._rescuer.start()
        self._ticker.start()
        keep_what_is_there()

    def stop(self) -> bool:
        """End: nothing new is begun, what is under way is finished and recorded. False when it did not end in time.

        Then the process is to be ended at once: what it leaves in doubt resolves by itself.
        """
        if self._hands is None:
            self._close()
            return True
        self._ticker.stop()
        self._queue.close()
        self._hands.stop()
        self._rescuer.rest()
        self._queue.end(self._settings.grace_s)
        self._rescuer.stop()
        if self._hands.doing:
            return False
        self._close()
        return True

    def _close(self) -> None:
        keep_it_no_longer()
        try:
            self._book.leave(self._worker)
        except LedgerError as error:
            # All is ended and recorded: the others only learn of it later, by our silence.
            self._told(str(error), {})
        self._book.close()
        if self._lock is not None:
            self._lock.release()

    @contextmanager
    def _open_setup(self, name: str) -> Iterator[Setup]:
        if name not in self._served:
            raise InputError(
                f"this worker does not serve the workspace '{name}': start all workers with the same ones"
            )
        with self._served[name].open_setup() as setup:
            yield setup

    def _look(self, setup: Setup | None, job: Job, done: Done) -> None:
        """Check the alerts after a job; that they cannot be checked is told, and stops nothing."""
        trouble = {Ending.FAILED: "failed", Ending.SET_ASIDE: "set aside"}.get(done.ending, "")
        served = self._served.get(job.workspace)
        if served is None or not served.has_alerts():
            return
        wrong = setup is None and done.kind == "input" and bool(served.current.now().errors)
        look = JobLook(name=_job_name(job), trouble=trouble, files_wrong=wrong, at=self._clock.now())
        jobs = (look,) if job.task is not Task.ALERTS or wrong or setup is not None else ()
        reports = (done.report,) if done.report is not None else ()
        looks = Looks(exposure=done.exposure, reports=reports, jobs=jobs)
        try:
            if setup is not None:
                check_workspace(served.current.good(), setup, looks=looks)
            else:
                with open_setup(served.current.good(), clock=self._clock, make_id=self._make_id) as opened:
                    check_workspace(served.current.good(), opened, looks=looks)
        except Exception as error:  # noqa: BLE001  what the job did is done, whatever becomes of telling people
            told = f"alerts could not be checked: {type(error).__name__}: {error}"
            self._told(told, {"workspace": job.workspace})

    def _tell_tick(self, workspace: str, schedule: str, sentence: str) -> None:
        self._told(sentence, {"workspace": workspace, "schedule": schedule})

    def _tell_rescued(self, one: OpenJob) -> None:
        is_own = one.worker == self._worker
        sentence = (
            "a job whose end could not be noted is done again" if is_own else "a dead worker's job is taken over"
        )
        self._told(sentence, {**_about(one), "worker": one.worker})

    def _give_up(self, one: OpenJob, deaths: int) -> None:
        """A job over which workers keep dying: audited in its workspace's ledger, and told as its end."""
        reason = f"{set_aside_because(deaths)}; it is set aside, and begins again at its next time"
        if one.job.workspace in self._served:
            try:
                with open_records(self._served[one.job.workspace].current.good()) as ledger:
                    detail = {**_about(one), "reason": reason}
                    ledger.audit(
                        AuditEvent(
                            at=self._clock.now(),
                            who=self._worker,
                            kind="job_set_aside",
                            record=None,
                            run=None,
                            detail=dict(detail),
                        )
                    )
            except ConnectorError as error:
                self._told(f"that a job was set aside could not be audited: {error}", _about(one))
        self._look(None, one.job, Done(ending=Ending.SET_ASIDE, error=reason))
        now = self._clock.now()
        end = JobEnd(
            id=one.id,
            job=one.job,
            ending=Ending.SET_ASIDE,
            worker=one.worker,
            started_at=one.since,
            ended_at=now,
            error=reason,
            kind="fault",
        )
        for heard in self._heard:
            heard(end)


def _jobs_lock(file: Path, clock: Clock) -> ProcessLock:
    refusal = (
        f"works on these jobs already ({file}); stop that one first. Several workers at once need "
        "PostgreSQL: --jobs postgresql://..."
    )
    return ProcessLock(file, clock.now(), refusal=refusal)


def _job_name(job: Job) -> str:
    """What a job is called in alerts: the same job next month is still the same."""
    subject = reconciled_company(job.subject) if job.task is Task.RECONCILE else job.subject
    return f"{job.task.value} {subject}".strip()


def _about(one: OpenJob) -> dict[str, str]:
    return {
        "workspace": one.job.workspace,
        "task": one.job.task.value,
        "subject": one.job.subject,
        "job": one.id,
    }

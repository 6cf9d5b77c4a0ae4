"""The queue of jobs on DBOS Transact: the one module that knows the library.

One job is one workflow without inner steps. What goes through it is names, as JSON. A workflow's id is the key a
job was queued by, so a key is queued once by whoever comes first; the queue is partitioned by the job's lane, so of
one lane one job runs at a time, on all workers together. The library recovers only what its own process left: the
rescuer (`rescuing`) does the rest with `left_by_the_dead`, `again` and `give_up`.
"""

from __future__ import annotations

import contextvars
import json
import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from dbos import DBOS, DBOSClient, DBOSConfig, Serializer, WorkflowStatus
from dbos import error as dbos_errors

from engine.adapters.store.job_book import SCHEMA, JobBook, SetAside
from engine.run.jobs.port import Job, OpenJob, Standing, Task
from engine.words.clock import IdMaker
from engine.words.errors import LedgerError

QUEUE = "jobs"
WORKFLOW = "job"
APPLICATION = "ml-connector"
VERSION = "jobs-1"
"""Of what a job looks like in the queue, not of the program: a new program goes on with the jobs of the old one."""

POLL_S = 0.5
POOL_SIZE = 8
ASKS_POOL_SIZE = 4
KEPT_DAYS = 14
PAGE = 1000
_RARELY_S = 3600.0
_WAITING = ("ENQUEUED", "DELAYED")

Work = Callable[[str, Job], None]
"""Does a job, given its id; raises nothing."""


class Queue:
    """The queue of one process; one at a time in a process, because the library has one."""

    def __init__(self, url: str, book: JobBook, *, worker: str, concurrency: int, make_id: IdMaker) -> None:
        self._url = url
        self._book = book
        self._worker = worker
        self._concurrency = concurrency
        self._make_id = make_id
        self._closing = False
        self._asks = self._client()

    def start(self, work: Work) -> None:
        """Begin to run what waits.

        Raises:
            LedgerError: the jobs' database cannot be used.
        """
        _tame_logging()

        def job(given: dict[str, Any]) -> None:
            # Outside of the library's context: what a job queues is no step of it, to be replayed in order.
            contextvars.Context().run(work, str(DBOS.workflow_id), _job_from(given))

        DBOS.workflow(name=WORKFLOW)(job)
        try:
            if self._book.is_file:
                # Its making begins a transaction by itself, which our engine does already.
                DBOS.migrate(self._url)
            DBOS(config=self._config())
            DBOS.launch()
            DBOS.register_queue(
                QUEUE,
                worker_concurrency=self._concurrency,
                partition_concurrency=1,
                polling_interval_sec=POLL_S,
                on_conflict="always_update",
            )
        except Exception as error:
            DBOS.destroy(destroy_registry=True)
            self._asks.destroy()
            raise LedgerError(f"the jobs' database cannot be used: {error}") from error

    def close(self) -> None:
        """Take on nothing more; what is queued stays for the next start. Asking for jobs goes on until `end`."""
        self._closing = True

    def end(self, grace_s: float) -> None:
        """Begin nothing more, and wait so long for what runs."""
        self._closing = True
        DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=max(1, round(grace_s)))
        self.let_go()

    def let_go(self) -> None:
        """Ask no more; all there is to end of a queue that was not started."""
        self._asks.destroy()

    def submit(self, job: Job, *, key: str, delay_s: float = 0) -> bool:
        """See the port."""
        options: dict[str, Any] = {
            "workflow_name": WORKFLOW,
            "queue_name": QUEUE,
            "workflow_id": key,
            "workflow_id_reuse_policy": "reject",
            "queue_partition_key": job.lane,
            "app_version": VERSION,
        }
        if delay_s > 0:
            options["delay_seconds"] = delay_s
        try:
            self._asks.enqueue(options, _as_given(job))  # type: ignore[arg-type]
        except dbos_errors.DBOSWorkflowIDInUseError:
            return False
        except Exception as error:
            raise _failed(error) from error
        return True

    def submit_unless_waiting(self, job: Job) -> bool:
        """See the port. Two processes that ask at once may queue it twice; the second run finds nothing new."""
        if self._closing:
            return False
        prefix = f"asked/{job.lane}/"
        if not self._listed(status=["ENQUEUED"], workflow_id_prefix=prefix, limit=1, load_input=False):
            self.submit(job, key=f"{prefix}{self._make_id()}")
        return True

    def submit_later(self, job: Job, delay_s: float) -> None:
        """Queue it for later, unless it waits for later already.

        Raises:
            LedgerError: the jobs' database failed.
        """
        prefix = f"later/{job.lane}/"
        if not self._listed(status=list(_WAITING), workflow_id_prefix=prefix, limit=1, load_input=False):
            self.submit(job, key=f"{prefix}{self._make_id()}", delay_s=delay_s)

    def open_jobs(self, key_prefix: str = "") -> tuple[OpenJob, ...]:
        """See the port."""
        found = self._listed(status=[*_WAITING, "PENDING"], queue_name=QUEUE, workflow_id_prefix=key_prefix or None)
        aside = {one.job: one for one in self._book.all_set_aside() if one.job.startswith(key_prefix)}
        given_up = self._listed(workflow_ids=list(aside), status="CANCELLED") if aside else []
        return (
            *(_open_job(one) for one in found if one.input is not None),
            *(_set_aside(one, aside[one.workflow_id]) for one in given_up if one.input is not None),
        )

    def left_by_the_dead(self, living: Collection[str]) -> tuple[OpenJob, ...]:
        """The jobs that run according to the queue, on workers that do not live."""
        running = self._listed(status="PENDING", queue_name=QUEUE)
        return tuple(_open_job(one) for one in running if one.executor_id not in living)

    def running_on(self, worker: str) -> tuple[OpenJob, ...]:
        """The jobs that run according to the queue, on this worker."""
        return tuple(map(_open_job, self._listed(status="PENDING", queue_name=QUEUE, executor_id=worker)))

    def again(self, jobs: Sequence[OpenJob]) -> None:
        """Let any worker run them once more; call it for dead workers' jobs only, and alone."""
        if jobs:
            _asked(lambda: self._asks.resume_workflows([job.id for job in jobs], queue_name=QUEUE))

    def set_going(self, job: OpenJob) -> None:
        """Let any worker do once more what was set aside; deaths over it are counted anew.

        Raises:
            LedgerError: the jobs' database failed; asking again is safe.
        """
        self.again([job])
        self._book.ended(job.job.lane)

    def give_up(self, job: OpenJob) -> None:
        """Run this one never again."""
        _asked(lambda: self._asks.cancel_workflow(job.id))

    def forget_old(self, now: datetime) -> int:
        """Take out what ended more than `KEPT_DAYS` ago; gives how many."""
        ended = (now - timedelta(days=KEPT_DAYS)).isoformat()
        status = ["SUCCESS", "ERROR", "CANCELLED"]
        old = self._listed(status=status, completed_before=ended, limit=PAGE, load_input=False)
        if old:
            _asked(lambda: self._asks.delete_workflows([one.workflow_id for one in old]))
        return len(old)

    def _listed(self, **which: Any) -> list[WorkflowStatus]:
        found: list[WorkflowStatus] = _asked(
            lambda: self._asks.list_workflows(name=WORKFLOW, load_output=False, **which)
        )
        return found

    def _client(self) -> DBOSClient:
        """What asks for jobs: it fails at once while the database is away, where the library itself waits for it."""
        place: dict[str, Any] = {"system_database_url": self._url, "dbos_system_schema": SCHEMA}
        if self._book.is_file:
            place = {"system_database_engine": self._book.queue_engine}
        return DBOSClient(
            **place,
            serializer=NamesOnly(),
            application_name=APPLICATION,
            system_database_pool_size=ASKS_POOL_SIZE,
            lazy=True,
            retry_connection_errors=False,
        )

    def _config(self) -> DBOSConfig:
        config = DBOSConfig(
            name=APPLICATION,
            executor_id=self._worker,
            application_version=VERSION,
            serializer=NamesOnly(),
            enable_otlp=False,
            log_level="WARNING",
            use_listen_notify=False,
            scheduler_polling_interval_sec=_RARELY_S,
        )
        if self._book.is_file:
            config["system_database_engine"] = self._book.queue_engine
            config["run_migrations"] = False
        else:
            config["system_database_url"] = self._url
            config["dbos_system_schema"] = SCHEMA
            config["sys_db_pool_size"] = POOL_SIZE
        return config


class NamesOnly(Serializer):
    """JSON instead of the library's pickle: who can write into the database can put no code into a worker."""

    def serialize(self, data: Any) -> str:
        """As JSON; an error by its name and text alone."""
        if isinstance(data, BaseException):
            data = {"error": type(data).__name__, "text": str(data)}
        return json.dumps(data)

    def deserialize(cls, serialized_data: str) -> Any:  # noqa: N805  the library names it so
        """From JSON; an error comes back as one of the same text."""
        found = json.loads(serialized_data)
        if isinstance(found, dict) and found.keys() == {"error", "text"}:
            return RuntimeError(f"{found['error']}: {found['text']}")
        return found

    def name(self) -> str:
        """What is noted beside each value."""
        return "names-as-json"


def _as_given(job: Job) -> dict[str, Any]:
    return {
        "workspace": job.workspace,
        "task": job.task.value,
        "subject": job.subject,
        "why": job.why,
        "then": list(job.then),
    }


def _job_from(given: dict[str, Any]) -> Job:
    return Job(
        workspace=given["workspace"],
        task=Task(given["task"]),
        subject=given["subject"],
        why=given["why"],
        then=tuple(given["then"]),
    )


def _open_job(found: WorkflowStatus) -> OpenJob:
    is_running = found.status == "PENDING"
    return OpenJob(
        id=found.workflow_id,
        job=_job_from(found.input["args"][0] if found.input is not None else {}),
        standing=Standing.RUNNING if is_running else Standing.WAITING,
        since=datetime.fromtimestamp((found.created_at or 0) / 1000, UTC),
        worker=(found.executor_id or "") if is_running else "",
    )


def _set_aside(found: WorkflowStatus, aside: SetAside) -> OpenJob:
    return replace(
        _open_job(found), standing=Standing.SET_ASIDE, since=aside.at, reason=set_aside_because(aside.deaths)
    )


def set_aside_because(deaths: int) -> str:
    """Why a job is set aside."""
    return f"{deaths} workers died while they did it"


def _asked(question: Callable[[], Any]) -> Any:
    try:
        return question()
    except Exception as error:
        raise _failed(error) from error


def _failed(error: Exception) -> LedgerError:
    first = str(getattr(error, "orig", None) or error).partition("\n")[0]
    return LedgerError(f"the jobs' database failed: {first}")


def _tame_logging() -> None:
    """The library adds a handler of its own to the console unless it finds one."""
    library = logging.getLogger("dbos")
    if not library.handlers:
        library.addHandler(logging.NullHandler())

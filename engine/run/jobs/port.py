"""What the service asks of the engine that queues and runs its jobs.

A job goes through the engine as names only, never as records or secrets. Who may send is decided by the lease in
the ledger alone: that a job is run twice, or by two workers at once, costs time and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol


class Task(StrEnum):
    """What a job does: what the command of that name does."""

    RUN = "run"
    SWEEP = "sweep"
    RECONCILE = "reconcile"
    EXPOSURE = "exposure"
    ALERTS = "alerts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One thing to do in one workspace.

    `workspace` is the name the service knows it by. `subject` is the mapping of a run, the company of a
    reconcile, else empty. `why` says what asked for it, such as `schedule nightly` or `webhook airbase`. `then`
    are the subjects that follow when this one has ended, one after the other: `bills` reads what `vendors` left.
    """

    workspace: str
    task: Task
    subject: str = ""
    why: str = ""
    then: tuple[str, ...] = ()

    @property
    def lane(self) -> str:
        """The same for the same job: of one lane, one job runs at a time, and one more is enough to wait."""
        return f"{self.workspace}/{self.task.value}/{self.subject}"


class Standing(StrEnum):
    """Where a job stands that has not ended well."""

    WAITING = "waiting"
    RUNNING = "running"
    SET_ASIDE = "set aside"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenJob:
    """A job that waits, runs, or was set aside because the workers that ran it died; `worker` is who has it.

    `since` is when it was queued, or set aside; `reason` says why it was set aside.
    """

    id: str
    job: Job
    standing: Standing
    since: datetime
    worker: str = ""
    reason: str = ""


class Ending(StrEnum):
    """How a job ended."""

    DONE = "done"
    NEEDS_PERSON = "needs a person"
    STOPPED = "stopped"
    FAILED = "failed"
    SET_ASIDE = "set aside"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEnd:
    """How a job ended, told once, for the log, the metrics and the alerts.

    `summary` has the counts of what was done, as the command of that name prints them in JSON. `error` says why
    it failed or was stopped, in one sentence, `kind` whose it is to mend: input, credentials, unreachable, ledger,
    elsewhere (another runner took over), or fault (of the program).
    """

    id: str
    job: Job
    ending: Ending
    worker: str
    started_at: datetime
    ended_at: datetime
    summary: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""
    kind: str = ""


Heard = Callable[[JobEnd], None]
"""Hears how each job ended, in the thread that ran it; what it raises is a fault of the program."""


class Jobs(Protocol):
    """The queue, for those that ask for work."""

    def submit(self, job: Job, *, key: str, delay_s: float = 0) -> bool:
        """Queue a job once for `key`; False when a job with this key was queued before, by anybody.

        It begins after `delay_s` seconds at the earliest.

        Raises:
            LedgerError: the jobs' database failed; whether it is queued is not known, and asking again is safe.
        """
        ...

    def submit_unless_waiting(self, job: Job) -> bool:
        """See to it that the job begins once more after this call; one that waits already is enough.

        One that is running is not: what came after its reading must be read. False when nothing is taken on any
        more because the service stops: whoever asks keeps its question for the next start.

        Raises:
            LedgerError: the jobs' database failed; asking again is safe.
        """
        ...

    def open_jobs(self, key_prefix: str = "") -> tuple[OpenJob, ...]:
        """What waits, runs or was set aside, of all workspaces and workers, the oldest first.

        Of all keys, or those that begin so.

        Raises:
            LedgerError: the jobs' database failed.
        """
        ...

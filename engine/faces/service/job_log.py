"""One line for each job that ended: all that a healthy service logs."""

from __future__ import annotations

from typing import Any

from engine.run.jobs.port import Ending, JobEnd, Task
from engine.wiring.logs import get_log

_LEVELS = {
    Ending.DONE: "info",
    Ending.NEEDS_PERSON: "info",
    Ending.STOPPED: "warning",
    Ending.FAILED: "error",
    Ending.SET_ASIDE: "error",
}


def log_job_end(end: JobEnd) -> None:
    """Log how a job ended, with the counts and texts of its summary that are not empty."""
    told: dict[str, Any] = {
        key: value
        for key, value in end.summary.items()
        if isinstance(value, (str, int)) and value and key not in ("mapping", "run")
    }
    told |= {"warnings": warnings} if (warnings := end.summary.get("warnings")) else {}
    if end.error:
        told |= {"kind": end.kind, "error": end.error}
    level = _LEVELS[end.ending]
    if end.job.task is Task.ALERTS and end.ending is Ending.DONE:
        level = "debug"  # every few minutes, and what it found was told elsewhere
    getattr(get_log(), level)(
        f"{end.job.task.value} {end.ending.value}",
        workspace=end.job.workspace,
        subject=end.job.subject,
        why=end.job.why,
        job=end.id,
        worker=end.worker,
        ms=round((end.ended_at - end.started_at).total_seconds() * 1000),
        **told,
    )

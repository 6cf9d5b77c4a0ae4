"""`jobs`: what waits, runs, or was set aside because it killed its workers; and a person's hand on the last."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.faces.commands.output import list_format_option, put_json, shown_time
from engine.faces.commands.service_options import queue_options
from engine.faces.commands.table import column, put_table
from engine.run.csv_text import csv_text
from engine.run.jobs.port import OpenJob, Standing

if TYPE_CHECKING:
    from engine.wiring.job_view import JobView

COLUMNS = ("job", "workspace", "task", "subject", "why", "standing", "since", "worker", "reason", "next")
NEEDS_PERSON = 1


@click.group("jobs")
def command() -> None:
    """What `serve` and `worker` have queued, run, and set aside.

    \b
    Examples:
      ml-connector jobs list
      ml-connector jobs again tick/acme/spend/20261125T060000Z
    """


@command.command("list")
@queue_options
@list_format_option()
def list_command(workspace: tuple[Path, ...], workspaces: Path | None, jobs: str | None, form: str) -> None:
    """List every job that waits, runs or was set aside, of all workspaces that share the queue.

    A job over which several workers died is set aside, so that it kills no more of them: `reason` says how many.
    Exit code 1 says that there is one. Look at it by hand (`run MAPPING --limit 1`), then let it be done again.

    \b
    Examples:
      ml-connector jobs list
      ml-connector jobs list --jobs postgresql://jobs@db/jobs --format csv

    \b
    JSON: a list of {job, workspace, task, subject, why, standing, since, worker, reason, next}; `next` is the
    command that sets a job going that was set aside.
    """
    with _view(workspace, workspaces, jobs) as view:
        rows = [_told(one) for one in view.open_jobs()]
    if form == "json":
        put_json(rows)
    elif form == "csv":
        click.echo(csv_text(COLUMNS, rows), nl=False)
    elif not rows:
        click.echo("no job waits, runs or is set aside")
    else:
        put_table(
            [column(name, long=name in ("reason", "next")) for name in COLUMNS],
            [[shown_time(row[name]) if name == "since" else row[name] for name in COLUMNS] for row in rows],
        )
    if any(row["standing"] == Standing.SET_ASIDE.value for row in rows):
        sys.exit(NEEDS_PERSON)


@command.command("again")
@click.argument("job")
@queue_options
def again_command(job: str, workspace: tuple[Path, ...], workspaces: Path | None, jobs: str | None) -> None:
    """Let JOB, which was set aside, be done once more, by whichever worker is there; audited.

    The deaths are counted anew. Without this the next one of its kind gets one chance at each of its times.

    \b
    Examples:
      ml-connector jobs again tick/acme/spend/20261125T060000Z
    """
    with _view(workspace, workspaces, jobs) as view:
        one = view.set_going(job)
    click.echo(f"{one.job.task.value} {one.job.subject} of {one.job.workspace} is queued again")


@contextmanager
def _view(workspace: tuple[Path, ...], workspaces: Path | None, jobs: str | None) -> Iterator[JobView]:
    from engine.wiring.job_view import open_job_view
    from engine.wiring.served import find_served
    from engine.wiring.service import jobs_url
    from engine.words.clock import SystemClock, random_id

    clock = SystemClock()
    served = find_served(workspace, workspaces, clock, random_id)
    with open_job_view(served, jobs_url(served, jobs), clock, random_id) as view:
        yield view


def _told(one: OpenJob) -> dict[str, Any]:
    return {
        "job": one.id,
        "workspace": one.job.workspace,
        "task": one.job.task.value,
        "subject": one.job.subject,
        "why": one.job.why,
        "standing": one.standing.value,
        "since": one.since,
        "worker": one.worker,
        "reason": one.reason,
        "next": f"ml-connector jobs again {one.id}" if one.standing is Standing.SET_ASIDE else "",
    }

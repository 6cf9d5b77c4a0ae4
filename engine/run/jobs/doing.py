"""What a job does: what the command of that name does, by the same functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.run.exposure import Exposure, find_exposure
from engine.run.jobs.port import Ending, Job, Task
from engine.run.ordering import named
from engine.run.reconciling.reconciling import reconcile
from engine.run.reconciling.report import ControlReport
from engine.run.reconciling.sides import period_of
from engine.run.running import run_mapping
from engine.run.setup import STOPPING, Setup
from engine.run.sweeping import sweep

AGAIN_S = 300.0
"""A run that could not do its work is tried again after so long: what woke it may never wake it again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a job did: `again_s` says when the same is worth doing again; `exposure` and `report` are for alerts."""

    ending: Ending
    summary: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""
    kind: str = ""
    again_s: float | None = None
    exposure: Exposure | None = None
    report: ControlReport | None = None


def do_job(setup: Setup, job: Job) -> Done:
    """Do it.

    Raises:
        ConnectorError, TurnLost: as the command would.
    """
    if job.task is Task.RUN:
        return _run(setup, job.subject)
    if job.task is Task.SWEEP:
        return _sweep(setup)
    if job.task is Task.EXPOSURE:
        return _exposure(setup)
    if job.task is Task.RECONCILE:
        return _reconcile(setup, job.subject)
    return Done(ending=Ending.DONE)  # alerts: they are checked after every job, and now and then by themselves


def reconcile_subject(company: str, month: str) -> str:
    """The subject of a reconcile: the company and a month as 2026-10."""
    return f"{company} {month}"


def reconciled_company(subject: str) -> str:
    """The company of a reconcile's subject."""
    return subject.rpartition(" ")[0]


def _run(setup: Setup, name: str) -> Done:
    result = run_mapping(setup, named(setup.specs, name), wait=False)
    ending = Ending.NEEDS_PERSON if result.needs_person else Ending.DONE
    again_s = result.settles_in_s
    error = kind = ""
    if result.stopped == STOPPING:
        ending = Ending.STOPPED
    elif result.stopped:
        ending, error, kind, again_s = Ending.FAILED, result.stopped, "unreachable", AGAIN_S
    elif result.unread:
        error = "; ".join(f"{feed}: {why}" for feed, why in result.unread.items())
        ending, kind, again_s = Ending.FAILED, "unreachable", AGAIN_S
    elif result.elsewhere:
        # Somebody else has the turn and may have read before what woke us was there.
        again_s = min(again_s, setup.lease_s) if again_s is not None else setup.lease_s
    return Done(ending=ending, summary=result.as_json(), error=error, kind=kind, again_s=again_s)


def _sweep(setup: Setup) -> Done:
    swept = sweep(setup, setup.specs)
    return Done(
        ending=Ending.NEEDS_PERSON if swept.needs_person else Ending.DONE,
        summary={
            "looked_at": swept.looked_at,
            "in_gl": swept.in_gl,
            "settled": swept.settled,
            "cleared": swept.cleared,
            "noticed": len(swept.noticed),
            "unread": len(swept.unread),
            "stopped": {f"{line[0]}/{line[1] or '-'}": why for line, why in swept.stopped.items()},
        },
    )


def _exposure(setup: Setup) -> Done:
    exposure = find_exposure(setup, setup.specs)
    return Done(
        ending=Ending.NEEDS_PERSON if exposure.needs_person else Ending.DONE,
        summary={
            "looked_at": exposure.looked_at,
            "exposed": len(exposure.exposed),
            "unread": len(exposure.unread),
        },
        exposure=exposure,
    )


def _reconcile(setup: Setup, subject: str) -> Done:
    company, _, month = subject.rpartition(" ")
    report = reconcile(setup, company, period_of(month))
    return Done(
        ending=Ending.NEEDS_PERSON if report.exit_code else Ending.DONE,
        summary={
            "company": report.company,
            "period": report.period,
            "result": report.verdict,
            "amount": str(report.amount),
            "findings": len(report.findings),
            "unknown": list(report.unknown),
        },
        report=report,
    )

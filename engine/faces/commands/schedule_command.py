"""`schedule`: when what comes next, and the person's hand on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import click

from engine.adapters.store.port import Ledger
from engine.adapters.store.schedule_states import ScheduleState, ScheduleStates
from engine.adapters.store.sql import SqlLedger
from engine.domain.audit_event import AuditEvent
from engine.faces.commands.output import format_option, one_line, put_json, put_text, shown_time, workspace_option
from engine.language.spec.schedules import ScheduleSpec
from engine.language.spec.ticks import Cron, next_ticks
from engine.wiring.app import open_records, who_am_i
from engine.wiring.workspace import SCHEDULES, Workspace, find_workspace, load_workspace
from engine.words.clock import SystemClock
from engine.words.errors import InputError, ProgramError
from engine.words.problem import did_you_mean

NEXT = 5


@click.group("schedule")
def command() -> None:
    """What runs by itself (schedules.yaml), while `serve` or `worker` runs.

    \b
    Examples:
      ml-connector schedule list
      ml-connector schedule pause spend --reason "Epicor is upgraded tonight"
      ml-connector schedule resume spend
    """


@command.command("list")
@workspace_option
@format_option
def list_command(workspace: Path, form: str) -> None:
    """Every schedule with its next five times, its last one, and who paused it.

    Times are by the schedule's clock. A jitter delays the start after them.

    \b
    Examples:
      ml-connector schedule list
      ml-connector schedule list --format json

    \b
    JSON: [{name, does, mappings, companies, timing, time_zone, overlap, catch_up, jitter_s, next: [time],
    last_tick, paused_at, paused_by, reason}]. Times are ISO 8601 with their offset; null where there is none.
    """
    loaded = _scheduled(workspace)
    with _states(loaded) as (_, states):
        standing = states.all()
    now = SystemClock().now()
    if form == "json":
        put_json([_as_json(one, standing.get(one.name, ScheduleState()), now) for one in loaded.schedules])
        return
    if not loaded.schedules:
        click.echo(f"nothing is scheduled: write {SCHEDULES}")
    for one in loaded.schedules:
        _show(one, standing.get(one.name, ScheduleState()), now)


@command.command("pause")
@click.argument("name")
@click.option("--reason", required=True, metavar="TEXT", help="Why, for the auditor and the next one on duty.")
@workspace_option
def pause_command(name: str, reason: str, workspace: Path) -> None:
    """Fire schedule NAME no more until it is resumed; a job of it that runs goes on.

    \b
    Examples:
      ml-connector schedule pause spend --reason "Epicor is upgraded tonight"
    """
    if not reason.strip():
        raise InputError("--reason is empty: an auditor will ask why")
    loaded = _scheduled(workspace)
    _named(loaded, name)
    with _states(loaded) as (ledger, states):
        now = SystemClock().now()
        _audit(ledger, now, "schedule_paused", {"schedule": name, "reason": reason.strip()})
        states.pause(name, now, who_am_i(), reason.strip())
    click.echo(f"{name} is paused: ml-connector schedule resume {name}")


@command.command("resume")
@click.argument("name")
@workspace_option
def resume_command(name: str, workspace: Path) -> None:
    """Let schedule NAME run again, from its next time on: what came meanwhile is not caught up.

    \b
    Examples:
      ml-connector schedule resume spend
    """
    loaded = _scheduled(workspace)
    spec = _named(loaded, name)
    with _states(loaded) as (ledger, states):
        state = states.all().get(name, ScheduleState())
        if state.paused_at is None:
            raise InputError(f"{name} is not paused")
        now = SystemClock().now()
        _audit(ledger, now, "schedule_resumed", {"schedule": name, "was": state.reason})
        states.resume(name, now)
    following = next_ticks(spec.timing, now, 1)
    click.echo(f"{name} runs again{f' at {_shown(spec, following[0])}' if following else ''}")


def _scheduled(workspace: Path) -> Workspace:
    """The workspace; a mapping that is wrong does not hide when things come, a wrong schedules.yaml does."""
    loaded = load_workspace(find_workspace(workspace))
    wrong = [problem for problem in loaded.errors if problem.place.file == SCHEDULES]
    if wrong:
        raise InputError(f"{SCHEDULES} cannot be read", wrong)
    return loaded


def _named(workspace: Workspace, name: str) -> ScheduleSpec:
    for one in workspace.schedules:
        if one.name == name:
            return one
    names = [one.name for one in workspace.schedules]
    hint = did_you_mean(name, names)
    known = f"there are: {', '.join(names)}" if names else "schedules.yaml has none"
    raise InputError(f"there is no schedule '{name}'{f'; {hint}' if hint else ''} ({known})")


@contextmanager
def _states(workspace: Workspace) -> Iterator[tuple[Ledger, ScheduleStates]]:
    with open_records(workspace) as ledger:
        if not isinstance(ledger, SqlLedger):
            raise ProgramError("schedules are kept in the ledger's own database, and this ledger has none")
        yield ledger, ScheduleStates(ledger.database)


def _audit(ledger: Ledger, now: datetime, kind: str, detail: dict[str, object]) -> None:
    ledger.audit(AuditEvent(at=now, who=who_am_i(), kind=kind, record=None, run=None, detail=detail))


def _as_json(spec: ScheduleSpec, state: ScheduleState, now: datetime) -> dict[str, object]:
    return {
        "name": spec.name,
        "does": spec.does,
        "mappings": list(spec.mappings),
        "companies": list(spec.companies),
        "timing": _timing(spec),
        "time_zone": spec.zone.key,
        "overlap": spec.overlap,
        "catch_up": spec.catch_up,
        "jitter_s": int(spec.jitter.total_seconds()),
        "next": [tick.astimezone(spec.zone).isoformat() for tick in _next(spec, state, now)],
        "last_tick": _iso(spec, state.last_tick),
        "paused_at": _iso(spec, state.paused_at),
        "paused_by": state.paused_by,
        "reason": state.reason,
    }


def _show(spec: ScheduleSpec, state: ScheduleState, now: datetime) -> None:
    does = ", ".join(spec.mappings) or ("all mappings" if spec.does == "run" else spec.does)
    what = f"run {does}" if spec.does == "run" else " ".join((spec.does, *spec.companies))
    put_text(f"{what}, {_timing(spec)}", first=f"{spec.name}: ")
    if state.paused_at is not None:
        told = f"by {state.paused_by} at {shown_time(state.paused_at)}: {state.reason}"
        put_text(one_line(told), first="  PAUSED ")
    last = _shown(spec, state.last_tick) if state.last_tick is not None else "never yet"
    click.echo(f"  last  {last}")
    for tick in _next(spec, state, now):
        click.echo(f"  next  {_shown(spec, tick)}")


def _next(spec: ScheduleSpec, state: ScheduleState, now: datetime) -> tuple[datetime, ...]:
    return () if state.paused_at is not None else next_ticks(spec.timing, now, NEXT)


def _timing(spec: ScheduleSpec) -> str:
    if isinstance(spec.timing, Cron):
        return f"cron {spec.timing.text} by the clock of {spec.zone.key}"
    return f"every {_span(spec.timing.span)}"


def _span(span: timedelta) -> str:
    """As schedules.yaml writes it."""
    seconds = int(span.total_seconds())
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds % length == 0:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"


def _shown(spec: ScheduleSpec, moment: datetime) -> str:
    return f"{moment.astimezone(spec.zone):%a %Y-%m-%d %H:%M:%S %Z}"


def _iso(spec: ScheduleSpec, moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(spec.zone).isoformat()

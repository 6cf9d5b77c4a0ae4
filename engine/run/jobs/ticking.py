"""The clock of the schedules: at each tick it queues what is to be done, once, however many workers do the same."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from engine.adapters.store.schedule_states import ScheduleState, ScheduleStates
from engine.language.spec.schedules import ScheduleSpec, due_ticks
from engine.language.spec.ticks import next_ticks
from engine.run.jobs.doing import reconcile_subject
from engine.run.jobs.port import Job, Jobs, Standing, Task
from engine.words.clock import Clock
from engine.words.errors import ConnectorError

LOOK_S = 1.0
LOOK_AGAIN_S = 5.0
"""Seconds after which a paused schedule, or one whose ledger failed, is looked at again."""
STOP_S = 10.0
AHEAD = timedelta(minutes=5)
"""By so much the clocks of two workers may differ; a last tick further ahead comes from a clock that was wrong."""

Tell = Callable[[str, str, str], None]
"""Hears what is not as usual: workspace, schedule, and a sentence."""


class Scheduled(Protocol):
    """A workspace whose schedules are kept."""

    @property
    def name(self) -> str:
        """What it is called in jobs."""
        ...

    def schedules(self) -> Sequence[ScheduleSpec]:
        """Its schedules, as they last were without errors."""
        ...

    def companies(self) -> Sequence[str]:
        """Its companies."""
        ...

    def open_states(self) -> AbstractContextManager[ScheduleStates]:
        """What its schedules have done.

        Raises:
            ConnectorError: its ledger cannot be opened.
        """
        ...


@dataclass(slots=True, kw_only=True)
class _Next:
    """When a schedule is to be looked at: `begins` is when its next tick's work begins, if it is known."""

    spec: ScheduleSpec
    look_at: datetime
    begins: datetime | None


class Ticker:
    """Fires the schedules of some workspaces from a thread of its own."""

    def __init__(self, workspaces: Sequence[Scheduled], jobs: Jobs, clock: Clock, tell: Tell) -> None:
        self._workspaces = tuple(workspaces)
        self._jobs, self._clock, self._tell = jobs, clock, tell
        self._next: dict[tuple[str, str], _Next] = {}
        self._looked_at = clock.now()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._live, name="schedules", daemon=True)

    def start(self) -> None:
        """Begin, with what was missed."""
        self._thread.start()

    def stop(self) -> None:
        """Fire nothing more; a second call does nothing."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(STOP_S)

    def lags(self) -> Mapping[tuple[str, str], float]:
        """Seconds by which each schedule is late, by workspace and schedule; 0 when it is not."""
        now = self._clock.now()
        return {
            key: max(0.0, (now - one.begins).total_seconds()) if one.begins is not None else 0.0
            for key, one in list(self._next.items())
        }

    def look(self) -> None:
        """Fire what is due now."""
        there, now = set(), self._clock.now()
        if now < self._looked_at:
            self._next.clear()  # the clock was put back: what was foreseen by the old one may be far away
        self._looked_at = now
        for workspace in self._workspaces:
            for spec in workspace.schedules():
                key = (workspace.name, spec.name)
                there.add(key)
                known = self._next.get(key)
                if known is None or known.spec != spec or self._clock.now() >= known.look_at:
                    self._look_at(workspace, spec)
                if self._stop.is_set():
                    return
        for key in self._next.keys() - there:
            del self._next[key]

    def _live(self) -> None:
        while not self._stop.is_set():
            try:
                self.look()
            except Exception as error:  # noqa: BLE001  a clock that stands still would be noticed by nobody
                self._tell("", "", f"this is a fault of the program: {type(error).__name__}: {error}")
                self._stop.wait(LOOK_AGAIN_S)
            now = self._clock.now()
            waits = [(one.look_at - now).total_seconds() for one in self._next.values()]
            self._stop.wait(min([LOOK_S, *(max(0.01, seconds) for seconds in waits)]))

    def _look_at(self, workspace: Scheduled, spec: ScheduleSpec) -> None:
        again = self._clock.now() + timedelta(seconds=LOOK_AGAIN_S)
        begins = None
        try:
            with workspace.open_states() as states:
                last = self._fire(workspace, spec, states)
            if last is not None:
                begins = next((spec.begins(workspace.name, tick) for tick in next_ticks(spec.timing, last, 1)), None)
                again = again if begins is None else begins
        except ConnectorError as error:
            # Nothing is lost: the last tick stands where it stood, and is gone on from soon. Till then it is late.
            known = self._next.get((workspace.name, spec.name))
            begins = known.begins if known is not None and known.spec == spec else None
            self._tell(workspace.name, spec.name, str(error))
        self._next[(workspace.name, spec.name)] = _Next(spec=spec, look_at=again, begins=begins)

    def _fire(self, workspace: Scheduled, spec: ScheduleSpec, states: ScheduleStates) -> datetime | None:
        """Queue what is due; gives the tick up to which all is dealt with, None while the schedule is paused."""
        state = states.all().get(spec.name, ScheduleState())
        now = self._clock.now()
        if state.paused_at is not None:
            return None
        if state.last_tick is None:
            states.tick(spec.name, now)
            return now
        if state.last_tick > now + AHEAD:
            told = f"its last tick, {state.last_tick:%Y-%m-%d %H:%M:%S} UTC, is still to come: the clock was wrong"
            self._tell(workspace.name, spec.name, f"{told}, or was put back; it goes on from now")
            states.set_back(spec.name, now)
            return now
        due = due_ticks(spec, workspace.name, state.last_tick, now)
        if due.ticks and self._has_room(workspace, spec, due.ticks):
            for tick in due.ticks:
                for job in jobs_of(spec, workspace, tick):
                    self._jobs.submit(job, key=_key(workspace, spec, tick))
        if due.dealt_with > state.last_tick:
            states.tick(spec.name, due.dealt_with)
        return due.dealt_with

    def _has_room(self, workspace: Scheduled, spec: ScheduleSpec, ticks: Sequence[datetime]) -> bool:
        """Whether the overlap policy lets these ticks be queued; those of them that are queued do not count."""
        own = tuple(_key(workspace, spec, tick) for tick in ticks)
        others = [
            one
            for one in self._jobs.open_jobs(f"tick/{workspace.name}/{spec.name}/")
            if not one.id.startswith(own) and one.standing is not Standing.SET_ASIDE
        ]
        in_the_way = [one for one in others if spec.overlap == "skip" or one.standing is Standing.WAITING]
        if in_the_way:
            one = in_the_way[0]
            told = f"the tick {ticks[-1]:%Y-%m-%d %H:%M:%S} UTC is skipped: {one.id} is still {one.standing.value}"
            self._tell(workspace.name, spec.name, told)
        return not in_the_way


def jobs_of(spec: ScheduleSpec, workspace: Scheduled, tick: datetime) -> Iterator[Job]:
    """What a tick asks for: the first job, with what follows it."""
    why = f"schedule {spec.name}"
    subjects: tuple[str, ...] = ("",)
    if spec.does == "run" and spec.mappings:
        subjects = spec.mappings
    elif spec.does == "reconcile":
        month = _month(spec, tick)
        subjects = tuple(reconcile_subject(one, month) for one in (spec.companies or tuple(workspace.companies())))
    if subjects:
        yield Job(
            workspace=workspace.name, task=Task(spec.does), subject=subjects[0], why=why, then=tuple(subjects[1:])
        )


def _month(spec: ScheduleSpec, tick: datetime) -> str:
    day = tick.astimezone(spec.zone).date()
    if spec.last_month:
        day = day.replace(day=1) - timedelta(days=1)
    return f"{day:%Y-%m}"


def _key(workspace: Scheduled, spec: ScheduleSpec, tick: datetime) -> str:
    return f"tick/{workspace.name}/{spec.name}/{tick.astimezone(UTC):%Y%m%dT%H%M%SZ}"

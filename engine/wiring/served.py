"""The workspaces that a service serves: found, named, and opened anew for each job."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from engine.adapters.store.database import open_database
from engine.adapters.store.schedule_states import ScheduleStates
from engine.language.spec.schedules import ScheduleSpec
from engine.language.spec.ticks import Every
from engine.run.jobs.port import Task
from engine.run.setup import Setup
from engine.wiring.app import ledger_url, open_setup, without_errors
from engine.wiring.current_workspace import CurrentWorkspace
from engine.wiring.workspace import MARK, find_workspace, load_calendar
from engine.words.clock import Clock, IdMaker
from engine.words.errors import InputError
from engine.words.problem import Place

READ_MAX = 64
"""Workspaces that stay read in memory, at about 4 MB each."""

ALERTS_CHECK = ScheduleSpec(
    name="(alerts)",
    does=Task.ALERTS.value,
    mappings=(),
    companies=(),
    last_month=False,
    timing=Every(span=timedelta(minutes=5)),
    zone=ZoneInfo("UTC"),
    overlap="skip",
    catch_up="last",
    jitter=timedelta(minutes=1),
    place=Place(file="", line=0, column=0),
)
"""Alerts are checked after every job, and so often besides: that a run is late is seen when nothing runs."""


class Recent:
    """The workspaces that were worked on last: only so many stay read, however many a worker serves."""

    def __init__(self) -> None:
        self._order: OrderedDict[str, CurrentWorkspace] = OrderedDict()
        self._lock = threading.Lock()

    def use(self, name: str, current: CurrentWorkspace) -> None:
        """This one is worked on now; the one that was not for longest may be forgotten."""
        with self._lock:
            self._order[name] = current
            self._order.move_to_end(name)
            forgotten = self._order.popitem(last=False)[1] if len(self._order) > READ_MAX else None
        if forgotten is not None:
            forgotten.forget()


class Served:
    """One workspace by the name it has in jobs, logs and addresses: its folder's."""

    def __init__(self, folder: Path, clock: Clock, make_id: IdMaker, recent: Recent | None = None) -> None:
        self.name = folder.name
        self.folder = folder
        self.current = CurrentWorkspace(folder, clock)
        self._calendar = CurrentWorkspace(folder, clock, load_calendar)
        self._recent = recent or Recent()
        self._clock, self._make_id = clock, make_id

    def schedules(self) -> Sequence[ScheduleSpec]:
        """Its schedules, as they last were without errors, and the look at its alerts where it has some."""
        good = self._calendar.good()
        return good.schedules if good.alerts is None else (*good.schedules, ALERTS_CHECK)

    def has_alerts(self) -> bool:
        """Whether somebody is told of anything."""
        return self._calendar.good().alerts is not None

    def companies(self) -> Sequence[str]:
        """Its companies, as they last were without errors."""
        books = self._calendar.good().books
        return tuple(books.companies) if books is not None else ()

    def ledger_url(self) -> str:
        """Where its ledger is kept."""
        return ledger_url(self._calendar.good())

    @contextmanager
    def open_states(self) -> Iterator[ScheduleStates]:
        """What its schedules have done.

        Raises:
            LedgerError: its ledger cannot be opened.
        """
        database = open_database(self.ledger_url(), self._clock, self._make_id)
        try:
            yield ScheduleStates(database)
        finally:
            database.close()

    @contextmanager
    def open_setup(self) -> Iterator[Setup]:
        """Everything a job needs, by the files as they are now.

        Raises:
            InputError: the files have errors; all of them are told. Nothing runs before they are put right.
            CredentialsError, LedgerError: something of it cannot be opened.
        """
        self._recent.use(self.name, self.current)
        workspace = without_errors(self.current.now())
        with open_setup(workspace, clock=self._clock, make_id=self._make_id) as setup:
            yield setup


def find_served(
    workspaces: Sequence[Path], folder: Path | None, clock: Clock, make_id: IdMaker
) -> tuple[Served, ...]:
    """The workspaces named, and every one that lies in `folder`; where none is named, the one we stand in.

    Raises:
        InputError: one is no workspace, or two have one name.
    """
    folders = [find_workspace(one) for one in workspaces]
    if folder is not None:
        folders += sorted(mark.parent.resolve() for mark in folder.glob(f"*/{MARK}"))
        if not folders:
            raise InputError(f"{folder} holds no workspace: none of its folders has a {MARK}")
    folders = list(dict.fromkeys(folders or [find_workspace(Path())]))
    names = [one.name for one in folders]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"two workspaces are called '{twice}': give one of the folders another name")
    recent = Recent()
    return tuple(Served(one, clock, make_id, recent) for one in folders)

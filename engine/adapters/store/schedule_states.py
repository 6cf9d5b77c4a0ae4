"""What the schedules of a workspace have done: the last tick that was dealt with, and who paused one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, or_, select, update

from engine.adapters.store.database import Database
from engine.adapters.store.tables import schedules


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleState:
    """One schedule's state; `last_tick` is None until a service has seen the schedule first."""

    last_tick: datetime | None = None
    paused_at: datetime | None = None
    paused_by: str = ""
    reason: str = ""


class ScheduleStates:
    """The table `schedules` of a ledger; safe from several threads and processes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> Mapping[str, ScheduleState]:
        """Every schedule that was ever seen or paused, by name."""
        rows = self._database.read(lambda connection: connection.execute(select(schedules)).all())
        return {
            row.name: ScheduleState(
                last_tick=row.last_tick, paused_at=row.paused_at, paused_by=row.paused_by, reason=row.reason
            )
            for row in rows
        }

    def tick(self, name: str, tick: datetime) -> None:
        """All up to this tick is dealt with; an older tick than the one that stands changes nothing."""
        later = or_(schedules.c.last_tick.is_(None), schedules.c.last_tick < tick)
        self._put(name, {"last_tick": tick}, later)

    def set_back(self, name: str, now: datetime) -> None:
        """The last tick came from a clock that was ahead: go on from now."""
        self._put(name, {"last_tick": now}, schedules.c.last_tick > now)

    def pause(self, name: str, at: datetime, who: str, reason: str) -> None:
        """Fire nothing until it is resumed; a second call says the newest reason."""
        self._put(name, {"paused_at": at, "paused_by": who, "reason": reason})

    def resume(self, name: str, at: datetime) -> None:
        """Go on from now: what came meanwhile is not caught up, because a person wanted it so."""
        self._put(name, {"paused_at": None, "paused_by": "", "reason": "", "last_tick": at})

    def _put(self, name: str, values: Mapping[str, Any], only_if: Any = None) -> None:
        def put(connection: Connection) -> None:
            there = schedules.c.name == name
            if connection.execute(select(schedules.c.name).where(there)).first() is None:
                connection.execute(insert(schedules).values(name=name, **values))
                return
            changed = update(schedules).where(there)
            connection.execute((changed if only_if is None else changed.where(only_if)).values(**values))

        self._database.write(put)

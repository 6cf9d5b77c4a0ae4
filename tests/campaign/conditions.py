"""What a process of the connector has to live with: a disk that fills up, a wall clock that steps."""

from __future__ import annotations

import resource
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from engine.words.clock import SystemClock


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """None and empty mean nothing special.

    `free_pages` is how far SQLite may grow before it says that the disk is full, `file_bytes` how large any
    file may become before the operating system says so. `clock_steps` are pairs: after so many readings of
    the wall clock it jumps by so many seconds.
    """

    free_pages: int | None = None
    file_bytes: int | None = None
    clock_steps: tuple[tuple[int, int], ...] = ()

    @property
    def disk_fills_up(self) -> bool:
        """Whether the disk has an end."""
        return self.free_pages is not None or self.file_bytes is not None

    def take_hold(self) -> None:
        """Apply them to this process."""
        if self.free_pages is not None:
            _limit_pages(self.free_pages)
        if self.file_bytes is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (self.file_bytes, self.file_bytes))
        if self.clock_steps:
            _step_clock(self.clock_steps)


def _limit_pages(free: int) -> None:
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    def limit(connection: Any, _entry: Any) -> None:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages + free}")

    event.listen(Engine, "connect", limit)


class SteppingClock(SystemClock):
    """The machine's clocks, but the wall clock jumps after so many readings."""

    steps: tuple[tuple[int, int], ...] = ()

    def __init__(self) -> None:
        super().__init__()
        self._readings = 0

    def now(self) -> datetime:
        """The wall clock, off by the steps so far."""
        self._readings += 1
        off = sum(seconds for after, seconds in self.steps if self._readings > after)
        return super().now() + timedelta(seconds=off)


def _step_clock(steps: tuple[tuple[int, int], ...]) -> None:
    from engine.wiring import app

    SteppingClock.steps = steps
    app.SystemClock = SteppingClock  # type: ignore[attr-defined]

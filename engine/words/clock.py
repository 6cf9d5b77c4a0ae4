"""Time, handed in: the wall clock for what people read, the monotonic clock for what decides."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

IdMaker = Callable[[], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Instant:
    """A reading of a clock that never steps; readings compare only within one `epoch` (one boot)."""

    epoch: str
    seconds: float

    def seconds_since(self, earlier: Instant, started: Instant) -> float:
        """Seconds that have certainly passed since `earlier`.

        A reading of another boot says nothing, so then the count begins at `started`, the start of
        this process.
        """
        begin = earlier if earlier.epoch == self.epoch else started
        return max(0.0, self.seconds - begin.seconds)


class Clock(Protocol):
    """What the program asks of time."""

    def now(self) -> datetime:
        """The wall clock, aware, in UTC."""
        ...

    def instant(self) -> Instant:
        """The monotonic clock."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class SystemClock:
    """The machine's clocks."""

    def __init__(self) -> None:
        self._epoch = _boot_id()

    def now(self) -> datetime:
        """The wall clock, aware, in UTC."""
        return datetime.now(UTC)

    def instant(self) -> Instant:
        """The monotonic clock; comparable between processes of one boot where the system names its boot."""
        return Instant(epoch=self._epoch, seconds=time.monotonic())

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


class ManualClock:
    """A clock that moves only when told; for tests and for the mappings' own tests."""

    def __init__(self, now: datetime) -> None:
        if now.tzinfo is None:
            raise ValueError("a naive time is refused")
        self._now = now
        self._seconds = 0.0

    def now(self) -> datetime:
        """The time last set, plus what was slept."""
        return self._now

    def instant(self) -> Instant:
        """Seconds slept since the clock was made."""
        return Instant(epoch="manual", seconds=self._seconds)

    def sleep(self, seconds: float) -> None:
        """Move both clocks on at once."""
        from datetime import timedelta

        self._now += timedelta(seconds=seconds)
        self._seconds += seconds

    def step_wall_clock(self, seconds: float) -> None:
        """Set the wall clock on or back without time passing."""
        from datetime import timedelta

        self._now += timedelta(seconds=seconds)


def random_id() -> str:
    """A new unique id, 32 hex digits."""
    return uuid.uuid4().hex


def _boot_id() -> str:
    boot = Path("/proc/sys/kernel/random/boot_id")
    try:
        return boot.read_text(encoding="ascii").strip()
    except OSError:
        return random_id()

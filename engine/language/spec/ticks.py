"""When a schedule's time comes: pure functions of the moments between two moments.

`every` counts real time from 1970, so that all workers agree without asking each other. A cron that names its
hours means the clock on the wall: a time that the spring change skips comes at the first moment after the gap,
and one that the autumn change repeats comes the first time only. A cron of every hour (its hour field begins
with `*`) goes by real time: it has no tick in a skipped hour and ticks in both of a repeated one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

SPAN_FIRST = timedelta(hours=1)
SPAN_GROWTH = 8
HORIZON = timedelta(days=366 * 9)
"""A cron that does not come within nine years (29 February in a leap year that a century skips) never comes."""
_DAYS_AROUND = timedelta(days=2)
_RANDOM = re.compile(r"\b[RH]\b", re.IGNORECASE)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class NoCron(ValueError):
    """A text that is no cron, or one that never comes; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Every:
    """Each time that so much real time has passed."""

    span: timedelta

    def between(self, after: datetime, until: datetime) -> Iterator[datetime]:
        """The ticks later than `after` and not later than `until`, in order, in UTC."""
        count = (after - _EPOCH) // self.span + 1
        while (tick := _EPOCH + count * self.span) <= until:
            yield tick
            count += 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Cron:
    """A cron of five fields by the clock of a zone; made by `parse_cron`."""

    text: str
    zone: ZoneInfo
    every_hour: bool

    def between(self, after: datetime, until: datetime) -> Iterator[datetime]:
        """The ticks later than `after` and not later than `until`, in order, in UTC; each moment once."""
        around = _shift(self.zone, after, until)
        first = after.astimezone(self.zone).replace(tzinfo=None) - around
        last = until.astimezone(self.zone).replace(tzinfo=None) + around
        found = {
            moment for wall in self._walls(first, last) for moment in self._moments(wall) if after < moment <= until
        }
        yield from sorted(found)

    def _walls(self, first: datetime, last: datetime) -> Iterator[datetime]:
        """What the clock on the wall shows at the ticks, as if it never changed."""
        from croniter import croniter

        walls = croniter(self.text, first - timedelta(seconds=1), ret_type=datetime)
        while (wall := walls.get_next()) <= last:
            yield wall

    def _moments(self, wall: datetime) -> Iterator[datetime]:
        early, late = (wall.replace(tzinfo=self.zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        if early == late:
            yield early
        elif early < late:
            yield early
            if self.every_hour:
                yield late
        elif not self.every_hour:
            yield _change_between(self.zone, late, early)


Timing: TypeAlias = Every | Cron


def parse_cron(text: str, zone: ZoneInfo) -> Cron:
    """A cron of five fields.

    Raises:
        NoCron: the text is none, or names a day that never comes.
    """
    from croniter import croniter
    from croniter.croniter import CroniterError

    fields = text.split()
    if len(fields) != 5:
        raise NoCron(f"a cron has five fields (minute, hour, day, month, day of the week), this has {len(fields)}")
    plain = " ".join(fields)
    if _RANDOM.search(plain):
        raise NoCron("random times are not for a schedule: use jitter")
    try:
        croniter(plain, datetime(2024, 1, 1), ret_type=datetime).get_next()  # noqa: DTZ001  a wall clock
    except (CroniterError, ValueError, KeyError) as error:
        raise NoCron(str(error)) from None
    return Cron(text=plain, zone=zone, every_hour=fields[1].startswith("*"))


def parse_span(text: str) -> timedelta:
    """A span as schedules.yaml writes it, such as 15m."""
    return timedelta(seconds=int(text[:-1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[text[-1]])


def next_ticks(timing: Timing, after: datetime, count: int) -> tuple[datetime, ...]:
    """The next ticks later than `after`; fewer than `count` when there are no more."""
    span, found = SPAN_FIRST, list[datetime]()
    while len(found) < count and span <= HORIZON * SPAN_GROWTH:
        found = list(timing.between(after, after + min(span, HORIZON)))
        span *= SPAN_GROWTH
    return tuple(found[:count])


def last_ticks(timing: Timing, after: datetime, until: datetime, count: int) -> tuple[datetime, ...]:
    """The last ticks later than `after` and not later than `until`, at most so many, in order."""
    span = SPAN_FIRST
    while True:
        since = max(after, until - span)
        found = list(timing.between(since, until)) if since < until else []
        if len(found) >= count or since == after:
            return tuple(found[-count:])
        span *= SPAN_GROWTH


def _shift(zone: ZoneInfo, after: datetime, until: datetime) -> timedelta:
    """How far a wall clock time can lie from where it would be without a change of the clock."""
    moments = (after - _DAYS_AROUND, after, after + _DAYS_AROUND, until - _DAYS_AROUND, until, until + _DAYS_AROUND)
    offsets = [moment.astimezone(zone).utcoffset() or timedelta() for moment in moments]
    return max(offsets) - min(offsets) + timedelta(hours=3)


def _change_between(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The moment at which the zone's offset changes, to the second."""
    old = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        middle = middle.replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == old:
            before = middle
        else:
            after = middle
    return after

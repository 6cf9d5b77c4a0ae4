"""When schedules come: against a clock that is walked through half hour by half hour, over ten years."""

from __future__ import annotations

from collections.abc import Container, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from engine.language.spec.ticks import Every, NoCron, last_ticks, next_ticks, parse_cron, parse_span

START, END = datetime(2025, 1, 1, tzinfo=UTC), datetime(2035, 1, 1, tzinfo=UTC)
HALF_HOUR = timedelta(minutes=30)
ZONES = ("America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "America/Santiago")

CRONS = {
    # text: (minutes, hours, days of the week as date.weekday() has them, whether it is of every hour)
    "30 2 * * *": ((30,), (2,), range(7), False),
    "15,45 0,1,2,3 * * 0": ((15, 45), (0, 1, 2, 3), (6,), False),
    "0 0 * * *": ((0,), (0,), range(7), False),
    "30 5 * * 1-5": ((30,), (5,), range(5), False),
    "20 */2 * * 0": ((20,), tuple(range(0, 24, 2)), (6,), True),
}


@cache
def wall_clock(zone: str) -> tuple[tuple[datetime, datetime], ...]:
    """Every half hour of ten years: the moment, and what a clock on the wall shows. No zone changes in between."""
    count = (END - START) // HALF_HOUR
    moments = [START + HALF_HOUR * number for number in range(count + 1)]
    there = ZoneInfo(zone)
    return tuple((moment, moment.astimezone(there).replace(tzinfo=None)) for moment in moments)


def expected(zone: str, text: str) -> Iterator[datetime]:
    """By brute force: what somebody would do who watches the clock on the wall all the time."""
    minutes, hours, days, every_hour = CRONS[text]
    shows_next: datetime | None = None
    latest = datetime(2000, 1, 1)  # noqa: DTZ001  what the clock has shown; what it shows again after being set back is not new
    for moment, wall in wall_clock(zone):
        skipped = shows_next is not None and wall > shows_next and not every_hour
        missed = skipped and any(rings_in(half, minutes, hours, days) for half in halves(shows_next, wall))
        rings = [minute for minute in rings_in(wall, minutes, hours, days) if every_hour or wall >= latest]
        if missed and 0 not in rings:
            yield moment
        yield from (moment + timedelta(minutes=minute) for minute in rings)
        shows_next = wall + HALF_HOUR
        latest = max(latest, shows_next)


def halves(first: datetime, last: datetime) -> Iterator[datetime]:
    while first < last:
        yield first
        first += HALF_HOUR


def rings_in(half: datetime, minutes: tuple[int, ...], hours: Container[int], days: Container[int]) -> list[int]:
    """The minutes of this half hour on the wall at which the cron rings."""
    if half.hour not in hours or half.weekday() not in days:
        return []
    return [minute - half.minute for minute in minutes if 0 <= minute - half.minute < 30]


@pytest.mark.parametrize("zone", ZONES)
def test_ten_years_are_exact_across_every_change_of_the_clock(zone: str) -> None:
    for text in CRONS:
        cron = parse_cron(text, ZoneInfo(zone))
        ticks = list(cron.between(START - timedelta(seconds=1), END - timedelta(seconds=1)))
        wanted = [tick for tick in expected(zone, text) if tick < END]
        assert ticks == wanted, text
        assert len(set(ticks)) == len(ticks)


def test_a_whole_day_that_a_zone_skipped_comes_at_its_end() -> None:
    zone = ZoneInfo("Pacific/Apia")  # there was no 30 December 2011
    ticks = parse_cron("0 10 * * *", zone).between(
        datetime(2011, 12, 29, 21, tzinfo=UTC), datetime(2011, 12, 31, tzinfo=UTC)
    )
    assert [tick.astimezone(zone).isoformat() for tick in ticks] == [
        "2011-12-31T00:00:00+14:00",
        "2011-12-31T10:00:00+14:00",
    ]


def test_every_counts_real_time_whatever_the_clocks_show() -> None:
    every = Every(span=parse_span("7h"))
    ticks = list(every.between(START, START + timedelta(days=400)))
    assert {later - earlier for earlier, later in pairwise(ticks)} == {timedelta(hours=7)}
    half = START + timedelta(days=200, seconds=1)
    assert next_ticks(every, half, 3) == tuple(tick for tick in ticks if tick > half)[:3]


def test_asking_in_pieces_gives_the_same_as_asking_at_once() -> None:
    cron = parse_cron("*/20 1,2 * * *", ZoneInfo("Europe/Berlin"))
    since, until = datetime(2026, 3, 20, tzinfo=UTC), datetime(2026, 4, 2, tzinfo=UTC)
    whole = list(cron.between(since, until))
    pieces, at = [], since
    while at < until:
        pieces += cron.between(at, min(at + timedelta(minutes=37), until))
        at += timedelta(minutes=37)
    assert pieces == whole
    assert last_ticks(cron, since, until, 4) == tuple(whole[-4:])
    assert next_ticks(cron, since, 200) == tuple(cron.between(since, until + timedelta(days=90)))[:200]


@pytest.mark.parametrize(
    ("text", "told"),
    [("* * * *", "this has 4"), ("0 0 30 2 *", "find"), ("61 * * * *", "range"), ("R R * * *", "use jitter")],
)
def test_what_is_no_cron_is_refused(text: str, told: str) -> None:
    with pytest.raises(NoCron, match=told):
        parse_cron(text, ZoneInfo("UTC"))

"""schedules.yaml: what it may say, what is wrong and where, and which of its ticks are due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.language.spec.books import Books, company_from
from engine.language.spec.schedules import CATCH_UP_MAX, ScheduleSpec, due_ticks, load_schedules

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
BOOKS = Books(
    companies={
        "EPIC06": company_from("EPIC06", {"time_zone": "America/Chicago"}),
        "EPIC07": company_from("EPIC07", {"time_zone": "Europe/Berlin"}),
    },
    not_posted=(),
)


def load(folder: Path, text: str, books: Books | None = BOOKS) -> tuple[dict[str, ScheduleSpec], list[str]]:
    path = folder / "schedules.yaml"
    path.write_text(text, encoding="utf-8")
    schedules, problems = load_schedules(path, folder, {"bills", "vendors"}, books)
    return {one.name: one for one in schedules}, [str(problem) for problem in problems]


def one(folder: Path, *lines: str) -> ScheduleSpec:
    schedules, problems = load(folder, "\n".join(["schedules:", "  it:", "    run: sweep", *lines]) + "\n")
    assert problems == []
    return schedules["it"]


def test_without_the_file_nothing_runs_by_itself(tmp_path: Path) -> None:
    assert load_schedules(tmp_path / "schedules.yaml", tmp_path, (), BOOKS) == ((), ())


def test_what_a_file_may_say(tmp_path: Path) -> None:
    schedules, problems = load(
        tmp_path,
        """\
schedules:
  spend: {run: [vendors, bills], every: 15m, jitter: 1m, overlap: wait, catch_up: none}
  everything: {run: all, every: 1d}
  report: {run: reconcile, cron: 0 6 * * *, time_zone: Europe/Berlin, companies: [EPIC07], period: last_month}
""",
    )
    assert problems == []
    spend, report = schedules["spend"], schedules["report"]
    assert (spend.does, spend.mappings, spend.overlap, spend.catch_up) == (
        "run",
        ("vendors", "bills"),
        "wait",
        "none",
    )
    assert (schedules["everything"].does, schedules["everything"].mappings) == ("run", ())
    assert (report.companies, report.last_month, report.zone.key) == (("EPIC07",), True, "Europe/Berlin")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("run: [vendors, bils], every: 15m", "2:23: E307 there is no mapping 'bils' (did you mean 'bills'"),
        ("run: bills, every: 15m", "2:13: E107 'bills' is not allowed here ([bills], in brackets)"),
        ("run: [bills, bills], every: 15m", "2:21: E702 'bills' stands here twice"),
        ("run: sweep", "E105 one of every, cron is missing"),
        ("run: sweep, every: 15m, cron: 0 6 * * *", "2:32: E112 'every' and 'cron' exclude each other"),
        ("run: sweep, every: 15", "2:27: E106 this must be text, not a number (a number and s, m, h or d, such as"),
        ("every: 15m", "2:3: E105 'run' is missing"),
        ("run: sweep, every: 15 minutes", "2:27: E107 '15 minutes' does not fit here"),
        ("run: sweep, cron: 0 6 * * *", "E702 'time_zone' is missing, and the companies are in America/Chi"),
        ("run: sweep, cron: 0 6 30 2 *, time_zone: UTC", "2:26: E702 '0 6 30 2 *' is no cron that ever comes"),
        ("run: sweep, cron: 0 6 * * *, time_zone: Chicago", "2:48: E702 'Chicago' is no time zone"),
        ("run: sweep, every: 1m, jitter: 5m", "2:39: E702 the jitter is longer"),
        ("run: sweep, every: 1m, period: last_month", "2:39: E702 'period' is for `run: reconcile`"),
        ("run: reconcile, every: 1d, companies: [EPIC60]", "2:47: E702 books.yaml has no company 'EPIC60'"),
        ("run: sweep, every: 1d, overlap: never", "E107 'never' is not allowed here"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, line: str, told: str) -> None:
    schedules, problems = load(tmp_path, f"schedules:\n  it: {{{line}}}\n")
    assert not schedules
    assert len(problems) == 1
    assert told in problems[0]
    assert "schedules > it" in problems[0] or "it" in problems[0]


def test_a_wrong_cron_and_a_missing_zone_are_told_at_once(tmp_path: Path) -> None:
    _, problems = load(tmp_path, "schedules:\n  it: {run: sweep, cron: 61 * * * *}\n")
    assert [problem.split()[1] for problem in problems] == ["E702", "E702"]
    assert "'time_zone' is missing" in problems[0]
    assert "'61 * * * *' is no cron" in problems[1]


def test_a_tick_is_due_when_it_has_come_and_never_again(tmp_path: Path) -> None:
    schedule = one(tmp_path, "    every: 15m")
    before = due_ticks(schedule, "acme", NOON, NOON + timedelta(minutes=14))
    assert (before.ticks, before.dealt_with) == ((), NOON)
    due = due_ticks(schedule, "acme", NOON, NOON + timedelta(minutes=15))
    assert due.ticks == (NOON + timedelta(minutes=15),)
    assert due_ticks(schedule, "acme", due.dealt_with, NOON + timedelta(minutes=16)).ticks == ()


def test_what_was_missed_is_caught_up_as_it_was_said(tmp_path: Path) -> None:
    later = NOON + timedelta(hours=2, minutes=5)
    ticks = {
        word: due_ticks(one(tmp_path, "    every: 15m", f"    catch_up: {word}"), "acme", NOON, later)
        for word in ("none", "last", "all")
    }
    assert ticks["none"].ticks == ()
    assert ticks["last"].ticks == (NOON + timedelta(hours=2),)
    assert ticks["all"].ticks == tuple(NOON + timedelta(minutes=15 * count) for count in range(1, 9))
    assert {due.dealt_with for due in ticks.values()} == {NOON + timedelta(hours=2)}
    punctual = due_ticks(
        one(tmp_path, "    every: 15m", "    catch_up: none"), "acme", NOON, NOON + timedelta(hours=2)
    )
    assert punctual.ticks == (NOON + timedelta(hours=2),)
    long = due_ticks(one(tmp_path, "    every: 1m", "    catch_up: all"), "acme", NOON, NOON + timedelta(days=90))
    assert len(long.ticks) == CATCH_UP_MAX


def test_jitter_spreads_workspaces_and_is_the_same_for_every_worker(tmp_path: Path) -> None:
    schedule = one(tmp_path, "    every: 15m", "    jitter: 2m")
    tick = NOON + timedelta(minutes=15)
    begins = {schedule.begins(f"firm-{number}", tick) for number in range(40)}
    assert len(begins) > 20
    assert all(tick <= moment <= tick + timedelta(minutes=2) for moment in begins)
    own = schedule.begins("acme", tick)
    assert due_ticks(schedule, "acme", NOON, own - timedelta(microseconds=1)).ticks == ()
    assert due_ticks(schedule, "acme", NOON, own).ticks == (tick,)

"""The clock of the schedules: each tick once, whoever fires it, with its overlap, its pauses and what was missed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from engine.adapters.store.schedule_states import ScheduleStates
from engine.faces.commands.schedule_command import command as schedule
from engine.run.jobs.port import Job, OpenJob, Standing, Task
from engine.run.jobs.ticking import Ticker
from engine.wiring.served import Served
from engine.words.clock import ManualClock, random_id
from engine.words.errors import LedgerError
from engine.words.json_value import decode
from tests.jobs.conftest import MakeCompany
from tests.jobs.stage import Company

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


@dataclass
class Paper:
    """A queue on paper, shared by all who ask."""

    jobs: dict[str, Job] = field(default_factory=dict)
    standing: dict[str, Standing] = field(default_factory=dict)
    fails: bool = False

    def submit(self, job: Job, *, key: str, delay_s: float = 0) -> bool:
        if self.fails:
            raise LedgerError("the jobs' database failed")
        is_new = key not in self.jobs
        self.jobs.setdefault(key, job)
        self.standing.setdefault(key, Standing.WAITING)
        return is_new

    def submit_unless_waiting(self, job: Job) -> bool:
        raise NotImplementedError

    def open_jobs(self, key_prefix: str = "") -> tuple[OpenJob, ...]:
        return tuple(
            OpenJob(id=key, job=self.jobs[key], standing=standing, since=NOON)
            for key, standing in self.standing.items()
            if key.startswith(key_prefix)
        )

    def end_all(self) -> None:
        self.standing.clear()

    def ticks(self) -> list[str]:
        return [key.rpartition("/")[2] for key in self.jobs]


@pytest.fixture
def acme(make: MakeCompany) -> Company:
    return make("acme", [])


def ticker(company: Company, clock: ManualClock, paper: Paper, told: list[str] | None = None) -> Ticker:
    served = Served(company.folder, clock, random_id)
    heard = told if told is not None else []
    return Ticker([served], paper, clock, lambda _workspace, _schedule, sentence: heard.append(sentence))


@contextmanager
def states(company: Company, clock: ManualClock) -> Iterator[ScheduleStates]:
    with Served(company.folder, clock, random_id).open_states() as opened:
        yield opened


def test_two_workers_fire_each_tick_once_and_a_new_one_goes_on_where_they_ended(acme: Company) -> None:
    acme.schedule("schedules:\n  spend: {run: [vendors, bills], every: 1m, overlap: wait, catch_up: all}\n")
    clock, paper = ManualClock(NOON), Paper()
    pair = (ticker(acme, clock, paper), ticker(acme, clock, paper))
    for _ in range(60):
        for one in pair:
            one.look()
        paper.end_all()
        clock.sleep(5)
    assert paper.ticks() == [f"20261125T12{minute:02d}00Z" for minute in range(1, 5)]
    first = next(iter(paper.jobs.values()))
    assert (first.workspace, first.task, first.subject, first.then) == ("acme", Task.RUN, "vendors", ("bills",))
    assert first.why == "schedule spend"
    clock.sleep(600)
    after_a_night = ticker(acme, clock, paper)
    after_a_night.look()
    assert paper.ticks() == [f"20261125T12{minute:02d}00Z" for minute in range(1, 16)]
    assert after_a_night.lags() == {("acme", "spend"): 0.0}


@pytest.mark.parametrize(("policy", "fired"), [("skip", [1, 3]), ("wait", [1, 2, 5])])
def test_what_has_not_ended_is_in_the_way_as_the_schedule_says(acme: Company, policy: str, fired: list[int]) -> None:
    acme.schedule(f"schedules:\n  spend: {{run: [bills], every: 1m, overlap: {policy}}}\n")
    clock, paper, told = ManualClock(NOON), Paper(), list[str]()
    one = ticker(acme, clock, paper, told)
    one.look()
    for minute in range(1, 6):
        clock.sleep(60)
        one.look()
        if minute == 1:
            paper.standing = dict.fromkeys(paper.standing, Standing.RUNNING)
        if minute == (2 if policy == "skip" else 4):
            paper.end_all()
    assert paper.ticks() == [f"20261125T12{minute:02d}00Z" for minute in fired]
    assert all("is skipped" in sentence for sentence in told)
    assert told


def test_a_paused_schedule_rests_and_begins_anew_when_it_is_resumed(acme: Company) -> None:
    acme.schedule("schedules:\n  spend: {run: sweep, every: 1m, catch_up: all}\n")
    clock, paper = ManualClock(NOON), Paper()
    one = ticker(acme, clock, paper)
    one.look()
    with states(acme, clock) as opened:
        opened.pause("spend", clock.now(), "kim@desk", "Epicor is upgraded")
    for _ in range(30):
        clock.sleep(10)
        one.look()
    assert paper.ticks() == []
    with states(acme, clock) as opened:
        opened.resume("spend", clock.now())
    for _ in range(13):
        clock.sleep(10)
        one.look()
        paper.end_all()
    assert paper.ticks() == ["20261125T120600Z", "20261125T120700Z"]


def test_a_failing_queue_loses_no_tick_and_the_lag_shows_it(acme: Company) -> None:
    acme.schedule("schedules:\n  spend: {run: exposure, every: 1m}\n")
    clock, paper, told = ManualClock(NOON), Paper(), list[str]()
    one = ticker(acme, clock, paper, told)
    one.look()
    paper.fails = True
    clock.sleep(70)
    one.look()
    assert told == ["the jobs' database failed"]
    assert one.lags() == {("acme", "spend"): 10.0}
    clock.sleep(30)
    one.look()
    assert one.lags() == {("acme", "spend"): 40.0}
    paper.fails = False
    clock.sleep(6)
    one.look()
    assert paper.ticks() == ["20261125T120100Z"]


def test_a_clock_that_was_far_ahead_silences_no_schedule(acme: Company) -> None:
    acme.schedule("schedules:\n  spend: {run: sweep, every: 1m}\n")
    clock, paper, told = ManualClock(NOON), Paper(), list[str]()
    one = ticker(acme, clock, paper, told)
    one.look()
    year = timedelta(days=365).total_seconds()
    clock.step_wall_clock(year)
    one.look()
    assert paper.ticks() == ["20271125T120000Z"]
    paper.end_all()
    clock.step_wall_clock(60 - year)
    one.look()
    assert [sentence.partition(":")[0] for sentence in told] == ["its last tick, 2027-11-25 12"]
    for _ in range(3):
        clock.sleep(60)
        one.look()
        paper.end_all()
    assert paper.ticks()[1:] == [f"20261125T12{minute:02d}00Z" for minute in (2, 3, 4)]


def test_a_clock_put_back_a_little_fires_nothing_again(acme: Company) -> None:
    acme.schedule("schedules:\n  spend: {run: sweep, every: 1m}\n")
    clock, paper, told = ManualClock(NOON), Paper(), list[str]()
    one = ticker(acme, clock, paper, told)
    for seconds in (0, 60, -30, 20, 20, 60):
        clock.step_wall_clock(seconds)
        one.look()
        paper.end_all()
    assert paper.ticks() == ["20261125T120100Z", "20261125T120200Z"]
    assert told == []


def test_a_changed_file_counts_and_a_wrong_one_leaves_the_schedules_as_they_were(acme: Company) -> None:
    acme.schedule("schedules:\n  month: {run: reconcile, every: 1m, period: last_month}\n")
    clock, paper = ManualClock(NOON), Paper()
    one = ticker(acme, clock, paper)
    one.look()
    acme.schedule("schedules:\n  month: {run: reconcil, every: 1s}\n")
    clock.sleep(60)
    one.look()
    assert [(job.task, job.subject, job.then) for job in paper.jobs.values()] == [
        (Task.RECONCILE, "EPIC06 2026-10", ("EPIC07 2026-10",))
    ]
    acme.schedule("schedules:\n  all: {run: all, every: 1m}\n")
    paper.end_all()
    clock.sleep(5)
    one.look()
    clock.sleep(60)
    one.look()
    assert [(job.task, job.subject) for job in paper.jobs.values()][1:] == [(Task.RUN, "")]


def test_a_person_sees_pauses_and_resumes(acme: Company) -> None:
    acme.schedule(
        "schedules:\n  spend: {run: [bills], cron: 30 5 * * *, time_zone: America/Chicago}\n"
        "  sweeps: {run: sweep, every: 90m}\n"
    )
    told = asked(acme, "list")
    assert "spend: run bills, cron 30 5 * * * by the clock of America/Chicago" in told
    assert "sweeps: sweep, every 90m" in told
    assert told.count("  next  ") == 10
    assert told.count("05:30:00 C") == 5
    assert "spend is paused" in asked(acme, "pause", "spend", "--reason", "Epicor is upgraded")
    assert "PAUSED by" in asked(acme, "list")
    (spend, _) = decode(asked(acme, "list", "--format", "json").encode())
    assert (spend["next"], spend["reason"], spend["time_zone"]) == ([], "Epicor is upgraded", "America/Chicago")
    assert "spend runs again at" in asked(acme, "resume", "spend")
    for words, why in (
        (("resume", "spend"), "spend is not paused"),
        (("pause", "spent", "--reason", "x"), "there is no schedule 'spent'; did you mean 'spend'?"),
        (("pause", "spend", "--reason", " "), "--reason is empty"),
    ):
        answer = CliRunner().invoke(schedule, [*words, "-w", str(acme.folder)])
        assert why in str(answer.exception)
    acts = [kind for kind in audited(acme) if kind.startswith("schedule")]
    assert acts == ["schedule_paused", "schedule_resumed"]


def asked(company: Company, *words: str) -> str:
    answer = CliRunner().invoke(schedule, [*words, "-w", str(company.folder)], catch_exceptions=False)
    assert answer.exit_code == 0
    return answer.output


def audited(company: Company) -> list[str]:
    return [event.kind for event in company.events()]


def test_a_folder_of_workspaces_is_served_whole(acme: Company, make: MakeCompany, tmp_path: Path) -> None:
    from engine.wiring.served import find_served
    from engine.wiring.service import jobs_url
    from engine.words.errors import InputError

    make("globex", [])
    clock = ManualClock(NOON)
    both = find_served((), tmp_path / "companies", clock, random_id)
    assert [one.name for one in both] == ["acme", "globex"]
    with pytest.raises(InputError, match="2 workspaces share one queue"):
        jobs_url(both, None)
    assert jobs_url(both, "postgresql://db/jobs") == "postgresql://db/jobs"
    (one,) = find_served((acme.folder,), None, clock, random_id)
    assert jobs_url([one], None) == f"sqlite:///{acme.folder}/.ml-connector/jobs.sqlite3"
    with pytest.raises(InputError, match="holds no workspace"):
        find_served((), acme.folder, clock, random_id)

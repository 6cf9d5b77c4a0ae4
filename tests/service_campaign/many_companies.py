"""Many companies, several workers on one PostgreSQL, and a worker that is killed again and again."""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from engine.language.spec.schedules import ScheduleSpec
from engine.wiring.workspace import load_workspace
from tests.jobs.stage import Company, Worker, Workers, make_company, model, until, workers
from tests.postgres import Server, connect, running_server
from tests.run.house import VENDORS, bill

RESCUE_S = 4.0
NOTICED_S = RESCUE_S * 1.25 + 4
"""Heard of no more, looked at by the next beat, and taken on by the next poll; with room for a machine at its end."""
SETTLED_WITHIN_S = 240.0
_JOBS = "ml_connector_jobs.workflow_status"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a campaign is made of."""

    seconds: float
    workspaces: int
    workers: int
    kill_every_s: float
    every_s: int
    seed: int = 1


@dataclass(slots=True)
class Outcome:
    """What was done and what went wrong; no complaint is the wanted outcome."""

    entered: int = 0
    ticks: int = 0
    skipped: int = 0
    kills: int = 0
    taken_over: int = 0
    longest_stuck_s: float = 0.0
    complaints: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """For people."""
        told = (
            f"{self.entered} bills entered; {self.ticks} ticks fired, {self.skipped} skipped because the one before "
            f"had not ended; {self.kills} workers killed, {self.taken_over} jobs taken over, the longest after "
            f"{self.longest_stuck_s:.1f} s"
        )
        return [told, *(f"COMPLAINT {one}" for one in self.complaints)]


class Campaign:
    """Plays a plan in a folder."""

    def __init__(self, plan: Plan, folder: Path, server: Server) -> None:
        self.plan, self.folder, self.server = plan, folder, server
        self.outcome = Outcome()
        self.companies: list[Company] = []
        self.wanted: Counter[str] = Counter()
        self._chance = random.Random(plan.seed)
        self._killed_at: dict[str, float] = {}
        self._over = threading.Event()
        self._stack = ExitStack()

    def play(self) -> Outcome:
        """Everything, to the end."""
        with self._stack:
            jobs = self._stack.enter_context(self.server.database())
            self._open_companies()
            words = ("--workspaces", str(self.folder / "companies"), "--jobs", jobs, "--concurrency", "3")
            words += ("--rescue-after", str(RESCUE_S), "--deaths-max", "1000")
            crew = self._stack.enter_context(workers(self.folder / "workers", *words))
            alive = [crew.start() for _ in range(self.plan.workers)]
            watch = threading.Thread(target=self._watch, args=(jobs,), daemon=True)
            watch.start()
            self._trouble(crew, alive)
            self._settle(alive)
            self._over.set()
            watch.join(30)
            for one in alive:
                if one.stop() != 0:
                    self.outcome.complaints.append(f"a worker did not stop in order: {one.log}")
            self._judge(jobs, crew.started)
        return self.outcome

    def _open_companies(self) -> None:
        small = model(self.folder / "model")
        for number in range(self.plan.workspaces):
            ledger = self._stack.enter_context(self.server.database())
            name = f"company-{number:02d}"
            made = make_company(self.folder / "companies" / name, small, self._bills(name, 3), ledger=ledger)
            self._stack.callback(made.sandbox.stop)
            every = self.plan.every_s
            made.schedule(
                f"schedules:\n  spend: {{run: [bills], every: {every}s, jitter: {max(1, every // 2)}s, "
                "overlap: wait, catch_up: all}\n"
                f"  vendors: {{run: [vendors], every: {every * 6}s, jitter: {every}s}}\n"
                f"  sweep: {{run: sweep, every: {every * 3}s, jitter: {every}s}}\n"
            )
            self.companies.append(made)

    def _bills(self, company: str, count: int) -> list[dict[str, Any]]:
        made = []
        for _ in range(count):
            number = f"{company[-2:]}-{sum(self.wanted.values())}"
            self.wanted[number] += 1
            made.append(bill(number, f"{self._chance.randint(1, 900)}.50", vendor=self._chance.choice(VENDORS[:8])))
        return made

    def _trouble(self, crew: Workers, alive: list[Worker]) -> None:
        """Records arrive, and one worker after the other is killed and started again."""
        until_at = time.monotonic() + self.plan.seconds
        kill_at = time.monotonic() + self.plan.kill_every_s
        while time.monotonic() < until_at:
            time.sleep(0.5)
            arriving = self._chance.choice(self.companies)
            arriving.add(self._bills(arriving.name, self._chance.randint(1, 2)))
            if self.plan.kill_every_s and time.monotonic() > kill_at:
                kill_at = time.monotonic() + self.plan.kill_every_s
                self._kill_one(crew, alive)

    def _kill_one(self, crew: Workers, alive: list[Worker]) -> None:
        ready = [one for one in alive if one.name()]
        if len(ready) < len(alive):
            return  # one is just starting: never all of them at once
        victim = self._chance.choice(ready)
        victim.kill()
        self._killed_at[victim.name()] = time.monotonic()
        self.outcome.kills += 1
        alive.remove(victim)
        alive.append(crew.start(wait=False))

    def _watch(self, jobs: str) -> None:
        """How long a dead worker's job stands as if it ran."""
        with connect(jobs) as connection:
            while not self._over.wait(0.5):
                rows = connection.execute(f"SELECT workflow_uuid, executor_id FROM {_JOBS} WHERE status = 'PENDING'")
                for job, worker in rows.fetchall():
                    if worker in self._killed_at:
                        stuck = time.monotonic() - self._killed_at[worker]
                        self.outcome.longest_stuck_s = max(self.outcome.longest_stuck_s, stuck)
                        if stuck > NOTICED_S:
                            self.outcome.complaints.append(f"{job} is stuck with {worker} for {stuck:.1f} s")

    def _settle(self, alive: Sequence[Worker]) -> None:
        """No more trouble: everything that arrived is entered by itself."""
        wanted = sum(self.wanted.values())
        try:
            until(lambda: self._entered() >= wanted, within_s=SETTLED_WITHIN_S, worker=alive[0])
        except AssertionError:
            self.outcome.complaints.append(f"{self._entered()} of {wanted} are entered after {SETTLED_WITHIN_S:g} s")
            return
        with contextlib.suppress(AssertionError):  # who is still open then is told by name
            until(lambda: not any(self._open(one) for one in self.companies), within_s=SETTLED_WITHIN_S)

    def _open(self, company: Company) -> int:
        time.sleep(0.1)
        states = company.states()
        return states["sending"] + states["in_doubt"] + states["ready"]

    def _entered(self) -> int:
        time.sleep(1)
        return sum(len(one.invoices()) for one in self.companies)

    def _judge(self, jobs: str, all_workers: Sequence[Worker]) -> None:
        found = Counter[str]()
        for one in self.companies:
            found += one.invoices()
            if self._open(one):
                self.outcome.complaints.append(f"{one.name}: {one.states()} after the end")
        for number in self.wanted:
            if found[number] != 1:
                self.outcome.complaints.append(f"{number} stands {found[number]} times in Epicor")
        for number in found.keys() - self.wanted.keys():
            self.outcome.complaints.append(f"{number} stands in Epicor, and nobody asked for it")
        self.outcome.entered = sum(found.values())
        lines = [line for one in all_workers for line in one.lines()]
        self.outcome.taken_over = sum("taken over" in line["event"] for line in lines)
        self.outcome.complaints += [
            f"a fault of the program: {line}" for line in lines if line.get("kind") == "fault"
        ]
        skipped = {
            (line["workspace"], line["schedule"], line["event"][9:28])
            for line in lines
            if line["event"].startswith("the tick ") and "is skipped" in line["event"]
        }
        self.outcome.skipped = len(skipped)
        self._judge_ticks(jobs, skipped)

    def _judge_ticks(self, jobs: str, skipped: set[tuple[str, str, str]]) -> None:
        with connect(jobs) as connection:
            rows = connection.execute(f"SELECT workflow_uuid, status FROM {_JOBS} WHERE workflow_uuid LIKE 'tick/%'")
            status: dict[str, str] = dict(rows.fetchall())
        self.outcome.ticks = sum("+" not in key for key in status)
        for company in self.companies:
            for spec in load_workspace(company.folder).schedules:
                own = f"tick/{company.name}/{spec.name}/"
                fired = sorted(moment_of(key) for key in status if key.startswith(own) and "+" not in key)
                self._judge_schedule(company, spec, fired, skipped)
        for key, what in status.items():
            if what not in ("SUCCESS", "ENQUEUED", "DELAYED", "PENDING"):
                self.outcome.complaints.append(f"{key} ended as {what}")

    def _judge_schedule(
        self, company: Company, spec: ScheduleSpec, fired: list[datetime], skipped: set[tuple[str, str, str]]
    ) -> None:
        """Between the first and the last tick that was fired, every one was fired or told as skipped."""
        if not fired:
            return
        expected = set(spec.timing.between(fired[0] - timedelta(seconds=1), fired[-1]))
        told = {
            datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
            for workspace, schedule, text in skipped
            if (workspace, schedule) == (company.name, spec.name)
        }
        missed = expected - set(fired) - told if spec.catch_up == "all" else set()
        never = set(fired) - expected
        if missed or never:
            self.outcome.complaints.append(f"{company.name}/{spec.name}: missed {missed}, never due {never}")


def moment_of(key: str) -> datetime:
    """The tick that a job's key names."""
    return datetime.strptime(key.rpartition("/")[2], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def play(plan: Plan, folder: Path) -> Outcome:
    """Play a plan on a server of its own."""
    with running_server() as server:
        return Campaign(plan, folder, server).play()

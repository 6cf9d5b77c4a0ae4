"""One schedule played: a workspace of its own, the sandbox in this process, the connector in others."""

from __future__ import annotations

import shutil
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from engine.adapters.store.port import Ledger, RecordRow
from engine.adapters.store.sql import open_ledger
from engine.adapters.vault.vault import Vault
from engine.faces.sandbox.demo import make_demo
from engine.faces.sandbox.exchange import SandboxResponse
from engine.faces.sandbox.faults import Fault, FaultKind
from engine.faces.sandbox.sandbox import AIRBASE_TOKEN, EPICOR_API_KEY, EPICOR_PASSWORD, EPICOR_USER, Sandbox
from engine.wiring.workspace import LEDGER, MARK, STATE
from engine.words.clock import SystemClock, random_id
from engine.words.secret import Secret
from tests.campaign.clerk import ClerkAtWork
from tests.campaign.conditions import Conditions
from tests.campaign.gate import Act, CarryOut, Gate
from tests.campaign.ledger_copy import LedgerDatabase, LedgerFile
from tests.campaign.processes import Hangs, Runner
from tests.campaign.schedule import LEASE_S, READ_TIMEOUT_S, SETTLE_S, Kill, Loss, Pause, Round, Schedule, Trouble
from tests.postgres import connect

SETTLING_RUNS_MAX = 7
FAULT_OF_PROGRAM = 70
_CREDENTIALS = (
    ("airbase", "api_key", AIRBASE_TOKEN),
    ("epicor", "api_key", EPICOR_API_KEY),
    ("epicor", "username", EPICOR_USER),
    ("epicor", "password", EPICOR_PASSWORD),
)
_GONE = SandboxResponse(status=503)
_CUT = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


def make_model(folder: Path) -> None:
    """The workspace that every schedule gets a copy of: the demonstration's, without what takes only time."""
    make_demo(folder)
    (folder / "mappings" / "cash-movements.yaml").unlink()
    shutil.rmtree(folder / "mappings" / "fixtures")
    for path in (folder / "mappings").glob("*.yaml"):
        rules, _, _ = path.read_text(encoding="utf-8").partition("\ntests:")
        path.write_text(f"{rules}\n", encoding="utf-8")


@dataclass(slots=True)
class Tally:
    """What happened in a schedule, for the summary."""

    kills: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    others: Counter[str] = field(default_factory=Counter)
    runs: int = 0


class Stage:
    """Plays the rounds of a schedule and lets things settle; `complaints` are what no run may do."""

    def __init__(self, schedule: Schedule, model: Path, folder: Path, ledger_url: str | None = None) -> None:
        self.schedule = schedule
        self.folder = folder
        self.tally = Tally()
        self.complaints: list[str] = []
        self._on_server = ledger_url is not None
        self._ledger_url = ledger_url or f"sqlite:///{folder / STATE / LEDGER}"
        file = folder / STATE / LEDGER
        self._kept = LedgerDatabase(ledger_url) if ledger_url is not None else LedgerFile(file)
        self.is_lost = False
        shutil.copytree(model, folder)
        self.sandbox = Sandbox(seed=schedule.world.seed)
        self.sandbox.start()
        (folder / MARK).write_text(self._connections(ledger_url), encoding="utf-8")
        urls = {name: (self.sandbox.urls[name],) for name in ("airbase", "epicor")}
        self._vault = Vault.open(folder, environ={}, origins=urls)
        for connection, name, text in _CREDENTIALS:
            self._vault.set(connection, name, Secret(text))
        self.gate = Gate(self.sandbox)
        self.clerk = ClerkAtWork(self.sandbox, schedule.world.wanted, self.gate.note)
        self._quiet_at = 0.0
        self._timers: list[threading.Timer] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for timer in self._timers:
            timer.cancel()
        self.sandbox.stop()
        if isinstance(self._kept, LedgerDatabase):
            self._kept.forget()

    def play(self) -> None:
        """Every round, with its trouble."""
        for number, round_ in enumerate(self.schedule.rounds, 1):
            self.gate.note(f"round {number}: {', '.join(round_.troubles)}")
            self._play(round_)

    def settle(self) -> None:
        """Run without trouble until a run changes nothing; a complaint when that does not come about."""
        time.sleep(max(0.0, self._quiet_at - time.monotonic()))
        before: object = None
        for number in range(1, SETTLING_RUNS_MAX + 1):
            self.gate.note(f"settling run {number}")
            code = self._run_once()
            after = tuple((str(row.key), row.state, row.cause, row.acknowledged, row.attempts) for row in self.rows())
            if after == before and code in (0, 1):
                return
            if code == 3:
                time.sleep(LEASE_S + 0.2)  # a turn of a dead runner that is not over yet
            before = after
        self.complaints.append(f"it does not come to rest in {SETTLING_RUNS_MAX} runs without trouble")

    def rows(self) -> tuple[RecordRow, ...]:
        """All records of the connector's ledger."""
        with self.ledger() as ledger:
            return ledger.records(limit=100_000)

    @contextmanager
    def ledger(self) -> Iterator[Ledger]:
        """The connector's ledger, opened beside it."""
        ledger = open_ledger(
            self._ledger_url, audit_key=self._vault.audit_key, clock=SystemClock(), make_id=random_id
        )
        try:
            yield ledger
        finally:
            ledger.close()

    def _play(self, round_: Round) -> None:
        if round_.loss is not None and round_.loss.older:
            self._kept.copy()
        faults = [self.sandbox.faults.add(replace(fault, id=f"f{n}")) for n, fault in enumerate(round_.faults)]
        for act in round_.clerk:
            if act.point is None:
                self.clerk.do(act)
        runners = [self._start(self._limited(round_.conditions), as_command=round_.as_command, wait=round_.wait)]
        self._arm(round_, runners)
        if round_.second_after_ms is not None:
            time.sleep(round_.second_after_ms / 1000)
            runners.append(self._start(Conditions(), wait=round_.wait))
            self.tally.others[Trouble.TWO_RUNNERS] += 1
        for runner in runners:
            self._end(runner, round_)
        self.gate.clear()
        self._count(round_, faults)
        self.sandbox.faults.clear()
        self.clerk.go_home()
        if any(runner.killed for runner in runners):
            self._quiet_at = max(self._quiet_at, time.monotonic() + LEASE_S + 0.2)
        if round_.loss is not None:
            self._lose_ledger(round_.loss)
        time.sleep(round_.rest_s)

    def _lose_ledger(self, loss: Loss) -> None:
        """Delete it or put it back, once nothing is under way at the target any more: that is beyond a look-up."""
        time.sleep(max(0.0, self._quiet_at - time.monotonic()))
        if loss.older:
            self._kept.put_back()
        else:
            self._kept.delete()
        trouble = Trouble.LEDGER_OLD if loss.older else Trouble.LEDGER_GONE
        self.tally.others[trouble] += 1
        self.gate.note(trouble)
        self.is_lost = True
        if not loss.reopened:
            return
        told = {row.key.source_id for row in self.rows() if row.acknowledged == "done"}
        books = self.sandbox.airbase.books
        for one in self.schedule.world.wanted:
            entry = books.entry(one.id)
            if one.id not in told and entry is not None and entry["status"] == "sync_complete":
                books.change_entry(entry["id"], status="sync_ready", erp_reference_id=None)

    def _count(self, round_: Round, faults: list[Fault]) -> None:
        for trouble, fault in zip(self._fault_troubles(round_), faults, strict=True):
            met = self.sandbox.faults.met(fault.id)
            self.tally.faults[trouble] += met
            if met and fault.kind in (FaultKind.LATE_COMMIT, FaultKind.SLOW, FaultKind.RESTART):
                self._quiet_at = max(self._quiet_at, time.monotonic() + fault.seconds + 0.3)
        if round_.conditions.clock_steps:
            self.tally.others[Trouble.CLOCK] += 1

    @staticmethod
    def _fault_troubles(round_: Round) -> list[Trouble]:
        first, last = Trouble.LOST_BEFORE, Trouble.RESTART
        kinds = tuple(Trouble)
        return [one for one in round_.troubles if kinds.index(first) <= kinds.index(one) <= kinds.index(last)]

    def _arm(self, round_: Round, runners: list[Runner]) -> None:
        for kill in round_.kills:
            self.gate.at(kill.point, self._killing(kill, runners))
        if round_.ledger_cut is not None and self._on_server:
            self.gate.at(round_.ledger_cut, self._cut_ledger)
        if round_.loss is not None and round_.loss.at is not None:
            if not round_.loss.older:
                self.gate.at(round_.loss.at, self._deleting)
            elif isinstance(self._kept, LedgerFile):
                self.gate.at(round_.loss.at, self._copying)
        for pause in round_.pauses:
            self.gate.at(pause.point, self._pausing(pause, runners))
        for act in round_.clerk:
            if act.point is not None:
                self.gate.at(act.point, lambda go, act=act: (self.clerk.do(act), go())[1])

    def _killing(self, kill: Kill, runners: list[Runner]) -> Act:
        def act(carry_out: CarryOut) -> SandboxResponse:
            match kill.trouble:
                case Trouble.KILL_BEFORE:
                    self._kill(kill, runners)
                    return _GONE
                case Trouble.KILL_LATE:
                    self._kill(kill, runners)
                    return carry_out()
                case Trouble.KILL_AFTER:
                    answer = carry_out()
                    self._kill(kill, runners)
                    return answer
            answer = carry_out()
            self._later(kill.after_ms / 1000, lambda: self._kill(kill, runners))
            return answer

        return act

    def _kill(self, kill: Kill, runners: list[Runner]) -> None:
        runner = runners[min(kill.runner, len(runners) - 1)]
        if runner.kill():
            self.tally.kills[kill.trouble] += 1
            self.gate.note(f"SIGKILL {runner.pid}: {kill.trouble}")

    def _pausing(self, pause: Pause, runners: list[Runner]) -> Act:
        def act(carry_out: CarryOut) -> SandboxResponse:
            answer = carry_out() if pause.carried_out else None
            runner = runners[min(pause.runner, len(runners) - 1)]
            if runner.signal(signal.SIGSTOP):
                self.tally.others[Trouble.PAUSED] += 1
                self.gate.note(f"SIGSTOP {runner.pid} for {pause.seconds:g} s")
                self._later(pause.seconds, lambda: runner.signal(signal.SIGCONT))
            return answer if answer is not None else carry_out()

        return act

    def _copying(self, carry_out: CarryOut) -> SandboxResponse:
        answer = carry_out()
        self._kept.copy()
        self.gate.note("the ledger is copied")
        return answer

    def _deleting(self, carry_out: CarryOut) -> SandboxResponse:
        answer = carry_out()
        self._kept.delete()
        self.gate.note("the ledger is deleted")
        return answer

    def _cut_ledger(self, carry_out: CarryOut) -> SandboxResponse:
        answer = carry_out()
        with connect(self._ledger_url) as connection:
            connection.execute(_CUT)
        self.tally.others[Trouble.DISK_FULL] += 1
        self.gate.note("the ledger's sessions are cut")
        return answer

    def _later(self, seconds: float, work: Any) -> None:
        timer = threading.Timer(seconds, work)
        timer.daemon = True
        self._timers.append(timer)
        timer.start()

    def _run_once(self) -> int | None:
        return self._end(self._start(Conditions()), None)

    def _start(self, conditions: Conditions, *, as_command: bool = False, wait: bool = True) -> Runner:
        self.tally.runs += 1
        words = ("run", "--all", "-w", str(self.folder), *(() if wait else ("--no-wait",)))
        told = self.folder / f"run-{self.tally.runs}.txt"
        return Runner(words, told, conditions, as_command=as_command)

    def _end(self, runner: Runner, round_: Round | None) -> int | None:
        try:
            code = runner.wait()
        except Hangs as error:
            self.complaints.append(str(error))
            return None
        said = runner.said()
        self.gate.note(f"process {runner.pid} ended with {code}")
        if runner.conditions.disk_fills_up and "disk" in said:
            self.tally.others[Trouble.DISK_FULL] += 1
        last = said.strip().splitlines()[-1:] or ["nothing"]
        if "Traceback" in said:
            self.complaints.append(f"a traceback: {said[-3000:]}")
        elif code not in _allowed(round_, killed=runner.killed):
            self.complaints.append(f"exit code {code}: {last[0]}")
        return code

    def _limited(self, conditions: Conditions) -> Conditions:
        """The limit of file sizes, counted from what the files have already; a server has its own disk."""
        if self._on_server:
            return replace(conditions, free_pages=None, file_bytes=None)
        if conditions.file_bytes is None:
            return conditions
        largest = max((path.stat().st_size for path in (self.folder / STATE).iterdir()), default=0)
        return replace(conditions, file_bytes=largest + conditions.file_bytes)

    def _connections(self, ledger_url: str | None) -> str:
        quick = (
            f"    settle_s: {SETTLE_S}\n    read_timeout_s: {READ_TIMEOUT_S}\n"
            f"    in_flight: {self.schedule.in_flight}\n    attempts_max: 2\n    wait_max_s: 1\n"
        )
        return (
            f"connections:\n  airbase:\n    kind: airbase\n    environment: sandbox\n    auth_scheme: Token\n"
            f'    base_url: "{self.sandbox.urls["airbase"]}"\n{quick}'
            f"  epicor:\n    kind: epicor\n    environment: sandbox\n    login: basic\n"
            f'    base_url: "{self.sandbox.urls["epicor"]}"\n{quick}'
            f"lease_s: {LEASE_S}\n" + (f'ledger: "{ledger_url}"\n' if ledger_url else "")
        )


def _allowed(round_: Round | None, *, killed: bool) -> set[int]:
    """The exit codes that a run may end with: 2 only for a refused login, 3 only where something was wrong."""
    codes = {0, 1}
    if killed:
        codes.add(-signal.SIGKILL)
    if round_ is not None:
        codes.add(3)
        if Trouble.UNAUTHORIZED in round_.troubles:
            codes.add(2)
    return codes

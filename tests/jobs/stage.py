"""Companies with a sandbox of their own and workers as real processes, for the tests of jobs and the campaign."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.adapters.store.port import RecordRow
from engine.domain.audit_event import AuditEvent
from engine.faces.sandbox.sandbox import AIRBASE_TOKEN, EPICOR_API_KEY, EPICOR_PASSWORD, EPICOR_USER, Sandbox
from engine.wiring.app import open_records, open_vault
from engine.wiring.workspace import MARK, load_ledger_part
from engine.words.json_value import decode
from engine.words.secret import Secret
from tests.campaign.stage import make_model
from tests.run.house import seed_of

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.campaign.preload", "tests.jobs.preload"])
CREDENTIALS = (
    ("airbase", "api_key", AIRBASE_TOKEN),
    ("epicor", "api_key", EPICOR_API_KEY),
    ("epicor", "username", EPICOR_USER),
    ("epicor", "password", EPICOR_PASSWORD),
)
SETTLE_S = 2
LEASE_S = 3
END_S = 60.0

CONNECTIONS = """\
connections:
  airbase:
    kind: airbase
    environment: sandbox
    auth_scheme: Token
    base_url: "{airbase}"
    read_timeout_s: 5
    settle_s: {settle_s}
{more}  epicor:
    {{kind: epicor, environment: sandbox, login: basic, base_url: "{epicor}", read_timeout_s: 5,
      settle_s: {settle_s}, in_flight: {in_flight}}}
lease_s: {lease_s}
"""
HEARS = """\
    webhooks:
      signature: {header: X-Signature, prefix: "sha256=", timestamp_header: X-Timestamp}
      wakes: {"*": [bills]}
"""
"""For `make_company`: its Airbase is heard, and every event wakes the bills."""


def model(folder: Path) -> Path:
    """A workspace to copy, small, so that it is loaded fast: bills and what they need."""
    make_model(folder)
    for path in (folder / "mappings").glob("*.yaml"):
        if path.stem not in ("bills", "vendors", "card-transactions"):
            path.unlink()
    return folder


@dataclass
class Company:
    """A workspace with the systems it works with, which run in this process."""

    folder: Path
    sandbox: Sandbox

    @property
    def name(self) -> str:
        return self.folder.name

    def rows(self) -> tuple[RecordRow, ...]:
        with open_records(load_ledger_part(self.folder)) as ledger:
            return tuple(ledger.records(limit=10_000))

    def states(self) -> Counter[str]:
        return Counter(row.state.value for row in self.rows())

    def runs(self) -> Sequence[Any]:
        with open_records(load_ledger_part(self.folder)) as ledger:
            return tuple(ledger.runs(limit=10_000))

    def events(self) -> list[AuditEvent]:
        """The audit trail."""
        with open_records(load_ledger_part(self.folder)) as ledger:
            return [event for _, event, _ in ledger.trail()]

    def invoices(self) -> Counter[str]:
        """How often each invoice number stands in Epicor."""
        books = self.sandbox.epicor.books
        return Counter(str(row["InvoiceNum"]) for code in books.companies() for row in books.rows(code, "APInvHed"))

    def schedule(self, text: str) -> None:
        (self.folder / "schedules.yaml").write_text(text, encoding="utf-8")

    def add(self, entries: Sequence[dict[str, Any]]) -> None:
        """Records that arrive."""
        self.sandbox.airbase.books.load("ledger_entries", [dict(one) for one in entries])


def make_company(
    folder: Path,
    model_folder: Path,
    entries: Sequence[dict[str, Any]],
    *,
    ledger: str | None = None,
    in_flight: int = 2,
    airbase: str = "",
) -> Company:
    """A company whose Airbase holds these entries; its sandbox is started."""
    shutil.copytree(model_folder, folder)
    sandbox = Sandbox(seed=seed_of(*entries))
    urls = sandbox.start()
    text = CONNECTIONS.format(
        airbase=urls["airbase"],
        epicor=urls["epicor"],
        settle_s=SETTLE_S,
        lease_s=LEASE_S,
        in_flight=in_flight,
        more=airbase,
    )
    (folder / MARK).write_text(text + (f"ledger: {ledger}\n" if ledger else ""), encoding="utf-8")
    vault = open_vault(load_ledger_part(folder))
    for connection, name, secret in CREDENTIALS:
        vault.set(connection, name, Secret(secret))
    return Company(folder=folder, sandbox=sandbox)


class Process:
    """A command of ours in a process forked from a server that has imported it: a start costs a fork, not seconds."""

    def __init__(self, words: Sequence[str], log: Path) -> None:
        self._fork = _FORKS.Process(target=_become, args=(tuple(words), log))
        self._fork.start()
        self.pid = self._fork.pid or 0

    def poll(self) -> int | None:
        return self._fork.exitcode

    def wait(self, seconds: float = 60.0) -> int:
        self._fork.join(seconds)
        code = self._fork.exitcode
        assert code is not None, f"process {self.pid} did not end within {seconds:g} seconds"
        return code

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _become(words: tuple[str, ...], log: Path) -> None:
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(out, 1)
    os.dup2(out, 2)
    os.chdir(log.parent)
    from engine.faces.commands.root import root

    root(list(words))


@dataclass
class Worker:
    """A `worker` or `serve` process."""

    process: Process
    log: Path

    def lines(self) -> list[dict[str, Any]]:
        """What it logged, line by line."""
        text = self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""
        return [decode(line.encode()) for line in text.splitlines() if line.startswith("{") and line.endswith("}")]

    def name(self) -> str:
        """What it calls itself, as soon as it works."""
        return next((str(line["worker"]) for line in self.lines() if line["event"] == "working"), "")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(END_S)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Ask it to end; gives its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(END_S)


def address(serve: Worker) -> str:
    """Where it listens."""
    return next(str(line["listening"]) for line in serve.lines() if line["event"] == "working")


@dataclass
class Workers:
    """Starts workers, and ends all of them at the end."""

    folder: Path
    words: tuple[str, ...]
    started: list[Worker] = field(default_factory=list)

    def start(self, *more: str, command: str = "worker", wait: bool = True) -> Worker:
        log = self.folder / f"{command}-{len(self.started)}.log"
        worker = Worker(process=Process((command, "--log-format", "json", *self.words, *more), log), log=log)
        self.started.append(worker)
        if wait:
            until(worker.name, worker=worker)
        return worker


@contextmanager
def workers(folder: Path, *words: str) -> Iterator[Workers]:
    """A place for workers; whoever is left is killed at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    made = Workers(folder=folder, words=words)
    try:
        yield made
    finally:
        for one in made.started:
            if one.process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    one.kill()


def until(is_so: Callable[[], Any], *, within_s: float = 40.0, worker: Worker | None = None) -> None:
    """Wait for something, or fail with the end of the worker's log."""
    give_up_at = time.monotonic() + within_s
    while not is_so():
        if time.monotonic() > give_up_at or (worker is not None and worker.process.poll() is not None):
            told = (
                worker.log.read_text(errors="replace")[-3000:] if worker is not None and worker.log.exists() else ""
            )
            raise AssertionError(f"it did not come about within {within_s:g} seconds\n{told}")
        time.sleep(0.05)

"""A burst of webhooks at a real `serve`, killed at the last answer: what was answered, how fast, and what is kept."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from engine.adapters.store.database import open_database
from engine.adapters.store.inbox import SqlInbox
from engine.adapters.store.payload_seal import PayloadSeal
from engine.faces.service.waker import GATHER_MAX_S
from engine.wiring.app import ledger_url, open_vault
from engine.wiring.workspace import load_ledger_part
from engine.words.clock import SystemClock, random_id
from engine.words.secret import Secret
from tests.jobs.stage import HEARS, Company, address, make_company, model, until, workers
from tests.run.house import bills
from tests.service.scene import SECRET
from tests.service.sender import SENDERS, made_requests, send


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """What came of one: `answers` by their status, seconds on the clock and of the processes' time."""

    events: int
    answers: Counter[int]
    seconds: float
    server_cpu_s: float
    sender_cpu_s: float
    kept: int
    runs: int

    def lines(self) -> list[str]:
        """For people."""
        told = (
            f"{self.events} webhooks over {SENDERS} connections: {dict(self.answers)}, the last answer after "
            f"{self.seconds:.2f} s; CPU of the server {self.server_cpu_s:.2f} s "
            f"({self.server_cpu_s / self.events * 1000:.2f} ms each), of the sender {self.sender_cpu_s:.2f} s; "
            f"killed then: {self.kept} kept, {self.runs} run after the next start"
        )
        return [told, *(f"COMPLAINT {one}" for one in self.complaints())]

    def complaints(self) -> list[str]:
        """What is not as it must be. On a machine so slow that a burst is not waited for, its parts are runs."""
        wrong = []
        if self.answers != {202: self.events}:
            wrong.append("not every answer was 202")
        if self.kept != self.events:
            wrong.append("what was answered is not what is kept")
        if not 1 <= self.runs <= 1 + self.seconds // GATHER_MAX_S:
            wrong.append("the burst is not one run")
        return wrong


SERVE = ("--listen", "127.0.0.1:0", "--rescue-after", "4")


def play(events: int, folder: Path, ledger: str | None = None) -> Burst:
    """Send so many to a `serve` of its own, kill it, start it again."""
    company = make_company(folder / "burst", model(folder / "model"), bills(3), airbase=HEARS, ledger=ledger)
    try:
        return _play(events, company, folder)
    finally:
        company.sandbox.stop()


def _play(events: int, company: Company, folder: Path) -> Burst:
    open_vault(load_ledger_part(company.folder)).set("airbase", "webhook_secret", Secret(SECRET))
    with workers(folder / "workers", "-w", str(company.folder)) as started:
        serve = started.start(*SERVE, command="serve")
        url = address(serve)
        time.sleep(1)  # what a start does beside is over
        requests = made_requests(f"{url}/webhooks/{company.name}/airbase", events)
        process, own = psutil.Process(serve.process.pid), psutil.Process()
        before, own_before, began = cpu_s(process), cpu_s(own), time.monotonic()
        answers = send(url, requests)
        took, cpu, own_cpu = time.monotonic() - began, cpu_s(process) - before, cpu_s(own) - own_before
        serve.kill()
        kept = kept_in(company)
        again = started.start(*SERVE, command="serve")
        until(lambda: company.runs() and not waiting_in(company), worker=again)
        again.stop()
    return Burst(
        events=events,
        answers=answers,
        seconds=took,
        server_cpu_s=cpu,
        sender_cpu_s=own_cpu,
        kept=kept,
        runs=len(company.runs()),
    )


def cpu_s(process: psutil.Process) -> float:
    """What it has used so far, in user mode and in the kernel."""
    times = process.cpu_times()
    return float(times.user + times.system)


@contextmanager
def inbox_of(company: Company) -> Iterator[SqlInbox]:
    """Its inbox, looked into from outside."""
    part, clock = load_ledger_part(company.folder), SystemClock()
    database = open_database(ledger_url(part), clock, random_id)
    try:
        yield SqlInbox(database, clock, PayloadSeal(open_vault(part).audit_key))
    finally:
        database.close()


def kept_in(company: Company) -> int:
    """How many events are kept."""
    with inbox_of(company) as inbox:
        return len({one.event_id for one in inbox.latest(1_000_000)})


def waiting_in(company: Company) -> int:
    """How many events have not woken their mappings."""
    with inbox_of(company) as inbox:
        return len(inbox.waiting())

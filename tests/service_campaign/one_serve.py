"""One company's `serve` on SQLite, for long, with records that keep arriving: all entered once, and nothing grows."""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import psutil

from tests.jobs.stage import Company, Worker, make_company, model, until, workers
from tests.run.house import VENDORS, bill

SAMPLE_S = 2.0
GROWTH_MAX_PERCENT = 10
GROWTH_MAX_BYTES = 12_000_000
THREADS_MAX_MORE = 4
SCHEDULES = """\
schedules:
  spend: {run: [vendors, bills], every: 15s}
  sweep: {run: sweep, every: 1m}
  report: {run: reconcile, every: 2m, companies: [EPIC06]}
  exposure: {run: exposure, every: 1m}
"""


@dataclass(slots=True)
class Served:
    """What came of it: samples of memory (bytes), threads and files, one every `SAMPLE_S` seconds."""

    entered: int = 0
    jobs: int = 0
    memory: list[int] = field(default_factory=list)
    threads: list[int] = field(default_factory=list)
    files: list[int] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """For people."""
        told = (
            f"{self.entered} bills entered by {self.jobs} jobs; memory {_early(self.memory) / 1e6:.0f} MB early, "
            f"{_late(self.memory) / 1e6:.0f} MB late; threads {_early(self.threads):g} early, "
            f"{_late(self.threads):g} late; open files {_early(self.files):g} early, {_late(self.files):g} late"
        )
        return [told, *(f"COMPLAINT {one}" for one in self.complaints)]


def play(seconds: float, folder: Path, seed: int = 1) -> Served:
    """Serve for so long."""
    chance, wanted, outcome = random.Random(seed), Counter[str](), Served()
    company = make_company(folder / "companies" / "acme", model(folder / "model"), [])
    company.schedule(SCHEDULES)
    try:
        with workers(folder / "workers", "-w", str(company.folder)) as crew:
            serve = crew.start("--listen", "127.0.0.1:0", command="serve")
            _arrive(company, serve, seconds, chance, wanted, outcome)
            total = sum(wanted.values())
            until(lambda: sum(company.invoices().values()) >= total, within_s=90, worker=serve)
            if serve.stop() != 0:
                outcome.complaints.append("serve did not stop in order")
            _judge(company, serve, wanted, outcome)
    finally:
        company.sandbox.stop()
    return outcome


def _arrive(
    company: Company, serve: Worker, seconds: float, chance: random.Random, wanted: Counter[str], outcome: Served
) -> None:
    process = psutil.Process(serve.process.pid)
    until_at, sample_at = time.monotonic() + seconds, 0.0
    while time.monotonic() < until_at:
        if chance.random() < 0.5:
            number = f"S-{sum(wanted.values())}"
            wanted[number] += 1
            company.add([bill(number, f"{chance.randint(1, 900)}.25", vendor=chance.choice(VENDORS[:8]))])
        if time.monotonic() > sample_at:
            sample_at = time.monotonic() + SAMPLE_S
            outcome.memory.append(process.memory_info().rss)
            outcome.threads.append(process.num_threads())
            outcome.files.append(process.num_fds())
        time.sleep(0.5)


def _judge(company: Company, serve: Worker, wanted: Counter[str], outcome: Served) -> None:
    found = company.invoices()
    outcome.entered = sum(found.values())
    lines = serve.lines()
    outcome.jobs = sum("job" in line for line in lines)
    if found != wanted:
        outcome.complaints.append(f"entered and wanted differ: {found - wanted} too many, {wanted - found} missing")
    outcome.complaints += [
        f"told while all was well: {line}" for line in lines if line["level"] in ("error", "warning")
    ]
    early, late = _early(outcome.memory), _late(outcome.memory)
    if late - early > max(GROWTH_MAX_BYTES, early * GROWTH_MAX_PERCENT / 100):
        outcome.complaints.append(f"memory grew from {early / 1e6:.0f} to {late / 1e6:.0f} MB")
    for name, samples in (("threads", outcome.threads), ("open files", outcome.files)):
        if _late(samples) > _early(samples) + THREADS_MAX_MORE:
            outcome.complaints.append(f"{name} grew from {_early(samples):g} to {_late(samples):g}")


def _early(samples: list[int]) -> float:
    """The second quarter: after the start has settled."""
    quarter = max(1, len(samples) // 4)
    return median(samples[quarter : 2 * quarter] or samples)


def _late(samples: list[int]) -> float:
    """The last quarter."""
    return median(samples[-max(1, len(samples) // 4) :])

"""How the throughput grows with the workers, against targets that answer after 150 ms."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from engine.faces.sandbox.faults import Fault, FaultKind
from tests.jobs.stage import Company, make_company, model, until, workers
from tests.postgres import Server, running_server
from tests.run.house import bills

LATENCY_S = 0.15
CONCURRENCY = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One measurement."""

    workers: int
    bills: int
    seconds: float

    @property
    def per_second(self) -> float:
        """Bills a second, over all companies."""
        return self.bills / self.seconds


def measure(counts: tuple[int, ...], companies: int, each: int, folder: Path) -> list[str]:
    """A table, one line for each number of workers."""
    with running_server() as server:
        found = [_once(server, count, companies, each, folder / str(count)) for count in counts]
    first = found[0].per_second
    stated = (
        f"{companies} companies with {each} bills each, {LATENCY_S * 1000:.0f} ms for every answer, "
        f"{CONCURRENCY} jobs at once in a worker, 2 requests at once in a company"
    )
    lines = [stated, "workers  bills  seconds  bills/s  times"]
    for one in found:
        times = one.per_second / first
        lines.append(f"{one.workers:>7}  {one.bills:>5}  {one.seconds:>7.1f}  {one.per_second:>7.1f}  {times:>5.2f}")
    return lines


def _once(server: Server, count: int, companies: int, each: int, folder: Path) -> Measured:
    with ExitStack() as stack:
        jobs = stack.enter_context(server.database())
        small = model(folder / "model")
        made = []
        for number in range(companies):
            ledger = stack.enter_context(server.database())
            name = f"company-{number:02d}"
            one = make_company(folder / "companies" / name, small, bills(each), ledger=ledger)
            stack.callback(one.sandbox.stop)
            slow = Fault(id="far", kind=FaultKind.SLOW, seconds=LATENCY_S, times=10_000_000)
            one.sandbox.faults.add(slow)
            made.append(one)
        words = ("--workspaces", str(folder / "companies"), "--jobs", jobs, "--concurrency", str(CONCURRENCY))
        crew = stack.enter_context(workers(folder / "workers", *words))
        alive = [crew.start() for _ in range(count)]
        for one in made:
            one.schedule("schedules:\n  spend: {run: [bills], every: 3s}\n")
        until(lambda: _entered(made) > 0, within_s=60)
        began, had = time.monotonic(), _entered(made)
        wanted = companies * each
        until(lambda: _entered(made) >= wanted, within_s=600)
        took = time.monotonic() - began
        for worker in alive:
            worker.stop()
        return Measured(workers=count, bills=wanted - had, seconds=took)


def _entered(made: list[Company]) -> int:
    time.sleep(0.2)
    return sum(len(one.invoices()) for one in made)

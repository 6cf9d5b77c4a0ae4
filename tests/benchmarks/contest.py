"""The contestants on the same work: throughput, and what is entered twice after a kill and after lost answers."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks import ours, rivals
from tests.benchmarks.figures import Results, medians
from tests.benchmarks.process import Cost, run
from tests.benchmarks.systems import Systems

RUNS_MAX = 4
LOSE_EVERY = 50


class Failed(Exception):
    """A contestant did not do the work."""


@dataclass(slots=True)
class Contestant:
    """One tool, ready to run in a folder of its own."""

    name: str
    keeps: str
    rival: rivals.Rival | None
    place: Path

    @contextmanager
    def ready(self, systems: Systems) -> Iterator[Path]:
        """A fresh project of the tool; it is gone afterwards."""
        with tempfile.TemporaryDirectory(prefix="ml-connector-bench-") as name:
            folder = Path(name)
            if self.rival is None:
                ours.prepare(folder, systems)
            else:
                rivals.prepare(self.rival, folder, systems)
            yield folder

    def run(self, folder: Path, systems: Systems, *, bills: int, kill_at: int | None = None) -> Cost:
        """One run of the tool over the feed; killed once so many bills were entered."""
        until = None if kill_at is None else lambda: systems.told()["entered"] >= kill_at
        if self.rival is None:
            return run(ours.command("run", "bills"), folder=folder, until=until)
        command = rivals.command(self.rival, self.place, systems)
        return run(command, folder=folder, env=rivals.variables(self.rival, folder, bills=bills), until=until)


def contestants(place: Path | None) -> list[Contestant]:
    """Ours, and the others where their environment is given."""
    first = Contestant(name=ours.NAME, keeps=ours.KEEPS, rival=None, place=Path())
    if place is None:
        return [first]
    return [first, *(Contestant(name=one.name, keeps=one.keeps, rival=one, place=place) for one in rivals.RIVALS)]


def throughput(
    results: Results, systems: Systems, tools: list[Contestant], *, bills: int, latency_ms: int, repeats: int
) -> None:
    """Every tool enters the same bills, turn by turn; medians."""
    found: dict[str, list[dict[str, float]]] = {tool.name: [] for tool in tools}
    for _ in range(repeats):
        for tool in tools:
            found[tool.name].append(_enter(systems, tool, bills=bills, latency_ms=latency_ms))
    scenario = f"{bills:,} bills, {latency_ms} ms"
    for tool in tools:
        results.add(scenario, tool.name, **medians(found[tool.name]))
    own = medians(found[ours.NAME])
    if not latency_ms:
        results.at_least(f"{scenario}: at least 500 a second", own["entered/s"], 500)
        return
    ideal = ours.IN_FLIGHT * 1000 / latency_ms
    share = 90 if latency_ms >= 100 else 60
    text = f"{scenario}: at least {share}% of {ours.IN_FLIGHT} in flight / latency ({ideal:,.0f}/s)"
    results.at_least(text, 100 * own["entered/s"] / ideal, share)
    for tool in tools[1:]:
        times = own["entered/s"] / medians(found[tool.name])["entered/s"]
        results.at_least(f"{scenario}: at least 5 times {tool.name}", times, 5)


def _enter(systems: Systems, tool: Contestant, *, bills: int, latency_ms: int) -> dict[str, float]:
    with tool.ready(systems) as folder:
        systems.scene(bills=bills, latency_s=latency_ms / 1000)
        cost = tool.run(folder, systems, bills=bills)
        told = systems.told()
        if told["entered"] != bills:
            raise Failed(f"{tool.name} entered {told['entered']} of {bills} bills:\n{cost.said[-3000:]}")
        return {
            "records/s": bills / cost.wall_s,
            "entered/s": (bills - 1) / max(told["span_s"], 0.001),
            "CPU s per 1,000": 1000 * cost.cpu_s / bills,
            "peak MB": cost.peak_mb,
            "target requests per bill": told["asked_epicor"] / bills,
        }


def killed(results: Results, systems: Systems, tools: list[Contestant], *, bills: int) -> None:
    """Each tool is killed half-way and run again until it finds nothing more to do."""
    for tool in tools:
        with tool.ready(systems) as folder:
            systems.scene(bills=bills, latency_s=0.005)
            tool.run(folder, systems, bills=bills, kill_at=bills // 2)
            systems.change()
            _finish(systems, tool, folder, bills)
            _count(results, systems, tool, f"killed half-way of {bills:,}", bills)


def lost_answers(results: Results, systems: Systems, tools: list[Contestant], *, bills: int) -> None:
    """The connection is cut after the target saved, once in so many bills."""
    for tool in tools:
        with tool.ready(systems) as folder:
            systems.scene(bills=bills, latency_s=0.005, lose_every=LOSE_EVERY)
            _finish(systems, tool, folder, bills)
            _count(results, systems, tool, f"1 answer in {LOSE_EVERY} lost of {bills:,}", bills)


def _finish(systems: Systems, tool: Contestant, folder: Path, bills: int) -> None:
    """Run until everything is entered; then once more, as the schedule would."""
    for _ in range(RUNS_MAX):
        if systems.told()["entered"] >= bills:
            break
        if tool.rival is None:
            time.sleep(ours.LEASE_S + 0.5)
        tool.run(folder, systems, bills=bills)


def _count(results: Results, systems: Systems, tool: Contestant, scenario: str, bills: int) -> None:
    told = systems.told()
    results.add(scenario, tool.name, entered=told["entered"], twice=told["again"], missing=bills - told["entered"])
    if tool.rival is None:
        results.at_most(f"{scenario}: nothing twice", told["again"], 0)
        results.at_most(f"{scenario}: nothing missing", bills - told["entered"], 0)

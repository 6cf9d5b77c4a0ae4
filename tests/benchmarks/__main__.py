"""`python -m tests.benchmarks`: how fast it is, beside drt and dlt on the same work."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path

import click

from tests.benchmarks import contest, lonely, rivals, shown
from tests.benchmarks.figures import Results
from tests.benchmarks.systems import Systems

SCENARIOS = ("150ms", "20ms", "0ms", "killed", "lost", "memory", "nothing-new", "master-data", "starting")
_BILLS = {"150ms": (150, 10_000), "20ms": (20, 5_000), "0ms": (0, 5_000)}


@click.command()
@click.argument("scenarios", nargs=-1, type=click.Choice(SCENARIOS))
@click.option("--repeats", default=3, show_default=True, type=click.IntRange(1), help="Repeats of each measurement.")
@click.option("--scale", default=1.0, show_default=True, type=click.FloatRange(0.001), help="Part of the full work.")
@click.option("--alone", is_flag=True, help="Leave drt and dlt out; nothing is installed then.")
@click.option(
    "--keep", default="~/.cache/ml-connector-bench", show_default=True, help="Where drt and dlt are installed."
)
@click.option("--format", "form", default="table", type=click.Choice(("table", "json")), help="How to print it.")
@click.option("--svg", "chart", type=click.Path(dir_okay=False, path_type=Path), help="Write a chart here.")
def main(
    scenarios: tuple[str, ...], repeats: int, scale: float, alone: bool, keep: str, form: str, chart: Path | None
) -> None:
    """Measure ml-connector beside drt-core and dlt; without SCENARIOS, everything, which takes hours;
    `--repeats 1 --scale 0.3` takes about half an hour.

    Approved bills with three lines are read from a feed like Airbase's, mapped, and entered one by one at a
    target of a given latency. drt and dlt are installed from PyPI, pinned with hashes, into an environment of
    their own. Exit code 1 when a goal is missed.

    \b
    Examples:
      python -m tests.benchmarks
      python -m tests.benchmarks 20ms killed lost --repeats 1
      python -m tests.benchmarks --scale 0.05 --repeats 1 --alone
    """
    results = Results()
    place = None if alone else rivals.environment(Path(keep).expanduser())
    tools = contest.contestants(place)
    with Systems() as systems:
        results.notes += [f"{tool.name} keeps: {tool.keeps}" for tool in tools]
        results.notes.append(lonely.server_reach(systems))
        results.notes.append(
            f"measured on {os.cpu_count()} CPUs, {platform.machine()}, {platform.system()}, "
            f"Python {platform.python_version()}; medians of {repeats}, the tools in turn"
        )
        for scenario in scenarios or SCENARIOS:
            play(scenario, results, systems, tools, repeats=repeats, scale=scale)
    click.echo(json.dumps(results.as_json(), indent=2) if form == "json" else shown.text(results), nl=form == "json")
    if chart is not None:
        chart.write_text(shown.svg(results), encoding="utf-8")
    if not all(goal.met for goal in results.goals):
        raise SystemExit(1)


def play(
    scenario: str,
    results: Results,
    systems: Systems,
    tools: list[contest.Contestant],
    *,
    repeats: int,
    scale: float,
) -> None:
    """One scenario, at its full size or a part of it."""

    def sized(count: int) -> int:
        return max(20, int(count * scale))

    if scenario in _BILLS:
        latency_ms, bills = _BILLS[scenario]
        contest.throughput(results, systems, tools, bills=sized(bills), latency_ms=latency_ms, repeats=repeats)
    elif scenario == "killed":
        contest.killed(results, systems, tools, bills=sized(500))
    elif scenario == "lost":
        contest.lost_answers(results, systems, tools, bills=sized(500))
    elif scenario == "memory":
        lonely.memory(results, systems, few=sized(10_000), many=sized(100_000), repeats=repeats)
    elif scenario == "nothing-new":
        lonely.nothing_new(results, systems, bills=sized(5_000), repeats=repeats)
    elif scenario == "master-data":
        lonely.master_data(results, systems, rows=sized(10_000), changed=sized(100), repeats=repeats)
    else:
        lonely.starting(results, systems, repeats=repeats)


if __name__ == "__main__":
    main()

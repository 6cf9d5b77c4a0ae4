"""The fault campaign as a program: `python -m tests.campaign --schedules 200`."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path

import click

from tests.campaign.campaign import Outcome, Summary, model_workspace, play_all
from tests.postgres import NoPostgres, Server, running_server


@click.command()
@click.option("--schedules", type=click.IntRange(min=1), default=20, show_default=True, help="How many to play.")
@click.option("--seed", type=int, default=0, show_default=True, help="The first seed; the others follow it.")
@click.option("--store", type=click.Choice(["sqlite", "postgres"]), default="sqlite", show_default=True)
@click.option("--jobs", type=click.IntRange(min=1, max=16), default=1, show_default=True, help="How many at once.")
@click.option("--replay", type=int, multiple=True, help="Play only this seed and tell everything that happened.")
@click.option("--keep", type=click.Path(path_type=Path), help="Keep the workspaces of failing schedules here.")
def main(schedules: int, seed: int, store: str, jobs: int, replay: tuple[int, ...], keep: Path | None) -> None:
    """Play seeded schedules of faults against the real connector and compare the sandbox's books with the truth.

    The schedule of a seed is always the same: its world, its faults, and the requests at which the connector
    is killed or paused. What cannot be the same is when the operating system lets a process run: a kill some
    milliseconds after a request, two runners at once and more than one request in flight may meet the
    connector elsewhere. Exit code 1 when anything is not as it must be.
    """
    summary = Summary()
    seeds = replay or tuple(range(seed, seed + schedules))
    with ExitStack() as stack:
        model = stack.enter_context(model_workspace())
        server = _server(stack) if store == "postgres" else None
        for number, outcome in enumerate(play_all(seeds, model, jobs=jobs, server=server, keep=keep), 1):
            summary.outcomes.append(outcome)
            _tell(outcome, f"{number}/{len(seeds)}", whole=bool(replay))
    click.echo()
    for line in summary.lines():
        click.echo(line)
    if summary.failed:
        words = " ".join(f"--replay {outcome.seed}" for outcome in summary.failed)
        click.echo(f"\nFAILED: python -m tests.campaign --store {store} {words}")
        sys.exit(1)


def _server(stack: ExitStack) -> Server:
    try:
        return stack.enter_context(running_server())
    except NoPostgres as error:
        raise click.ClickException(str(error)) from error


def _tell(outcome: Outcome, place: str, *, whole: bool) -> None:
    if outcome.complaints or whole:
        click.echo(outcome.account())
    verdict = "FAILED" if outcome.complaints else "good"
    click.echo(
        f"{place} seed {outcome.seed}: {verdict}, {outcome.seconds:.1f} s, {outcome.runs} runs, "
        f"{outcome.documents} documents; {', '.join(outcome.troubles)}"
    )


if __name__ == "__main__":
    main()

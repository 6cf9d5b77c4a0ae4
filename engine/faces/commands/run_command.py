"""`run NAME` and `run --all`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from engine.domain.causes import CAUSES
from engine.faces.commands.output import (
    clean,
    end_progress,
    format_option,
    progress,
    put_json,
    put_table,
    workspace_option,
)
from engine.run.ordering import in_order_of_need, named
from engine.run.result import RunResult
from engine.run.running import run_mapping
from engine.wiring.app import open_setup, valid_workspace
from engine.wiring.workspace import find_workspace
from engine.words.errors import InputError
from engine.words.money import show_money


@click.command("run")
@click.argument("names", nargs=-1)
@workspace_option
@format_option
@click.option("--all", "everything", is_flag=True, help="Run every mapping, in the order of `after`.")
@click.option("--limit", type=click.IntRange(min=1), help="Send at most so many documents of each mapping.")
@click.option(
    "--only", multiple=True, metavar="KEY", help="Only this record: its id, the beginning of it, or its number."
)
@click.option("--no-wait", is_flag=True, help="Leave what is in doubt to a later run instead of waiting for it.")
def command(
    names: tuple[str, ...],
    workspace: Path,
    form: str,
    everything: bool,  # noqa: FBT001 - click hands it in
    limit: int | None,
    only: tuple[str, ...],
    no_wait: bool,  # noqa: FBT001 - click hands it in
) -> None:
    """Run mappings: read the source, plan, send what is ready, and write the outcome back.

    Exit code 1 when a record needs a person: `ml-connector records --state held` lists them.
    """
    if bool(names) == everything:
        raise InputError("name the mappings to run, or say --all")
    loaded = valid_workspace(find_workspace(workspace))
    results = []
    with open_setup(loaded) as setup:
        specs = in_order_of_need(setup.specs if everything else [named(setup.specs, name) for name in names])
        for spec in specs:
            result = run_mapping(setup, spec, tell=progress(), limit=limit, only=only, wait=not no_wait)
            end_progress()
            results.append(result)
            if form == "table":
                show_result(result)
    if form == "json":
        put_json([result.as_json() for result in results])
    if any(result.needs_person for result in results):
        sys.exit(1)


def show_result(result: RunResult) -> None:
    """A run's result for a person."""
    done = f"sent {result.sent}" if result.sent else "sent nothing"
    parts = [f"read {result.read}", done]
    parts += [f"found {result.adopted} already there"] if result.adopted else []
    parts += [f"{result.unchanged} in step"] if result.in_step else []
    parts += [f"wrote {result.acknowledged} back"] if result.acknowledged else []
    click.echo(f"{result.mapping}: {', '.join(parts)}")
    for name, holder in result.elsewhere.items():
        click.echo(f"  the turn {name} is with {clean(holder)}; its records were left to it")
    for warning in result.warnings:
        click.echo(f"  warning: {clean(warning)}")
    if result.report_file:
        click.echo(f"  written for import: {result.report_file}")
    if result.became:
        put_table(
            ("state", "records", "amount", "cause"),
            [
                (
                    state.replace("_", " "),
                    tally.count,
                    "  ".join(
                        f"{show_money(amount)} {currency}" for currency, amount in sorted(tally.amounts.items())
                    ),
                    CAUSES[cause].title if cause in CAUSES else cause,
                )
                for (state, cause), tally in sorted(result.became.items())
            ],
            right=("records", "amount"),
        )

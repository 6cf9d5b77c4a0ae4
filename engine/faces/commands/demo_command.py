"""`demo`: the sandbox, every shipped flow, and a summary that ties."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from engine.faces.commands.output import counted, end_progress, format_option, progress, put_json
from engine.faces.commands.run_command import show_result
from engine.faces.commands.table import column, put_table
from engine.faces.sandbox.demo import demo_folder, make_demo, start_sandbox
from engine.faces.sandbox.tie import Tie, tie
from engine.run.ordering import in_order_of_need
from engine.run.result import RunResult
from engine.run.running import run_mapping
from engine.wiring.app import open_setup, valid_workspace
from engine.words.money import show_money


@click.command("demo")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=demo_folder,
    show_default="the demonstration's that you stand in, or ml-connector-demo",
    help="Where its workspace and the sandbox's books are kept.",
)
@format_option
def command(folder: Path, form: str) -> None:
    """Run every shipped mapping against the built-in sandbox, and tie what came out to the sandbox's own books.

    A second run finds nothing new and sends nothing. Exit code 1 when something does not tie.

    \b
    Examples:
      ml-connector demo
      ml-connector demo --folder try --format json

    \b
    JSON: {new, runs: [as `run` gives them], ties: [{what, ours, our_amount, theirs, their_amount, ties}]}.
    """
    made = make_demo(folder)
    sandbox = start_sandbox(folder)
    results: list[RunResult] = []
    try:
        if form == "table":
            click.echo(f"the sandbox runs; its books: {sandbox.urls['books']}\n")
        with open_setup(valid_workspace(folder)) as setup:
            for spec in in_order_of_need(setup.specs):
                result = run_mapping(setup, spec, tell=progress())
                end_progress()
                results.append(result)
                if form == "table":
                    show_result(result)
                    click.echo()
            ties = tie(setup, sandbox)
    finally:
        sandbox.stop()
    if form == "json":
        runs = [result.as_json() for result in results]
        put_json({"new": made, "runs": runs, "ties": [one.as_json() for one in ties]})
    else:
        _summary(folder, results, ties)
    if not all(one.ties for one in ties):
        sys.exit(1)


def _summary(folder: Path, results: list[RunResult], ties: tuple[Tie, ...]) -> None:
    put_table(
        (
            column("what"),
            column("we entered", right=True),
            column("amount", right=True),
            column("sandbox has", right=True),
            column("amount", right=True),
            column(""),
        ),
        [
            (one.what, one.ours, show_money(one.our_amount), one.theirs, show_money(one.their_amount), one.verdict)
            for one in ties
        ],
    )
    sent = sum(result.sent for result in results)
    click.echo(f"\nsent {counted(sent, 'document')}" if sent else "\nnothing new: nothing was sent")
    click.echo("next, in two terminals:")
    for line in (
        f"ml-connector sandbox --folder {folder}        (the books in a browser)",
        f"ml-connector status -w {folder}",
        f"ml-connector records --waiting -w {folder}",
        f"ml-connector show KEY -w {folder}             (KEY: an id or an invoice number from the list)",
        f"ml-connector explain KEY -w {folder}          (which rule coded each line)",
        f"ml-connector plan bills -w {folder}",
    ):
        click.echo(f"  {line}")

"""`status`: how the records stand."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from engine.domain.lifecycle import NEEDS_PERSON
from engine.faces.commands.output import format_option, put_json, put_table, workspace_option
from engine.wiring.app import open_setup, valid_workspace
from engine.wiring.workspace import find_workspace
from engine.words.money import show_money


@click.command("status")
@workspace_option
@format_option
def command(workspace: Path, form: str) -> None:
    """Records by mapping and state, with amounts. Exit code 1 when some need a person."""
    with open_setup(valid_workspace(find_workspace(workspace))) as setup:
        counts = setup.ledger.counts()
        runs = setup.ledger.runs(limit=5)
    if form == "json":
        put_json(
            {
                "records": [
                    {
                        "mapping": mapping,
                        "state": state.value,
                        "currency": currency,
                        "count": count,
                        "amount": str(amount),
                    }
                    for mapping, state, currency, count, amount in counts
                ],
                "runs": [{"id": run.id, "mapping": run.mapping, "started_at": run.started_at} for run in runs],
            }
        )
    elif not counts:
        click.echo("the ledger has no records yet; `ml-connector run --all` reads them")
    else:
        put_table(
            ("mapping", "state", "records", "amount"),
            [
                (
                    mapping or "(none)",
                    state.value.replace("_", " "),
                    count,
                    f"{show_money(amount)} {currency}" if currency else "",
                )
                for mapping, state, currency, count, amount in counts
            ],
            right=("records", "amount"),
        )
        for run in runs:
            ended = "still running, or cut off" if run.ended_at is None else f"ended {run.ended_at:%H:%M:%S}"
            click.echo(f"run {run.id[:8]}  {run.mapping:<20} {run.started_at:%Y-%m-%d %H:%M:%S} UTC, {ended}")
    if any(state in NEEDS_PERSON for _, state, _, _, _ in counts):
        sys.exit(1)

"""`ping`: whether the connections work."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from engine.faces.commands.output import clean, format_option, put_json, workspace_option
from engine.wiring.app import open_setup, valid_workspace
from engine.wiring.workspace import find_workspace
from engine.words.errors import InputError


@click.command("ping")
@click.argument("names", nargs=-1)
@workspace_option
@format_option
def command(names: tuple[str, ...], workspace: Path, form: str) -> None:
    """Reach each connection, sign in and read; nothing is written. Exit code 3 when one does not work."""
    with open_setup(valid_workspace(find_workspace(workspace))) as setup:
        for name in names:
            if name not in setup.connectors:
                raise InputError(f"there is no connection '{name}' (there are: {', '.join(setup.connectors)})")
        company = next(iter(setup.books.companies), None)
        pings = {
            name: connector.ping(company=company)
            for name, connector in setup.connectors.items()
            if not names or name in names
        }
    if form == "json":
        put_json(
            [
                {"connection": name, "ok": ping.ok, "sentence": ping.sentence, "advice": ping.advice}
                for name, ping in pings.items()
            ]
        )
    else:
        for name, ping in pings.items():
            click.echo(
                f"{'ok  ' if ping.ok else 'FAIL'}  {name}: {clean(ping.sentence)} ({ping.elapsed_s * 1000:.0f} ms)"
            )
            if ping.advice:
                click.echo(f"      {clean(ping.advice)}")
    if not all(ping.ok for ping in pings.values()):
        sys.exit(3)

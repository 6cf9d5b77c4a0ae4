"""`ping`: whether the connections work."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from engine.faces.commands.output import format_option, put_json, put_text, workspace_option
from engine.wiring.app import open_setup, valid_workspace
from engine.wiring.workspace import find_workspace
from engine.words.errors import InputError


@click.command("ping")
@click.argument("names", nargs=-1)
@workspace_option
@format_option
def command(names: tuple[str, ...], workspace: Path, form: str) -> None:
    """Reach each connection (or those of NAMES), sign in and read one thing; nothing is written.

    Exit code 3 when one does not work; what is to be done about it is said.

    \b
    Examples:
      ml-connector ping
      ml-connector ping epicor

    \b
    JSON: a list of {connection, ok, sentence, advice, elapsed_ms}.
    """
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
                {
                    "connection": name,
                    "ok": ping.ok,
                    "sentence": ping.sentence,
                    "advice": ping.advice,
                    "elapsed_ms": round(ping.elapsed_s * 1000),
                }
                for name, ping in pings.items()
            ]
        )
    else:
        for name, ping in pings.items():
            word = "ok  " if ping.ok else "FAIL"
            put_text(f"{name}: {ping.sentence} ({ping.elapsed_s * 1000:.0f} ms)", first=f"{word}  ")
            if ping.advice:
                put_text(ping.advice, first="      ")
    if not all(ping.ok for ping in pings.values()):
        sys.exit(3)

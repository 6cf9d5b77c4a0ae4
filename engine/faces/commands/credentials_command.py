"""`credentials set|list|remove`: the encrypted credentials."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from engine.adapters.connectors.registry import credential_fields
from engine.faces.commands.output import format_option, put_json, shown_time, workspace_option
from engine.faces.commands.table import column, put_table
from engine.wiring.app import open_vault
from engine.wiring.workspace import Workspace, find_workspace, load_workspace
from engine.words.errors import InputError
from engine.words.problem import did_you_mean
from engine.words.secret import Secret


@click.group("credentials")
def command() -> None:
    """Keep the credentials of the connections, encrypted in the workspace.

    \b
    Examples:
      ml-connector credentials list
      ml-connector credentials set airbase api_key
      ml-connector credentials set epicor password < password.txt
    """


@command.command("set")
@click.argument("connection")
@click.argument("field")
@workspace_option
def set_command(connection: str, field: str, workspace: Path) -> None:
    """Set FIELD of CONNECTION, from a hidden prompt or from standard input; never as an argument."""
    loaded = load_workspace(find_workspace(workspace))
    known = [name for name, _ in _fields(loaded, connection)]
    if field not in known:
        hint = did_you_mean(field, known)
        raise InputError(
            f"{connection} has no credential '{field}' (it has: {', '.join(known)}){f'; {hint}' if hint else ''}"
        )
    text = click.prompt(f"{connection} {field}", hide_input=True) if sys.stdin.isatty() else sys.stdin.read()
    text = text.strip("\r\n")
    if not text:
        raise InputError("nothing was given; nothing was changed")
    vault = open_vault(loaded)
    vault.set(connection, field, Secret(text))
    click.echo(f"set {connection} {field}, fingerprint {Secret(text).fingerprint()}")


@command.command("list")
@workspace_option
@format_option
def list_command(workspace: Path, form: str) -> None:
    """Say what is set and what is missing; a value is never shown, only its fingerprint.

    \b
    JSON: a list of {connection, field, set_at, fingerprint, what}; set_at is null when it is missing.
    """
    loaded = load_workspace(find_workspace(workspace))
    vault = open_vault(loaded)
    there = {(one.connection, one.field): one for one in vault.names()}
    rows: list[dict[str, Any]] = []
    for connection in loaded.connections.connections if loaded.connections else {}:
        for field, question in _fields(loaded, connection):
            entry = there.get((connection, field))
            rows.append(
                {
                    "connection": connection,
                    "field": field,
                    "set_at": entry.set_at if entry else None,
                    "fingerprint": entry.fingerprint if entry else None,
                    "what": question,
                }
            )
    if form == "json":
        put_json(rows)
        return
    put_table(
        (column("connection"), column("field"), column("set"), column("fingerprint"), column("what", long=True)),
        [
            (
                row["connection"],
                row["field"],
                shown_time(row["set_at"]) if row["set_at"] else "missing",
                row["fingerprint"] or "",
                row["what"],
            )
            for row in rows
        ],
    )


@command.command("remove")
@click.argument("connection")
@click.argument("field")
@workspace_option
def remove_command(connection: str, field: str, workspace: Path) -> None:
    """Forget FIELD of CONNECTION."""
    vault = open_vault(load_workspace(find_workspace(workspace)))
    vault.remove(connection, field)
    click.echo(f"removed {connection} {field}")


def _fields(loaded: Workspace, connection: str) -> tuple[tuple[str, str], ...]:
    connections = loaded.connections.connections if loaded.connections else {}
    if connection not in connections:
        hint = did_you_mean(connection, connections)
        raise InputError(f"there is no connection '{connection}'{f'; {hint}' if hint else ''}", loaded.errors)
    one = connections[connection]
    return credential_fields(one.kind, {"environment": one.environment, "base_url": one.base_url, **one.settings})

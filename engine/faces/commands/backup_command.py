"""`backup`: a copy of the ledger, made while it is used."""

from __future__ import annotations

from pathlib import Path

import click

from engine.adapters.store.restoring import back_up, ledger_file, shown_url
from engine.faces.commands.output import format_option, put_json, put_text, workspace_option
from engine.wiring.app import ledger_url, open_vault
from engine.wiring.workspace import Workspace, find_workspace, load_ledger_part
from engine.words.clock import SystemClock, random_id
from engine.words.errors import InputError


@click.command("backup")
@workspace_option
@format_option
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The file to write, which must not be there yet.",
)
def command(workspace: Path, form: str, out: Path) -> None:
    """Copy the ledger into FILE while it is used: one moment of it, verified, readable by its owner only.

    It has the records with their amounts and payloads, so keep it as safe as the ledger. It has no credential; the
    vault and its key are kept apart. A ledger on PostgreSQL is backed up with pg_dump.

    \b
    Examples:
      ml-connector backup --out /backups/ledger-$(date +%F).sqlite3

    \b
    JSON: {file, events, last_event_at, hash}
    """
    loaded = load_ledger_part(find_workspace(workspace))
    ledger = the_file(loaded, "pg_dump --format=custom --file FILE")
    vault = open_vault(loaded)
    end = back_up(ledger, out, audit_key=vault.audit_key, clock=SystemClock(), make_id=random_id)
    if form == "json":
        put_json({"file": str(out), "events": end.seq, "last_event_at": end.at, "hash": end.hash})
        return
    click.echo(f"{out}: the trail is whole, {end.seq:,} events")
    put_text(
        f"Not in it: {loaded.state / 'credentials.json'} (copy it too) and the key that opens it (keep it where the "
        "backups are not: with both, whoever has the backup has the credentials)."
    )


def the_file(loaded: Workspace, instead: str) -> Path:
    """The file that the ledger is kept in.

    Raises:
        InputError: connections.yaml is wrong, or the ledger is on a server, where `instead` does it.
    """
    if loaded.connections is None:
        raise InputError("connections.yaml cannot be read", loaded.errors)
    url = ledger_url(loaded)
    file = ledger_file(url)
    if file is None:
        raise InputError(f"the ledger is {shown_url(url)}: PostgreSQL has its own tools for that, `{instead}`")
    return file

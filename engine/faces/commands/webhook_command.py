"""`webhook path|list|events|take-over`: the addresses at which events are heard, and the events that came."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from engine.adapters.store.database import open_database
from engine.adapters.store.inbox import KeptEvent, SqlInbox
from engine.adapters.store.payload_seal import PayloadSeal
from engine.faces.commands.output import format_option, one_line, put_json, put_text, shown_time, workspace_option
from engine.faces.commands.table import column, put_table
from engine.language.spec.connections import ConnectionSettings
from engine.language.spec.webhooks import SECRET_FIELD, WebhookSettings
from engine.wiring.app import ledger_url
from engine.wiring.credentials import open_vault
from engine.wiring.workspace import Workspace, find_workspace, load_ledger_part, load_workspace
from engine.words.clock import SystemClock, random_id
from engine.words.errors import InputError
from engine.words.json_value import encode
from engine.words.problem import did_you_mean
from engine.words.secret import Secret

PATH_BYTES = 32


@click.group("webhook")
def command() -> None:
    """Hear of approvals at once: the addresses that events are sent to, and the events that came.

    Which connections are listened to, and how their events are proven, stands under `webhooks` in
    connections.yaml; `ml-connector serve` listens. An event only wakes mappings: nothing is entered from it.

    \b
    Examples:
      ml-connector webhook path airbase
      ml-connector webhook list
      ml-connector webhook events --limit 5
      ml-connector webhook take-over airbase
    """


@command.command("path")
@click.argument("connection")
@click.option("--next", "upcoming", is_flag=True, help="Beside the present one: both are heard until `take-over`.")
@workspace_option
@format_option
def path_command(connection: str, upcoming: bool, workspace: Path, form: str) -> None:  # noqa: FBT001 - click
    """Make an address for CONNECTION that nobody can guess, for a system that does not sign; shown once.

    The last part of it is the secret webhook_secret, kept like every credential. Where the system signs, its
    secret comes from its portal instead: `ml-connector credentials set CONNECTION webhook_secret`.

    \b
    JSON: {connection, path, next}.
    """
    loaded = load_workspace(find_workspace(workspace))
    settings = _heard(loaded, connection)
    if settings.signature is not None:
        raise InputError(
            f"{connection} signs its events, so its address is no secret: {_address(loaded, connection)}; give the "
            f"secret that it signs with to `ml-connector credentials set {connection} {SECRET_FIELD}`"
        )
    secret = secrets.token_urlsafe(PATH_BYTES)
    open_vault(loaded).set(connection, SECRET_FIELD, Secret(secret), upcoming=upcoming)
    path = f"{_address(loaded, connection)}/{secret}"
    if form == "json":
        put_json({"connection": connection, "path": path, "next": upcoming})
        return
    click.echo(path)
    click.echo(
        "put your public https address before it, and give it to the portal now: it is not shown again", err=True
    )


@command.command("list")
@workspace_option
@format_option
def list_command(workspace: Path, form: str) -> None:
    """Say which connections are listened to, how their events are proven, and what they wake; never a secret.

    \b
    JSON: a list of {connection, path, proof, secret_set, next_set, wakes: {kind: [mapping]}}; `wakes` is as
    written, and empty where every event wakes every mapping that reads the connection.
    """
    loaded = load_workspace(find_workspace(workspace))
    known = {(one.connection, one.upcoming) for one in open_vault(loaded).names() if one.field == SECRET_FIELD}
    rows: list[dict[str, Any]] = [
        {
            "connection": name,
            "path": _address(loaded, name) + ("" if settings.signature is not None else "/…"),
            "proof": "signature" if settings.signature is not None else "address",
            "secret_set": (name, False) in known,
            "next_set": (name, True) in known,
            "wakes": {kind: [mapping for mapping, _ in named] for kind, named in settings.wakes.items()},
        }
        for name, settings in _all_heard(loaded)
    ]
    if form == "json":
        put_json(rows)
        return
    if not rows:
        click.echo("no connection is listened to: write `webhooks: {}` under one in connections.yaml")
        return
    put_table(
        (column("connection"), column("path"), column("proof"), column("secret"), column("next"), column("wakes")),
        [
            (
                row["connection"],
                row["path"],
                row["proof"],
                "set" if row["secret_set"] else "missing",
                "set" if row["next_set"] else "",
                "; ".join(f"{kind}: {', '.join(named) or 'none'}" for kind, named in row["wakes"].items()) or "all",
            )
            for row in rows
        ],
    )


@command.command("events")
@click.option("--limit", type=click.IntRange(min=1, max=10_000), default=20, show_default=True, help="The newest.")
@click.option("--content", is_flag=True, help="Show what each event says, as it was kept, without secrets.")
@workspace_option
@format_option
def events_command(limit: int, content: bool, workspace: Path, form: str) -> None:  # noqa: FBT001 - click
    """List the events that came, the newest first, and when they woke their mappings.

    \b
    JSON: a list of {connection, id, kind, received_at, woken_at}, with --content also {content}; woken_at is null
    while the event waits.
    """
    loaded = load_ledger_part(find_workspace(workspace))
    if loaded.connections is None:
        raise InputError("connections.yaml cannot be read", loaded.errors)
    clock = SystemClock()
    database = open_database(ledger_url(loaded), clock, random_id)
    try:
        inbox = SqlInbox(database, clock, PayloadSeal(open_vault(loaded).audit_key))
        events = inbox.latest(limit)
        contents = inbox.contents(events) if content else {}
    finally:
        database.close()
    told = [_told(one) | ({"content": contents.get(one.number)} if content else {}) for one in events]
    if form == "json":
        put_json(told)
        return
    put_table(
        (column("received"), column("connection"), column("kind"), column("id"), column("woke")),
        [
            (
                shown_time(one.received_at),
                one.connection,
                one_line(one.kind),
                one_line(one.event_id),
                shown_time(one.woken_at) if one.woken_at else "waits",
            )
            for one in events
        ],
    )
    for row in told if content else ():
        put_text(encode(row["content"]).decode(), first=f"{one_line(row['id'])}: ")


@command.command("take-over")
@click.argument("connection")
@workspace_option
def take_over_command(connection: str, workspace: Path) -> None:
    """End the change of a secret: the next one takes the place of the present one, which proves nothing any more."""
    loaded = load_workspace(find_workspace(workspace))
    _heard(loaded, connection)
    vault = open_vault(loaded)
    following = vault.upcoming(connection, SECRET_FIELD)
    if following is None or not vault.take_over(connection, SECRET_FIELD, following):
        raise InputError(f"{connection} has no next {SECRET_FIELD}; nothing was changed")
    click.echo(
        f"the next {SECRET_FIELD} of {connection} is the present one now, fingerprint {following.fingerprint()}"
    )


def _told(one: KeptEvent) -> dict[str, object]:
    return {
        "connection": one.connection,
        "id": one.event_id,
        "kind": one.kind,
        "received_at": one.received_at,
        "woken_at": one.woken_at,
    }


def _all_heard(loaded: Workspace) -> Iterator[tuple[str, WebhookSettings]]:
    connections: dict[str, ConnectionSettings] = loaded.connections.connections if loaded.connections else {}
    return ((name, one.webhooks) for name, one in connections.items() if one.webhooks is not None)


def _heard(loaded: Workspace, connection: str) -> WebhookSettings:
    """The settings of a connection that is listened to.

    Raises:
        InputError: there is none of that name, or it is not listened to.
    """
    if loaded.connections is None:
        raise InputError("connections.yaml cannot be read", loaded.errors)
    one = loaded.connections.connections.get(connection)
    if one is None:
        hint = did_you_mean(connection, loaded.connections.connections)
        raise InputError(f"there is no connection '{connection}'{f'; {hint}' if hint else ''}")
    if one.webhooks is None:
        raise InputError(
            f"{connection} is not listened to: write `webhooks: {{}}` under it in connections.yaml first"
        )
    return one.webhooks


def _address(loaded: Workspace, connection: str) -> str:
    """Where the service hears a connection's events, behind its own address."""
    return f"/webhooks/{quote(loaded.folder.resolve().name, safe='')}/{quote(connection, safe='')}"

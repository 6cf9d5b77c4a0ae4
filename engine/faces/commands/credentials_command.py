"""`credentials set|list|check|rotate|remove`: the encrypted credentials."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path

import click

from engine.adapters.store.port import Ledger
from engine.adapters.vault.providers import (
    NEW_PASSPHRASE_VARIABLE,
    NEW_VARIABLE,
    PASSPHRASE_VARIABLE,
    VARIABLE,
    NewKey,
    new_key_of,
    new_passphrase,
)
from engine.adapters.vault.vault import FOLDER
from engine.domain.audit_event import AuditEvent
from engine.faces.commands.credential_text import put_credential_warnings, put_warning
from engine.faces.commands.output import (
    counted,
    format_option,
    put_json,
    put_text,
    shown_time,
    workspace_option,
)
from engine.faces.commands.table import column, put_table
from engine.wiring.app import open_records, open_vault, who_am_i
from engine.wiring.credential_warnings import CredentialState, credential_states
from engine.wiring.credentials import CredentialChanges, holders, needed_fields
from engine.wiring.workspace import Workspace, find_workspace, load_workspace
from engine.words.clock import SystemClock
from engine.words.errors import InputError, LedgerError
from engine.words.problem import did_you_mean
from engine.words.secret import Secret

_next_option = click.option(
    "--next", "upcoming", is_flag=True, help="The one that takes over when the present one is refused."
)


@click.group("credentials")
def command() -> None:
    """Keep the credentials of the connections and of the channels of alerts.yaml, encrypted in the workspace.

    \b
    Examples:
      ml-connector credentials list
      ml-connector credentials set airbase api_key
      ml-connector credentials set airbase api_key --next
      ml-connector credentials set epicor password < password.txt
      ml-connector credentials set alerts.chat hook
      ml-connector credentials rotate --key
    """


@command.command("set", context_settings={"allow_extra_args": True})
@click.argument("connection")
@click.argument("field")
@_next_option
@click.option(
    "--expires",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="YYYY-MM-DD",
    help="The day it ends, where that is known.",
)
@workspace_option
@click.pass_context
def set_command(
    context: click.Context,
    connection: str,
    field: str,
    upcoming: bool,  # noqa: FBT001 - click hands it in
    expires: datetime | None,
    workspace: Path,
) -> None:
    """Set FIELD of CONNECTION, from a hidden prompt or from standard input; never as an argument.

    The credential of a channel of alerts.yaml is set as `alerts.CHANNEL`.

    With --next it is kept beside the present one and takes over by itself at the first refusal: store it
    before you end the old one in the portal, and no run notices.
    """
    if context.args:  # not repeated in the message: it may be the credential
        raise InputError("a credential is never an argument, which others can see: type it when asked, or pipe it in")
    loaded = load_workspace(find_workspace(workspace))
    _known_field(loaded, connection, field)
    secret = _given(f"{connection} {field}")
    with _changes(loaded) as changes:
        changes.set(connection, field, secret, expires=expires.date() if expires else None, upcoming=upcoming)
        click.echo(f"set {'the next ' if upcoming else ''}{connection} {field}, fingerprint {secret.fingerprint()}")


def _given(question: str) -> Secret:
    """The credential that was typed or piped in; one that no request could carry is refused, and not repeated."""
    try:
        piped = not sys.stdin.isatty()
        text = sys.stdin.buffer.read().decode() if piped else click.prompt(question, hide_input=True)
    except UnicodeDecodeError:
        raise InputError("what was given is not UTF-8 text; nothing was changed") from None
    text = text.strip("\r\n")
    if not text:
        raise InputError("nothing was given; nothing was changed")
    if any(letter < " " or letter in "\x7f\ufeff" for letter in text):
        raise InputError(
            "what was given has several lines, a byte-order mark or a control character in it: give the credential "
            "alone, as plain text; nothing was changed"
        )
    return Secret(text)


@command.command("list")
@workspace_option
@format_option
def list_command(workspace: Path, form: str) -> None:
    """Say what is set and what is missing; a value is never shown, only its fingerprint.

    \b
    JSON: a list of {connection, field, set_at, age_days, fingerprint, expires, accepted_at, refused_at, token_id,
    next_set_at, next_fingerprint, warning, what}; null where nothing is known.
    """
    loaded = load_workspace(find_workspace(workspace))
    states = _states(loaded)
    if form == "json":
        put_json([state.as_json() for state in states])
        return
    put_table(
        (
            column("connection"),
            column("field"),
            column("set"),
            column("fingerprint"),
            column("ends"),
            column("last accepted"),
            column("next"),
            column("what", long=True),
        ),
        [_row(state) for state in states],
    )
    # What is missing stands in the table already.
    put_credential_warnings(one.warning for one in states if one.warning and one.warning.what != "missing")


@command.command("check")
@workspace_option
@format_option
def check_command(workspace: Path, form: str) -> None:
    """Open every credential and say whether it can be used; exit code 1 when one is missing or does not open.

    \b
    JSON: {key, credentials: [{connection, field, next, ok, sentence}]}.
    """
    loaded = load_workspace(find_workspace(workspace))
    vault = open_vault(loaded)
    there = {(one.connection, one.field, one.upcoming) for one in vault.names()}
    needed = {
        (connection, field, False) for connection in holders(loaded) for field, _ in needed_fields(loaded, connection)
    }
    rows = []
    for connection, field, upcoming in sorted(there | needed):
        known = (connection, field, upcoming) in there
        said = vault.trouble(connection, field, upcoming=upcoming) if known else "is not set"
        rows.append(
            {"connection": connection, "field": field, "next": upcoming, "ok": not said, "sentence": said or "opens"}
        )
    if form == "json":
        put_json({"key": vault.key_words, "credentials": rows})
    else:
        click.echo(f"opened with {vault.key_words}")
        for row in rows:
            name = f"{row['connection']} {row['field']}{' (next)' if row['next'] else ''}"
            put_text(f"{name}: {row['sentence']}", first="ok    " if row["ok"] else "FAIL  ")
    if not all(row["ok"] for row in rows):
        sys.exit(1)


@command.command("rotate")
@click.option("--key", is_flag=True, help="Lock the vault with a new key.")
@click.option("--data", is_flag=True, help="Seal every credential with a new data key.")
@click.option("--passphrase", is_flag=True, help="Lock the vault with a passphrase that is asked for now.")
@workspace_option
def rotate_command(key: bool, data: bool, passphrase: bool, workspace: Path) -> None:  # noqa: FBT001 - click
    """Change the key that opens the vault, or the data key inside it; the credentials stay as they are.

    A new key is made in the key file; where the key is in the environment, put the new one into
    ML_CONNECTOR_NEW_KEY (32 bytes in base64 or hex) or ML_CONNECTOR_NEW_PASSPHRASE. A passphrase can be typed
    instead, with --passphrase; it is asked for by every command from then on, unless ML_CONNECTOR_PASSPHRASE
    has it. Whatever stops it, the vault opens with the old key or the new one.

    \b
    Examples:
      ml-connector credentials rotate --key
      ml-connector credentials rotate --data
      ml-connector credentials rotate --passphrase
    """
    if not (key or data or passphrase):
        raise InputError("say --key, --passphrase or --data")
    if key and passphrase:
        raise InputError("say --key for a key file or --passphrase, not both")
    loaded = load_workspace(find_workspace(workspace))
    new = None
    if key or passphrase:
        asks = passphrase or _is_typed(loaded)
        new = _typed_passphrase() if asks else new_key_of(loaded.folder / FOLDER, os.environ)
    with _changes(loaded) as changes:
        if data:
            click.echo(f"sealed {counted(changes.rotate_data(), 'credential')} with a new data key")
        if new is not None:
            click.echo(changes.rotate_key(new))


def _is_typed(loaded: Workspace) -> bool:
    """Whether the present key is a passphrase that is typed: its successor is asked for, and no key file made."""
    given = (VARIABLE, PASSPHRASE_VARIABLE, NEW_VARIABLE, NEW_PASSPHRASE_VARIABLE)
    return not any(os.environ.get(name) for name in given) and open_vault(loaded).is_opened_by_passphrase


def _typed_passphrase() -> NewKey:
    if not sys.stdin.isatty():
        raise InputError(
            "there is nobody to ask for the passphrase: put it into ML_CONNECTOR_NEW_PASSPHRASE, say --key"
        )
    return new_passphrase(
        click.prompt("new passphrase of the credentials", hide_input=True, confirmation_prompt=True, err=True)
    )


@command.command("remove")
@click.argument("connection")
@click.argument("field")
@_next_option
@workspace_option
def remove_command(connection: str, field: str, upcoming: bool, workspace: Path) -> None:  # noqa: FBT001 - click
    """Forget FIELD of CONNECTION."""
    with _changes(load_workspace(find_workspace(workspace))) as changes:
        changes.remove(connection, field, upcoming=upcoming)
        click.echo(f"removed {'the next ' if upcoming else ''}{connection} {field}")


@contextmanager
def _changes(loaded: Workspace) -> Iterator[CredentialChanges]:
    """Changes of the vault, noted in the audit trail; a ledger that is away does not stop them."""
    vault = open_vault(loaded)
    with ExitStack() as opened:
        away = ""
        ledger: Ledger | None = None
        try:
            # Opened before: after a change of the key, this process may not have the new one.
            ledger = opened.enter_context(open_records(loaded, vault))
        except LedgerError as error:
            away = str(error)

        def note(event: AuditEvent) -> None:
            try:
                if ledger is not None:
                    ledger.audit(event)
            except LedgerError as error:
                put_warning(f"this is done, and could not be noted in the audit trail: {error}")

        yield CredentialChanges(vault, clock=SystemClock(), who=who_am_i(), tell=note)
        if away:
            put_warning(f"this is done, and could not be noted in the audit trail: {away}")


def _states(loaded: Workspace) -> tuple[CredentialState, ...]:
    vault, now = open_vault(loaded), SystemClock().now()
    try:
        with open_records(loaded, vault) as ledger:
            return credential_states(loaded, vault, ledger, now)
    except LedgerError as error:
        put_warning(f"whether the credentials file was put back to an older state is not known: {error}")
        return credential_states(loaded, vault, None, now)


def _row(state: CredentialState) -> tuple[object, ...]:
    return (
        state.connection,
        state.field,
        f"{state.set_at:%Y-%m-%d} ({state.age_days} d)" if state.set_at else "missing",
        state.fingerprint,
        state.expires or "",
        f"{shown_time(state.accepted_at)}{f', id {state.token_id}' if state.token_id else ''}"
        if state.accepted_at
        else "",
        state.next_fingerprint,
        state.question,
    )


def _known_field(loaded: Workspace, connection: str, field: str) -> None:
    known = [name for name, _ in needed_fields(loaded, connection)]
    if field not in known:
        hint = did_you_mean(field, known)
        raise InputError(
            f"{connection} has no credential '{field}' (it has: {', '.join(known)}){f'; {hint}' if hint else ''}"
        )

"""`restore`: put the ledger back to a backup."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from engine.adapters.store.restoring import Restored, restore
from engine.faces.commands.backup_command import the_file
from engine.faces.commands.output import counted, format_option, put_json, put_text, shown_time, workspace_option
from engine.wiring.app import open_vault, who_am_i
from engine.wiring.process_lock import ProcessLock
from engine.wiring.workspace import find_workspace, load_ledger_part
from engine.words.clock import SystemClock, random_id

SERVICE_LOCK = "jobs.lock"


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@workspace_option
@format_option
@click.option(
    "--over-newer", is_flag=True, help="Also where the present ledger has events that the backup does not have."
)
def command(file: Path, workspace: Path, form: str, over_newer: bool) -> None:  # noqa: FBT001 - click hands it in
    """Put the ledger back to the backup FILE, after its trail is verified. Stop the service first.

    The present ledger is put aside beside it, never deleted, and the act stands in the audit trail. What was entered
    since the backup is not entered again: the next run reads the source and looks into the target before it sends.

    \b
    Examples:
      ml-connector restore /backups/ledger-2026-11-23.sqlite3

    \b
    JSON: {events, last_event_at, lost_events, put_aside}
    """
    loaded = load_ledger_part(find_workspace(workspace))
    ledger = the_file(loaded, "pg_restore --clean --dbname DATABASE FILE")
    vault = open_vault(loaded)
    with _without_service(loaded.state):
        restored = restore(
            file,
            ledger,
            audit_key=vault.audit_key,
            clock=SystemClock(),
            make_id=random_id,
            who=who_am_i(),
            over_newer=over_newer,
        )
    if form == "json":
        put_json(
            {
                "events": restored.backup.seq,
                "last_event_at": restored.backup.at,
                "lost_events": restored.lost,
                "put_aside": None if restored.aside is None else str(restored.aside),
            }
        )
    else:
        _show(restored, ledger)


@contextmanager
def _without_service(state: Path) -> Iterator[None]:
    """While this lasts, no service runs on the workspace: it holds this lock from its start to its end."""
    refusal = f"has it: a service runs on {state.parent}: stop it, then restore"
    lock = ProcessLock(state / SERVICE_LOCK, SystemClock().now(), refusal=refusal)
    try:
        yield
    finally:
        lock.release()


def _show(restored: Restored, ledger: Path) -> None:
    backup = restored.backup
    at = f" of {shown_time(backup.at)}" if backup.at else ""
    click.echo(f"{ledger} is as it was after event {backup.seq:,}{at}; the trail is whole")
    if restored.lost:
        click.echo(f"not in it: {counted(restored.lost, 'event')} after that, from event {backup.seq + 1:,} on")
    if restored.aside is not None:
        put_text(f"the ledger before this is kept as {restored.aside}")
    click.echo("next: ml-connector run --all, which looks into the target before it sends; then sweep and reconcile")

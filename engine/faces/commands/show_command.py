"""`show KEY`: one record, all that is known of it."""

from __future__ import annotations

from pathlib import Path

import click

from engine.adapters.store.port import Ledger, RecordRow
from engine.domain.causes import CAUSES
from engine.domain.lifecycle import MEANINGS
from engine.faces.commands.output import clean, format_option, put_json, workspace_option
from engine.faces.commands.records_command import as_json
from engine.wiring.app import open_setup, valid_workspace
from engine.wiring.workspace import find_workspace
from engine.words.errors import InputError
from engine.words.json_value import canonical
from engine.words.money import show_money


@click.command("show")
@click.argument("key")
@workspace_option
@format_option
@click.option("--payload", is_flag=True, help="Print what the source holds, too.")
def command(key: str, workspace: Path, form: str, payload: bool) -> None:  # noqa: FBT001 - click hands it in
    """Show a record by its id, the beginning of it, or its number: state, attempts, audit trail."""
    with open_setup(valid_workspace(find_workspace(workspace))) as setup:
        row = the_record(setup.ledger, key)
        attempts = setup.ledger.attempts(row.id)
        trail = list(setup.ledger.trail(str(row.key)))
        held = setup.ledger.payload(row.payload_hash) if payload else None
    if form == "json":
        put_json(
            {
                **as_json(row),
                "attempts": [
                    {
                        "number": one.number,
                        "run": one.run,
                        "proof": one.proof,
                        "status": one.status,
                        "message": one.message,
                        "started_at": one.started_at,
                        "ended_at": one.ended_at,
                        "request_hash": one.request_hash,
                        "answer_hash": one.answer_hash,
                    }
                    for one in attempts
                ],
                "trail": [
                    {"number": number, "at": event.at, "who": event.who, "kind": event.kind, "detail": event.detail}
                    for number, event, _ in trail
                ],
                "payload": held,
            }
        )
        return
    _show_row(row)
    for one in attempts:
        ended = one.proof or "no outcome on record"
        click.echo(f"  attempt {one.number}  {one.started_at:%Y-%m-%d %H:%M:%S}  {ended}  {clean(one.message)}")
    for number, event, _ in trail:
        detail = ", ".join(f"{name} {value}" for name, value in event.detail.items() if value)
        click.echo(f"  {number:>6}  {event.at:%Y-%m-%d %H:%M:%S}  {clean(event.who)}  {event.kind}  {clean(detail)}")
    if payload:
        click.echo(clean(canonical(held).decode()))


def _show_row(row: RecordRow) -> None:
    amount = "" if row.amount is None else f"  {show_money(row.amount)} {row.currency or ''}"
    click.echo(
        f"{clean(row.key)}\n  {clean(row.label)}{amount}  {row.book_date or ''}  mapping {row.mapping or '(none)'}"
    )
    click.echo(f"  {row.state.value.replace('_', ' ')}: {MEANINGS[row.state]}")
    if row.reason:
        click.echo(f"  reason: {clean(row.reason)}")
    if row.cause in CAUSES:
        cause = CAUSES[row.cause]
        click.echo(f"  who: {cause.owner}; {cause.advice}")
    if row.reference:
        told = {"done": ", written back", "pending": ", not yet written back"}.get(row.acknowledged, "")
        click.echo(f"  reference: {clean(row.reference)}{told}")


def the_record(ledger: Ledger, key: str) -> RecordRow:
    """The one record a person means.

    Raises:
        InputError: none or several fit.
    """
    rows = ledger.records(keys=[key], limit=10)
    if not rows:
        raise InputError(
            f"the ledger has no record '{key}' (give its id, at least 6 characters of it, or its number)"
        )
    if len(rows) > 1:
        listed = ", ".join(row.key.source_id for row in rows)
        raise InputError(f"'{key}' fits several records: {listed}; give more of the id")
    return rows[0]

"""`records`: the ledger, one record a line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from engine.adapters.store.port import RecordRow
from engine.domain.lifecycle import State
from engine.faces.commands.output import format_option, put_json, put_table, workspace_option
from engine.run.ordering import named
from engine.wiring.app import open_setup, valid_workspace
from engine.wiring.workspace import find_workspace
from engine.words.money import show_money


@click.command("records")
@workspace_option
@format_option
@click.option("--mapping", help="Only the records of this mapping.")
@click.option(
    "--state", "states", multiple=True, type=click.Choice([state.value for state in State]), help="Only these states."
)
@click.option("--limit", type=click.IntRange(min=1), default=200, show_default=True, help="At most so many.")
def command(workspace: Path, form: str, mapping: str | None, states: tuple[str, ...], limit: int) -> None:
    """List the records of the ledger with their state and reason."""
    with open_setup(valid_workspace(find_workspace(workspace))) as setup:
        if mapping is not None:
            named(setup.specs, mapping)
        rows = setup.ledger.records(mapping=mapping, states=[State(state) for state in states], limit=limit)
    if form == "json":
        put_json([as_json(row) for row in rows])
        return
    put_table(
        ("record", "mapping", "number", "date", "amount", "state", "reason", "reference"),
        [
            (
                row.key.source_id[:13],
                row.mapping or "",
                row.label,
                row.book_date or "",
                "" if row.amount is None else f"{show_money(row.amount)} {row.currency or ''}",
                row.state.value.replace("_", " "),
                row.reason,
                row.reference or "",
            )
            for row in rows
        ],
        right=("amount",),
    )
    more = f" (the first {limit}; --limit shows more)" if len(rows) == limit else ""
    click.echo(f"{len(rows)} records{more}")


def as_json(row: RecordRow) -> dict[str, Any]:
    """A record as a JSON object."""
    return {
        "record": str(row.key),
        "mapping": row.mapping,
        "company": row.company,
        "state": row.state.value,
        "cause": row.cause,
        "reason": row.reason,
        "number": row.label,
        "amount": None if row.amount is None else str(row.amount),
        "currency": row.currency,
        "book_date": row.book_date,
        "dedupe_key": row.dedupe_key,
        "reference": row.reference,
        "acknowledged": row.acknowledged,
        "attempts": row.attempts,
        "updated_at": row.updated_at,
    }

"""`records`: the ledger, one record a line."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from engine.adapters.store.port import Ledger, RecordRow
from engine.domain.causes import CAUSES
from engine.domain.lifecycle import NEEDS_PERSON, State
from engine.faces.commands.output import (
    counted,
    format_option,
    put_json,
    shown_amount,
    workspace_option,
)
from engine.faces.commands.status_command import total_line
from engine.faces.commands.table import column, put_table
from engine.run.ledger_pages import every_record
from engine.run.ordering import named
from engine.run.result import Tally
from engine.wiring.app import open_records
from engine.wiring.workspace import find_workspace, load_ledger_part, load_workspace
from engine.words.errors import InputError
from engine.words.problem import did_you_mean

ID_SHOWN = 13


@click.command("records")
@workspace_option
@format_option
@click.option("--mapping", metavar="NAME", help="Only the records of this mapping.")
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice([state.value for state in State]),
    help="Only this state; may be repeated.",
)
@click.option("--cause", "causes", multiple=True, metavar="CAUSE", help="Only this cause; may be repeated.")
@click.option("--waiting", is_flag=True, help="Only what needs a person: held, refused, in doubt, unclaimed.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=200, show_default=True, help="At most so many, also in JSON."
)
def command(
    workspace: Path,
    form: str,
    mapping: str | None,
    states: tuple[str, ...],
    causes: tuple[str, ...],
    waiting: bool,  # noqa: FBT001 - click hands it in
    limit: int,
) -> None:
    """List the records of the ledger, one a line, with state and reason.

    Reads only our ledger. `show KEY` tells all of one record: KEY is the id or its beginning, or the number.

    \b
    Examples:
      ml-connector records --mapping bills --state held --state refused
      ml-connector records --cause crosswalk_no_row
      ml-connector records --waiting --format json

    \b
    JSON: a list of {record, mapping, company, state, cause, reason, number, amount, currency, book_date,
    dedupe_key, reference, acknowledged, attempts, first_seen_at, updated_at}; amounts are text.
    """
    for cause in causes:
        _known_cause(cause)
    asked = {State(state) for state in states} | (set(NEEDS_PERSON) if waiting else set())
    folder = find_workspace(workspace)
    with open_records(load_ledger_part(folder)) as ledger:
        if mapping is not None and mapping not in {name for name, *_ in ledger.numbers()}:
            named(load_workspace(folder).specs, mapping)
        found = _fitting(ledger, mapping, tuple(sorted(asked)), causes)
        rows = list(itertools.islice(found, limit + 1))
    more, rows = len(rows) > limit, rows[:limit]
    if form == "json":
        put_json([as_json(row) for row in rows])
        return
    if not rows:
        click.echo("no record fits")
        return
    _show(rows)
    tally = Tally()
    for row in rows:
        tally.add(row.amount, row.currency)
    click.echo(
        f"\n{'the first ' if more else ''}{counted(len(rows), 'record')}"
        f"{'  ' if tally.amounts else ''}{total_line(tally)}{'; --limit shows more' if more else ''}"
    )


def _known_cause(cause: str) -> None:
    if cause not in CAUSES:
        hint = did_you_mean(cause, CAUSES)
        raise InputError(f"there is no cause '{cause}'{f'; {hint}' if hint else ''} (there are: {', '.join(CAUSES)})")


def _fitting(
    ledger: Ledger, mapping: str | None, states: tuple[State, ...], causes: tuple[str, ...]
) -> Iterator[RecordRow]:
    for row in every_record(ledger, mapping=mapping, states=states):
        if not causes or row.cause in causes:
            yield row


def _show(rows: list[RecordRow]) -> None:
    put_table(
        (
            column("record"),
            column("mapping"),
            column("number"),
            column("date"),
            column("amount", right=True),
            column("state"),
            column("reference", long=True),
            column("reason", long=True),
        ),
        [
            (
                row.key.source_id[:ID_SHOWN],
                row.mapping or "",
                row.label,
                row.book_date or "",
                shown_amount(row.amount, row.currency),
                row.state.value.replace("_", " "),
                row.reference or "",
                row.reason,
            )
            for row in rows
        ],
    )


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
        "first_seen_at": row.first_seen_at,
        "updated_at": row.updated_at,
    }

"""`dismiss KEY…`: close records by a person's word."""

from __future__ import annotations

from pathlib import Path

import click

from engine.faces.commands.output import format_option, one_line, put_json, shown_amount, workspace_option
from engine.faces.commands.show_command import the_record
from engine.run.dismissing import close_finding, dismiss
from engine.wiring.app import open_setup, valid_workspace
from engine.wiring.workspace import find_workspace


@click.command("dismiss")
@click.argument("keys", nargs=-1, required=True, metavar="KEY...")
@workspace_option
@format_option
@click.option("--reason", required=True, metavar="TEXT", help="Why it is closed, for the auditor.")
@click.option(
    "--reference",
    required=True,
    metavar="TEXT",
    help="What proves it: the number of the document keyed by hand, of the other record, or of a ticket.",
)
@click.option(
    "--finding",
    is_flag=True,
    help="Close what the worklist says of an entered record (it differs, or changed at the source or in the target), "
    "or of a dismissed one (it changed at the source).",
)
def command(
    keys: tuple[str, ...],
    workspace: Path,
    form: str,
    reason: str,
    reference: str,
    finding: bool,  # noqa: FBT001 - click hands it in
) -> None:
    """Close records for good: nothing is ever sent for them. Several KEYs are closed together, or none of them.

    KEY is a record's id, the beginning of it, or its number. What is entered, being sent, or not yet looked up
    cannot be dismissed. The audit trail keeps who closed it, how it stood, reason and reference. The source is
    not told: complete the record there by hand.

    \b
    JSON: [{record, number, state, reason, reference, who}]

    \b
    Examples:
      ml-connector dismiss INV-20090 --reason "keyed by hand" --reference EPIC06/V00152/INV-20090
    """
    with open_setup(valid_workspace(find_workspace(workspace))) as setup:
        rows = list({row.key: row for row in (the_record(setup.ledger, key) for key in keys)}.values())
        act = close_finding if finding else dismiss
        act(setup, rows, reason=reason, reference=reference)
        now = setup.ledger.records(keys=[str(row.key) for row in rows], limit=len(rows))
        who = setup.who
    if form == "json":
        put_json(
            [
                {
                    "record": str(row.key),
                    "number": row.label,
                    "state": row.state.value,
                    "reason": reason,
                    "reference": reference,
                    "who": who,
                }
                for row in now
            ]
        )
        return
    for row in now:
        parts = (row.label or row.key.source_id, shown_amount(row.amount, row.currency), row.company or "")
        stays = row.state.value.replace("_", " ")
        done = f"finding closed, the record stays {stays}" if finding else "dismissed"
        click.echo(f"{done}: {'  '.join(one_line(part) for part in parts if part)}")
    click.echo(one_line(f"by {who}, {reason} ({reference})"))

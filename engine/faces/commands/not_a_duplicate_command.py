"""`not-a-duplicate KEY`: let a record through that looks like a document keyed by hand."""

from __future__ import annotations

from pathlib import Path

import click

from engine.faces.commands.output import format_option, one_line, put_json, workspace_option
from engine.faces.commands.show_command import the_record
from engine.run.not_duplicates import not_a_duplicate
from engine.wiring.app import open_setup, valid_workspace
from engine.wiring.workspace import find_workspace


@click.command("not-a-duplicate")
@click.argument("key", metavar="KEY")
@workspace_option
@format_option
@click.option("--reason", required=True, metavar="TEXT", help="How you know, for the auditor.")
def command(key: str, workspace: Path, form: str, reason: str) -> None:
    """Say that a record held as a possible duplicate is none; the next run enters it.

    KEY is a record's id, the beginning of it, or its number. The word holds for the documents that the record was
    held for: another likeness holds it again. The audit trail keeps who said it and why.

    \b
    Examples:
      ml-connector not-a-duplicate INV-20090 --reason "two deliveries, both invoices seen"

    \b
    JSON: {record, number, was, reason, who}
    """
    with open_setup(valid_workspace(find_workspace(workspace))) as setup:
        row = the_record(setup.ledger, key)
        not_a_duplicate(setup, row, reason=reason)
        who = setup.who
    if form == "json":
        put_json({"record": str(row.key), "number": row.label, "was": row.reason, "reason": reason, "who": who})
        return
    click.echo(one_line(f"{row.label or row.key.source_id} is no duplicate: {reason}"))
    click.echo(one_line(f"Next: ml-connector run {row.mapping} --only {row.key.source_id}"))

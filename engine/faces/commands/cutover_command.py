"""`cutover match` and `cutover sign`: history, paired with what was keyed by hand."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from engine.faces.commands.output import (
    counted,
    end_progress,
    format_option,
    progress,
    put_json,
    put_text,
    workspace_option,
)
from engine.run.csv_text import csv_text
from engine.run.cutting_over import COLUMNS, match_history, sign_history
from engine.wiring.app import open_setup, valid_workspace
from engine.wiring.workspace import find_workspace
from engine.words.errors import InputError


@click.group("cutover")
def command() -> None:
    """Pair records from before go-live with the invoices keyed by hand, and sign them off.

    Run the mappings once, then `match`, look through the file, write `accept` where a pair is right, then `sign`.

    \b
    Examples:
      ml-connector cutover match --company EPIC06 --out pairs.csv
      ml-connector cutover sign pairs.csv
    """


@command.command("match")
@workspace_option
@format_option
@click.option("--company", required=True, metavar="CODE", help="The company of books.yaml.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="The CSV file to write.")
def match_command(workspace: Path, form: str, company: str, out: Path | None) -> None:
    """Pair every cut-over record of a company with an invoice in Epicor; reads only.

    `exact`: vendor family, number (without case, blanks, dashes, leading zeros, INV), amount, and date within 10
    days. `probable`: the number, or amount and date. `none`: nothing like it. Vendors that were renumbered stand in
    mappings/crosswalks/vendor-redirects.csv (company, old_vendor_id, new_vendor_id). Without --out the CSV is
    printed. To sign, write accept in the column accept; change the reference where another document is the right one.

    \b
    JSON and CSV: record, mapping, company, vendor, number, date, amount, currency, match, document,
    document_number, document_date, document_amount, why, accept, reference
    """
    with open_setup(valid_workspace(find_workspace(workspace))) as setup:
        pairs = match_history(setup, company)
    rows = [pair.as_row() for pair in pairs]
    text = csv_text(COLUMNS, rows)
    if out is not None:
        out.write_text(text, encoding="utf-8", newline="")
    if form == "json":
        put_json([{name: None if value is None else str(value) for name, value in row.items()} for row in rows])
    elif out is None:
        click.echo(text, nl=False)
    else:
        fits = Counter(pair.fit for pair in pairs)
        told = ", ".join(f"{fits[fit]:,} {fit}" for fit in ("exact", "probable", "none"))
        click.echo(f"{counted(len(pairs), 'record')} before go-live: {told}")
        click.echo(f"Next: write accept where a pair is right, then ml-connector cutover sign {out}")


@command.command("sign")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@workspace_option
@format_option
@click.option("--reason", default="cut-over", show_default=True, metavar="TEXT", help="Why, for the auditor.")
def sign_command(file: Path, workspace: Path, form: str, reason: str) -> None:
    """Dismiss the records that are marked accept, with the reference of the document keyed by hand; all or none.

    Where the mapping writes back, Airbase hears that they are complete, unless one of the systems is a test.

    \b
    JSON: {dismissed: [{record, number, reference}], left, acknowledged, failed, warnings}
    """
    if not reason.strip():
        raise InputError("--reason is empty: an auditor will ask for it")
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{file} is not UTF-8 text: save it as 'CSV UTF-8'") from error
    with open_setup(valid_workspace(find_workspace(workspace))) as setup:
        try:
            signed = sign_history(setup, text, reason=reason.strip(), tell=progress())
        finally:
            end_progress()
        keys = [str(row.key) for row in signed.dismissed]
        now = setup.ledger.records(keys=keys, limit=len(keys)) if keys else ()
    if form == "json":
        put_json(
            {
                "dismissed": [
                    {"record": str(row.key), "number": row.label, "reference": row.reference} for row in now
                ],
                "left": signed.left,
                "acknowledged": signed.acknowledged,
                "failed": signed.failed,
                "warnings": list(signed.warnings),
            }
        )
        return
    click.echo(f"{counted(len(now), 'record')} dismissed, {signed.left:,} not marked and left as they were")
    click.echo(f"{signed.acknowledged:,} written back to the source, {signed.failed:,} failed")
    for warning in signed.warnings:
        put_text(warning, first="warning: ")

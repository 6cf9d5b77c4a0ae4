"""`worklist`: what needs a person."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import click

from engine.domain.causes import CAUSES
from engine.faces.commands.output import counted, list_format_option, put_json, shown_amounts, workspace_option
from engine.faces.commands.table import column, put_table
from engine.run.csv_text import csv_text
from engine.run.ordering import named
from engine.run.result import Tally
from engine.run.worklist import Finding, Line, find_work, in_lines
from engine.wiring.app import open_setup, valid_workspace
from engine.wiring.workspace import find_workspace

_OWNERS = ("finance", "vendor owner", "IT")


@click.command("worklist")
@workspace_option
@list_format_option("How the list is printed; json and csv have one entry for each record.")
@click.option("--mapping", metavar="NAME", help="Only the records of this mapping.")
@click.option("--cause", type=click.Choice(sorted(CAUSES)), metavar="CAUSE", help="Only this cause.")
@click.option("--owner", type=click.Choice(_OWNERS), help="Only what this one can end.")
@click.option("--all", "everything", is_flag=True, help="One line for each record, also where many share a cause.")
def command(
    workspace: Path,
    form: str,
    mapping: str | None,
    cause: str | None,
    owner: str | None,
    everything: bool,  # noqa: FBT001 - click hands it in
) -> None:
    """What needs a person: why, who can end it, how old and how much, and the command to type next.

    The largest amount comes first, among equal ones the oldest. Held, refused and unclaimed records; what is in
    doubt and was not found; what the target kept otherwise than asked; what changed at the source after it was
    entered; what should have gone on by itself and has not. Reads only our ledger. Exit code 1 when the list is
    not empty.

    \b
    JSON and CSV: record, mapping, company, number, amount, currency, book_date, age_days, state, cause, title,
    reason, owner, advice, next; JSON has changes: [{path, before, after}] too.

    \b
    Examples:
      ml-connector worklist --owner finance
      ml-connector worklist --mapping bills --format csv
    """
    with open_setup(valid_workspace(find_workspace(workspace))) as setup:
        if mapping is not None:
            named(setup.specs, mapping)
        findings = find_work(setup, mapping=mapping, cause=cause or "", owner=owner or "")
    if form == "json":
        put_json([{**one.as_json(), "changes": [each.as_json() for each in one.changes]} for one in findings])
    elif form == "csv":
        click.echo(csv_text(COLUMNS, (one.as_json() for one in findings)), nl=False)
    else:
        _show(findings, everything=everything)
    if findings:
        sys.exit(1)


COLUMNS = (
    *("record", "mapping", "company", "number", "amount", "currency", "book_date", "age_days", "state"),
    *("cause", "title", "reason", "owner", "advice", "next"),
)


def _show(findings: Sequence[Finding], *, everything: bool) -> None:
    if not findings:
        click.echo("nothing needs a person")
        return
    lines = [Line(findings=(one,)) for one in findings] if everything else in_lines(findings)
    put_table(
        (
            column("amount", right=True),
            column("age", right=True),
            column("company"),
            column("record"),
            column("who"),
            column("what is wrong", long=True),
            column("next", long=True),
        ),
        [
            (
                shown_amounts(line.amounts),
                _age(line.seen_for),
                line.first.row.company or "",
                _named(line),
                line.first.owner,
                f"{line.first.known.title} {line.reason}",
                f"{line.first.known.advice} Then: {line.command}",
            )
            for line in lines
        ],
    )
    _show_totals(findings)


def _show_totals(findings: Sequence[Finding]) -> None:
    for owner in _OWNERS:
        total = Tally()
        for one in findings:
            if one.owner == owner:
                total.add(one.row.amount, one.row.currency)
        if total.count:
            amounts = "  ".join(shown_amounts(total.amounts))
            click.echo(f"{owner}: {counted(total.count, 'record')}  {amounts}".rstrip())


def _named(line: Line) -> str:
    row = line.first.row
    if len(line.findings) == 1:
        return f"{row.mapping or ''} {row.label or line.first.key}".strip()
    return f"{len(line.findings):,} {row.mapping or 'without a mapping'}"


def _age(seen_for: timedelta) -> str:
    return f"{seen_for.days} d" if seen_for.days else f"{seen_for.seconds // 3600} h"

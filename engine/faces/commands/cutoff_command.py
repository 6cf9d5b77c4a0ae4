"""`cutoff`: what stands near the end of a period, and what was booked on another day."""

from __future__ import annotations

from pathlib import Path

import click

from engine.faces.commands.output import list_format_option, one_line, put_json, shown_amount, workspace_option
from engine.faces.commands.reconcile_command import period_options
from engine.faces.commands.table import column, put_table
from engine.run.csv_text import csv_text
from engine.run.reconciling.cutoff import cut_off
from engine.run.reconciling.sides import period_of
from engine.wiring.app import open_setup, valid_workspace
from engine.wiring.workspace import find_workspace

_COLUMNS = ("record", "mapping", "number", "amount", "currency", "written", "utc_day", "local_day")
_MORE = ("book_day", "apply_day", "state", "why", "other_period")


@click.command("cutoff")
@period_options
@workspace_option
@list_format_option()
def command(company: str, period: str, workspace: Path, form: str) -> None:
    """Records within 24 hours of the end of a period, and those that were moved to another day, both dates read.

    A time is UTC and may be another day, or month, on the company's calendar; midnight sharp is taken for a date.
    `!` marks records whose two readings lie in different months.

    \b
    Example:
      ml-connector cutoff --company EPIC06 --period 2026-10

    \b
    JSON and CSV: record, mapping, number, amount, currency, written, utc_day, local_day, book_day, apply_day, state,
    why, other_period.
    """
    with open_setup(valid_workspace(find_workspace(workspace))) as setup:
        lines = cut_off(setup, company, period_of(period))
    if form == "json":
        put_json([line.as_json() for line in lines])
    elif form == "csv":
        click.echo(csv_text((*_COLUMNS, *_MORE), [line.as_json() for line in lines]), nl=False)
    elif not lines:
        click.echo(f"nothing of {company} stands near the end of {period}, and nothing was moved")
    else:
        names = ("", "number", "amount", "written", "UTC day", "local day", "book day", "apply day", "state", "why")
        put_table(
            [column(name, right=name == "amount", long=name == "why") for name in names],
            [
                (
                    "!" if line.other_period else "",
                    one_line(line.number),
                    shown_amount(line.amount, line.currency),
                    line.written,
                    line.utc_day,
                    line.local_day,
                    line.book_day,
                    line.apply_day,
                    line.state,
                    line.why,
                )
                for line in lines
            ],
        )

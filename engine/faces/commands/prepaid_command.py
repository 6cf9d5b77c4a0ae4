"""`prepaid`: what each amortised bill booked to prepaid, what was released, and what is left."""

from __future__ import annotations

import sys
from decimal import Decimal
from pathlib import Path

import click

from engine.faces.commands.output import list_format_option, one_line, put_json, put_text, workspace_option
from engine.faces.commands.reconcile_command import period_options
from engine.faces.commands.table import column, put_table
from engine.run.csv_text import csv_text
from engine.run.reconciling.prepaid import PrepaidLine, PrepaidRoll, roll_prepaid
from engine.run.reconciling.sides import period_of
from engine.wiring.app import open_setup, valid_workspace
from engine.wiring.workspace import find_workspace
from engine.words.money import show_money

_AMOUNTS = ("opening", "booked", "released", "remaining", "waiting")
_COLUMNS = ("record", "number", "currency", "booked_on", "state", *_AMOUNTS, "note")


@click.command("prepaid")
@period_options
@workspace_option
@list_format_option()
def command(company: str, period: str, workspace: Path, form: str) -> None:
    """The prepaid roll-forward: for each bill what it booked to prepaid, what was released of it, and what is left.

    Made of the entries that our own documents booked to the `prepaid_accounts` of books.yaml; a debit is positive.
    `waiting` are records that release something and are not entered. What nobody tells us is UNKNOWN, never zero:
    the release, while no mapping books the months, and always what Airbase itself has left. Reads our ledger only.
    Exit code 3 while something is UNKNOWN.

    \b
    Example:
      ml-connector prepaid --company EPIC06 --period 2026-10
      ml-connector prepaid --company EPIC06 --period 2026-10 --format csv

    \b
    JSON: {company, period, lines: [{record, number, currency, booked_on, state, opening, booked, released, remaining,
    waiting, note}], unknown}; the lines are the columns of the CSV. Amounts are text, null (CSV: UNKNOWN) where not
    known.
    """
    with open_setup(valid_workspace(find_workspace(workspace))) as setup:
        rolled = roll_prepaid(setup, company, period_of(period))
    if form == "json":
        lines = [line.as_json() for line in rolled.lines]
        put_json({"company": company, "period": period, "lines": lines, "unknown": list(rolled.unknown)})
    elif form == "csv":
        cells = [{name: _cell(value) for name, value in line.as_json().items()} for line in rolled.lines]
        click.echo(csv_text(_COLUMNS, cells), nl=False)
    else:
        _show(rolled, company, period)
    if rolled.unknown:
        sys.exit(3)


def _cell(value: str | None) -> str:
    return "UNKNOWN" if value is None else value


def _show(rolled: PrepaidRoll, company: str, period: str) -> None:
    if not rolled.lines:
        click.echo(f"nothing of {company} was booked to prepaid up to the end of {period}")
    else:
        names = ("number", "booked on", "state", "", *_AMOUNTS, "note")
        put_table(
            [column(name, right=name in _AMOUNTS, long=name == "note") for name in names],
            [_row(line) for line in rolled.lines],
        )
    for sentence in rolled.unknown:
        put_text(sentence, first="unknown: ")


def _row(line: PrepaidLine) -> tuple[object, ...]:
    amounts: list[Decimal | None] = [getattr(line, name) for name in _AMOUNTS]
    shown = ("UNKNOWN" if amount is None else show_money(amount) for amount in amounts)
    state = line.state.replace("_", " ")
    return (one_line(line.number), line.booked_on, state, line.currency, *shown, line.note)

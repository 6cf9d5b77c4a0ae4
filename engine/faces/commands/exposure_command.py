"""`exposure`: what Epicor could pay although Airbase pays."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from engine.faces.commands.output import counted, format_option, one_line, put_json, shown_amount, workspace_option
from engine.faces.commands.table import column, put_table
from engine.run.exposure import Exposed, Exposure, find_exposure
from engine.wiring.app import open_setup, valid_workspace
from engine.wiring.workspace import find_workspace


@click.command("exposure")
@workspace_option
@format_option
@click.option("--company", metavar="CODE", help="Only this company.")
def command(workspace: Path, form: str, company: str | None) -> None:
    """Open payables of Epicor that its own payment run could pay although Airbase pays them.

    Ours that lost a lock (hold, payment method, control account) or stand in a payment that is not posted, and
    invoices keyed by hand that a record was dismissed with, or that have the vendor and amount of one: entered,
    waiting or dismissed, Airbase pays it. Put the locks on in Epicor. Reads only. Exit code 1 when there is any,
    or when an entered record could not be looked at.

    \b
    Examples:
      ml-connector exposure
      ml-connector exposure --company EPIC06 --format json

    \b
    JSON: {looked_at, exposed: [{reference, balance, currency, company, why, keyed_by_hand, record, number}],
    unread: [record]}
    """
    with open_setup(valid_workspace(find_workspace(workspace))) as setup:
        if company is not None:
            setup.books.company(company)
        exposure = find_exposure(setup, setup.specs, company)
    if form == "json":
        put_json(
            {
                "looked_at": exposure.looked_at,
                "exposed": [_as_json(one) for one in exposure.exposed],
                "unread": [str(row.key) for row in exposure.unread],
            }
        )
    else:
        _show(exposure)
    if exposure.needs_person:
        sys.exit(1)


def _as_json(one: Exposed) -> dict[str, object]:
    return {
        "reference": one.reference,
        "balance": None if one.balance is None else str(one.balance),
        "currency": one.row.currency,
        "company": one.row.company,
        "why": list(one.why),
        "keyed_by_hand": one.keyed,
        "record": str(one.row.key),
        "number": one.row.label,
    }


def _show(exposure: Exposure) -> None:
    if exposure.exposed:
        put_table(
            (
                column("open", right=True),
                column("company"),
                column("document"),
                column("why it could be paid", long=True),
                column("record", long=True),
            ),
            [
                (
                    shown_amount(one.balance, one.row.currency),
                    one.row.company or "",
                    one.reference,
                    "; ".join(one.why),
                    f"keyed by hand, with vendor and amount of {one.row.label}" if one.keyed else one.row.label,
                )
                for one in exposure.exposed
            ],
        )
    for row in exposure.unread:
        click.echo(one_line(f"could not be looked at: {row.label or row.key.source_id} ({row.reference})"))
    told = counted(len(exposure.exposed), "open document")
    click.echo(f"{told} of {exposure.looked_at:,} looked at could be paid twice")

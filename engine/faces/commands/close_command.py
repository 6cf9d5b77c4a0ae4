"""`close`: sign a period off, open it again, and see what is signed."""

from __future__ import annotations

from pathlib import Path

import click

from engine.faces.commands.output import format_option, one_line, put_json, workspace_option
from engine.faces.commands.reconcile_command import balance_options, period_options, reported
from engine.faces.commands.table import column, put_table
from engine.run.reconciling.sides import period_of
from engine.run.reconciling.signing import SignOff, sign, sign_offs, unlock
from engine.wiring.app import open_setup, valid_workspace
from engine.wiring.workspace import find_workspace
from engine.words.money import show_money


@click.group("close")
def command() -> None:
    """Sign the totals of a period. From then on nothing is entered into it until someone unlocks it with a reason.

    \b
    Examples:
      ml-connector close sign --company EPIC06 --period 2026-10 --as "AP manager"
      ml-connector close unlock --company EPIC06 --period 2026-10 --reason "late credit note"
      ml-connector close list
    """


@command.command("sign")
@period_options
@balance_options
@click.option("--as", "name", required=True, metavar="NAME", help="Who signs.")
@click.option("--explain", default="", metavar="TEXT", help="Why it is signed although it does not tie.")
@workspace_option
@format_option
def close_sign(
    company: str,
    period: str,
    opening: tuple[str, ...],
    airbase_balance: tuple[str, ...],
    name: str,
    explain: str,
    workspace: Path,
    form: str,
) -> None:
    """Reconcile, and sign what came out. The audit trail keeps name, user, time and the whole report with its hash.

    What is UNKNOWN cannot be signed. The closings become the openings of the next month.

    \b
    JSON: {company, period, name, who, at, verdict, explained, closings: {account: amount}, report_hash}.
    """
    with open_setup(valid_workspace(find_workspace(workspace))) as setup:
        report = reported(setup, company, period, opening, airbase_balance)
        signed = sign(setup, report, name=name, explanation=explain)
    if form == "json":
        put_json(_as_json(signed))
        return
    click.echo(f"signed: {company} {signed.period} by {one_line(signed.name)}, {signed.verdict}")
    for account, amount in signed.closings.items():
        click.echo(f"  closing of {account}: {show_money(amount)}")
    click.echo(f"  report {signed.report_hash}")


@command.command("unlock")
@period_options
@click.option("--reason", required=True, metavar="TEXT", help="Why it is opened again, for the auditor.")
@workspace_option
def close_unlock(company: str, period: str, reason: str, workspace: Path) -> None:
    """Open a signed period again; its records go on with the next run. Sign it again when they are in."""
    with open_setup(valid_workspace(find_workspace(workspace))) as setup:
        unlock(setup, company, period_of(period).name, reason=reason)
    click.echo(f"unlocked: {company} {period}")


@command.command("list")
@click.option("--company", metavar="COMPANY", help="A company of books.yaml; every one without it.")
@workspace_option
@format_option
def close_list(company: str | None, workspace: Path, form: str) -> None:
    """The periods that are signed now.

    \b
    JSON: a list of what `close sign` gives.
    """
    with open_setup(valid_workspace(find_workspace(workspace))) as setup:
        books = setup.books
        codes = sorted(books.companies) if company is None else [books.company(company).code]
        signed = [one for code in codes for _, one in sorted(sign_offs(setup.ledger, code).items())]
    if form == "json":
        put_json([_as_json(one) for one in signed])
        return
    if not signed:
        click.echo(f"no period of {', '.join(codes)} is signed")
        return
    names = ("company", "period", "signed by", "user", "at", "result", "report")
    put_table(
        [column(name) for name in names],
        [(one.company, one.period, one.name, one.who, one.at, one.verdict, one.report_hash[:12]) for one in signed],
    )


def _as_json(one: SignOff) -> dict[str, object]:
    return {
        "company": one.company,
        "period": one.period,
        "name": one.name,
        "who": one.who,
        "at": one.at,
        "verdict": one.verdict,
        "explained": one.explained,
        "closings": {account: str(amount) for account, amount in one.closings.items()},
        "report_hash": one.report_hash,
    }

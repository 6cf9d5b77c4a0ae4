"""`reconcile`: the control report of a company and a period."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import click

from engine.faces.commands.control_report_csv import report_csv
from engine.faces.commands.control_report_html import report_html
from engine.faces.commands.control_report_text import report_lines, result_line
from engine.faces.commands.output import workspace_option
from engine.run.reconciling.reconciling import reconcile
from engine.run.reconciling.report import ControlReport
from engine.run.reconciling.shown import report_json
from engine.run.reconciling.sides import period_of
from engine.run.setup import Setup
from engine.wiring.app import open_setup, valid_workspace
from engine.wiring.workspace import find_workspace
from engine.words.errors import InputError
from engine.words.json_value import encode
from engine.words.money import NotMoney, parse_money

_F = TypeVar("_F", bound=Callable[..., Any])


def period_options(command: _F) -> _F:
    """`--company` and `--period`."""
    month = click.option("--period", required=True, metavar="YYYY-MM", help="The month.")
    company = click.option("--company", required=True, metavar="COMPANY", help="A company of books.yaml.")
    return company(month(command))


def balance_options(command: _F) -> _F:
    """`--opening` and `--airbase-balance`."""
    opening = click.option(
        "--opening",
        multiple=True,
        metavar="ACCOUNT=AMOUNT",
        help="Before the first sign-off: the balance an account begins with, such as 2105=96114.80Cr; repeat it.",
    )
    balance = click.option(
        "--airbase-balance",
        multiple=True,
        metavar="[ACCOUNT=]AMOUNT",
        help="What Airbase shows as its balance at the end of the period; without it, it is UNKNOWN.",
    )
    return opening(balance(command))


@click.command("reconcile")
@period_options
@balance_options
@workspace_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "csv", "html"]),
    default="table",
    show_default=True,
    help="How the report is printed.",
)
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write it into a file instead."
)
def command(
    company: str,
    period: str,
    opening: tuple[str, ...],
    airbase_balance: tuple[str, ...],
    workspace: Path,
    form: str,
    out: Path | None,
) -> None:
    """The control report: source, ledger and Epicor read for themselves, and whether they tie, to the record.

    Exit code 0 only when it ties, 1 when not, 3 while something is UNKNOWN. Writes nothing to any system.

    \b
    Examples:
      ml-connector reconcile --company EPIC06 --period 2026-10
      ml-connector reconcile --company EPIC06 --period 2026-10 --format html --out october.html

    \b
    JSON: {source, target, company, period, first, last, time_zone, currency, run_at, rules, sources: [{what,
    complete, pages, rows, problem}], states, claimed_by_no_mapping, company_or_date_not_readable, roll_forwards,
    exposure, by_account, by_vendor, in_base: [{what, reference, amount, currency, at_source, at_target, difference}],
    findings: [{kind, what, amount, currency, sentence, record, reference, account, vendor}], unknown, result, amount,
    exit_code}.
    Amounts are text, a debit positive, and null where not known.
    """
    with open_setup(valid_workspace(find_workspace(workspace))) as setup:
        report = reported(setup, company, period, opening, airbase_balance)
    text = _rendered(report, form)
    if out is None:
        click.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8", newline="")
        click.echo(f"{result_line(report)}  {out}")
    sys.exit(report.exit_code)


def reported(
    setup: Setup, company: str, period: str, opening: tuple[str, ...], balance: tuple[str, ...]
) -> ControlReport:
    """The report, with what was typed in on the command line.

    Raises:
        InputError: something typed in is wrong.
    """
    books = setup.books.companies.get(company)
    clearing = tuple(books.settings.get("clearing_accounts") or ()) if books is not None else ()
    return reconcile(
        setup,
        company,
        period_of(period),
        openings=_amounts("--opening", opening, ()),
        balances=_amounts("--airbase-balance", balance, clearing),
    )


def _amounts(option: str, given: tuple[str, ...], usual: tuple[str, ...]) -> Mapping[str, Decimal]:
    """Amounts by account; an amount alone is of the usual account, where there is only one."""
    amounts: dict[str, Decimal] = {}
    for text in given:
        account, _, amount = text.rpartition("=")
        if not account and len(usual) == 1:
            account = usual[0]
        if not account:
            raise InputError(f"{option} {text}: write ACCOUNT=AMOUNT, such as 1090=15201.22")
        if account in amounts:
            raise InputError(f"{option} {account} is given twice")
        amounts[account] = _balance(option, amount)
    return amounts


def _balance(option: str, text: str) -> Decimal:
    """A balance: a debit positive, a credit with `Cr` behind it or a minus in front."""
    bare = text.strip().replace(",", "")
    side = bare[-2:].casefold()
    if side in ("cr", "dr"):
        bare = bare[:-2].strip()
    try:
        amount = parse_money(bare)
    except NotMoney as error:
        raise InputError(f"{option}: {error}; write 96114.80, 96114.80Cr or -96114.80") from None
    return -amount if side == "cr" else amount


def _rendered(report: ControlReport, form: str) -> str:
    if form == "json":
        return encode(report_json(report)).decode() + "\n"
    if form == "csv":
        return report_csv(report)
    if form == "html":
        return report_html(report)
    return "".join(f"{line}\n" for line in report_lines(report))

"""`plan NAME`: what a run would do now."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from engine.domain.entries import by_account
from engine.faces.commands.output import (
    clean,
    end_progress,
    format_option,
    one_line,
    progress,
    put_json,
    shown_amount,
    shown_amounts,
    workspace_option,
)
from engine.faces.commands.table import column, put_table
from engine.run.judging import Judgement, Verdict
from engine.run.ordering import named
from engine.run.previewing import preview
from engine.run.result import Tally
from engine.wiring.app import open_setup, valid_workspace
from engine.wiring.workspace import find_workspace
from engine.words.errors import InputError
from engine.words.money import show_money

_WOULD = {
    Verdict.SEND: "would be sent",
    Verdict.ADOPT: "would be adopted",
    Verdict.IN_STEP: "is in step",
    Verdict.REPORT: "would be reported",
}


@click.command("plan")
@click.argument("name")
@workspace_option
@format_option
@click.option(
    "--only", multiple=True, metavar="KEY", help="Only this record: its id, the beginning of it, or its number."
)
@click.option("--entries", is_flag=True, help="Show what each document books, account by account, and the sum.")
def command(name: str, workspace: Path, form: str, only: tuple[str, ...], entries: bool) -> None:  # noqa: FBT001
    """Say what a run of the mapping NAME would do to every record of its feed now, and why.

    Reads the live systems and the ledger; writes nothing, here or there. Looks at the target too, so a
    document that somebody entered by hand is found before it is sent. Exit code 0 also when records would
    be held: the totals at the end say how many.

    \b
    Examples:
      ml-connector plan bills
      ml-connector plan bills --only INV-20090 --entries
      ml-connector plan bills --format json

    \b
    JSON: {mapping, records: [{record, number, outcome, state, cause, reason, reference, company, amount,
    currency, book_date, key, entries: [{account, debit, credit, booked_by_target}]}],
    totals: [{outcome, currency, count, amount}], accounts: [{account, currency, debit, credit}]}.
    Amounts are text. `accounts` is the sum of what would be sent.
    """
    loaded = valid_workspace(find_workspace(workspace))
    tell = progress()
    with open_setup(loaded) as setup:
        judgements = []
        try:
            for one in preview(setup, named(setup.specs, name), only=only):
                judgements.append(one)
                tell("planned", 1)
        finally:
            end_progress()
    if only and not judgements:
        raise InputError(f"{name} has no record '{', '.join(only)}' in its feed now")
    if form == "json":
        put_json(
            {
                "mapping": name,
                "records": [_as_json(one) for one in judgements],
                "totals": list(_totals_as_json(judgements)),
                "accounts": list(_accounts_as_json(judgements)),
            }
        )
        return
    if not judgements:
        click.echo("nothing to do: the feed has no record of this mapping")
        return
    _show_records(judgements)
    if entries:
        _show_entries(judgements)
    _show_totals(judgements)


def _show_records(judgements: Sequence[Judgement]) -> None:
    put_table(
        (
            column("record"),
            column("number"),
            column("date"),
            column("amount", right=True),
            column("outcome"),
            column("why", long=True),
        ),
        [
            (
                one.record.source_id[:13],
                one.facts.label,
                one.facts.book_date or "",
                shown_amount(one.facts.amount, one.facts.currency),
                _outcome(one),
                _why(one),
            )
            for one in judgements
        ],
    )


def _outcome(one: Judgement) -> str:
    """What becomes of the record: `would be …` for what a run does, a state's name for where it stands or goes."""
    if one.put is None:
        return _WOULD[one.verdict]
    state = one.put.state.value.replace("_", " ")
    return f"already {state}" if one.verdict is Verdict.DONE else state


def _why(one: Judgement) -> str:
    if one.put is not None and one.put.reason:
        return one.put.reason
    if one.found is not None and one.found.differences:
        return "; ".join(one.found.differences)
    warnings = one.document.warnings if one.document is not None else ()
    return "; ".join((*filter(None, (one.reference,)), *(f"warning: {told}" for told in warnings)))


def _show_entries(judgements: Sequence[Judgement]) -> None:
    """A T-account for each document that would be sent, and their sum by currency."""
    sums: dict[str, dict[str, Decimal]] = {}
    for one in judgements:
        if one.document is None or not one.document.entries or one.put is not None:
            continue
        booked = by_account(one.document.entries)
        currency = one.facts.currency or ""
        total = sums.setdefault(currency, {})
        for account, amount in booked.items():
            total[account] = total.get(account, Decimal(0)) + amount
        name = one_line(one.facts.label or one.record.source_id)
        _t_account(f"{name}  {one.document.company or ''}  {_outcome(one)}", booked, currency)
    if not sums:
        click.echo("\nno document would be sent, so nothing would be booked")
    for currency, booked in sorted(sums.items()):
        _t_account("all documents together", booked, currency)


def _t_account(title: str, booked: dict[str, Decimal] | Any, currency: str) -> None:
    click.echo(f"\n{title}")
    click.echo(f"    {'account':<28} {'debit ' + currency:>20} {'credit ' + currency:>20}")
    debits, credits_ = Decimal(0), Decimal(0)
    for account, amount in booked.items():
        debits, credits_ = debits + max(amount, Decimal(0)), credits_ + max(-amount, Decimal(0))
        side = f"{show_money(amount):>20}" if amount >= 0 else f"{'':>20} {show_money(-amount):>20}"
        click.echo(f"    {clean(account):<28} {side}")
    click.echo(f"    {'':<28} {'-' * 20} {'-' * 20}")
    click.echo(f"    {'':<28} {show_money(debits):>20} {show_money(credits_):>20}")


def _tallied(judgements: Sequence[Judgement]) -> dict[str, Tally]:
    totals: dict[str, Tally] = {}
    for one in judgements:
        totals.setdefault(_outcome(one), Tally()).add(one.facts.amount, one.facts.currency)
    return dict(sorted(totals.items(), key=lambda pair: (-pair[1].count, pair[0])))


def _show_totals(judgements: Sequence[Judgement]) -> None:
    rows: list[tuple[object, ...]] = []
    for outcome, tally in _tallied(judgements).items():
        first, *others = shown_amounts(tally.amounts)
        rows.append((outcome, f"{tally.count:,}", first))
        rows += [("", "", other) for other in others]
    click.echo()
    put_table((column("in all"), column("records", right=True), column("amount", right=True)), rows)
    unread = sum(one.facts.amount is None for one in judgements)
    if 0 < unread < len(judgements):
        click.echo(f"the amount of {unread} of them is not known")


def _totals_as_json(judgements: Sequence[Judgement]) -> Any:
    counts: dict[tuple[str, str | None], Tally] = {}
    for one in judgements:
        currency = one.facts.currency if one.facts.amount is not None else None
        counts.setdefault((_outcome(one), currency), Tally()).add(one.facts.amount, currency)
    for (outcome, currency), tally in counts.items():
        amount = tally.amounts.get(currency or "")
        yield {
            "outcome": outcome,
            "currency": currency,
            "count": tally.count,
            "amount": None if amount is None else str(amount),
        }


def _accounts_as_json(judgements: Sequence[Judgement]) -> Any:
    sums: dict[tuple[str, str], Decimal] = {}
    for one in judgements:
        for entry in one.document.entries if one.document is not None and one.put is None else ():
            key = (one.facts.currency or "", entry.account)
            sums[key] = sums.get(key, Decimal(0)) + entry.amount
    for (currency, account), amount in sorted(sums.items()):
        yield {
            "account": account,
            "currency": currency or None,
            "debit": str(max(amount, Decimal(0))),
            "credit": str(max(-amount, Decimal(0))),
        }


def _as_json(one: Judgement) -> dict[str, Any]:
    document = one.document
    return {
        "record": str(one.record),
        "number": one.facts.label,
        "outcome": _outcome(one),
        "state": one.put.state.value if one.put else None,
        "cause": one.put.cause if one.put else None,
        "reason": _why(one),
        "reference": one.reference,
        "company": one.facts.company,
        "amount": None if one.facts.amount is None else str(one.facts.amount),
        "currency": one.facts.currency,
        "book_date": one.facts.book_date,
        "key": list(document.key) if document else None,
        "entries": [
            {
                "account": entry.account,
                "debit": str(entry.debit),
                "credit": str(entry.credit),
                "booked_by_target": entry.booked_by_target,
            }
            for entry in (document.entries if document else ())
        ],
    }

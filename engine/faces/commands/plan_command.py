"""`plan NAME`: what a run would do now."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import click

from engine.domain.entries import by_account
from engine.faces.commands.output import clean, format_option, put_json, put_table, workspace_option
from engine.run.judging import Judgement, Verdict
from engine.run.ordering import named
from engine.run.previewing import preview
from engine.run.result import Tally
from engine.wiring.app import open_setup, valid_workspace
from engine.wiring.workspace import find_workspace
from engine.words.money import show_money


@click.command("plan")
@click.argument("name")
@workspace_option
@format_option
@click.option(
    "--only", multiple=True, metavar="KEY", help="Only this record: its id, the beginning of it, or its number."
)
@click.option("--entries", is_flag=True, help="Show what each document books, account by account.")
def command(name: str, workspace: Path, form: str, only: tuple[str, ...], entries: bool) -> None:  # noqa: FBT001
    """Read the live systems and the ledger, and say what a run of the mapping would do; writes nothing."""
    loaded = valid_workspace(find_workspace(workspace))
    with open_setup(loaded) as setup:
        judgements = list(preview(setup, named(setup.specs, name), only=only))
    if form == "json":
        put_json([_as_json(one) for one in judgements])
        return
    put_table(
        ("record", "number", "amount", "what would happen", "why"),
        [(one.record.key.source_id[:13], one.facts.label, _amount(one), _what(one), _why(one)) for one in judgements],
        right=("amount",),
    )
    if entries:
        _show_entries(judgements)
    _show_totals(judgements)


def _what(one: Judgement) -> str:
    if one.put is not None:
        return one.put.state.value.replace("_", " ")
    return {
        Verdict.SEND: "would be sent",
        Verdict.ADOPT: "is there already: adopted",
        Verdict.IN_STEP: "is in step",
    }.get(one.verdict, "would be reported")


def _why(one: Judgement) -> str:
    if one.put is not None:
        return one.put.reason
    if one.found is not None and one.found.differences:
        return "; ".join(one.found.differences)
    return one.reference or ""


def _amount(one: Judgement) -> str:
    return "" if one.facts.amount is None else f"{show_money(one.facts.amount)} {one.facts.currency or ''}"


def _show_entries(judgements: list[Judgement]) -> None:
    for one in judgements:
        if one.document is not None and one.document.entries:
            click.echo(
                f"{clean(one.facts.label or one.record.key.source_id)}  ({clean(', '.join(one.document.key))})"
            )
            for account, amount in by_account(one.document.entries).items():
                side = f"{show_money(amount):>16}" if amount >= 0 else f"{'':>16} {show_money(-amount):>16}"
                click.echo(f"    {clean(account):<24} {side}")


def _show_totals(judgements: list[Judgement]) -> None:
    totals: dict[str, Tally] = {}
    for one in judgements:
        totals.setdefault(_what(one), Tally()).add(one.facts.amount, one.facts.currency)
    counts = Counter({what: tally.count for what, tally in totals.items()})
    for what, count in counts.most_common():
        amounts = "  ".join(f"{show_money(amount)} {currency}" for currency, amount in totals[what].amounts.items())
        click.echo(f"{count:>6} {what:<28} {amounts}")
    if not judgements:
        click.echo("nothing to do: the feed has no record of this mapping")


def _as_json(one: Judgement) -> dict[str, Any]:
    document = one.document
    return {
        "record": str(one.record.key),
        "number": one.facts.label,
        "verdict": one.verdict.value,
        "state": one.put.state.value if one.put else None,
        "cause": one.put.cause if one.put else None,
        "reason": _why(one),
        "amount": None if one.facts.amount is None else str(one.facts.amount),
        "currency": one.facts.currency,
        "key": list(document.key) if document else None,
        "entries": [
            {"account": entry.account, "debit": str(entry.debit), "credit": str(entry.credit)}
            for entry in (document.entries if document else ())
        ],
    }

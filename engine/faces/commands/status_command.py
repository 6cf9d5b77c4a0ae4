"""`status`: how the records stand, and the credentials."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from engine.adapters.store.alert_book import AlertRow
from engine.adapters.store.port import Ledger, RunRow
from engine.domain.causes import CAUSES
from engine.domain.lifecycle import NEEDS_PERSON, State
from engine.faces.commands.credential_text import put_credential_warnings
from engine.faces.commands.output import (
    counted,
    format_option,
    one_line,
    put_json,
    put_text,
    shown_amount,
    shown_amounts,
    shown_time,
    workspace_option,
)
from engine.faces.commands.table import Column, column, put_table
from engine.run.ledger_pages import every_record
from engine.run.result import Tally
from engine.wiring.alerting import book_of
from engine.wiring.app import open_records, open_vault
from engine.wiring.credential_warnings import credential_warnings
from engine.wiring.workspace import find_workspace, load_ledger_part
from engine.words.clock import SystemClock
from engine.words.money import show_money

CURRENCY_COLUMNS_MAX = 4
CAUSES_SHOWN_MAX = 8

Counts = Sequence[tuple[str, State, str, int, Decimal]]


@click.command("status")
@workspace_option
@format_option
def command(workspace: Path, form: str) -> None:
    """Say how the records stand, on one screen: by mapping and state, with amounts, and what waits for whom.

    Reads only our ledger and the vault; no other system is asked. Credentials that are missing, refused or
    about to end are told with the command that helps. Exit code 1 when a record or a credential needs a person.

    \b
    Examples:
      ml-connector status
      ml-connector status --format json

    \b
    JSON: {as_of, records: [{mapping, state, currency, count, amount}], waiting: [{mapping, cause, title, owner,
    count, amounts: {currency: amount}}], runs: [{id, mapping, who, started_at, ended_at}], credentials:
    [{connection, field, what, sentence, since, until, days_left, next}], untold: [{rule, channel, title, raised_at,
    tries, trouble}]}.
    Amounts are text; mapping is empty for records that no mapping takes. `what` of a credential is missing,
    put_back, damaged, other_address, paused, next_refused, ended or ending. `untold` are alerts that a channel did
    not take.
    """
    as_of = SystemClock().now()
    loaded = load_ledger_part(find_workspace(workspace))
    vault = open_vault(loaded)
    with open_records(loaded, vault) as ledger:
        counts = ledger.counts()
        waiting = _waiting(ledger)
        runs = ledger.runs(limit=20)
        credentials = credential_warnings(loaded, vault, ledger, as_of)
        untold = [row for row in book_of(ledger, SystemClock()).rows() if row.trouble]
    if form == "json":
        told = {"credentials": [one.as_json() for one in credentials], "untold": [_untold(row) for row in untold]}
        put_json({"as_of": as_of, **_as_json(counts, waiting, runs), **told})
    else:
        _show(as_of, counts, waiting, runs)
        put_credential_warnings(credentials)
        for row in untold:
            put_text(
                f"{row.channel} did not take it ({row.tries:,}x, {row.trouble}): {row.raised.title}",
                first="alert not told: ",
            )
    if any(state in NEEDS_PERSON for _, state, _, _, _ in counts) or any(one.is_urgent for one in credentials):
        sys.exit(1)


def _show(as_of: datetime, counts: Counts, waiting: dict[tuple[str, str], Tally], runs: Sequence[RunRow]) -> None:
    if not counts:
        click.echo("the ledger has no records yet; `ml-connector run --all` reads them")
        return
    click.echo(f"the ledger as of {shown_time(as_of)}\n")
    _show_counts(counts)
    _show_waiting(waiting)
    _show_runs(runs)


def _waiting(ledger: Ledger) -> dict[tuple[str, str], Tally]:
    """What needs a person, by mapping and cause, the most frequent first."""
    tallies: dict[tuple[str, str], Tally] = {}
    for row in every_record(ledger, states=tuple(NEEDS_PERSON)):
        mapping = "" if row.state is State.UNCLAIMED else row.mapping or ""
        tallies.setdefault((mapping, row.cause or row.state.value), Tally()).add(row.amount, row.currency)
    return dict(sorted(tallies.items(), key=lambda pair: (-pair[1].count, pair[0])))


def _show_counts(counts: Counts) -> None:
    lines: dict[tuple[str, State], Tally] = {}
    for mapping, state, currency, count, amount in counts:
        tally = lines.setdefault((mapping, state), Tally())
        tally.count += count
        if currency:
            tally.amounts[currency] = tally.amounts.get(currency, Decimal(0)) + amount
    order = {state: number for number, state in enumerate(State)}
    pairs = sorted(lines.items(), key=lambda pair: (pair[0][0] == "", pair[0][0], order[pair[0][1]]))
    currencies = sorted({currency for _, tally in pairs for currency in tally.amounts})
    columns = [column("mapping"), column("state"), column("records", right=True)]
    if len(currencies) <= CURRENCY_COLUMNS_MAX:
        columns += [Column(name=currency, right=True) for currency in currencies]
    else:
        columns.append(column("amount", right=True))
        currencies = []
    put_table(columns, _count_rows(pairs, currencies))
    click.echo()


def _count_rows(
    pairs: Sequence[tuple[tuple[str, State], Tally]], currencies: Sequence[str]
) -> Iterable[tuple[object, ...]]:
    before = None
    for (mapping, state), tally in pairs:
        amounts: tuple[object, ...] = (
            tuple(show_money(tally.amounts[one]) if one in tally.amounts else "" for one in currencies)
            if currencies
            else (shown_amounts(tally.amounts),)
        )
        # The name stands once on a terminal, where the eye finds it, and on every line where a program reads.
        name = "" if mapping == before and sys.stdout.isatty() else mapping or "(no mapping)"
        yield (name, state.value.replace("_", " "), f"{tally.count:,}", *amounts)
        before = mapping


def _show_waiting(waiting: dict[tuple[str, str], Tally]) -> None:
    if not waiting:
        click.echo("nothing waits for a person")
        return
    total = sum(tally.count for tally in waiting.values())
    click.echo(f"{counted(total, 'record')} {'waits' if total == 1 else 'wait'} for a person:")
    shown = list(waiting.items())[:CAUSES_SHOWN_MAX]
    put_table(
        (
            column("records", right=True),
            column("mapping"),
            column("cause"),
            column("who"),
        ),
        [(f"{tally.count:,}", mapping or "(no mapping)", cause, _owner(cause)) for (mapping, cause), tally in shown],
    )
    if len(waiting) > len(shown):
        rest = sum(tally.count for tally in list(waiting.values())[CAUSES_SHOWN_MAX:])
        click.echo(f"and {counted(rest, 'record')} of {counted(len(waiting) - len(shown), 'other cause')}")
    click.echo("next: ml-connector records --waiting, or --cause CAUSE; ml-connector explain CAUSE says what to do")


def _owner(cause: str) -> str:
    return CAUSES[cause].owner if cause in CAUSES else ""


def _title(cause: str) -> str:
    return CAUSES[cause].title if cause in CAUSES else cause.replace("_", " ")


def _show_runs(runs: Sequence[RunRow]) -> None:
    if not runs:
        return
    last = runs[0]
    click.echo(f"\nlast run: {last.mapping}, started {shown_time(last.started_at)} by {one_line(last.who)}")
    for run in runs:
        if run.ended_at is None:
            by = one_line(run.who)
            click.echo(
                f"not ended: {run.mapping}, started {shown_time(run.started_at)} by {by} (running, or cut off)"
            )


def _as_json(counts: Counts, waiting: dict[tuple[str, str], Tally], runs: Sequence[RunRow]) -> dict[str, Any]:
    return {
        "records": [
            {
                "mapping": mapping,
                "state": state.value,
                "currency": currency or None,
                "count": count,
                "amount": str(amount) if currency else None,
            }
            for mapping, state, currency, count, amount in counts
        ],
        "waiting": [
            {"mapping": mapping, "cause": cause, "title": _title(cause), "owner": _owner(cause), **tally.as_json()}
            for (mapping, cause), tally in waiting.items()
        ],
        "runs": [
            {
                "id": run.id,
                "mapping": run.mapping,
                "who": run.who,
                "started_at": run.started_at,
                "ended_at": run.ended_at,
            }
            for run in runs
        ],
    }


def _untold(row: AlertRow) -> dict[str, object]:
    return {
        "rule": row.rule,
        "channel": row.channel,
        "title": row.raised.title,
        "raised_at": row.raised_at,
        "tries": row.tries,
        "trouble": row.trouble,
    }


def total_line(tally: Tally) -> str:
    """A tally as a sentence's end: its amounts one after the other."""
    return ", ".join(shown_amount(amount, currency) for currency, amount in sorted(tally.amounts.items()))

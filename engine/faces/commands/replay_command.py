"""`replay KEY…`: send again what the target refused, through the mapping as it is now."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click

from engine.adapters.store.port import RecordRow
from engine.domain.lifecycle import State
from engine.faces.commands.output import (
    clean,
    counted,
    end_progress,
    format_option,
    one_line,
    progress,
    put_json,
    shown_amount,
    shown_time,
    workspace_option,
)
from engine.faces.commands.show_command import the_record
from engine.language.spec.model import MappingSpec
from engine.run.judging import Verdict
from engine.run.ordering import in_order_of_need, named
from engine.run.replaying import Proposal, Replayed, propose, replay
from engine.run.setup import Setup
from engine.wiring.app import open_setup, valid_workspace
from engine.wiring.workspace import find_workspace
from engine.words.errors import InputError

_DONE = frozenset({State.ENTERED, State.IN_GL, State.SETTLED})
BATCH = 500


@click.command("replay")
@click.argument("keys", nargs=-1, metavar="[KEY]...")
@workspace_option
@format_option
@click.option(
    "--state", type=click.Choice(["refused", "in_doubt"]), help="All records in this state instead of single keys."
)
@click.option("--mapping", metavar="NAME", help="With --state: only the records of this mapping.")
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="YYYY-MM-DD",
    help="With --state: only those last tried on this day or later (UTC).",
)
@click.option(
    "--looked-in-target",
    is_flag=True,
    help="You have looked, and what is in doubt and was not found is really not there; needs --reason.",
)
@click.option("--reason", default="", metavar="TEXT", help="Why, for the audit trail.")
@click.option("--yes", is_flag=True, help="Send without being asked; needed where nobody can be asked.")
@click.option("--no-wait", is_flag=True, help="Leave what is in doubt to a later run instead of waiting for it.")
def command(
    keys: tuple[str, ...],
    workspace: Path,
    form: str,
    state: str | None,
    mapping: str | None,
    since: datetime | None,
    looked_in_target: bool,  # noqa: FBT001 - click hands it in
    reason: str,
    yes: bool,  # noqa: FBT001 - click hands it in
    no_wait: bool,  # noqa: FBT001 - click hands it in
) -> None:
    """Send again what the target refused, through the mapping as it is now, after showing what would change.

    KEY is a record's id, the beginning of it, or its number. Each record is read again from the source, and its
    document is shown against the last attempt: entries, values, and the crosswalk rows that coded them. Only
    what was shown is sent: by the way of every run, so that a document that is in the target already is found
    and not sent twice.

    Exit code 1 when a record could not be replayed or still needs a person.

    \b
    JSON: {proposals: [{record, number, amount, currency, state, verdict, why_not, changes: {known, entries,
    values: [{path, before, after}], rules}}], runs: [...], left: [{record, why}]}; runs is empty without --yes.

    \b
    Examples:
      ml-connector replay INV-20090
      ml-connector replay --state refused --mapping bills --since 2026-11-01
      ml-connector replay INV-20090 --looked-in-target --reason "not in Epicor: asked the AP manager"
    """
    if bool(keys) == bool(state):
        raise InputError("name the records to replay, or say --state")
    if (mapping or since) and not state:
        raise InputError("--mapping and --since go with --state")
    if looked_in_target and not reason.strip():
        raise InputError("--looked-in-target needs --reason: where you looked, and what you found")
    with open_setup(valid_workspace(find_workspace(workspace))) as setup:
        if mapping is not None:
            named(setup.specs, mapping)
        rows = [the_record(setup.ledger, key) for key in keys] if keys else _chosen(setup, str(state), mapping, since)
        proposals = [
            (spec, propose(setup, spec, mine, looked_in_target=looked_in_target))
            for spec, mine in _by_mapping(setup, rows)
        ]
        every = [one for _, some in proposals for one in some]
        if form == "table":
            _show(every)
        if not yes and any(not one.why_not for one in every):
            _ask(every, form)
        outcomes = [
            replay(setup, spec, some, reason=reason.strip(), tell=progress(), wait=not no_wait)
            for spec, some in proposals
            if any(not one.why_not for one in some)
        ]
        end_progress()
        after = {row.key: row for row in _again(setup, every)}
    _tell(every, outcomes, after, form)
    if any(one.why_not or after[one.row.key].state not in _DONE for one in every):
        sys.exit(1)


def _chosen(setup: Setup, state: str, mapping: str | None, since: datetime | None) -> list[RecordRow]:
    rows: list[RecordRow] = []
    while page := setup.ledger.records(
        mapping=mapping, states=[State(state)], after_id=rows[-1].id if rows else 0, limit=BATCH
    ):
        rows += page
    rows = [row for row in rows if state != "in_doubt" or row.cause == "not_found"]
    return [row for row in rows if since is None or _tried_on(setup, row) >= since.date()]


def _tried_on(setup: Setup, row: RecordRow) -> date:
    attempts = setup.ledger.attempts(row.id)
    return (attempts[-1].started_at if attempts else row.updated_at).astimezone(UTC).date()


def _by_mapping(setup: Setup, rows: Sequence[RecordRow]) -> list[tuple[MappingSpec, list[RecordRow]]]:
    unclaimed = [row for row in rows if row.mapping is None]
    if unclaimed:
        raise InputError(f"no mapping takes the record {unclaimed[0].key.source_id}: {unclaimed[0].reason}")
    unique = {row.key: row for row in rows}.values()
    names = {str(row.mapping) for row in unique}
    specs = in_order_of_need([named(setup.specs, name) for name in names])
    return [(spec, [row for row in unique if row.mapping == spec.name]) for spec in specs]


def _again(setup: Setup, proposals: Sequence[Proposal]) -> list[RecordRow]:
    keys = [str(one.row.key) for one in proposals]
    return [
        row
        for start in range(0, len(keys), BATCH)
        for row in setup.ledger.records(keys=keys[start : start + BATCH], limit=BATCH)
    ]


def _ask(proposals: Sequence[Proposal], form: str) -> None:
    going = [one for one in proposals if not one.why_not]
    if form == "json" or not sys.stdin.isatty():
        if form == "json":
            put_json({"proposals": [_as_json(one) for one in proposals], "runs": [], "left": []})
        raise InputError(f"nothing was sent: say --yes to send {counted(len(going), 'record')} without being asked")
    click.confirm(f"\nSend {counted(len(going), 'record')} as shown?", abort=True)


def _show(proposals: Sequence[Proposal]) -> None:
    if not proposals:
        click.echo("there is nothing to replay")
    for one in proposals:
        row = one.row
        parts = (row.label or row.key.source_id, shown_amount(row.amount, row.currency), row.company or "")
        click.echo("  ".join(one_line(part) for part in parts if part))
        if one.why_not:
            click.echo(f"    not replayed: {one_line(one.why_not)}")
            continue
        if one.last is not None:
            click.echo(one_line(f"    attempt {one.last.number}, {shown_time(one.last.started_at)}: {row.reason}"))
        for line in _changes(one):
            click.echo(f"    {one_line(line)}")


def _changes(one: Proposal) -> list[str]:
    if one.judgement is not None and one.judgement.verdict is Verdict.ADOPT:
        return [f"it is in the target already, as {one.judgement.reference}: adopted, not sent"]
    changes = one.changes
    if not changes.known:
        return ["what was sent before is not in the ledger any more; the document would be sent as it is now"]
    told = [f"books   {line}" for line in changes.entries]
    told += [f"by      {change}" for change in changes.rules]
    told += [f"sends   {change}" for change in changes.values]
    return told or ["the same document as before would be sent again"]


def _tell(
    proposals: Sequence[Proposal], outcomes: Sequence[Replayed], after: dict[Any, RecordRow], form: str
) -> None:
    left = {key: why for outcome in outcomes for key, why in outcome.left.items()}
    if form == "json":
        put_json(
            {
                "proposals": [_as_json(one) for one in proposals],
                "runs": [outcome.result.as_json() for outcome in outcomes],
                "left": [{"record": str(key), "why": why} for key, why in left.items()],
            }
        )
        return
    for one in proposals:
        if one.why_not:
            continue
        row = after[one.row.key]
        name = row.label or row.key.source_id
        state = row.state.value.replace("_", " ")
        told = f" as {row.reference}" if row.state in _DONE else f": {left.get(row.key) or row.reason}"
        click.echo(clean(f"{name}: {state}{told}"))
    for outcome in outcomes:
        for warning in outcome.result.warnings:
            click.echo(f"warning: {one_line(warning)}")
        if outcome.result.stopped:
            click.echo(f"sending stopped: {one_line(outcome.result.stopped)}; the rest stays ready")


def _as_json(one: Proposal) -> dict[str, Any]:
    row = one.row
    return {
        "record": str(row.key),
        "number": row.label,
        "amount": None if row.amount is None else str(row.amount),
        "currency": row.currency,
        "state": row.state.value,
        "verdict": one.judgement.verdict.value if one.judgement is not None else None,
        "why_not": one.why_not,
        "changes": one.changes.as_json(),
    }

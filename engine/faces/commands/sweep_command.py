"""`sweep`: what became of everything that was entered."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from engine.faces.commands.output import (
    counted,
    end_progress,
    format_option,
    one_line,
    progress,
    put_json,
    put_text,
    shown_amount,
    workspace_option,
)
from engine.run.ordering import named
from engine.run.sweeping import SweepResult, sweep
from engine.wiring.app import open_setup, valid_workspace
from engine.wiring.workspace import find_workspace
from engine.words.errors import InputError


@click.command("sweep")
@click.argument("names", nargs=-1)
@workspace_option
@format_option
@click.option(
    "--accept-missing",
    is_flag=True,
    help="Let a stopped line run again: what is missing is told record by record, and sending goes on.",
)
@click.option("--reason", metavar="TEXT", help="Why the missing ones are accepted, for the auditor.")
@click.option("--company", metavar="CODE", help="Accept only for this company.")
def command(
    names: tuple[str, ...],
    workspace: Path,
    form: str,
    accept_missing: bool,  # noqa: FBT001 - click hands it in
    reason: str | None,
    company: str | None,
) -> None:
    """Read again everything that is entered and not settled, of the mappings named or of all. Writes nothing there.

    A record becomes `in GL` when its group was posted and `settled` when nothing of it is open. What was deleted,
    changed, moved to another group, or could not be posted is told here and in the worklist; nothing is entered
    again. When very many are gone at once, none is marked and `run` enters nothing for that company until a
    person says --accept-missing. Run it daily. Exit code 1 when somebody has to look.

    \b
    Examples:
      ml-connector sweep
      ml-connector sweep bills --format json
      ml-connector sweep --accept-missing --reason "the test company was refreshed"

    \b
    JSON: {looked_at, in_gl, settled, cleared, noticed: [{record, number, company, cause, reason, reference}],
    unread: [record], stopped: {line: reason}}
    """
    if accept_missing != bool(reason and reason.strip()):
        raise InputError("--accept-missing and --reason go together: an auditor will ask why")
    if company is not None and not accept_missing:
        raise InputError("--company goes with --accept-missing: a sweep looks at every company")
    with open_setup(valid_workspace(find_workspace(workspace))) as setup:
        if company is not None:
            setup.books.company(company)
        specs = [named(setup.specs, name) for name in names] or list(setup.specs)
        try:
            result = sweep(setup, specs, accept_missing=(reason or "").strip(), company=company, tell=progress())
        finally:
            end_progress()
    if form == "json":
        put_json(_as_json(result))
    else:
        _show(result)
    if result.needs_person:
        sys.exit(1)


def _as_json(result: SweepResult) -> dict[str, object]:
    return {
        "looked_at": result.looked_at,
        "in_gl": result.in_gl,
        "settled": result.settled,
        "cleared": result.cleared,
        "noticed": [
            {
                "record": str(one.row.key),
                "number": one.row.label,
                "company": one.row.company,
                "cause": one.cause,
                "reason": one.reason,
                "reference": one.row.reference,
            }
            for one in result.noticed
        ],
        "unread": [str(row.key) for row in result.unread],
        "stopped": {f"{line[0]}/{line[1] or '-'}": why for line, why in result.stopped.items()},
    }


def _show(result: SweepResult) -> None:
    click.echo(
        f"looked at {counted(result.looked_at, 'entered document')}: {result.in_gl:,} now in the general ledger, "
        f"{result.settled:,} settled, {result.cleared:,} put right since"
    )
    for one in result.noticed:
        parts = (one.row.label, shown_amount(one.row.amount, one.row.currency), one.row.company or "")
        put_text(f"{'  '.join(one_line(part) for part in parts if part)}: {one.reason}", first=f"{one.cause:<11} ")
    for row in result.unread:
        put_text(
            f"{row.label or row.key.source_id}: what was sent is not in the ledger any more, or the target does not "
            "show it",
            first="unread      ",
        )
    for why in result.stopped.values():
        put_text(why, first="STOPPED     ")
        click.echo("Nothing is entered there until: ml-connector sweep --accept-missing --reason TEXT")
    if not result.needs_person:
        click.echo("everything is as it was entered")

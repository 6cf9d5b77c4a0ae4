"""`run NAME` and `run --all`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path

import click

from engine.adapters.vault.vault import Vault
from engine.domain.causes import CAUSES
from engine.domain.lifecycle import State
from engine.faces.commands.output import (
    counted,
    end_progress,
    format_option,
    one_line,
    progress,
    put_json,
    put_text,
    shown_amounts,
    workspace_option,
)
from engine.faces.commands.table import column, put_table
from engine.language.spec.model import MappingSpec
from engine.run.ordering import in_order_of_need, named
from engine.run.result import RunResult
from engine.run.running import run_mapping
from engine.run.setup import Setup
from engine.wiring.app import open_setup, open_vault, valid_workspace
from engine.wiring.credential_warnings import credential_warnings
from engine.wiring.this_process import on_one_core, share_one_heap
from engine.wiring.workspace import Workspace, find_workspace
from engine.words.errors import InputError, Unreachable


@click.command("run")
@click.argument("names", nargs=-1)
@workspace_option
@format_option
@click.option("--all", "everything", is_flag=True, help="Run every mapping, in the order of `after`.")
@click.option("--limit", type=click.IntRange(min=1), help="Send at most so many documents of each mapping.")
@click.option(
    "--only", multiple=True, metavar="KEY", help="Only this record: its id, the beginning of it, or its number."
)
@click.option(
    "--no-wait", is_flag=True, help="Wait for nothing: leave what is in doubt, or another runner's, to a later run."
)
@click.option(
    "--any-core", is_flag=True, help="Let Linux move the run between cores; it stays on one else, which is faster."
)
def command(
    names: tuple[str, ...],
    workspace: Path,
    form: str,
    everything: bool,  # noqa: FBT001 - click hands it in
    limit: int | None,
    only: tuple[str, ...],
    no_wait: bool,  # noqa: FBT001 - click hands it in
    any_core: bool,  # noqa: FBT001 - click hands it in
) -> None:
    """Run mappings: read the source, plan, send what is ready, and write the outcome back.

    Each record ends in one known state, whatever stops a run; a second run sends nothing twice. Exit code 1
    when records need a person: `ml-connector records --waiting` lists them. What is in doubt is waited for
    until its settle window has passed, and for the turn of a runner that died until it has run out, unless
    --no-wait. Exit code 3 when a system could not be asked, accepted nothing any more, or records were left to
    another runner.

    \b
    Examples:
      ml-connector run bills
      ml-connector run bills --only INV-20090
      ml-connector run bills card-transactions --limit 10
      ml-connector run --all --format json

    \b
    JSON: a list, one object a mapping: {mapping, run, read, sent, adopted, unchanged, acknowledged,
    became: [{state, cause, count, amounts: {currency: amount}}], elsewhere: {turn: holder}, left_elsewhere,
    unread: {feed: why}, warnings, report_file, stopped, broke_off}. Amounts are text. A mapping that could not be
    run to its end is told on standard error, and those after it are run all the same.
    """
    if bool(names) == everything:
        raise InputError("name the mappings to run, or say --all")
    loaded = valid_workspace(find_workspace(workspace))
    results: list[RunResult] = []
    failed: dict[str, Unreachable] = {}
    vault = open_vault(loaded)
    share_one_heap()
    with nullcontext() if any_core else on_one_core(), open_setup(loaded, vault=vault) as setup:
        specs = in_order_of_need(setup.specs if everything else [named(setup.specs, name) for name in names])
        try:
            for spec in specs:
                try:
                    result = run_mapping(setup, spec, tell=progress(), limit=limit, only=only, wait=not no_wait)
                except Unreachable as error:
                    if len(specs) == 1:
                        raise
                    failed[spec.name] = error  # the other mappings are not at fault
                    continue
                finally:
                    end_progress()
                result.warnings += _about_credentials(loaded, vault, setup, spec)
                results.append(result)
                if form == "table":
                    show_result(result, spaced=len(specs) > 1)
        finally:
            if form == "json":
                put_json([result.as_json() for result in results])
    _end(results, failed, form)


def _end(results: Sequence[RunResult], failed: Mapping[str, Unreachable], form: str) -> None:
    """Tell how all of it ended, by the exit code too."""
    if failed:
        told = "; ".join(f"{name}: {error}" for name, error in failed.items())
        raise Unreachable(f"{counted(len(failed), 'mapping')} could not be run to the end. {told}")
    if any(result.stopped or result.left_elsewhere or result.unread for result in results):
        sys.exit(3)
    waiting = sum(result.needs_person for result in results)
    if not waiting:
        return
    if form == "table":
        need = "needs" if waiting == 1 else "need"
        click.echo(f"{counted(waiting, 'record')} {need} a person: ml-connector records --waiting")
    sys.exit(1)


def _about_credentials(loaded: Workspace, vault: Vault, setup: Setup, spec: MappingSpec) -> list[str]:
    """What is to be done about the credentials of the systems that a mapping reads or writes."""
    used = (spec.source.connection, spec.target.connection)
    warnings = credential_warnings(loaded, vault, setup.ledger, setup.clock.now())
    return [one.sentence for one in warnings if one.connection in used]


def show_result(result: RunResult, *, spaced: bool = False) -> None:
    """A run's result for a person."""
    done = f"sent {result.sent:,}" if result.sent else "sent nothing"
    parts = [f"read {result.read:,}", done]
    parts += [f"found {result.adopted:,} already there"] if result.adopted else []
    parts += [f"{result.unchanged:,} in step"] if result.in_step else []
    parts += [f"wrote {result.acknowledged:,} back"] if result.acknowledged else []
    click.echo(f"{result.mapping}: {', '.join(parts)}")
    for name, holder in result.elsewhere.items():
        click.echo(f"  the turn {name} is with {one_line(holder)}; its records were left to it")
    if result.left_elsewhere:
        left = counted(result.left_elsewhere, "record")
        click.echo(f"  {left} still to be sent there: run it again when that run has ended")
    for feed, why in result.unread.items():
        put_text(f"{feed} could not be read to its end, and nothing of it was decided: {why}", first="  ")
    if result.stopped:
        put_text(f"sending stopped: {result.stopped}; the rest stays ready for the next run", first="  ")
    for warning in result.warnings:
        put_text(warning, first="  warning: ")
    if result.report_file:
        click.echo(f"  written for import: {result.report_file}")
    if result.became:
        put_table(
            (
                column("state"),
                column("records", right=True),
                column("amount", right=True),
                column("cause", long=True),
            ),
            list(_became(result)),
        )
    if spaced:
        click.echo()


def _became(result: RunResult) -> Iterator[tuple[object, ...]]:
    order = {state.value: number for number, state in enumerate(State)}
    for (state, cause), tally in sorted(result.became.items(), key=lambda pair: (order[pair[0][0]], pair[0][1])):
        first, *others = shown_amounts(tally.amounts)
        yield (
            state.replace("_", " "),
            f"{tally.count:,}",
            first,
            CAUSES[cause].title if cause in CAUSES else cause.replace("_", " "),
        )
        yield from (("", "", other, "") for other in others)

"""`alerts check|list|test`: who is told of what needs somebody."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from engine.adapters.connectors.channels.port import NotTold
from engine.adapters.store.alert_book import AlertRow
from engine.faces.commands.output import counted, format_option, put_json, put_text, shown_time, workspace_option
from engine.faces.commands.table import column, put_table
from engine.language.spec.alerts import Alerts
from engine.run.alerting.checking import trial_message
from engine.run.alerting.looks import Looks
from engine.run.exposure import find_exposure
from engine.run.reconciling.reconciling import reconcile
from engine.run.reconciling.sides import period_of
from engine.run.setup import Setup
from engine.wiring.alerting import book_of, check_workspace, open_channels
from engine.wiring.app import open_records, open_setup, open_vault, valid_workspace
from engine.wiring.workspace import Workspace, find_workspace, load_ledger_part, load_workspace
from engine.words.clock import SystemClock
from engine.words.errors import InputError, Unreachable
from engine.words.problem import did_you_mean


@click.group("alerts")
def command() -> None:
    """Tell the channels of alerts.yaml what needs somebody, once for each cause.

    \b
    Examples:
      ml-connector alerts test desk
      ml-connector alerts check
      ml-connector alerts check --look
      ml-connector alerts list --format json
    """


@command.command("check")
@workspace_option
@format_option
@click.option(
    "--look",
    is_flag=True,
    help="First ask the systems too: exposure, and the control report of each company's present month.",
)
def check_command(workspace: Path, form: str, look: bool) -> None:  # noqa: FBT001 - click hands it in
    """Find what stands by the rules of alerts.yaml, and tell what was not told yet.

    Reads the ledger and the vault; rules on exposure and reconcile are looked at with --look, or by the service
    after the job of that name. A channel that fails is tried again by a later check, and stops nothing. Exit code 1
    when something stands, 3 when nothing does and a channel failed.

    \b
    JSON: {standing, told, failed: {channel: why}}
    """
    loaded = valid_workspace(find_workspace(workspace))
    _alerts_of(loaded)
    with open_setup(loaded) as setup:
        checked = check_workspace(loaded, setup, looks=_looks(loaded, setup) if look else Looks())
    if form == "json":
        put_json({"standing": checked.standing, "told": checked.told, "failed": dict(checked.failed)})
    else:
        click.echo(f"{counted(checked.standing, 'cause')} standing, {counted(checked.told, 'message')} told")
        for channel, why in checked.failed.items():
            put_text(f"{channel}: {why}; it is tried again", first="FAIL  ")
    if checked.standing:
        sys.exit(1)
    if checked.failed:
        sys.exit(Unreachable.exit_code)


@command.command("list")
@workspace_option
@format_option
@click.option("--all", "everything", is_flag=True, help="Also what is over.")
def list_command(workspace: Path, form: str, everything: bool) -> None:  # noqa: FBT001 - click hands it in
    """What stands, since when, and whether it was told; reads only our ledger. Exit code 1 when something stands.

    \b
    JSON: a list of {rule, cause, channel, title, count, amounts, oldest, next, raised_at, told_at, cleared_at, due,
    tries, trouble}; `due` is what waits to be told: raised, again or cleared.
    """
    loaded = load_ledger_part(find_workspace(workspace))
    with open_records(loaded) as ledger:
        rows = [row for row in book_of(ledger, SystemClock()).rows() if everything or not is_done(row)]
    if form == "json":
        put_json([_as_json(row) for row in rows])
    elif not rows:
        click.echo("nothing stands, and nothing waits to be told")
    else:
        columns = (column("rule"), column("channel"), column("since"), column("told"), column("what", long=True))
        put_table(
            columns, [(row.rule, row.channel, shown_time(row.raised_at), _told(row), _what(row)) for row in rows]
        )
    if any(row.cleared_at is None for row in rows):
        sys.exit(1)


@command.command("test")
@click.argument("channel")
@workspace_option
@format_option
def test_command(channel: str, workspace: Path, form: str) -> None:
    """Send a test message to CHANNEL of alerts.yaml, and say whether it was taken. Exit code 3 when it was not.

    \b
    JSON: {channel, id}
    """
    loaded = load_workspace(find_workspace(workspace))
    alerts = _alerts_of(loaded)
    if channel not in alerts.channels:
        hint = did_you_mean(channel, alerts.channels)
        known = ", ".join(alerts.channels)
        raise InputError(f"alerts.yaml has no channel '{channel}' (it has: {known}){f'; {hint}' if hint else ''}")
    clock = SystemClock()
    alert = trial_message(channel, loaded.folder.name, clock)
    with open_channels(alerts, open_vault(loaded), clock) as channels:
        try:
            channels[channel].tell(alert)
        except NotTold as error:
            raise Unreachable(f"{channel} did not take the message: {error}") from None
    if form == "json":
        put_json({"channel": channel, "id": alert.id})
    else:
        click.echo(f"{channel} took the message {alert.id}")


def is_done(row: AlertRow) -> bool:
    """Whether a cause is over, and nothing waits to be told of it."""
    return row.cleared_at is not None and row.due is None


def _alerts_of(loaded: Workspace) -> Alerts:
    if loaded.alerts is None:
        problems = [problem for problem in loaded.errors if problem.place.file == "alerts.yaml"]
        why = "alerts.yaml has problems" if problems else "alerts.yaml is not there, or names no channel"
        raise InputError(why, problems)
    return loaded.alerts


def _looks(loaded: Workspace, setup: Setup) -> Looks:
    """What the rules ask of the other systems; without such a rule they are not asked."""
    wanted = {rule.on for rule in loaded.alerts.rules} if loaded.alerts is not None else set()
    return Looks(
        exposure=find_exposure(setup, setup.specs) if "exposure" in wanted else None,
        reports=tuple(
            reconcile(setup, code, period_of(_month(setup.clock.now(), company.zone)))
            for code, company in setup.books.companies.items()
        )
        if "reconcile_out" in wanted
        else (),
    )


def _month(now: datetime, zone: ZoneInfo) -> str:
    return f"{now.astimezone(zone):%Y-%m}"


def _told(row: AlertRow) -> str:
    if row.due is not None:
        return f"not yet, {counted(row.tries, 'attempt')} failed: {row.trouble}" if row.tries else "not yet"
    return shown_time(row.told_at) if row.told_at else ""


def _what(row: AlertRow) -> str:
    over = f"over since {shown_time(row.cleared_at)}: " if row.cleared_at else ""
    return f"{over}{row.raised.title}. Next: {row.raised.command}"


def _as_json(row: AlertRow) -> dict[str, object]:
    kept = row.raised.as_json()
    return {
        "rule": row.rule,
        "cause": row.cause,
        "channel": row.channel,
        "title": kept["title"],
        "count": kept["count"],
        "amounts": kept["amounts"],
        "oldest": kept["oldest"],
        "next": kept["command"],
        "raised_at": row.raised_at,
        "told_at": row.told_at,
        "cleared_at": row.cleared_at,
        "due": None if row.due is None else row.due.value,
        "tries": row.tries,
        "trouble": row.trouble or None,
    }

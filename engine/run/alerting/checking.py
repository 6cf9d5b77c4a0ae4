"""Checking the alerts: what stands is noted in the book, and what is due is told on its channels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.adapters.connectors.channels.port import Channel, NotTold, ToldInPart
from engine.adapters.store.alert_book import AlertBook, AlertRow, Entry
from engine.adapters.store.standing import Standing
from engine.domain.alert import Alert, Event, Raised
from engine.language.spec.alerts import Alerts
from engine.run.alerting.evaluating import Found, evaluate
from engine.run.alerting.looks import Looks
from engine.run.setup import Setup
from engine.words.clock import Clock
from engine.words.json_value import digest

TELLING_S = 60.0
"""No further message is begun after so long; what is left stays due for the next check."""
ID_LETTERS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a check did: causes that stand, messages told, and those that failed with why, by channel."""

    standing: int
    told: int
    failed: Mapping[str, str]


def check_alerts(
    setup: Setup,
    alerts: Alerts,
    *,
    channels: Mapping[str, Channel],
    book: AlertBook,
    standing: Standing,
    looks: Looks,
) -> Checked:
    """Find what stands, note it, and tell what is due; a channel that fails never stops anything.

    Safe to call from several processes at once: each message is claimed in the book before it is sent.

    Raises:
        LedgerError: the ledger failed.
    """
    found = {one.rule.name: one for one in evaluate(setup, standing, alerts.rules, looks)}
    entries = [
        Entry(rule=one.rule.name, channel=channel, raised=raised, repeat_after=one.rule.repeat_after)
        for one in found.values()
        for raised in one.raised
        for channel in one.rule.tell
    ]
    book.observe(
        entries,
        is_over=lambda row: _is_over(row, found, alerts),
        says_over=frozenset(rule.name for rule in alerts.rules if rule.tell_cleared),
    )
    told, failed = tell_due(book, channels, workspace=setup.folder.name, clock=setup.clock)
    return Checked(standing=sum(len(one.raised) for one in found.values()), told=told, failed=failed)


def tell_due(
    book: AlertBook, channels: Mapping[str, Channel], *, workspace: str, clock: Clock
) -> tuple[int, dict[str, str]]:
    """Tell what waits, until a channel fails: it is not tried again in this check."""
    told, failed, in_part = 0, dict[str, str](), dict[str, str]()
    began = clock.instant().seconds
    while clock.instant().seconds - began < TELLING_S:
        row = book.claim(but=tuple(failed))
        if row is None or row.due is None:
            break
        channel = channels.get(row.channel)
        if channel is None:
            book.told(row)  # alerts.yaml does not have it any more: nobody is left to hear this
            continue
        try:
            channel.tell(message(row, row.due, workspace, clock))
        except ToldInPart as error:
            told, in_part[row.channel] = told + 1, str(error)
            book.told(row)
        except NotTold as error:
            failed[row.channel] = str(error)
            book.failed(row, str(error))
        else:
            told += 1
            book.told(row)
    return told, in_part | failed


def message(row: AlertRow, event: Event, workspace: str, clock: Clock) -> Alert:
    """The message of a row of the book; told a second time it has the same id."""
    what = [workspace, row.key, event.value, row.raised_at, row.told_at]
    return Alert(
        id=digest(what)[:ID_LETTERS],
        event=event,
        workspace=workspace,
        rule=row.rule,
        raised=row.raised,
        raised_at=row.raised_at,
        at=clock.now(),
    )


def trial_message(channel: str, workspace: str, clock: Clock) -> Alert:
    """A message that says that a channel works."""
    now = clock.now()
    raised = Raised(cause="test", title=f"alerts reach {channel}", command="ml-connector alerts list")
    return Alert(
        id=digest([workspace, channel, now])[:ID_LETTERS],
        event=Event.TEST,
        workspace=workspace,
        rule="test",
        raised=raised,
        raised_at=now,
        at=now,
    )


def _is_over(row: AlertRow, found: Mapping[str, Found], alerts: Alerts) -> bool:
    """A cause that was looked at and is gone; and what belongs to a rule or channel that is not there any more."""
    one = found.get(row.rule)
    return one is None or row.channel not in alerts.channels or one.is_looked_at(row.cause)

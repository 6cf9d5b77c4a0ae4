"""Alerts of a workspace: its channels, its book, and the check, put together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from engine.adapters.connectors.channels.making import make_channel
from engine.adapters.connectors.channels.port import Channel
from engine.adapters.store.alert_book import AlertBook
from engine.adapters.store.port import Ledger
from engine.adapters.store.sql import SqlLedger
from engine.adapters.store.standing import Standing
from engine.adapters.vault.vault import Vault
from engine.language.spec.alerts import Alerts
from engine.run.alerting.checking import Checked, check_alerts
from engine.run.alerting.looks import CredentialTrouble, Looks
from engine.run.setup import Setup
from engine.wiring.credential_warnings import credential_warnings
from engine.wiring.credentials import CHANNEL, CredentialsOf, open_vault
from engine.wiring.workspace import Workspace
from engine.words.clock import Clock
from engine.words.errors import ProgramError

NOTHING = Checked(standing=0, told=0, failed={})


def check_workspace(workspace: Workspace, setup: Setup, *, looks: Looks | None = None) -> Checked:
    """Check the alerts of an open workspace, and tell what is due; nothing without an alerts.yaml.

    Call it after every job with what the job looked at, and from time to time without. Credentials are looked at
    here. A receiver that is dead costs its time-outs, at most a minute or so, and never raises.

    Raises:
        LedgerError, CredentialsError: our own store or the vault cannot be opened.
    """
    if workspace.alerts is None:
        return NOTHING
    looks = looks or Looks()
    vault = open_vault(workspace)
    with open_channels(workspace.alerts, vault, setup.clock) as channels:
        return check_alerts(
            setup,
            workspace.alerts,
            channels=channels,
            book=book_of(setup.ledger, setup.clock),
            standing=Standing(_sql(setup.ledger).database),
            looks=Looks(
                credentials=_credential_troubles(workspace, vault, setup),
                exposure=looks.exposure,
                exposure_of=looks.exposure_of,
                reports=looks.reports,
                jobs=looks.jobs,
            ),
        )


def book_of(ledger: Ledger, clock: Clock) -> AlertBook:
    """The book of alerts in a ledger's database."""
    database = _sql(ledger).database
    return AlertBook(database, database.lease_time(clock))


@contextmanager
def open_channels(alerts: Alerts, vault: Vault, clock: Clock) -> Iterator[Mapping[str, Channel]]:
    """The channels by name; closed again at the end."""
    with ExitStack() as stack:
        channels = {
            name: make_channel(spec, CredentialsOf(vault, CHANNEL + name, clock), clock)
            for name, spec in alerts.channels.items()
        }
        for channel in channels.values():
            stack.callback(channel.close)
        yield channels


def _credential_troubles(workspace: Workspace, vault: Vault, setup: Setup) -> tuple[CredentialTrouble, ...]:
    return tuple(
        CredentialTrouble(
            connection=one.connection,
            field=one.field,
            what=one.what,
            told=one.told,
            command=one.command,
        )
        for one in credential_warnings(workspace, vault, setup.ledger, setup.clock.now())
    )


def _sql(ledger: Ledger) -> SqlLedger:
    if not isinstance(ledger, SqlLedger):
        raise ProgramError("alerts are kept in the ledger's own database, and this ledger has none")
    return ledger

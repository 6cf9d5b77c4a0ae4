"""One workspace as the HTTP face sees it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from engine.adapters.store.inbox import Inbox, SqlInbox
from engine.adapters.store.measuring import Measures
from engine.adapters.store.port import Ledger
from engine.adapters.store.sql import SqlLedger
from engine.adapters.vault.vault import Vault
from engine.language.spec.connections import ConnectionSettings
from engine.language.spec.webhooks import SECRET_FIELD, WebhookSettings
from engine.wiring.current_workspace import CurrentWorkspace
from engine.words.clock import Clock
from engine.words.secret import Secret

SECRETS_S = 5.0
"""Seconds after which a secret that was set or changed is used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardWorkspace:
    """A workspace's name in addresses and labels, and what of it is asked."""

    name: str
    current: CurrentWorkspace
    vault: Vault
    ledger: Ledger
    inbox: Inbox
    measures: Measures

    @property
    def connections(self) -> dict[str, ConnectionSettings]:
        """The connections as they last were without errors."""
        found = self.current.good().connections
        return found.connections if found is not None else {}

    def webhooks(self, connection: str) -> WebhookSettings | None:
        """How a connection's events are heard; None when they are not, or when there is no such connection."""
        one = self.connections.get(connection)
        return one.webhooks if one is not None else None

    def mappings_for(self, connection: str, kind: str) -> tuple[str, ...]:
        """The mappings that an event wakes."""
        settings = self.webhooks(connection)
        specs = self.current.good().specs
        return settings.mappings_for(kind, connection, specs) if settings is not None else ()


def heard_workspace(
    name: str, current: CurrentWorkspace, vault: Vault, ledger: SqlLedger, clock: Clock
) -> HeardWorkspace:
    """A workspace whose ledger and vault are open."""
    return HeardWorkspace(
        name=name,
        current=current,
        vault=vault,
        ledger=ledger,
        inbox=SqlInbox(ledger.database, clock, ledger.payload_seal),
        measures=Measures(ledger.database),
    )


class ActiveSecrets:
    """The secrets that prove a connection's events now: the present one and the next, as far as they are set."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[tuple[str, str], tuple[float, tuple[Secret, ...]]] = {}

    def of(self, heard: HeardWorkspace, connection: str) -> tuple[Secret, ...]:
        """Both; read anew every few seconds, so that a change works soon and a burst costs nothing.

        Raises:
            CredentialsError: one is set and does not open.
        """
        name, now_s = (heard.name, connection), self._clock.instant().seconds
        known = self._known.get(name)
        if known is not None and now_s - known[0] < SECRETS_S:
            return known[1]
        found = tuple(one for one in _secrets(heard.vault, connection) if one is not None)
        self._known[name] = (now_s, found)
        return found


def _secrets(vault: Vault, connection: str) -> tuple[Secret | None, Secret | None]:
    present = vault.get(connection, SECRET_FIELD) if vault.set_at(connection, SECRET_FIELD) is not None else None
    return present, vault.upcoming(connection, SECRET_FIELD)


def kept_for(settings: WebhookSettings) -> timedelta:
    """How long a connection's events are kept."""
    return timedelta(days=settings.keep_days)

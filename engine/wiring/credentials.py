"""The credentials of the connections: handed to connectors, watched while they are used, and told about."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from engine.adapters.connectors.registry import credential_addresses, credential_fields
from engine.adapters.vault.credentials_file import UPCOMING
from engine.adapters.vault.providers import NewKey
from engine.adapters.vault.use_log import FILE as USES
from engine.adapters.vault.use_log import UseLog
from engine.adapters.vault.vault import Vault
from engine.domain.audit_event import AuditEvent
from engine.language.spec.connections import ConnectionSettings
from engine.language.spec.webhooks import SECRET_FIELD
from engine.wiring.hidden import HIDDEN
from engine.wiring.workspace import LEDGER, Workspace
from engine.words.clock import Clock
from engine.words.errors import InputError
from engine.words.problem import did_you_mean
from engine.words.secret import Secret

SET, REMOVED, TAKEN_OVER, REFUSED = (
    "credential set",
    "credential removed",
    "credential taken over",
    "credential refused",
)
"""The kinds of events that the audit trail has of a credential."""

LOOK_S = 0.2
"""So old may what is known of the credentials' file be; where one was refused, it is looked at at once."""

CHANNEL = "alerts."
"""What stands before the name of a channel of alerts.yaml where its credential is named."""

TellEvent = Callable[[AuditEvent], None]


def mark_of(connection: str, field: str) -> str:
    """Under which name the audit trail has the events of a credential, in place of a record's key."""
    return f"credential {connection} {field}"


class CredentialsOf:
    """The credentials of one connection, out of the vault; opened again when its file is another one.

    The file is looked at from time to time, not for each request.
    """

    def __init__(self, vault: Vault, connection: str, clock: Clock) -> None:
        self._vault = vault
        self._connection = connection
        self._clock = clock
        self._opened: dict[str, tuple[object, Secret]] = {}
        self._mark: object = None
        self._looked_s: float | None = None
        self._looking = threading.Lock()

    def get(self, field: str) -> Secret:
        """The secret of that name, as it was `LOOK_S` ago at the earliest."""
        looked_s = self._looked_s
        if looked_s is None or self._clock.instant().seconds - looked_s >= LOOK_S:
            self.look_again()
        mark = self._mark
        known = self._opened.get(field)
        if known is not None and mark is not None and known[0] == mark:
            return known[1]
        secret = self._vault.get(self._connection, field)
        self._opened[field] = (mark, secret)
        return secret

    def look_again(self) -> None:
        """Look at the file now."""
        with self._looking:
            self._mark, self._looked_s = self._vault.mark, self._clock.instant().seconds


class CredentialChanges:
    """Changes credentials and keys for an operator; each change is told as an event of the audit trail."""

    def __init__(self, vault: Vault, *, clock: Clock, who: str, tell: TellEvent) -> None:
        self._vault = vault
        self._clock = clock
        self._who = who
        self._tell = tell

    def set(self, connection: str, field: str, secret: Secret, *, expires: date | None, upcoming: bool) -> None:
        """Set a credential. Raises as `Vault.set` does."""
        set_at = self._vault.set(connection, field, secret, expires=expires, upcoming=upcoming)
        told = {"fingerprint": secret.fingerprint(), "set_at": set_at.isoformat(), "next": upcoming}
        self._note(SET, connection, field, {**told, "expires": str(expires) if expires else None})

    def remove(self, connection: str, field: str, *, upcoming: bool) -> None:
        """Forget a credential. Raises as `Vault.remove` does."""
        self._vault.remove(connection, field, upcoming=upcoming)
        self._note(REMOVED, connection, field, {"next": upcoming})

    def rotate_key(self, new: NewKey) -> str:
        """Lock the vault with a new key; says what is left to do."""
        left = self._vault.rotate_key(new)
        self._event("vault key changed", None, {"provider": new.name, "key": new.key.id})
        return left

    def rotate_data(self) -> int:
        """Seal every credential with a new data key; gives how many there are."""
        count = self._vault.rotate_data()
        self._event("data key changed", None, {"credentials": count})
        return count

    def _note(self, kind: str, connection: str, field: str, detail: dict[str, Any]) -> None:
        self._event(kind, mark_of(connection, field), {"connection": connection, "field": field, **detail})

    def _event(self, kind: str, mark: str | None, detail: dict[str, Any]) -> None:
        self._tell(AuditEvent(at=self._clock.now(), who=self._who, kind=kind, record=mark, run=None, detail=detail))


class WatchOf:
    """Notes how the tracked credential of one connection fares; its change and first refusal are audited."""

    def __init__(
        self, vault: Vault, uses: UseLog, connection: str, *, clock: Clock, who: str, tell: TellEvent
    ) -> None:
        self._vault = vault
        self._uses = uses
        self._connection = connection
        self._clock = clock
        self._who = who
        self._tell = tell

    def upcoming(self, field: str) -> Secret | None:
        """The credential that waits to take over."""
        return self._vault.upcoming(self._connection, field)

    def accepted(self, field: str, used: Secret, token_id: str) -> None:
        """Note it; when the waiting one was accepted, it takes the place of the other."""
        before = self._vault.get(self._connection, field)
        if before != used:
            if not self._vault.take_over(self._connection, field, used):
                return  # another process did it, or the operator changed it meanwhile
            set_at = self._vault.set_at(self._connection, field)
            detail = {"from": before.fingerprint(), "to": used.fingerprint(), "token_id": token_id}
            self._event(TAKEN_OVER, field, {**detail, "set_at": set_at.isoformat() if set_at else None})
        set_at = self._vault.set_at(self._connection, field)
        if set_at is not None:
            self._uses.accepted(self._connection, field, set_at, self._clock.now(), token_id)

    def refused(self, field: str, used: Secret) -> None:
        """Note it, and raise the alert once when nothing is left to try."""
        waiting = self.upcoming(field)
        if waiting is not None and waiting == used:
            set_at = self._vault.set_at(self._connection, field, upcoming=True)
            if self._is_news(field + UPCOMING, set_at):
                self._event(REFUSED, field, {"next_fingerprint": used.fingerprint()})
            return
        if self._vault.get(self._connection, field) != used:
            return
        if self._is_news(field, self._vault.set_at(self._connection, field)) and waiting is None:
            self._event(REFUSED, field, {"fingerprint": used.fingerprint()})

    def _is_news(self, name: str, set_at: datetime | None) -> bool:
        """Whether nobody had noted yet, in this run or an earlier one, that this credential is refused."""
        return set_at is not None and self._uses.refused(self._connection, name, set_at, self._clock.now())

    def _event(self, kind: str, field: str, detail: dict[str, Any]) -> None:
        named = {"connection": self._connection, "field": field, **detail}
        mark = mark_of(self._connection, field)
        self._tell(AuditEvent(at=self._clock.now(), who=self._who, kind=kind, record=mark, run=None, detail=named))


def open_vault(workspace: Workspace, environ: Mapping[str, str] | None = None) -> Vault:
    """The workspace's vault; every credential is bound to where its connection or channel may send it."""
    connections = workspace.connections.connections if workspace.connections else {}
    channels = workspace.alerts.channels if workspace.alerts else {}
    return Vault.open(
        workspace.folder,
        environ=os.environ if environ is None else environ,
        origins={name: credential_addresses(one.kind, _all_settings(one)) for name, one in connections.items()}
        | {CHANNEL + name: (one.address,) for name, one in channels.items()},
        existing=[workspace.state / LEDGER],
        ask=workspace.ask_passphrase,
        opening=HIDDEN.add,
    )


def open_uses(workspace: Workspace) -> UseLog:
    """What is known of the use of the workspace's credentials."""
    return UseLog(workspace.state / USES)


def needed_fields(workspace: Workspace, connection: str) -> tuple[tuple[str, str], ...]:
    """The credentials that a connection needs, or a channel `alerts.NAME`, each with the question to ask.

    Raises:
        InputError: there is no such connection or channel.
    """
    connections = workspace.connections.connections if workspace.connections else {}
    channels = workspace.alerts.channels if workspace.alerts else {}
    channel = channels.get(connection.removeprefix(CHANNEL)) if connection.startswith(CHANNEL) else None
    if channel is not None:
        return () if channel.secret_field is None else (channel.secret_field,)
    if connection not in connections:
        hint = did_you_mean(connection, (*connections, *(CHANNEL + name for name in channels)))
        raise InputError(f"there is no connection '{connection}'{f'; {hint}' if hint else ''}", workspace.errors)
    one = connections[connection]
    return (*credential_fields(one.kind, _all_settings(one)), *_webhook_fields(one))


def holders(workspace: Workspace) -> tuple[str, ...]:
    """Every connection and channel that may need credentials, as `needed_fields` knows them."""
    connections = workspace.connections.connections if workspace.connections else {}
    channels = workspace.alerts.channels if workspace.alerts else {}
    return (*connections, *(CHANNEL + name for name in channels))


def _webhook_fields(one: ConnectionSettings) -> tuple[tuple[str, str], ...]:
    if one.webhooks is None:
        return ()
    if one.webhooks.signature is None:
        return ((SECRET_FIELD, "the last part of its webhook address (made by `ml-connector webhook path`)"),)
    return ((SECRET_FIELD, "the secret it signs its webhook events with"),)


def _all_settings(one: ConnectionSettings) -> dict[str, Any]:
    return {"environment": one.environment, "base_url": one.base_url, **one.settings}

"""The credentials of the connections: handed to connectors, watched while they are used, and told about."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from engine.adapters.connectors.registry import credential_fields
from engine.adapters.vault.use_log import FILE as USES
from engine.adapters.vault.use_log import UseLog
from engine.adapters.vault.vault import CredentialName, Vault
from engine.domain.audit_event import AuditEvent
from engine.language.spec.connections import ConnectionSettings
from engine.language.spec.webhooks import SECRET_FIELD
from engine.wiring.hidden import HIDDEN
from engine.wiring.workspace import LEDGER, Workspace
from engine.words.clock import Clock
from engine.words.errors import InputError
from engine.words.problem import did_you_mean
from engine.words.secret import Secret

WARN_DAYS = 14
"""Days before its end from which a credential is warned of."""

TellEvent = Callable[[AuditEvent], None]


class CredentialsOf:
    """The credentials of one connection, out of the vault."""

    def __init__(self, vault: Vault, connection: str) -> None:
        self._vault = vault
        self._connection = connection

    def get(self, field: str) -> Secret:
        """The secret of that name."""
        return self._vault.get(self._connection, field)


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
        self._refused_next: set[Secret] = set()

    def upcoming(self, field: str) -> Secret | None:
        """The credential that waits to take over."""
        return self._vault.upcoming(self._connection, field)

    def accepted(self, field: str, used: Secret, token_id: str) -> None:
        """Note it; when the waiting one was accepted, it takes the place of the other."""
        before = self._vault.get(self._connection, field)
        if before != used:
            if not self._vault.take_over(self._connection, field, used):
                return  # another process did it, or the operator changed it meanwhile
            self._event(
                "credential taken over",
                field,
                {"from": before.fingerprint(), "to": used.fingerprint(), "token_id": token_id},
            )
        set_at = self._vault.set_at(self._connection, field)
        if set_at is not None:
            self._uses.accepted(self._connection, field, set_at, self._clock.now(), token_id)

    def refused(self, field: str, used: Secret) -> None:
        """Note it, and raise the alert once when nothing is left to try."""
        waiting = self.upcoming(field)
        if waiting is not None and waiting == used:
            if used not in self._refused_next:
                self._refused_next.add(used)
                self._event("credential refused", field, {"next_fingerprint": used.fingerprint()})
            return
        set_at = self._vault.set_at(self._connection, field)
        if set_at is None or self._vault.get(self._connection, field) != used:
            return
        is_new = self._uses.refused(self._connection, field, set_at, self._clock.now())
        if is_new and waiting is None:
            self._event("credential refused", field, {"fingerprint": used.fingerprint()})

    def _event(self, kind: str, field: str, detail: dict[str, Any]) -> None:
        named = {"connection": self._connection, "field": field, **detail}
        self._tell(AuditEvent(at=self._clock.now(), who=self._who, kind=kind, record=None, run=None, detail=named))


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialState:
    """One credential that a connection needs, and all that is known of it; never its value."""

    connection: str
    field: str
    question: str
    set_at: datetime | None = None
    age_days: int | None = None
    fingerprint: str = ""
    expires: date | None = None
    accepted_at: datetime | None = None
    refused_at: datetime | None = None
    token_id: str = ""
    next_set_at: datetime | None = None
    next_fingerprint: str = ""
    warning: str = ""

    def as_json(self) -> dict[str, object]:
        """For `--format json`."""
        return {
            "connection": self.connection,
            "field": self.field,
            "set_at": self.set_at,
            "age_days": self.age_days,
            "fingerprint": self.fingerprint or None,
            "expires": self.expires,
            "accepted_at": self.accepted_at,
            "refused_at": self.refused_at,
            "token_id": self.token_id or None,
            "next_set_at": self.next_set_at,
            "next_fingerprint": self.next_fingerprint or None,
            "warning": self.warning or None,
            "what": self.question,
        }


def open_vault(workspace: Workspace, environ: Mapping[str, str] | None = None) -> Vault:
    """The workspace's vault; every credential is bound to its connection's origin."""
    connections = workspace.connections.connections if workspace.connections else {}
    return Vault.open(
        workspace.folder,
        environ=os.environ if environ is None else environ,
        origins={name: one.base_url for name, one in connections.items()},
        existing=[workspace.state / LEDGER],
        opening=HIDDEN.add,
    )


def open_uses(workspace: Workspace) -> UseLog:
    """What is known of the use of the workspace's credentials."""
    return UseLog(workspace.state / USES)


def needed_fields(workspace: Workspace, connection: str) -> tuple[tuple[str, str], ...]:
    """The credentials that a connection needs, each with the question to ask.

    Raises:
        InputError: there is no such connection.
    """
    connections = workspace.connections.connections if workspace.connections else {}
    if connection not in connections:
        hint = did_you_mean(connection, connections)
        raise InputError(f"there is no connection '{connection}'{f'; {hint}' if hint else ''}", workspace.errors)
    one = connections[connection]
    own = credential_fields(one.kind, {"environment": one.environment, "base_url": one.base_url, **one.settings})
    return (*own, *_webhook_fields(one))


def credential_states(workspace: Workspace, vault: Vault, now: datetime) -> tuple[CredentialState, ...]:
    """Every credential that the connections need, in their order, set or missing."""
    uses = open_uses(workspace)
    names = {(one.connection, one.field, one.upcoming): one for one in vault.names()}
    return tuple(
        _state(
            connection,
            field,
            question,
            settings,
            names.get((connection, field, False)),
            names.get((connection, field, True)),
            uses,
            now,
        )
        for connection, settings in (workspace.connections.connections if workspace.connections else {}).items()
        for field, question in needed_fields(workspace, connection)
    )


def credential_warnings(workspace: Workspace, vault: Vault, now: datetime) -> tuple[str, ...]:
    """What is to be done about credentials soon, each as one sentence; for `status`, `ping` and a run."""
    return tuple(
        f"{one.connection} {one.field}: {one.warning}"
        for one in credential_states(workspace, vault, now)
        if one.warning
    )


def _webhook_fields(one: ConnectionSettings) -> tuple[tuple[str, str], ...]:
    if one.webhooks is None:
        return ()
    if one.webhooks.signature is None:
        return ((SECRET_FIELD, "the last part of its webhook address (made by `ml-connector webhook path`)"),)
    return ((SECRET_FIELD, "the secret it signs its webhook events with"),)


def _state(
    connection: str,
    field: str,
    question: str,
    settings: ConnectionSettings,
    name: CredentialName | None,
    following: CredentialName | None,
    uses: UseLog,
    now: datetime,
) -> CredentialState:
    next_set_at = following.set_at if following else None
    next_fingerprint = following.fingerprint if following else ""
    if name is None:
        return CredentialState(
            connection=connection,
            field=field,
            question=question,
            next_set_at=next_set_at,
            next_fingerprint=next_fingerprint,
            warning="is not set",
        )
    use = uses.find(connection, field, name.set_at)
    expires = name.expires or _end_of_life(field, settings, name.set_at)
    return CredentialState(
        connection=connection,
        field=field,
        question=question,
        set_at=name.set_at,
        age_days=(now - name.set_at).days,
        fingerprint=name.fingerprint,
        expires=expires,
        accepted_at=use.accepted_at,
        refused_at=use.refused_at,
        token_id=use.token_id,
        next_set_at=next_set_at,
        next_fingerprint=next_fingerprint,
        warning=_warning(name, expires, use.refused_at, following, now),
    )


def _end_of_life(field: str, settings: ConnectionSettings, set_at: datetime) -> date | None:
    days = settings.settings.get("token_lifetime_days")
    return (set_at + timedelta(days=days)).date() if isinstance(days, int) and field == "api_key" else None


def _warning(
    name: CredentialName,
    expires: date | None,
    refused_at: datetime | None,
    following: CredentialName | None,
    now: datetime,
) -> str:
    command = f"`ml-connector credentials set {name.connection} {name.field}`"
    if not name.fingerprint:
        return f"was changed since it was set, and does not open: run {command}"
    if refused_at is not None and following is None:
        return f"refused by the system since {refused_at:%Y-%m-%d %H:%M} UTC, the connection is paused: run {command}"
    if expires is None or following is not None:
        return ""
    left = (expires - now.date()).days
    if left > WARN_DAYS:
        return ""
    ends = f"ended on {expires}" if left < 0 else f"ends on {expires}, in {left} day{'s' if left != 1 else ''}"
    return f"{ends}: make the next one in its portal and store it before with {command[:-1]} --next`"

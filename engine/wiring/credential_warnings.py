"""How the credentials of a workspace stand, and what is to be done about them before they stop the work."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from engine.adapters.store.port import Ledger
from engine.adapters.vault.credentials_file import UPCOMING
from engine.adapters.vault.use_log import UseLog
from engine.adapters.vault.vault import CredentialName, Vault
from engine.language.spec.connections import ConnectionSettings
from engine.wiring.credentials import REMOVED, SET, TAKEN_OVER, holders, mark_of, needed_fields, open_uses
from engine.wiring.workspace import Workspace

WARN_DAYS = 14
"""Days before its end from which a credential is warned of."""

What = Literal["missing", "put_back", "damaged", "other_address", "paused", "next_refused", "ended", "ending"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialWarning:
    """What is wrong with one credential, or will be soon, and the command that ends it.

    `since` is when it began where that is known, `until` the day it ends, `days_left` counts to that day and is
    negative after it.
    """

    connection: str
    field: str
    what: What
    told: str
    command: str
    since: datetime | None = None
    until: date | None = None
    days_left: int | None = None

    @property
    def is_urgent(self) -> bool:
        """Whether it needs a person now; otherwise it will."""
        return self.what != "ending"

    @property
    def sentence(self) -> str:
        """The whole of it in one line."""
        return f"{self.connection} {self.field} {self.told}: run `{self.command}`"

    def as_json(self) -> dict[str, object]:
        """For `--format json`."""
        return {
            "connection": self.connection,
            "field": self.field,
            "what": self.what,
            "sentence": self.sentence,
            "since": self.since,
            "until": self.until,
            "days_left": self.days_left,
            "next": self.command,
        }


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
    warning: CredentialWarning | None = None

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
            "warning": self.warning.sentence if self.warning else None,
            "what": self.question,
        }


def credential_warnings(
    workspace: Workspace, vault: Vault, ledger: Ledger | None, now: datetime
) -> tuple[CredentialWarning, ...]:
    """What is to be done about credentials, now or soon: at most one warning for each that the connections need.

    Reads the vault, its notes of use and, where a ledger is given, the audit trail, which knows of a credentials
    file that was put back to an older state. Asks no other system.
    """
    states = credential_states(workspace, vault, ledger, now)
    return tuple(one.warning for one in states if one.warning is not None)


def credential_states(
    workspace: Workspace, vault: Vault, ledger: Ledger | None, now: datetime
) -> tuple[CredentialState, ...]:
    """Every credential that the connections and channels need, in their order, set or missing."""
    connections = workspace.connections.connections if workspace.connections else {}
    uses = open_uses(workspace)
    names = {(one.connection, one.field, one.upcoming): one for one in vault.names()}
    return tuple(
        _state(
            connection,
            field,
            question,
            settings=connections.get(connection),
            name=names.get((connection, field, False)),
            following=names.get((connection, field, True)),
            uses=uses,
            noted=_last_change(ledger, connection, field),
            now=now,
        )
        for connection in holders(workspace)
        for field, question in needed_fields(workspace, connection)
    )


def _state(
    connection: str,
    field: str,
    question: str,
    *,
    settings: ConnectionSettings | None,
    name: CredentialName | None,
    following: CredentialName | None,
    uses: UseLog,
    noted: datetime | None,
    now: datetime,
) -> CredentialState:
    next_set_at = following.set_at if following else None
    next_fingerprint = following.fingerprint if following else ""
    put_back = _put_back(connection, field, name, noted)
    if name is None:
        missing = _warning(connection, field, "missing", "is not set")
        return CredentialState(
            connection=connection,
            field=field,
            question=question,
            next_set_at=next_set_at,
            next_fingerprint=next_fingerprint,
            warning=put_back or missing,
        )
    use = uses.find(connection, field, name.set_at)
    next_refused_at = uses.find(connection, field + UPCOMING, following.set_at).refused_at if following else None
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
        warning=put_back
        or _about_use(name, use.refused_at, following, next_refused_at)
        or _about_end(name, None if following else expires, now),
    )


def _end_of_life(field: str, settings: ConnectionSettings | None, set_at: datetime) -> date | None:
    days = settings.settings.get("token_lifetime_days") if settings is not None else None
    return (set_at + timedelta(days=days)).date() if isinstance(days, int) and field == "api_key" else None


def _last_change(ledger: Ledger | None, connection: str, field: str) -> datetime | None:
    """When the credential that ought to be in the vault was set, as the audit trail has it; None when none ought."""
    set_at = None
    for _, event, _ in ledger.trail(record=mark_of(connection, field)) if ledger is not None else ():
        if event.kind == TAKEN_OVER or (event.kind == SET and not event.detail["next"]):
            set_at = datetime.fromisoformat(event.detail["set_at"])
        elif event.kind == REMOVED and not event.detail["next"]:
            set_at = None
    return set_at


def _put_back(
    connection: str, field: str, name: CredentialName | None, noted: datetime | None
) -> CredentialWarning | None:
    if noted is None or (name is not None and name.set_at >= noted):
        return None
    there = f"is of {name.set_at:%Y-%m-%d %H:%M} UTC" if name is not None else "is not set"
    told = (
        f"{there}, and by the audit trail it was last changed on {noted:%Y-%m-%d %H:%M} UTC: the credentials file "
        "was put back to an older state. Put the newer file back, or set it again"
    )
    return _warning(connection, field, "put_back", told, since=noted)


def _about_use(
    name: CredentialName,
    refused_at: datetime | None,
    following: CredentialName | None,
    next_refused_at: datetime | None,
) -> CredentialWarning | None:
    connection, field = name.connection, name.field
    if not name.fingerprint:
        told = "was changed since it was set, and does not open"
        return _warning(connection, field, "damaged", told)
    if not name.fits:
        told = "was set for another address than the connection has now. If the new one is right, set it again"
        return _warning(connection, field, "other_address", told)
    if refused_at is not None and following is None:
        told = f"is refused by the system since {refused_at:%Y-%m-%d %H:%M} UTC, the connection is paused"
        return _warning(connection, field, "paused", told, since=refused_at)
    if refused_at is not None and next_refused_at is not None:
        told = (
            f"is refused by the system since {refused_at:%Y-%m-%d %H:%M} UTC, and so is the next one: "
            "the connection is paused"
        )
        return _warning(connection, field, "paused", told, since=refused_at)
    if next_refused_at is not None:
        told = f"has a next one that the system refused on {next_refused_at:%Y-%m-%d %H:%M} UTC"
        return _warning(connection, field, "next_refused", told, since=next_refused_at, upcoming=True)
    return None


def _about_end(name: CredentialName, expires: date | None, now: datetime) -> CredentialWarning | None:
    left = (expires - now.date()).days if expires is not None else WARN_DAYS + 1
    if left > WARN_DAYS:
        return None
    ends = f"ends on {expires}, in {left} day{'s' if left != 1 else ''}"
    if left <= 0:
        ends = f"ended on {expires}" if left else f"ends today, {expires}"
    return _warning(
        name.connection,
        name.field,
        "ended" if left < 0 else "ending",
        f"{ends}. Make the next one in its portal and store it before",
        until=expires,
        days_left=left,
        upcoming=True,
    )


def _warning(
    connection: str,
    field: str,
    what: What,
    told: str,
    *,
    since: datetime | None = None,
    until: date | None = None,
    days_left: int | None = None,
    upcoming: bool = False,
) -> CredentialWarning:
    return CredentialWarning(
        connection=connection,
        field=field,
        what=what,
        told=told,
        command=f"ml-connector credentials set {connection} {field}{' --next' if upcoming else ''}",
        since=since,
        until=until,
        days_left=days_left,
    )

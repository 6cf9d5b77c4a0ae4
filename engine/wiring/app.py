"""The one place where everything is put together."""

from __future__ import annotations

import getpass
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.adapters.connectors.port import Connector
from engine.adapters.connectors.registry import in_flight_of, make_connector
from engine.adapters.store.port import Ledger
from engine.adapters.store.sql import open_ledger
from engine.adapters.vault.vault import Vault
from engine.language.spec.connections import ConnectionSettings
from engine.run.setup import Setup
from engine.wiring.credentials import CredentialsOf, WatchOf, open_uses, open_vault
from engine.wiring.workspace import LEDGER, Workspace, load_workspace
from engine.words.clock import Clock, IdMaker, SystemClock, random_id
from engine.words.errors import InputError

__all__ = ["ledger_url", "open_records", "open_setup", "open_vault", "valid_workspace", "who_am_i", "without_errors"]


def valid_workspace(folder: Path) -> Workspace:
    """A workspace without errors.

    Raises:
        InputError: it has some; all of them are told.
    """
    return without_errors(load_workspace(folder))


def without_errors(workspace: Workspace) -> Workspace:
    """The same workspace.

    Raises:
        InputError: it has errors; all of them are told.
    """
    if workspace.errors:
        count = len(workspace.errors)
        raise InputError(
            f"the workspace has {count} problem{'s' if count > 1 else ''}; nothing was done", workspace.errors
        )
    return workspace


@contextmanager
def open_records(workspace: Workspace, vault: Vault | None = None) -> Iterator[Ledger]:
    """The workspace's ledger alone, to be read: a mapping that cannot be read does not hide how the records stand.

    A vault that is open already is not opened once more.

    Raises:
        InputError: connections.yaml is wrong.
        CredentialsError, LedgerError: the ledger cannot be opened.
    """
    if workspace.connections is None:
        raise InputError("connections.yaml cannot be read", workspace.errors)
    ledger = _open_ledger(workspace, vault or open_vault(workspace), SystemClock(), random_id)
    try:
        yield ledger
    finally:
        ledger.close()


@contextmanager
def open_setup(
    workspace: Workspace, *, clock: Clock | None = None, make_id: IdMaker = random_id, vault: Vault | None = None
) -> Iterator[Setup]:
    """Everything a run needs, open; closed again at the end. A vault that is open already is not opened once more.

    Raises:
        InputError, CredentialsError, LedgerError: something of it cannot be opened.
    """
    if workspace.connections is None or workspace.books is None:
        raise InputError("the workspace cannot be read", workspace.errors)
    clock = clock or SystemClock()
    vault = vault or open_vault(workspace)
    ledger = _open_ledger(workspace, vault, clock, make_id)
    uses = open_uses(workspace)
    connectors: dict[str, Connector] = {}
    try:
        for name, settings in workspace.connections.connections.items():
            watch = WatchOf(vault, uses, name, clock=clock, who=who_am_i(), tell=ledger.audit)
            connectors[name] = _connector(name, settings, vault, clock, watch)
        yield Setup(
            ledger=ledger,
            connectors=connectors,
            connections=workspace.connections.connections,
            specs=workspace.specs,
            books=workspace.books,
            crosswalks=workspace.crosswalks,
            clock=clock,
            make_id=make_id,
            started=clock.instant(),
            who=who_am_i(),
            folder=workspace.folder,
            in_flight_max={
                name: in_flight_of(one.kind, one.settings) for name, one in workspace.connections.connections.items()
            },
            lease_s=workspace.connections.lease_s,
            stop_after_refused=workspace.connections.stop_after_refused,
        )
    finally:
        for connector in connectors.values():
            connector.close()
        ledger.close()


def ledger_url(workspace: Workspace) -> str:
    """Where the workspace's ledger is kept."""
    own = workspace.connections.ledger if workspace.connections is not None else None
    return own or f"sqlite:///{workspace.state / LEDGER}"


def _open_ledger(workspace: Workspace, vault: Vault, clock: Clock, make_id: IdMaker) -> Ledger:
    return open_ledger(ledger_url(workspace), audit_key=vault.audit_key, clock=clock, make_id=make_id)


def _connector(name: str, settings: ConnectionSettings, vault: Vault, clock: Clock, watch: WatchOf) -> Connector:
    return make_connector(
        settings.kind,
        name,
        {"environment": settings.environment, "base_url": settings.base_url, **settings.settings},
        CredentialsOf(vault, name, clock),
        clock,
        watch=watch,
    )


def who_am_i() -> str:
    """The operating system's user and host; a name for the audit trail, not an authenticated person."""
    return f"{getpass.getuser()}@{socket.gethostname()}"

"""The one place where everything is put together."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from engine.adapters.connectors.port import Connector
from engine.adapters.connectors.registry import in_flight_of, make_connector
from engine.adapters.store.port import Ledger
from engine.adapters.store.sql import open_ledger
from engine.adapters.vault.vault import Vault
from engine.language.spec.connections import ConnectionSettings
from engine.run.setup import Setup
from engine.wiring.workspace import LEDGER, Workspace, load_workspace
from engine.words.clock import Clock, IdMaker, SystemClock, random_id
from engine.words.errors import InputError
from engine.words.secret import Secret


class _CredentialsOf:
    """The credentials of one connection, out of the vault."""

    def __init__(self, vault: Vault, connection: str) -> None:
        self._vault = vault
        self._connection = connection

    def get(self, field: str) -> Secret:
        """The secret of that name."""
        return self._vault.get(self._connection, field)


def open_vault(workspace: Workspace, environ: Mapping[str, str] | None = None) -> Vault:
    """The workspace's vault; every credential is bound to its connection's origin."""
    connections = workspace.connections.connections if workspace.connections else {}
    return Vault.open(
        workspace.folder,
        environ=os.environ if environ is None else environ,
        origins={name: one.base_url for name, one in connections.items()},
    )


def valid_workspace(folder: Path) -> Workspace:
    """A workspace without errors.

    Raises:
        InputError: it has some; all of them are told.
    """
    workspace = load_workspace(folder)
    if workspace.errors:
        count = len(workspace.errors)
        raise InputError(
            f"the workspace has {count} problem{'s' if count > 1 else ''}; nothing was done", workspace.errors
        )
    return workspace


@contextmanager
def open_records(workspace: Workspace) -> Iterator[Ledger]:
    """The workspace's ledger alone, to be read: a mapping that cannot be read does not hide how the records stand.

    Raises:
        InputError: connections.yaml is wrong.
        CredentialsError, LedgerError: the ledger cannot be opened.
    """
    if workspace.connections is None:
        raise InputError("connections.yaml cannot be read", workspace.errors)
    ledger = _open_ledger(workspace, open_vault(workspace), SystemClock(), random_id)
    try:
        yield ledger
    finally:
        ledger.close()


@contextmanager
def open_setup(workspace: Workspace, *, clock: Clock | None = None, make_id: IdMaker = random_id) -> Iterator[Setup]:
    """Everything a run needs, open; closed again at the end.

    Raises:
        InputError, CredentialsError, LedgerError: something of it cannot be opened.
    """
    if workspace.connections is None or workspace.books is None:
        raise InputError("the workspace cannot be read", workspace.errors)
    clock = clock or SystemClock()
    vault = open_vault(workspace)
    ledger = _open_ledger(workspace, vault, clock, make_id)
    connectors: dict[str, Connector] = {}
    try:
        for name, settings in workspace.connections.connections.items():
            connectors[name] = _connector(name, settings, vault, clock)
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
        )
    finally:
        for connector in connectors.values():
            connector.close()
        ledger.close()


def _open_ledger(workspace: Workspace, vault: Vault, clock: Clock, make_id: IdMaker) -> Ledger:
    own = workspace.connections.ledger if workspace.connections is not None else None
    url = own or f"sqlite:///{workspace.state / LEDGER}"
    return open_ledger(url, audit_key=vault.audit_key, clock=clock, make_id=make_id)


def _connector(name: str, settings: ConnectionSettings, vault: Vault, clock: Clock) -> Connector:
    return make_connector(
        settings.kind,
        name,
        {"environment": settings.environment, "base_url": settings.base_url, **settings.settings},
        _CredentialsOf(vault, name),
        clock,
    )


def who_am_i() -> str:
    """The operating system's user and host; a name for the audit trail, not an authenticated person."""
    return f"{getpass.getuser()}@{socket.gethostname()}"

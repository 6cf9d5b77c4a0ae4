"""A seeded Airbase behind a real port, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from engine.faces.sandbox.airbase.access import Tokens
from engine.faces.sandbox.airbase.books import AirbaseBooks
from engine.faces.sandbox.airbase.system import AirbaseSandbox
from engine.faces.sandbox.dialect import airbase_error
from engine.faces.sandbox.exchange import SandboxRequest, SandboxResponse
from engine.faces.sandbox.faults import Faults
from engine.faces.sandbox.seed import build
from engine.faces.sandbox.server import Hosted, SandboxServer
from engine.faces.sandbox.tables import TableStore

TOKEN = "the-token"
LOGIN = {"Authorization": f"Token {TOKEN}"}
ENTRIES = "/v1/accounting/ledger_entries/"
_SEED = build()


class NoAdmin:
    """Nothing stands under `/_sandbox/` here."""

    def respond(self, request: SandboxRequest) -> SandboxResponse:
        return SandboxResponse.json(404, {"path": request.path})


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What a test holds: the system, its faults, and a client that is logged in."""

    system: AirbaseSandbox
    faults: Faults
    client: httpx.Client


@contextmanager
def airbase_world() -> Iterator[World]:
    """A freshly seeded Airbase."""
    store = TableStore()
    books = AirbaseBooks(store)
    for table, rows in _SEED.airbase.items():
        books.load(table, rows)
    system = AirbaseSandbox(books, Tokens(TOKEN))
    faults = Faults()
    server = SandboxServer(
        {"airbase": Hosted(system=system, dialect=airbase_error, expire_tokens=system.tokens.expire)},
        faults=faults,
        admin=NoAdmin(),
    )
    url = server.start()["airbase"]
    try:
        with httpx.Client(base_url=url, headers=LOGIN, timeout=5) as client:
            yield World(system=system, faults=faults, client=client)
    finally:
        server.stop()
        store.close()

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from ledger_scene import NOW, RUN, WHO, open_at
from stores import PostgresStore, SqliteStore, Store

from engine.adapters.store.port import Ledger
from engine.words.clock import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "workspace" / "ledger.db"


@pytest.fixture
def sqlite_store(path: Path) -> Store:
    return SqliteStore(path)


@pytest.fixture
def postgres_store(postgres_url: str) -> Store:
    return PostgresStore(postgres_url)


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest) -> Store:
    """An empty place for a ledger, once of each kind: what is true of one is true of the other."""
    found: Store = request.getfixturevalue(f"{request.param}_store")
    return found


@pytest.fixture
def ledger(store: Store, clock: ManualClock) -> Iterator[Ledger]:
    opened = open_at(store.url, clock)
    opened.start_run(RUN, "bills", WHO)
    yield opened
    opened.close()

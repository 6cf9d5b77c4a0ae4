from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from ledger_scene import NOW, RUN, WHO, open_at

from engine.adapters.store.port import Ledger
from engine.words.clock import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "workspace" / "ledger.db"


@pytest.fixture
def ledger(path: Path, clock: ManualClock) -> Iterator[Ledger]:
    opened = open_at(path, clock)
    opened.start_run(RUN, "bills", WHO)
    yield opened
    opened.close()

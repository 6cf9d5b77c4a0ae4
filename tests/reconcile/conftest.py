from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.reconcile.month import ENTRIES, Month
from tests.run.house import open_house, seed_of


@pytest.fixture
def month(tmp_path: Path) -> Iterator[Month]:
    """A month whose records are entered and not posted yet."""
    house = open_house(tmp_path / "workspace", seed=seed_of(*ENTRIES))
    try:
        made = Month(house)
        made.enters()
        yield made
    finally:
        house.sandbox.stop()

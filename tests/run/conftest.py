from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.run.finished import finished_house
from tests.run.house import House, open_house, seed_of


class MakeHouse(Protocol):
    """Makes a house with these ledger entries."""

    def __call__(self, *entries: dict[str, Any], **more: Any) -> House: ...


@pytest.fixture
def make_house(tmp_path: Path) -> Iterator[MakeHouse]:
    """Small houses; their sandboxes are stopped at the end of the test."""
    with ExitStack() as stack:

        def make(*entries: dict[str, Any], **more: Any) -> House:
            number = len(list(tmp_path.glob("house*")))
            house = open_house(tmp_path / f"house{number}", seed=seed_of(*entries), **more)
            stack.callback(house.sandbox.stop)
            return house

        yield make


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The whole demonstration after one run of every mapping, its books on disk; tests only read it."""
    house = finished_house(tmp_path_factory, "finished")
    try:
        yield house
    finally:
        house.sandbox.stop()

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.acts.desk import Desk
from tests.run.house import open_house, seed_of


class MakeDesk(Protocol):
    """A desk in a house with these ledger entries."""

    def __call__(self, *entries: dict[str, Any]) -> Desk: ...


@pytest.fixture
def make_desk(tmp_path: Path) -> Iterator[MakeDesk]:
    with ExitStack() as stack:

        def make(*entries: dict[str, Any]) -> Desk:
            house = open_house(tmp_path / "workspace", seed=seed_of(*entries))
            stack.callback(house.sandbox.stop)
            return Desk(house)

        yield make

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


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """The sandbox's whole data set after one run of every mapping, all groups posted; tests only read it."""
    house = open_house(tmp_path_factory.mktemp("whole") / "workspace")
    try:
        house.run_all()
        for company in ("EPIC06", "EPIC07"):
            assert not any(house.sandbox.clerk.post_all_ap_groups(company).values())
            groups = {str(one["GroupID"]) for one in house.sandbox.epicor.books.journals(company)}
            assert {house.sandbox.clerk.post_gl_group(company, group) for group in groups} == {""}
        yield Desk(house)
    finally:
        house.sandbox.stop()

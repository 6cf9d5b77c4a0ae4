from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.acts.conftest import MakeDesk, make_desk
from tests.acts.desk import Desk
from tests.run.finished import finished_house

__all__ = ["MakeDesk", "make_desk"]


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """The demonstration's whole data set after one run of every mapping, all groups posted; tests only read it."""
    house = finished_house(tmp_path_factory, "whole")
    try:
        for company in ("EPIC06", "EPIC07"):
            assert not any(house.sandbox.clerk.post_all_ap_groups(company).values())
            groups = {str(one["GroupID"]) for one in house.sandbox.epicor.books.journals(company)}
            assert {house.sandbox.clerk.post_gl_group(company, group) for group in groups} == {""}
        yield Desk(house)
    finally:
        house.sandbox.stop()

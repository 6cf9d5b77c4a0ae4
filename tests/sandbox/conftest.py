from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sandbox.airbase_world import World, airbase_world


@pytest.fixture
def world() -> Iterator[World]:
    with airbase_world() as made:
        yield made

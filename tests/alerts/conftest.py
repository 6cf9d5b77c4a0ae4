"""A desk for each test, told about at a real receiver."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.alerts.desk import Desk, make_desk
from tests.alerts.receivers import Receiver, http_receiver
from tests.run.conftest import make_house

__all__ = ["make_house"]

MakeDesk = Callable[[str], Desk]


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("alerts") / "demo"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with http_receiver() as receiver:
        yield receiver


@pytest.fixture
def desk_with(shared: Path, tmp_path: Path, receiver: Receiver) -> MakeDesk:
    """A desk with these rules; `pager` is a webhook at the receiver."""

    def make(rules: str) -> Desk:
        channels = f"channels:\n  pager: {{kind: webhook, address: '{receiver.url}/alerts'}}\nrules:\n"
        text = channels + "".join(f"  - {{{rule}, tell: [pager]}}\n" for rule in rules.splitlines())
        return make_desk(shared, tmp_path / "desk", text)

    return make

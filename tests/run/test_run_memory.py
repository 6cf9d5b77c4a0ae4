"""What looks at everything that was entered holds some of it at a time, however much there is."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal

import pytest

from engine.adapters.store import aside
from engine.adapters.store.port import RecordRow
from engine.faces.sandbox.exchange import SandboxRequest, SandboxResponse
from engine.plan.decision import Document
from engine.run import ledger_pages, pool, sending, twins
from engine.run.exposure import find_exposure
from engine.run.reconciling.reconciling import reconcile
from engine.run.reconciling.sides import BookedLine, LedgerFact, SourceFact, TargetDocument, period_of
from engine.run.setup import Setup
from engine.run.sweeping import sweep
from engine.words.clock import Clock
from engine.words.errors import Unreachable
from tests.run.conftest import MakeHouse
from tests.run.house import House, bills

COMPANY = "EPIC06"
PAGE = 4
COUNT = 10 * PAGE
HELD_MAX = 4 * PAGE
"""Of each kind: the page at hand, the one before that is let go just now, and what is made of them."""
KINDS = (RecordRow, Document, SourceFact, LedgerFact, TargetDocument, BookedLine, twins._Known)


@dataclass
class Held:
    """The most of each kind that were in memory at once."""

    most: dict[str, int] = field(default_factory=dict)

    def look(self) -> None:
        there = [type(one).__name__ for one in gc.get_objects() if type(one) in KINDS]
        self.most = {
            kind.__name__: max(self.most.get(kind.__name__, 0), there.count(kind.__name__)) for kind in KINDS
        }

    def listen(self, house: House) -> None:
        """Look at every request that Epicor gets."""
        respond = house.sandbox.epicor.respond

        def looking(request: SandboxRequest) -> SandboxResponse:
            self.look()
            return respond(request)

        house.sandbox.epicor.respond = looking  # type: ignore[method-assign]


@dataclass
class LookingClock:
    """Looks whenever it is asked for the time, as a report does when it is put together."""

    clock: Clock
    held: Held

    def now(self) -> object:
        self.held.look()
        return self.clock.now()

    def __getattr__(self, name: str) -> object:
        return getattr(self.clock, name)


@pytest.fixture(autouse=True)
def nobody_cuts_in() -> Iterator[None]:
    """While all objects are looked at no other thread goes on: it may be in the middle of making one."""
    usual_s = sys.getswitchinterval()
    sys.setswitchinterval(60)
    yield
    sys.setswitchinterval(usual_s)


@pytest.fixture
def house(make_house: MakeHouse, monkeypatch: pytest.MonkeyPatch) -> House:
    """Many bills for its pages, entered and posted."""
    monkeypatch.setattr(ledger_pages, "BATCH", PAGE)
    monkeypatch.setattr(aside, "READ_AT_ONCE", PAGE)
    made = make_house(*bills(COUNT))
    made.run("bills")
    made.sandbox.clerk.post_all_ap_groups(COMPANY)
    return made


def swept(setup: Setup) -> None:
    assert sweep(setup, setup.specs).looked_at == COUNT


def asked_for_exposure(setup: Setup) -> None:
    assert find_exposure(setup, setup.specs).looked_at == COUNT


def reconciled(setup: Setup) -> None:
    report = reconcile(setup, COMPANY, period_of("2026-11"), openings={"2105": Decimal(0), "2110": Decimal(0)})
    (row,) = report.states or ()
    assert row.buckets["in_gl"].count == COUNT
    assert not report.findings


@pytest.mark.parametrize("looks", [swept, asked_for_exposure, reconciled])
def test_no_more_than_some_pages_are_held_at_once(house: House, looks: Callable[[Setup], None]) -> None:
    gc.collect()
    held = Held()
    held.listen(house)
    with house.setup() as setup:
        looks(replace(setup, clock=LookingClock(setup.clock, held)))  # type: ignore[arg-type]
    assert held.most["RecordRow"] > 0
    assert max(held.most.values()) <= HELD_MAX, held.most


def test_what_was_swept_before_the_target_failed_is_noted(house: House) -> None:
    def failing(_what: str, _count: int) -> None:
        house.sandbox.stop()

    with house.setup() as setup, pytest.raises(Unreachable):
        sweep(setup, setup.specs, tell=failing)
    assert [row.state.value for row in house.rows()] == ["in_gl"] * PAGE + ["entered"] * (COUNT - PAGE)


def test_a_run_holds_no_more_than_is_on_its_way(make_house: MakeHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_pages, "BATCH", PAGE)
    monkeypatch.setattr(pool, "BACKLOG", PAGE)
    house = make_house(*bills(2 * COUNT))
    gc.collect()
    held = Held()
    held.listen(house)
    house.run("bills")
    assert set(house.states("bills").values()) == {"entered"}
    on_its_way = 4 * PAGE + sending.READ_TOGETHER
    assert 0 < held.most["_Known"] <= on_its_way, held.most
    assert held.most["Document"] <= 2 * on_its_way, held.most

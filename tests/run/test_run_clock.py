"""The wall clock is set back or on: a turn is neither lost for days nor held by two."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from engine.adapters.store.port import Lease, TurnLost
from engine.run.turns import KeptLeases
from engine.words.clock import ManualClock
from engine.words.errors import LedgerError
from tests.run.conftest import MakeHouse
from tests.run.house import bill

DAY_S = 86_400
NAME = "bills@EPIC06"


def test_the_turn_of_a_runner_that_died_before_the_clock_was_set_back_is_over(make_house: MakeHouse) -> None:
    clock = ManualClock(datetime.now(UTC))
    entry = bill("B-1")
    house = make_house(entry, clock=clock)
    clock.step_wall_clock(DAY_S)
    with house.setup() as setup:
        assert setup.ledger.take_lease(NAME, "a runner that dies", setup.lease_s) is not None
    clock.step_wall_clock(-DAY_S)

    result = house.run("bills")

    assert result.elsewhere == {}
    assert house.row(entry).state == "entered"


def test_if_it_lives_the_fence_stops_it(make_house: MakeHouse) -> None:
    clock = ManualClock(datetime.now(UTC))
    house = make_house(bill("B-1"), clock=clock)
    clock.step_wall_clock(DAY_S)
    with house.setup() as setup:
        first = setup.ledger.take_lease(NAME, "first", setup.lease_s)
        clock.step_wall_clock(-DAY_S)
        second = setup.ledger.take_lease(NAME, "second", setup.lease_s)
        assert first is not None
        assert second is not None
        assert second.fence > first.fence
        with pytest.raises(TurnLost):
            setup.ledger.renew_lease(first, setup.lease_s)


@pytest.mark.parametrize("skew_s", [-20, 0, 20])
def test_clocks_of_two_machines_that_differ_a_little_take_no_turn_from_each_other(
    make_house: MakeHouse, skew_s: int
) -> None:
    clock = ManualClock(datetime.now(UTC))
    house = make_house(bill("B-1"), clock=clock)
    with house.setup() as setup:
        assert setup.ledger.take_lease(NAME, "first", setup.lease_s) is not None
        clock.step_wall_clock(skew_s)
        assert setup.ledger.take_lease(NAME, "second", setup.lease_s) is None


def test_a_ledger_that_fails_for_a_moment_does_not_end_the_renewing(make_house: MakeHouse) -> None:
    house = make_house(bill("B-1"))
    house.edit("connections.yaml", "connections:\n", "lease_s: 2\nconnections:\n")
    renewed = threading.Event()
    calls: list[str] = []
    with house.setup() as setup:
        renew: Callable[[Lease, float], Lease] = setup.ledger.renew_lease

        def fails_once(lease: Lease, seconds: float) -> Lease:
            calls.append(lease.name)
            if len(calls) == 1:
                raise LedgerError("the disk that holds it is full")
            renewed.set()
            return renew(lease, seconds)

        ledger: Any = setup.ledger
        ledger.renew_lease = fails_once
        with KeptLeases(setup, "a runner") as leases:
            assert leases.take(NAME) is not None
            assert renewed.wait(5)
    assert set(calls) == {NAME}

"""Telling the source: after all reading, again when it failed, and never from or to a test system."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace

import pytest

from engine.faces.sandbox.faults import Fault, FaultKind
from engine.run.ordering import named
from engine.run.running import run_mapping
from engine.run.setup import STOPPING
from engine.run.sweeping import sweep
from tests.run.conftest import MakeHouse
from tests.run.house import FEED, VENDORS, House, bill, bills, card

PATCHES = Fault(kind=FaultKind.STATUS, system="airbase", method="PATCH", status=500)


def was_told(house: House) -> bool:
    """Whether anything was written back."""
    return any(one.method == "PATCH" for name, one in house.wire.requests if name == "airbase")


def test_nothing_is_written_back_while_pages_are_still_to_come(make_house: MakeHouse) -> None:
    # A row that becomes complete leaves the list: told too early, every second page would be jumped over.
    entries = bills(23)
    house = make_house(*entries, airbase="page_size: 5")

    house.run("bills")

    assert set(house.invoices()) == {entry["invoice_number"] for entry in entries}
    on_airbase = [(one.method, one.path) for name, one in house.wire.requests if name == "airbase"]
    reads = [place for place, (method, path) in enumerate(on_airbase) if method == "GET" and path == FEED]
    writes = [place for place, (method, _) in enumerate(on_airbase) if method == "PATCH"]
    assert len(reads) >= 5
    assert len(writes) == 23
    assert max(reads) < min(writes)


def test_a_failed_one_is_told_by_the_next_run_and_the_bill_is_not_sent_again(make_house: MakeHouse) -> None:
    entries = bills(3)
    house = make_house(*entries)
    house.sandbox.faults.add(PATCHES)

    result = house.run("bills")

    assert result.acknowledged == 0
    assert any("3 could not be written back" in warning for warning in result.warnings)
    assert set(house.states("bills").values()) == {"entered"}
    house.sandbox.faults.clear()
    again = house.run("bills")
    assert (again.sent, again.acknowledged) == (0, 3)
    assert all(house.entry(entry)["status"] == "sync_complete" for entry in entries)
    assert len(house.wire.effects("epicor", "UpdateMaster")) == 3
    assert house.run("bills").acknowledged == 0


def test_a_source_that_does_not_allow_it_is_asked_once_and_said(make_house: MakeHouse) -> None:
    house = make_house(*bills(3), airbase="in_flight: 1")
    house.sandbox.faults.add(Fault(kind=FaultKind.STATUS, system="airbase", method="PATCH", status=403))
    result = house.run("bills")
    assert set(house.states("bills").values()) == {"entered"}
    assert any("does not let us write back" in warning for warning in result.warnings)


@pytest.mark.parametrize(
    ("fault", "tried"),
    [
        (replace(PATCHES, status=401), 1),
        (replace(PATCHES, status=429), 5),
        (replace(PATCHES, kind=FaultKind.NO_ANSWER_BEFORE_COMMIT), 5),
        (replace(PATCHES, status=400), 12),
    ],
    ids=["401", "429", "no answer", "refused"],
)
def test_a_source_that_takes_nothing_is_not_asked_for_every_record(
    make_house: MakeHouse, fault: Fault, tried: int
) -> None:
    house = make_house(*bills(12), airbase="in_flight: 1")
    known = house.sandbox.faults.add(fault)
    result = house.run("bills")
    assert house.sandbox.faults.met(known.id) == tried
    assert any("12 could not be written back" in warning for warning in result.warnings)
    assert any("takes nothing back at the moment" in warning for warning in result.warnings) is (tried < 12)
    house.sandbox.faults.clear()
    assert house.run("bills").acknowledged == 12


@pytest.mark.parametrize(
    ("environments", "told"),
    [
        (("production", "production"), True),
        (("sandbox", "sandbox"), True),
        (("production", "test"), False),
        (("test", "test"), False),
        (("production", "sandbox"), False),
        (("sandbox", "production"), False),
    ],
)
def test_only_within_production_or_the_sandbox(
    make_house: MakeHouse, environments: tuple[str, str], told: bool
) -> None:
    entry = bill("B-1")
    house = make_house(entry, environments=environments)

    result = house.run("bills")

    assert house.row(entry).state == "entered"
    assert (house.entry(entry)["status"] == "sync_complete") is told
    assert bool(house.wire.effects("airbase")) is told
    assert any("not both production" in warning for warning in result.warnings) is not told


def test_what_was_entered_by_a_test_is_told_once_the_systems_are_production(make_house: MakeHouse) -> None:
    entry = bill("B-1")
    house = make_house(entry, environments=("production", "test"))
    house.run("bills")
    assert house.row(entry).acknowledged == "pending"


def test_master_data_is_never_told_to_its_source(make_house: MakeHouse) -> None:
    house = make_house(card("a", "5.00"))
    house.run("purchase-orders")
    assert house.wire.effects("epicor") == []
    assert {row.acknowledged for row in house.rows(mapping="purchase-orders")} == {""}


def test_a_stop_between_two_records_leaves_nothing_open_and_says_what_was_told(make_house: MakeHouse) -> None:
    entries = bills(30)
    house = make_house(*entries, epicor="in_flight: 1")
    with house.setup() as setup:
        stopping = replace(setup, stopping=lambda: was_told(house))
        result = run_mapping(stopping, named(setup.specs, "bills"))

    states = Counter(house.states("bills").values())
    complete = sum(house.entry(entry)["status"] == "sync_complete" for entry in entries)
    assert result.stopped == STOPPING
    assert set(states) == {"entered", "ready"}
    assert states["entered"] == len(house.invoices()) == result.sent
    assert result.acknowledged == complete > 0
    assert not [one.name for one in threading.enumerate() if one.name.startswith(("sender", "write back", "lease"))]
    house.run("bills")
    assert set(house.states("bills").values()) == {"entered"}


def test_one_whose_write_back_cannot_be_worked_out_stays_pending_alone(make_house: MakeHouse) -> None:
    entries = bills(5)
    house = make_house(*entries)
    house.edit(
        "mappings/bills.yaml", 'error_message: "{{ reason }}"', 'error_message: "{{ reference }} {{ reason }}"'
    )
    refusal = replace(PATCHES, system="epicor", method=None, path="UpdateMaster", status=400, message="no")
    house.sandbox.faults.add(replace(refusal, body='"B-2"'))
    result = house.run("bills")
    assert [house.entry(entry)["status"] for entry in entries].count("sync_complete") == 4
    assert result.acknowledged == 4
    assert any("1 could not be written back" in warning for warning in result.warnings)


def test_with_when_in_gl_the_source_is_told_once_the_target_has_posted(make_house: MakeHouse) -> None:
    entry, other = bill("B-1"), bill("B-2", vendor=VENDORS[1], date="2026-11-09T00:00:00")
    house = make_house(entry, other)
    house.edit("mappings/bills.yaml", "acknowledge:\n", "acknowledge:\n  when: in_gl\n")
    told = []
    for posts in (False, True):
        if posts:
            assert not house.sandbox.clerk.post_ap_group("EPIC06", "AB261103")
        told.append(house.run("bills").acknowledged)
        with house.setup() as setup:
            sweep(setup, setup.specs)
    assert told == [0, 0]  # posted, and swept only after that run
    assert {house.entry(one)["status"] for one in (entry, other)} == {"sync_ready"}

    assert house.run("bills").acknowledged == 1
    assert (house.entry(entry)["status"], house.entry(other)["status"]) == ("sync_complete", "sync_ready")
    assert (house.row(entry).acknowledged, house.row(other).acknowledged) == ("done", "pending")
    assert house.run("bills").acknowledged == 0
    assert len(house.wire.effects("epicor", "UpdateMaster")) == 2

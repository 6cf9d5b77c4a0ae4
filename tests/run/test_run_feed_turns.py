"""Reading a feed and writing back to it keep out of each other's way, whoever does it and whoever dies over it."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import pytest

from engine.faces.sandbox.exchange import SandboxRequest, SandboxResponse
from engine.run.acknowledging import Acknowledger
from engine.run.feed_turns import FeedTurns
from engine.run.ordering import named
from engine.run.setup import ignore
from engine.run.turns import KeptLeases
from engine.words.clock import SystemClock
from tests.jobs.stage import until
from tests.run.conftest import MakeHouse
from tests.run.house import FEED, House, bill, bills, card
from tests.run.test_run_acknowledge import PATCHES
from tests.run.test_run_turns import end, other_machine, start, withdrawn

READING = f"reading airbase {FEED}"
WRITING = f"writing back to airbase {FEED} for"


def written_back(house: House) -> int:
    return sum(one.method == "PATCH" for name, one in house.wire.requests if name == "airbase")


@pytest.mark.parametrize("store", ["sqlite", "postgres"])
def test_no_page_of_a_feed_is_read_while_another_run_writes_back_to_it(
    make_house: MakeHouse, request: pytest.FixtureRequest, store: str
) -> None:
    invoices, journals = bills(8), [card(str(number), f"{number}.25") for number in range(1, 9)]
    house = make_house(*invoices, *journals, airbase="page_size: 4", clock=SystemClock())
    ledger = f'ledger: "{request.getfixturevalue("postgres_url")}"\n' if store == "postgres" else ""
    house.edit("connections.yaml", "connections:\n", f"{ledger}connections:\n")
    saving, first_page, written_back = threading.Event(), threading.Event(), threading.Semaphore(0)
    save, answer = house.sandbox.epicor.respond, house.sandbox.airbase.respond

    def saved_once_the_other_reads(request: SandboxRequest) -> SandboxResponse:
        if "APInvoiceSvc/UpdateMaster" in request.path:
            saving.set()
            assert first_page.wait(60)
        return save(request)

    def next_page_after_four_left(request: SandboxRequest) -> SandboxResponse:
        if request.method == "GET" and request.path == FEED and saving.is_set():
            if first_page.is_set() and dict(request.query).get("page") == "2":
                for _ in range(4):
                    written_back.acquire(timeout=1)
            first_page.set()
        told = answer(request)
        if request.method == "PATCH":
            written_back.release()
        return told

    house.sandbox.epicor.respond = saved_once_the_other_reads  # type: ignore[method-assign]
    house.sandbox.airbase.respond = next_page_after_four_left  # type: ignore[method-assign]
    first = start(house.folder, "bills")
    try:
        assert saving.wait(60)
        second = end(start(other_machine(house) if ledger else house.folder, "card-transactions"))
    finally:
        first_page.set()
    ended = [end(first), second]

    assert [(code, err) for code, _, err in ended if code] == []
    assert withdrawn(house, journals) == []
    assert [(result["read"], result["sent"]) for _, result, _ in ended] == [(16, 8), (16, 8)]
    assert all(house.entry(entry)["status"] == "sync_complete" for entry in (*invoices, *journals))


@pytest.mark.parametrize("turn", [READING, f"{WRITING} bills", f"{WRITING} card-transactions"])
@pytest.mark.parametrize("set_back_s", [0, 3600], ids=["", "clock set back"])
def test_a_runner_that_died_keeps_no_turn_longer_than_its_lease(
    make_house: MakeHouse, turn: str, set_back_s: int
) -> None:
    entry = bill("B-1")
    house = make_house(entry)
    with house.setup() as setup:
        assert setup.ledger.take_lease(turn, "ada@here, run 1234", setup.lease_s) is not None
    house.clock.step_wall_clock(-set_back_s)
    told: list[str] = []
    began = house.clock.instant().seconds

    result = house.run("bills", tell=lambda what, _: told.append(what))

    assert (result.sent, result.acknowledged) == (1, 1)
    assert house.clock.instant().seconds - began <= 35
    if not set_back_s:
        assert house.clock.instant().seconds - began >= 30, "it might have lived as long"
        assert "waiting for the turn of ada@here, run 1234" in told


def test_while_one_reads_the_others_go_on_sending_and_write_back_afterwards(make_house: MakeHouse) -> None:
    entries = bills(6)
    house = make_house(*entries, epicor="in_flight: 1", clock=SystemClock())
    saved: list[str] = []
    save = house.sandbox.epicor.respond
    with house.setup() as setup, KeptLeases(setup, "ada@elsewhere, run 1234") as leases:

        def read_meanwhile(request: SandboxRequest) -> SandboxResponse:
            if "APInvoiceSvc/UpdateMaster" in request.path:
                saved.append(request.path)
                if len(saved) == 1:
                    assert leases.take(READING) is not None
                if len(saved) == 6:
                    time.sleep(0.7)
                    saved.append(f"{written_back(house)} written back")
                    leases.give_back(READING)
            return save(request)

        house.sandbox.epicor.respond = read_meanwhile  # type: ignore[method-assign]
        result = house.run("bills")

    assert saved[6:] == ["0 written back"]
    assert (result.sent, result.acknowledged) == (6, 6)


def test_who_has_nothing_to_write_back_just_now_lets_another_read(make_house: MakeHouse) -> None:
    house = make_house(*bills(3), clock=SystemClock())
    house.sandbox.faults.add(PATCHES)
    run = house.run("bills").run
    house.sandbox.faults.clear()
    tried, give_up_at = written_back(house), time.monotonic() + 20
    with (
        house.setup() as setup,
        KeptLeases(setup, "run 1234") as own,
        KeptLeases(setup, "ada@elsewhere, run 5678") as others,
    ):
        spec, rows = named(setup.specs, "bills"), setup.ledger.records(mapping="bills")
        patient = replace(setup, stopping=lambda: time.monotonic() > give_up_at)
        reader = FeedTurns(patient, named(setup.specs, "card-transactions"), others)
        with Acknowledger(setup, spec, run, FeedTurns(setup, spec, own), ignore) as acknowledger:
            acknowledger.offer(rows[0])
            until(lambda: written_back(house) == tried + 1)
            with reader.reading():
                acknowledger.offer(rows[1])
                time.sleep(0.7)
                assert written_back(house) == tried + 1
            until(lambda: written_back(house) == tried + 2)
        assert acknowledger.finish().done == 3


def test_what_another_run_of_the_mapping_writes_back_is_left_to_it(make_house: MakeHouse) -> None:
    entries = bills(3)
    house = make_house(*entries)
    save = house.sandbox.epicor.respond
    with house.setup() as setup, KeptLeases(setup, "ada@elsewhere, run 1234") as leases:

        def written_elsewhere(request: SandboxRequest) -> SandboxResponse:
            if "APInvoiceSvc/UpdateMaster" in request.path:
                assert leases.take(f"{WRITING} bills") is not None
            return save(request)

        house.sandbox.epicor.respond = written_elsewhere  # type: ignore[method-assign]
        result = house.run("bills")

    assert (result.sent, result.acknowledged, written_back(house)) == (3, 0, 0)
    assert "another run of bills writes back what was entered here" in result.warnings
    assert house.run("bills").acknowledged == 3
    assert all(house.entry(entry)["status"] == "sync_complete" for entry in entries)

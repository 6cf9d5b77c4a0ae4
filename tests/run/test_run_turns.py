"""Two runs at once on one workspace, in processes of their own: each record is entered once."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from engine.domain.lifecycle import State
from engine.faces.commands.root import root
from engine.faces.sandbox.exchange import SandboxRequest, SandboxResponse
from engine.faces.sandbox.faults import Fault, FaultKind
from engine.run.turns import KeptLeases
from engine.wiring.app import who_am_i
from engine.words.clock import SystemClock
from tests.jobs.stage import until
from tests.run.conftest import MakeHouse
from tests.run.house import House, bill, bills, card

SLOW_SAVE = Fault(kind=FaultKind.SLOW, system="epicor", path="UpdateMaster", seconds=0.05)
SLOW_PAGE = Fault(kind=FaultKind.SLOW, system="airbase", method="GET", path="ledger_entries", seconds=0.2)
COMMAND = (sys.executable, "-c", "from cli import main; main()", "run")


def start(folder: Path, name: str) -> subprocess.Popen[str]:
    """Run a mapping in a process of its own."""
    return subprocess.Popen(
        [*COMMAND, name, "--workspace", str(folder), "--format", "json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def end(process: subprocess.Popen[str]) -> tuple[int, dict[str, Any], str]:
    """Its exit code, its result and what stood on stderr."""
    out, err = process.communicate(timeout=120)
    return process.returncode, json.loads(out)[0] if out.strip() else {}, err


def at_once(house: House, *names: str) -> list[tuple[int, dict[str, Any], str]]:
    """Run mappings at the same time, each in its process."""
    return [end(process) for process in [start(house.folder, name) for name in names]]


def withdrawn(house: House, entries: Sequence[dict[str, Any]]) -> list[str]:
    """The records of which the trail says that they left the feed."""
    with house.setup() as setup:
        moves = [event.record for _, event, _ in setup.ledger.trail() if event.detail.get("to") == "withdrawn"]
    return [entry["id"] for entry in entries if any(entry["id"] in str(move) for move in moves)]


@pytest.mark.parametrize("fault", [SLOW_SAVE, SLOW_PAGE], ids=["slow saves", "slow pages"])
def test_each_bill_is_entered_once_and_none_is_taken_for_withdrawn(make_house: MakeHouse, fault: Fault) -> None:
    entries = bills(16)
    house = make_house(*entries, airbase="page_size: 4")
    house.sandbox.faults.add(fault)

    ended = at_once(house, "bills", "bills")

    assert [(code, err) for code, _, err in ended if code] == []
    saves = Counter(request.body for request in house.wire.effects("epicor", "UpdateMaster"))
    assert max(saves.values()) == 1
    assert withdrawn(house, entries) == []
    house.run("bills")
    assert set(house.invoices()) == {entry["invoice_number"] for entry in entries}
    assert set(house.states("bills").values()) == {"entered"}
    assert len(house.wire.effects("epicor", "UpdateMaster")) == 16
    assert all(house.entry(entry)["status"] == "sync_complete" for entry in entries)
    with house.setup() as setup:
        assert setup.ledger.verify_trail() == ()


def test_two_mappings_of_one_feed_do_not_disturb_each_other(make_house: MakeHouse) -> None:
    invoices, journals = bills(8), [card(str(number), f"{number}.25") for number in range(1, 9)]
    house = make_house(*invoices, *journals, airbase="page_size: 4")
    house.sandbox.faults.add(SLOW_PAGE)

    ended = at_once(house, "bills", "card-transactions")

    assert [(code, err) for code, _, err in ended if code] == []
    assert withdrawn(house, invoices) == []
    assert [result["sent"] for _, result, _ in ended] == [8, 8]
    assert {row.state for row in house.rows(mapping="bills")} == {"entered"}
    assert {row.state for row in house.rows(mapping="card-transactions")} == {"entered"}


def other_machine(house: House) -> Path:
    """The same workspace on another machine: its own folder, the same keys, the same ledger if that is a server's."""
    folder = house.folder.with_name("other machine")
    shutil.copytree(house.folder, folder)
    return folder


@pytest.mark.parametrize("store", ["sqlite", "postgres"])
def test_of_two_runners_the_second_says_who_has_the_turn(
    make_house: MakeHouse, request: pytest.FixtureRequest, store: str
) -> None:
    entries = bills(12)
    house = make_house(*entries, clock=SystemClock())
    ledger = f'ledger: "{request.getfixturevalue("postgres_url")}"\n' if store == "postgres" else ""
    house.edit("connections.yaml", "connections:\n", f"lease_s: 2\n{ledger}connections:\n")
    second_folder = other_machine(house) if ledger else house.folder
    sending, told = threading.Event(), threading.Event()
    respond = house.sandbox.epicor.respond

    def held_up(request: SandboxRequest) -> SandboxResponse:
        if "UpdateMaster" in request.path:
            sending.set()
            assert told.wait(60)
        return respond(request)

    house.sandbox.epicor.respond = held_up  # type: ignore[method-assign]
    first = start(house.folder, "bills")
    try:
        assert sending.wait(60)
        second = end(start(second_folder, "bills"))
    finally:
        told.set()
    code, result, _ = end(first)

    assert (code, result["sent"], result["elsewhere"]) == (0, 12, {})
    assert (second[0], second[1]["sent"], second[1]["left_elsewhere"]) == (3, 0, 12)
    assert second[1]["elsewhere"] == {"bills@EPIC06": f"{who_am_i()}, run {result['run'][:8]}"}
    assert len(house.wire.effects("epicor", "UpdateMaster")) == 12
    assert set(house.states("bills").values()) == {"entered"}
    # Started again, and on the other machine, there is nothing to do.
    assert end(start(second_folder, "bills"))[1]["sent"] == 0


def test_what_a_runner_has_not_sent_when_it_falls_asleep_is_not_sent_when_it_wakes(make_house: MakeHouse) -> None:
    house = make_house(*bills(12), clock=SystemClock(), epicor="in_flight: 2")
    house.edit("connections.yaml", "connections:\n", "lease_s: 2\nconnections:\n")
    awake, respond = threading.Event(), house.sandbox.epicor.respond

    def held_up(request: SandboxRequest) -> SandboxResponse:
        if "UpdateMaster" in request.path:
            assert awake.wait(60)
        return respond(request)

    house.sandbox.epicor.respond = held_up  # type: ignore[method-assign]
    run = start(house.folder, "bills")
    try:
        with house.setup() as setup:
            until(lambda: len(setup.ledger.records(states=[State.SENDING])) == 3)  # two asked, one about to ask
            run.send_signal(signal.SIGSTOP)
            until(lambda: setup.ledger.take_lease("bills@EPIC06", "another runner", 60) is not None)
    finally:
        run.send_signal(signal.SIGCONT)
        awake.set()
    told = "".join(run.communicate(timeout=120))

    assert len(house.wire.effects("epicor", "UpdateMaster")) == 2
    assert "taken over by another runner" in told
    assert Counter(row.state for row in house.rows(mapping="bills")) == {State.ENTERED: 2, State.READY: 10}
    (waited,) = [row for row in house.rows(mapping="bills") if row.attempts and row.state is State.READY]
    assert waited.cause == "not_sent"


def test_the_turn_of_a_runner_that_died_is_waited_for(make_house: MakeHouse) -> None:
    entries = [bill("B-1"), bill("B-2")]
    house = make_house(*entries)
    with house.setup() as setup:
        assert setup.ledger.take_lease("bills@EPIC06", "ada@here, run 1234", setup.lease_s) is not None

    left = house.run("bills", wait=False)

    assert (left.sent, left.left_elsewhere, left.elsewhere) == (0, 2, {"bills@EPIC06": "ada@here, run 1234"})
    told: list[str] = []
    began = house.clock.now()
    result = house.run("bills", tell=lambda what, _: told.append(what))
    assert (result.sent, result.elsewhere, result.left_elsewhere) == (2, {}, 0)
    assert "waiting for the turn of ada@here, run 1234" in told
    assert (house.clock.now() - began).total_seconds() <= 35
    assert set(house.states("bills").values()) == {"entered"}


def test_a_turn_that_another_holds_is_left_to_it_and_named(make_house: MakeHouse) -> None:
    entries = [bill("B-1"), bill("B-2")]
    house = make_house(*entries, clock=SystemClock())
    house.edit("connections.yaml", "connections:\n", "lease_s: 2\nconnections:\n")
    with house.setup() as setup, KeptLeases(setup, "ada@elsewhere, run 1234") as leases:
        assert leases.take("bills@EPIC06") is not None
        told = CliRunner().invoke(root, ["run", "bills", "-w", str(house.folder)])
    assert told.exit_code == 3
    assert "the turn bills@EPIC06 is with ada@elsewhere, run 1234" in told.output
    assert "2 records still to be sent there" in told.output
    assert house.invoices() == {}
    assert set(house.states("bills").values()) == {"ready"}
    house.run("bills")
    assert len(house.invoices()) == 2

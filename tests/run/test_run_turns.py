"""Two runs at once on one workspace, in processes of their own: each record is entered once."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from engine.faces.sandbox.faults import Fault, FaultKind
from engine.run.turns import Turns
from tests.run.conftest import MakeHouse
from tests.run.house import House, bill, bills, card

SLOW_SAVE = Fault(kind=FaultKind.SLOW, system="epicor", path="UpdateMaster", seconds=0.05)
SLOW_PAGE = Fault(kind=FaultKind.SLOW, system="airbase", method="GET", path="ledger_entries", seconds=0.2)
COMMAND = (sys.executable, "-c", "from cli import main; main()", "run")


def at_once(house: House, *names: str) -> list[tuple[int, dict[str, Any], str]]:
    """Run mappings at the same time, each in its process: exit code, result and what stood on stderr."""
    running = [
        subprocess.Popen(
            [*COMMAND, name, "--workspace", str(house.folder), "--format", "json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in names
    ]
    ended = [(process.communicate(timeout=120), process.returncode) for process in running]
    return [(code, json.loads(out)[0] if out.strip() else {}, err) for (out, err), code in ended]


def withdrawn(house: House, entries: Sequence[dict[str, Any]]) -> list[str]:
    """The records of which the trail says that they left the feed."""
    with house.setup() as setup:
        moves = [event.record for _, event, _ in setup.ledger.trail() if event.detail.get("to") == "withdrawn"]
    return [entry["invoice_number"] for entry in entries if any(entry["id"] in str(move) for move in moves)]


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


def test_a_turn_that_another_holds_is_left_to_it_and_named(make_house: MakeHouse) -> None:
    entries = [bill("B-1"), bill("B-2")]
    house = make_house(*entries)
    with house.setup() as setup, Turns(setup, "bills", "ada@elsewhere, run 1234") as turns:
        assert turns.take("EPIC06") is not None
        ended = at_once(house, "bills")
    ((code, result, _),) = ended
    assert code == 0
    assert result["elsewhere"] == {"bills@EPIC06": "ada@elsewhere, run 1234"}
    assert result["sent"] == 0
    assert house.invoices() == {}
    assert set(house.states("bills").values()) == {"ready"}
    house.run("bills")
    assert len(house.invoices()) == 2

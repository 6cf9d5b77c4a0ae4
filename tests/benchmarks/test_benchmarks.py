"""A tiny sample of the benchmark, so that it cannot rot: every scenario that needs nothing but this project."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from tests.benchmarks import contest, lonely, shown
from tests.benchmarks.bills import bill, entry_json, number_of
from tests.benchmarks.figures import Results
from tests.benchmarks.rivals import LOCK
from tests.benchmarks.systems import Systems

pytestmark = pytest.mark.slow


def test_the_tools_beside_ours_are_pinned_with_hashes() -> None:
    names = {line.split("==")[0] for line in LOCK.read_text(encoding="utf-8").splitlines() if "==" in line}
    assert {"dlt", "drt-core"} <= names
    assert "--hash=sha256:" in LOCK.read_text(encoding="utf-8")


def test_a_bill_is_the_same_in_every_run() -> None:
    one = bill(17)
    assert number_of(one.id) == 17
    assert entry_json(one, "sync_ready") == entry_json(bill(17), "sync_ready")
    assert len(one.lines) == 3


def test_a_small_sample_enters_every_bill_once_and_is_shown() -> None:
    results = Results()
    with Systems() as systems:
        contest.throughput(results, systems, contest.contestants(None), bills=30, latency_ms=0, repeats=1)
        told = systems.told()
        lonely.master_data(results, systems, rows=150, changed=5, repeats=1)
        lonely.memory(results, systems, few=20, many=40, repeats=1)
    assert (told["entered"], told["again"], told["acknowledged"]) == (30, 0, 30)
    row = results.rows[0]
    assert row.figures["entered/s"] > 0
    assert row.figures["peak MB"] > 20
    assert "30 bills, 0 ms" in shown.text(results)
    assert "memory, 40 bills" in shown.text(results)
    chart = "\n".join(ElementTree.fromstring(shown.svg(results)).itertext())
    assert "30 bills, 0 ms" in chart
    assert shown._number(row.figures["entered/s"]) in chart.split("\n")
    assert [goal.met for goal in results.goals if "written" in goal.text or "no write" in goal.text] == [True] * 4


def test_a_tool_that_does_not_do_the_work_is_no_figure() -> None:
    with Systems() as systems:
        broken = contest.contestants(None)[0]
        systems.scene(bills=0)
        with broken.ready(systems) as folder:
            (folder / "books.yaml").write_text("companies: {}\n", encoding="utf-8")
            with pytest.raises(contest.Failed):
                lonely._run(folder, "run", "bills")

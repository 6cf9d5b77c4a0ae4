"""Several threads and several processes at once, and killed processes."""

from __future__ import annotations

import ast
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ledger_scene import (
    NAMESPACE,
    RUN,
    TURN,
    WHO,
    at_once,
    begin,
    bill,
    conclude,
    open_at,
    ready,
    row_of,
    turn,
)
from stores import Store

from engine.adapters.store.port import ClaimTaken, Decision, Ledger
from engine.domain.lifecycle import State
from engine.words.clock import SystemClock
from engine.words.errors import LedgerError, ProgramError

HERE = Path(__file__).parent


def contender(store: Store, task: str, name: str) -> subprocess.Popen[str]:
    command = [sys.executable, str(HERE / "contender.py"), store.url, task, name]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def outputs(processes: list[subprocess.Popen[str]]) -> list[str]:
    ended = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes), ended
    return [out for out, _ in ended]


def test_eight_threads_share_commits_and_lose_nothing(ledger: Ledger) -> None:
    rows = ready(ledger, *(f"b-{number}" for number in range(80)))
    lease = turn(ledger)
    before = ledger.database._writer.commits  # type: ignore[attr-defined]

    def send(mine: tuple[Any, ...]) -> None:
        for row in mine:
            conclude(ledger, begin(ledger, row, f"K{row.id}", lease), "effect", State.ENTERED)

    at_once([lambda mine=rows[start::8]: send(mine) for start in range(8)])  # type: ignore[misc]
    commits = ledger.database._writer.commits - before  # type: ignore[attr-defined]
    assert commits < 120, "160 units of work, several to a commit"
    assert len(ledger.records(states=(State.ENTERED,))) == 80
    assert all(len(ledger.attempts(row.id)) == 1 for row in rows)
    assert ledger.verify_trail() == ()


def test_of_threads_with_one_key_one_wins(ledger: Ledger) -> None:
    rows = ready(ledger, *(f"b-{number}" for number in range(8)))
    lease = turn(ledger)
    lost: list[ClaimTaken] = []
    won: list[int] = []

    def race(row: Any) -> None:
        try:
            won.append(begin(ledger, row, "7|INV-1", lease).record_id)
        except ClaimTaken as taken:
            lost.append(taken)

    at_once([lambda row=row: race(row) for row in rows])  # type: ignore[misc]
    assert (len(won), len(lost)) == (1, 7)
    assert {taken.holder for taken in lost} == set(ledger.holder_of(NAMESPACE, ["7|INV-1"]).values())
    assert len(ledger.records(states=(State.SENDING,))) == 1


def test_a_failing_unit_takes_nobody_with_it(ledger: Ledger) -> None:
    """Good units share commits with ones that break a move, and with ones that the database itself refuses."""
    rows = ready(ledger, *(f"b-{number}" for number in range(40)))
    failed: list[Exception] = []

    def good(row: Any) -> None:
        ledger.decide([Decision(record_id=row.id, state=State.HELD, cause="unbalanced", reason="off")], RUN, WHO)

    def bad_move(row: Any) -> None:
        with pytest.raises(ProgramError) as caught:
            ledger.decide([Decision(record_id=row.id, state=State.SETTLED)], RUN, WHO)
        failed.append(caught.value)

    def same_run_again(_row: Any) -> None:
        with pytest.raises(LedgerError) as caught:
            ledger.start_run(RUN, "bills", WHO)
        failed.append(caught.value)

    tasks = [(good, bad_move, good, same_run_again)[number % 4] for number in range(40)]
    at_once([lambda task=task, row=row: task(row) for task, row in zip(tasks, rows, strict=True)])  # type: ignore[misc]
    assert len(failed) == 20
    assert len(ledger.records(states=(State.HELD,))) == 20
    assert len(ledger.records(states=(State.READY,))) == 20
    assert ledger.verify_trail() == ()


def test_readers_do_not_wait_for_writers(ledger: Ledger) -> None:
    ready(ledger, *(f"b-{number}" for number in range(20)))
    at_once(
        [lambda run=f"r{number}": ledger.register([bill("b-1")], run) for number in range(4)]  # type: ignore[misc]
        + [lambda: [len(ledger.records()) for _ in range(20)] and None for _ in range(12)]  # type: ignore[misc]
    )
    assert len(ledger.records()) == 20


def test_two_processes_open_a_new_ledger_at_once(store: Store) -> None:
    outputs([contender(store, "start_runs", name) for name in ("one", "two", "three")])
    ledger = open_at(store.url, SystemClock())
    try:
        assert len(ledger.runs(limit=200)) == 75
        assert ledger.verify_trail() == ()
    finally:
        ledger.close()


def test_of_two_processes_one_gets_each_claim(ledger: Ledger, store: Store) -> None:
    for name in ("one", "two"):
        ready(ledger, *(f"{name}-{number}" for number in range(30)))
    won = [int(out) for out in outputs([contender(store, "claim_all", name) for name in ("one", "two")])]
    assert sum(won) == 30
    holders = ledger.holder_of(NAMESPACE, [f"K{number}" for number in range(30)])
    sending = ledger.records(states=(State.SENDING,))
    assert set(holders.values()) == {row.key for row in sending}
    assert len(sending) == 30
    assert ledger.verify_trail() == ()


def test_of_two_processes_one_has_the_turn(ledger: Ledger, store: Store) -> None:
    fences = [
        fence
        for out in outputs([contender(store, "take_turns", name) for name in ("one", "two")])
        for fence in ast.literal_eval(out.splitlines()[0])
    ]
    assert sorted(fences) == list(range(1, 31)), "every change of holder has a fence of its own"
    assert ledger.lease_holder(TURN) is None


def test_a_killed_runner_leaves_its_intent(store: Store) -> None:
    clock = SystemClock()
    ledger = open_at(store.url, clock)
    try:
        ledger.start_run(RUN, "bills", WHO)
        (row,) = ready(ledger, "b-1")
        process = contender(store, "die_while_sending", "runner 1")
        process.communicate(timeout=60)
        assert process.returncode == -signal.SIGKILL
        (left,) = ledger.interrupted("bills", "EPIC06")
        assert (left.id, left.state, left.dedupe_key) == (row.id, State.SENDING, "7|INV-1")
        assert ledger.holder_of(NAMESPACE, ["7|INV-1"]) == {"7|INV-1": row.key}
        assert ledger.take_lease(TURN, "runner 2", 60) is None, "its turn lasts until it runs out"
        ledger.doubt([left.id], clock.instant(), "run-2", "runner 2")
        assert row_of(ledger, "b-1").state is State.IN_DOUBT
        assert ledger.verify_trail() == ()
    finally:
        ledger.close()

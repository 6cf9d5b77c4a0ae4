"""Several threads and several processes at once, killed processes, and a full disk."""

from __future__ import annotations

import ast
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from ledger_scene import NAMESPACE, RUN, TURN, WHO, begin, bill, conclude, intent, open_at, ready, row_of, turn
from sqlalchemy import event
from sqlalchemy.pool import Pool

from engine.adapters.store.port import ClaimTaken, Decision, Ledger
from engine.domain.lifecycle import State
from engine.words.clock import ManualClock, SystemClock
from engine.words.errors import LedgerError, ProgramError

HERE = Path(__file__).parent


def contender(path: Path, task: str, name: str) -> subprocess.Popen[str]:
    command = [sys.executable, str(HERE / "contender.py"), str(path), task, name]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def outputs(processes: list[subprocess.Popen[str]]) -> list[str]:
    ended = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes), ended
    return [out for out, _ in ended]


def at_once(tasks: list[Callable[[], None]]) -> None:
    """Run the tasks in threads that start together."""
    barrier = threading.Barrier(len(tasks))

    def run(task: Callable[[], None]) -> None:
        barrier.wait()
        task()

    with ThreadPoolExecutor(max_workers=len(tasks)) as pool:
        for future in [pool.submit(run, task) for task in tasks]:
            future.result()


def test_eight_threads_share_commits_and_lose_nothing(ledger: Ledger) -> None:
    rows = ready(ledger, *(f"b-{number}" for number in range(80)))
    lease = turn(ledger)
    before = ledger._writer.commits  # type: ignore[attr-defined]

    def send(mine: tuple[Any, ...]) -> None:
        for row in mine:
            conclude(ledger, begin(ledger, row, f"K{row.id}", lease), "effect", State.ENTERED)

    at_once([lambda mine=rows[start::8]: send(mine) for start in range(8)])  # type: ignore[misc]
    commits = ledger._writer.commits - before  # type: ignore[attr-defined]
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


def test_two_processes_open_a_new_ledger_at_once(path: Path) -> None:
    outputs([contender(path, "start_runs", name) for name in ("one", "two", "three")])
    ledger = open_at(path, SystemClock())
    try:
        assert len(ledger.runs(limit=200)) == 75
        assert ledger.verify_trail() == ()
    finally:
        ledger.close()


def test_of_two_processes_one_gets_each_claim(ledger: Ledger, path: Path) -> None:
    for name in ("one", "two"):
        ready(ledger, *(f"{name}-{number}" for number in range(30)))
    won = [int(out) for out in outputs([contender(path, "claim_all", name) for name in ("one", "two")])]
    assert sum(won) == 30
    holders = ledger.holder_of(NAMESPACE, [f"K{number}" for number in range(30)])
    sending = ledger.records(states=(State.SENDING,))
    assert set(holders.values()) == {row.key for row in sending}
    assert len(sending) == 30
    assert ledger.verify_trail() == ()


def test_of_two_processes_one_has_the_turn(ledger: Ledger, path: Path) -> None:
    fences = [
        fence
        for out in outputs([contender(path, "take_turns", name) for name in ("one", "two")])
        for fence in ast.literal_eval(out.splitlines()[0])
    ]
    assert sorted(fences) == list(range(1, 31)), "every change of holder has a fence of its own"
    assert ledger.lease_holder(TURN) is None


def test_a_killed_runner_leaves_its_intent(path: Path) -> None:
    clock = SystemClock()
    ledger = open_at(path, clock)
    try:
        ledger.start_run(RUN, "bills", WHO)
        (row,) = ready(ledger, "b-1")
        process = contender(path, "die_while_sending", "runner 1")
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


def small_disk(connection: Any, _entry: Any) -> None:
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {max(pages, 60)}")


@pytest.fixture
def full_disk(path: Path, clock: ManualClock) -> Iterator[Ledger]:
    """A ledger that may not grow beyond 60 pages."""
    event.listen(Pool, "connect", small_disk)
    try:
        ledger = open_at(path, clock)
        ledger.start_run(RUN, "bills", WHO)
        yield ledger
        ledger.close()
    finally:
        event.remove(Pool, "connect", small_disk)


def test_a_full_disk_stops_the_work_and_leaves_nothing_half_done(full_disk: Ledger) -> None:
    rows = ready(full_disk, *(f"b-{number}" for number in range(10)))
    lease = turn(full_disk)
    before = len(list(full_disk.trail()))
    with pytest.raises(LedgerError, match="the disk that holds it is full"):
        full_disk.register([bill(f"x-{number}", text="y" * 400) for number in range(2000)], RUN)
    assert len(full_disk.records(limit=5000)) == 10
    assert len(list(full_disk.trail())) == before
    begun = fill_up(full_disk, rows, lease)
    sending = full_disk.records(states=(State.SENDING,))
    assert [row.id for row in sending] == begun
    assert all(len(full_disk.attempts(row.id)) == (row.id in begun) for row in rows)
    assert set(full_disk.holder_of(NAMESPACE, [f"K{row.id}" for row in rows])) == {f"K{number}" for number in begun}
    assert full_disk.verify_trail() == ()


def fill_up(ledger: Ledger, rows: tuple[Any, ...], lease: Any) -> list[int]:
    """Begin records with requests that do not compress, until the disk is full."""
    begun: list[int] = []
    for row in rows:
        large = {"body": Random(row.id).randbytes(15_000).hex()}
        try:
            ledger.begin(replace(intent(row, f"K{row.id}"), request=large), lease, RUN, WHO)
        except LedgerError:
            return begun
        begun.append(row.id)
    raise AssertionError("the disk was never full")


def test_every_waiting_thread_hears_of_a_full_disk(full_disk: Ledger) -> None:
    told: list[str] = []

    def fill(name: str) -> None:
        with pytest.raises(LedgerError) as caught:
            register_without_end(full_disk, name)
        told.append(str(caught.value))

    at_once([lambda name=name: fill(name) for name in "abcdefgh"])  # type: ignore[misc]
    assert len(told) == 8
    assert all("full" in sentence for sentence in told)
    assert full_disk.verify_trail() == ()


def register_without_end(ledger: Ledger, name: str) -> None:
    for page in range(100):
        ledger.register([bill(f"{name}-{page}-{number}", text=name * 300) for number in range(20)], RUN)


def limit_files() -> None:
    """In the child: no file may grow beyond 400 kB, as on a full file system."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))


def test_a_write_that_fails_at_the_commit_is_told(ledger: Ledger, path: Path) -> None:
    ready(ledger, "b-1")
    code = (
        "import sys; sys.path.insert(0, sys.argv[2]); from pathlib import Path\n"
        "from ledger_scene import *\n"
        "from engine.words.errors import LedgerError\n"
        "ledger = open_at(Path(sys.argv[1]))\n"
        "written = 0\n"
        "try:\n"
        "    for page in range(50):\n"
        "        ledger.register([bill(f'{page}-{n}', text='x' * 200) for n in range(100)], RUN)\n"
        "        written += 100\n"
        "except LedgerError as error:\n"
        "    print(written, error)\n"
        "ledger.close()\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, str(path), str(HERE)],
        preexec_fn=limit_files,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    written, _, sentence = ended.stdout.partition(" ")
    assert "the disk" in sentence, ended.stdout + ended.stderr
    assert len(ledger.records(limit=10_000)) == int(written) + 1
    assert ledger.verify_trail() == ()

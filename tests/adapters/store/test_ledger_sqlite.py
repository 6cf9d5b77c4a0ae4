"""A ledger in a file: who may read it, power cuts, damage and a full disk."""

from __future__ import annotations

import resource
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
from ledger_scene import NAMESPACE, RUN, WHO, at_once, begin, bill, conclude, intent, open_at, ready, turn
from sqlalchemy import event
from sqlalchemy.pool import Pool

from engine.adapters.store.port import Decision, Ledger
from engine.domain.lifecycle import State
from engine.words.clock import ManualClock
from engine.words.errors import LedgerError

HERE = Path(__file__).parent


def url_of(path: Path) -> str:
    return f"sqlite:///{path}"


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_ledger_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "workspace" / "ledger.db"
    ledger = open_at(url_of(path))
    try:
        ledger.start_run(RUN, "bills", WHO)
        assert mode_of(path.parent) == 0o700
        assert {file.name: mode_of(file) for file in path.parent.iterdir()} == {
            "ledger.db": 0o600,
            "ledger.db-wal": 0o600,
            "ledger.db-shm": 0o600,
        }
    finally:
        ledger.close()


def test_a_power_cut_loses_nothing_that_returned(path: Path) -> None:
    open_at(url_of(path)).close()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    ledger = open_at(url_of(path))
    try:
        with ledger.database._engine.connect() as connection:  # type: ignore[attr-defined]
            pragmas = [
                connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("synchronous", "foreign_keys")
            ]
        assert pragmas == [2, 1]
    finally:
        ledger.close()


def test_what_undoes_a_statement_is_kept_in_memory_and_what_a_reader_sorts_is_not(path: Path) -> None:
    ledger = open_at(url_of(path))
    try:
        database = ledger.database  # type: ignore[attr-defined]
        places = [
            ask(lambda connection: connection.exec_driver_sql("PRAGMA temp_store").scalar_one())
            for ask in (database.write, database.read, database.write)
        ]
        assert places == [2, 0, 2]
    finally:
        ledger.close()


def test_no_table_is_read_whole_to_bring_one_record_on(path: Path) -> None:
    statements: list[str] = []

    def listen(connection: Any, _: Any) -> None:
        connection.set_trace_callback(statements.append)

    event.listen(Pool, "connect", listen)
    ledger = open_at(url_of(path))
    try:
        ledger.start_run(RUN, "bills", WHO)
        statements.clear()
        (row,) = ready(ledger, "b-1", amount=Decimal("12.30"), currency="USD")
        conclude(ledger, begin(ledger, row, "7|INV-1", turn(ledger)), "effect", State.ENTERED)
        told = Decision(record_id=row.id, state=State.ENTERED, acknowledged="said")
        ledger.decide([told], RUN, WHO)
    finally:
        event.remove(Pool, "connect", listen)
        ledger.close()
    with closing(sqlite3.connect(path)) as connection:
        plans = {
            step[3]: sql
            for sql in statements
            if sql.split()[0] in ("SELECT", "INSERT", "UPDATE", "DELETE")
            for step in connection.execute(f"EXPLAIN QUERY PLAN {sql}")
        }
    assert any(step.startswith("SEARCH attempts") for step in plans)
    tables = ("records", "attempts", "claims", "payloads", "audit")
    whole = {step: sql for step, sql in plans.items() if step.startswith(tuple(f"SCAN {name}" for name in tables))}
    assert not whole


def test_a_file_that_is_no_database_is_refused_in_plain_words(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"airbase_id,total\n" * 100)
    with pytest.raises(LedgerError) as refused:
        open_at(url_of(path))
    assert (
        str(refused.value) == f"the ledger {path}: the file is not a ledger, or is damaged: restore it from a backup"
    )


def test_a_damaged_ledger_says_so(path: Path) -> None:
    ledger = open_at(url_of(path))
    ledger.start_run(RUN, "bills", WHO)
    ledger.register([bill(f"b-{number}", text="x" * 500) for number in range(200)], RUN)
    ledger.close()
    content = bytearray(path.read_bytes())
    content[4096 * 3 :] = b"\x5a" * (len(content) - 4096 * 3)
    path.write_bytes(content)
    with pytest.raises(LedgerError, match="damaged: restore"):
        damaged_counts(path)


def damaged_counts(path: Path) -> None:
    ledger = open_at(url_of(path))
    try:
        ledger.counts()
    finally:
        ledger.close()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(LedgerError, match=r"ledger\.db cannot be made or opened"):
        open_at(url_of(tmp_path / "file" / "ledger.db"))


def small_disk(connection: Any, _entry: Any) -> None:
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {max(pages, 60)}")


@pytest.fixture
def full_disk(path: Path, clock: ManualClock) -> Iterator[Ledger]:
    """A ledger that may not grow beyond 60 pages."""
    event.listen(Pool, "connect", small_disk)
    try:
        ledger = open_at(url_of(path), clock)
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


@pytest.mark.parametrize("replaced", [True, False], ids=["replaced", "deleted"])
def test_a_ledger_that_is_not_there_any_more_stops_the_work_at_once(
    path: Path, clock: ManualClock, *, replaced: bool
) -> None:
    ledger = open_at(url_of(path), clock)
    ledger.start_run(RUN, "bills", WHO)
    (row,) = ready(ledger, "b-1")
    lease = turn(ledger)
    path.rename(path.with_name("elsewhere"))
    if replaced:
        open_at(url_of(path), clock).close()
    with pytest.raises(LedgerError, match="was deleted or replaced while it was open"):
        ledger.begin(intent(row, "K1"), lease, RUN, WHO)
    with pytest.raises(LedgerError, match="was deleted or replaced while it was open"):
        ledger.records()
    ledger.close()


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


def test_a_write_that_fails_at_the_commit_is_told(path: Path) -> None:
    ledger = open_at(url_of(path))
    ledger.start_run(RUN, "bills", WHO)
    ready(ledger, "b-1")
    code = (
        "import sys; sys.path.insert(0, sys.argv[2])\n"
        "from ledger_scene import *\n"
        "from engine.words.errors import LedgerError\n"
        "ledger = open_at(sys.argv[1])\n"
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
        [sys.executable, "-c", code, url_of(path), str(HERE)],
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
    ledger.close()

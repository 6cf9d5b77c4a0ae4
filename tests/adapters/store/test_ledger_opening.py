"""Opening the ledger: where it is kept, who may read it, and what is refused."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from ledger_scene import AUDIT_KEY, NOW, RUN, WHO, bill, open_at, row_of

from engine.adapters.store.sql import open_ledger
from engine.words.clock import ManualClock, random_id
from engine.words.errors import LedgerError


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_ledger_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "workspace" / "ledger.db"
    ledger = open_at(path)
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


def test_what_was_written_is_there_after_opening_again(path: Path) -> None:
    for run in ("run-1", "run-2"):
        ledger = open_at(path)
        ledger.start_run(run, "bills", WHO)
        ledger.register([bill("b-1")], run)
        ledger.close()
    ledger = open_at(path)
    try:
        assert row_of(ledger, "b-1").seen_run == "run-2"
        assert [run.id for run in ledger.runs()] == ["run-2", "run-1"]
        assert ledger.verify_trail() == ()
    finally:
        ledger.close()


def test_a_power_cut_loses_nothing_that_returned(path: Path) -> None:
    open_at(path).close()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    ledger = open_at(path)
    try:
        with ledger._engine.connect() as connection:  # type: ignore[attr-defined]
            pragmas = [
                connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("synchronous", "foreign_keys")
            ]
        assert pragmas == [2, 1]
    finally:
        ledger.close()


def test_a_ledger_of_a_newer_program_is_refused(path: Path) -> None:
    open_at(path).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE ledger SET version = version + 1")
    with pytest.raises(LedgerError, match="newer program"):
        open_at(path)


def test_a_database_of_something_else_is_refused(path: Path) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE records (id INTEGER)")
    with pytest.raises(LedgerError, match="not a ledger of ml-connector"):
        open_at(path)


def test_a_file_that_is_no_database_is_refused_in_plain_words(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"airbase_id,total\n" * 100)
    with pytest.raises(LedgerError) as refused:
        open_at(path)
    assert (
        str(refused.value) == f"the ledger {path}: the file is not a ledger, or is damaged: restore it from a backup"
    )


def test_a_damaged_ledger_says_so(path: Path) -> None:
    ledger = open_at(path)
    ledger.start_run(RUN, "bills", WHO)
    ledger.register([bill(f"b-{number}", text="x" * 500) for number in range(200)], RUN)
    ledger.close()
    content = bytearray(path.read_bytes())
    content[4096 * 3 :] = b"\x5a" * (len(content) - 4096 * 3)
    path.write_bytes(content)
    with pytest.raises(LedgerError, match="damaged: restore"):
        damaged_counts(path)


def damaged_counts(path: Path) -> None:
    ledger = open_at(path)
    try:
        ledger.counts()
    finally:
        ledger.close()


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("sqlite://", "the ledger is a file"),
        ("sqlite:///:memory:", "the ledger is a file"),
        ("sqlite:///x.db?mode=ro", "without options"),
        ("somewhere", "cannot be read"),
        ("mysql://host/ledger", "not in mysql"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused(url: str, told: str) -> None:
    with pytest.raises(LedgerError, match=told):
        open_ledger(url, audit_key=AUDIT_KEY, clock=ManualClock(NOW), make_id=random_id)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(LedgerError, match=r"ledger\.db cannot be made or opened"):
        open_at(tmp_path / "file" / "ledger.db")


def test_a_closed_ledger_says_so(path: Path) -> None:
    ledger = open_at(path)
    ledger.close()
    ledger.close()
    with pytest.raises(LedgerError, match="closed"):
        ledger.start_run(RUN, "bills", WHO)
    with pytest.raises(LedgerError, match="closed"):
        ledger.records()


def test_the_port_is_imported_without_the_database_library() -> None:
    code = "import sys, engine.adapters.store.port; sys.exit('sqlalchemy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

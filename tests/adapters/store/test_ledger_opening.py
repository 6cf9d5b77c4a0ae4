"""Opening the ledger: where it is kept, who may read it, and what is refused."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ledger_scene import AUDIT_KEY, NOW, RUN, WHO, bill, open_at, row_of
from stores import Store

from engine.adapters.store.sql import open_ledger
from engine.adapters.store.tables import VERSION
from engine.words.clock import ManualClock, random_id
from engine.words.errors import LedgerError


def test_what_was_written_is_there_after_opening_again(store: Store) -> None:
    for run in ("run-1", "run-2"):
        ledger = open_at(store.url)
        ledger.start_run(run, "bills", WHO)
        ledger.register([bill("b-1")], run)
        ledger.close()
    ledger = open_at(store.url)
    try:
        assert row_of(ledger, "b-1").seen_run == "run-2"
        assert [run.id for run in ledger.runs()] == ["run-2", "run-1"]
        assert ledger.verify_trail() == ()
    finally:
        ledger.close()


def test_a_ledger_of_a_newer_program_is_refused(store: Store) -> None:
    open_at(store.url).close()
    store.run("UPDATE ledger SET version = version + 1")
    with pytest.raises(LedgerError, match="newer program"):
        open_at(store.url)


def test_a_database_of_something_else_is_refused(store: Store) -> None:
    store.run("CREATE TABLE records (id INTEGER)")
    with pytest.raises(LedgerError, match="not a ledger of ml-connector"):
        open_at(store.url)


def test_a_ledger_of_the_first_version_is_brought_up_to_date(store: Store) -> None:
    ledger = open_at(store.url)
    ledger.start_run(RUN, "bills", WHO)
    ledger.close()
    for statement in UNDO_LATER_VERSIONS[store.url.partition(":")[0]]:
        store.run(statement)
    ledger = open_at(store.url)
    try:
        assert store.rows("SELECT version FROM ledger") == [(VERSION,)]
        assert [store.rows(f"SELECT count(*) FROM {name}") for name in ("inbox", "schedules", "alerts")] == [
            [(0,)]
        ] * 3
        assert ledger.verify_trail() == ()
        ledger.start_run("run-2", "bills", WHO)
        assert ledger.verify_trail() == ()
    finally:
        ledger.close()
    with pytest.raises(Exception, match="append-only"):
        store.run("DELETE FROM audit_head")


DROP_SERVICE_TABLES = ("DROP TABLE inbox", "DROP TABLE schedules", "DROP TABLE alerts")
DROP_RECORD_NUMBERS = (
    "DROP INDEX ix_audit_record",
    "DROP INDEX ix_audit_record_id",
    "ALTER TABLE audit DROP COLUMN record_id",
    "CREATE INDEX ix_audit_record ON audit (record)",
)
UNDO_LATER_VERSIONS = {
    "sqlite": (
        *DROP_RECORD_NUMBERS,
        *DROP_SERVICE_TABLES,
        "UPDATE ledger SET version = 1",
        "DROP TRIGGER audit_head_forward",
        "DROP TRIGGER audit_head_no_delete",
        "DROP TRIGGER audit_head_no_replace",
    ),
    "postgresql": (
        *DROP_RECORD_NUMBERS,
        *DROP_SERVICE_TABLES,
        "UPDATE ledger SET version = 1",
        "DROP FUNCTION audit_head_forward CASCADE",
        "DROP TRIGGER audit_head_no_truncate ON audit_head",
    ),
}


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


def test_a_python_with_a_sqlite_that_is_too_old_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 34, 1))
    with pytest.raises(LedgerError, match=r"the ledger needs 3\.35\.0 or newer"):
        open_ledger(f"sqlite:///{tmp_path / 'l.db'}", audit_key=AUDIT_KEY, clock=ManualClock(NOW), make_id=random_id)
    assert list(tmp_path.iterdir()) == []


def test_a_sqlite_without_its_json_functions_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Bare(sqlite3.Connection):
        def execute(self, text: str, *values: Any) -> sqlite3.Cursor:
            return super().execute(text.replace("json_", "no_such_"), *values)

    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 37, 2))
    open_ledger(
        f"sqlite:///{tmp_path / 'good.db'}", audit_key=AUDIT_KEY, clock=ManualClock(NOW), make_id=random_id
    ).close()
    monkeypatch.setattr(sqlite3, "connect", lambda path: connect(path, factory=Bare))
    with pytest.raises(LedgerError, match="without its JSON functions"):
        open_ledger(f"sqlite:///{tmp_path / 'l.db'}", audit_key=AUDIT_KEY, clock=ManualClock(NOW), make_id=random_id)


def test_a_closed_ledger_says_so(store: Store) -> None:
    ledger = open_at(store.url)
    ledger.close()
    ledger.close()
    with pytest.raises(LedgerError, match="closed"):
        ledger.start_run(RUN, "bills", WHO)
    with pytest.raises(LedgerError, match="closed"):
        ledger.records()


def test_the_port_is_imported_without_the_database_library() -> None:
    code = "import sys, engine.adapters.store.port; sys.exit('sqlalchemy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

"""A backup is one moment of a ledger in use; restoring it enters nothing twice and loses nothing."""

from __future__ import annotations

import fcntl
import json
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from engine.adapters.store import backups
from engine.faces.commands.restore_command import SERVICE_LOCK
from engine.wiring.workspace import LEDGER
from tests.commands.scene import typed
from tests.run.conftest import MakeHouse
from tests.run.house import House, bill


def ledger_of(house: House) -> Path:
    return house.folder / ".ml-connector" / LEDGER


def events(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        (count,) = connection.execute("SELECT count(*) FROM audit").fetchone()
    return int(count)


@pytest.mark.parametrize("written_back", [False, True])
def test_what_is_lost_since_is_found_again_and_nothing_is_entered_twice(
    make_house: MakeHouse, tmp_path: Path, written_back: bool
) -> None:
    entries = [bill("B-1"), bill("B-2", label="2"), bill("B-3", label="3")]
    house = make_house(*entries, environments=("sandbox", "sandbox" if written_back else "test"))
    assert house.run("bills", limit=1).sent == 1
    out = tmp_path / "ledger.backup"
    made = typed("backup", "--out", out, "-w", house.folder)
    assert made.exit_code == 0, made.output
    assert "credentials.json" in made.output
    assert out.stat().st_mode & 0o077 == 0
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("ledger.backup")] == ["ledger.backup"]

    assert house.run("bills").sent == 2
    before = dict(house.invoices())
    assert len(before) == 3
    refused = typed("restore", out, "-w", house.folder)
    assert refused.exit_code == 2
    assert "the ledger is newer than the backup" in refused.output
    assert house.states("bills") == dict.fromkeys(("B-1", "B-2", "B-3"), "entered")

    lost = events(ledger_of(house)) - events(out)
    restored = typed("restore", out, "--over-newer", "-w", house.folder)
    assert restored.exit_code == 0, restored.output
    assert f"not in it: {lost} events after that, from event {events(out) + 1} on" in restored.output
    assert house.states("bills") == {"B-1": "entered"}
    assert "the trail is whole" in typed("audit", "verify", "-w", house.folder).output
    (aside,) = ledger_of(house).parent.glob(f"{LEDGER}.before-*")
    assert events(aside) == events(out) + lost
    with house.setup() as setup:
        act = [event for _, event, _ in setup.ledger.trail() if event.kind == "ledger_restored"]
    assert [one.detail["replaced_ended_with"] for one in act] == [events(out) + lost]

    result = house.run("bills")
    # What was written back has left the feed: it is not read again, and the ledger put aside has its history.
    assert (result.sent, result.adopted) == (0, 0 if written_back else 2)
    assert house.invoices() == before
    assert house.states("bills") == dict.fromkeys(("B-1",) if written_back else ("B-1", "B-2", "B-3"), "entered")


def test_a_lost_ledger_comes_back_from_its_backup(make_house: MakeHouse, tmp_path: Path) -> None:
    house = make_house(bill("B-1"))
    house.run("bills")
    out = tmp_path / "backup"
    assert typed("backup", "--out", out, "-w", house.folder).exit_code == 0
    for path in ledger_of(house).parent.glob(f"{LEDGER}*"):
        path.unlink()
    told = json.loads(typed("restore", out, "--format", "json", "-w", house.folder).stdout)
    assert (told["events"], told["lost_events"], told["put_aside"]) == (events(out), 0, None)
    ledger_of(house).write_bytes(b"not a database at all" * 500)
    told = json.loads(typed("restore", out, "--format", "json", "-w", house.folder).stdout)
    assert Path(told["put_aside"]).read_bytes().startswith(b"not a database")
    result = house.run("bills")
    assert (result.sent, len(house.invoices())) == (0, 1)
    assert house.states("bills") == {"B-1": "entered"}


def test_restored_twice_in_a_moment_every_ledger_is_put_aside(make_house: MakeHouse, tmp_path: Path) -> None:
    house = make_house(bill("B-1"))
    house.run("bills")
    out = tmp_path / "backup"
    assert typed("backup", "--out", out, "-w", house.folder).exit_code == 0
    put_aside = []
    for content in (b"one that is damaged", None, b"another one", None):
        if content is not None:
            for path in ledger_of(house).parent.glob(f"{LEDGER}*-???"):
                path.unlink()
            ledger_of(house).write_bytes(content)
        restored = typed("restore", out, "--over-newer", "--format", "json", "-w", house.folder)
        assert restored.exit_code == 0, restored.output
        put_aside.append(Path(json.loads(restored.stdout)["put_aside"]).read_bytes())
    assert (put_aside[0], put_aside[2]) == (b"one that is damaged", b"another one")
    kept = [path.read_bytes() for path in ledger_of(house).parent.glob(f"{LEDGER}.before-*")]
    assert sorted(kept) == sorted(put_aside)


def test_the_log_that_a_lost_ledger_left_does_not_come_into_its_backup(make_house: MakeHouse, tmp_path: Path) -> None:
    house = make_house(bill("B-1"), bill("B-2", label="2"))
    house.run("bills", limit=1)
    out = tmp_path / "backup"
    assert typed("backup", "--out", out, "-w", house.folder).exit_code == 0
    ledger = ledger_of(house)
    with closing(sqlite3.connect(ledger)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM audit").fetchone()
        house.run("bills")
        log = Path(f"{ledger}-wal").read_bytes()
    assert log
    for path in ledger.parent.glob(f"{LEDGER}*"):
        path.unlink()
    Path(f"{ledger}-wal").write_bytes(log)
    told = json.loads(typed("restore", out, "--format", "json", "-w", house.folder).stdout)
    assert Path(f"{told['put_aside']}-wal").read_bytes() == log
    assert events(ledger) == events(out) + 1
    assert "the trail is whole" in typed("audit", "verify", "-w", house.folder).output


def test_a_ledger_that_is_locked_is_not_taken_for_one_that_cannot_be_read(
    make_house: MakeHouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backups, "_WAIT_S", 0.2)
    house = make_house(bill("B-1"))
    house.run("bills")
    out = tmp_path / "backup"
    assert typed("backup", "--out", out, "-w", house.folder).exit_code == 0
    ledger = ledger_of(house)
    with closing(sqlite3.connect(ledger, isolation_level=None)) as holder:
        holder.execute("PRAGMA locking_mode = EXCLUSIVE")
        holder.execute("BEGIN EXCLUSIVE")
        holder.execute("COMMIT")
        result = typed("restore", out, "-w", house.folder)
    assert result.exit_code == 2
    assert "has the ledger" in result.output
    assert list(ledger.parent.glob(f"{LEDGER}.*")) == []


def test_a_backup_is_whole_while_others_write(make_house: MakeHouse, tmp_path: Path) -> None:
    house = make_house()
    done = threading.Event()
    with house.setup() as setup:
        setup.ledger.start_run("first", "bills", "rosa")

        def write() -> None:
            number = 0
            while not done.is_set():
                setup.ledger.start_run(f"run-{number}", "bills", "rosa")
                setup.ledger.end_run(f"run-{number}", {})
                number += 1

        writer = threading.Thread(target=write)
        writer.start()
        try:
            counts = []
            for number in range(5):
                out = tmp_path / f"backup-{number}"
                told = json.loads(typed("backup", "--out", out, "--format", "json", "-w", house.folder).stdout)
                with closing(sqlite3.connect(out)) as copy:
                    (runs,) = copy.execute("SELECT count(*) FROM runs WHERE id <> 'first'").fetchone()
                    (ended,) = copy.execute("SELECT count(*) FROM runs WHERE ended_at IS NOT NULL").fetchone()
                assert told["events"] == events(out) == 1 + runs + ended
                counts.append(told["events"])
        finally:
            done.set()
            writer.join()
    assert counts == sorted(set(counts)), "the ledger was written meanwhile"


def test_it_is_refused_over_a_ledger_in_use_and_over_another_one(make_house: MakeHouse, tmp_path: Path) -> None:
    house, other = make_house(bill("B-1")), make_house(bill("B-2"))
    out = tmp_path / "backup"
    house.run("bills")
    other.run("bills")
    assert typed("backup", "--out", out, "-w", house.folder).exit_code == 0
    assert "cannot be made: File exists" in typed("backup", "--out", out, "-w", house.folder).output
    with house.setup() as setup:
        assert setup.ledger.records()
        assert "has the ledger" in typed("restore", out, "-w", house.folder).output
    assert "another ledger" in typed("restore", out, "-w", other.folder).output
    with (house.folder / ".ml-connector" / SERVICE_LOCK).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "a service runs on" in typed("restore", out, "-w", house.folder).output
    assert list(ledger_of(house).parent.glob(f"{LEDGER}*.new*")) == []
    result = typed("restore", out, "-w", house.folder)
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ("DROP TRIGGER audit_no_update; UPDATE audit SET detail = '{}' WHERE seq = 1", "is not whole"),
        ("UPDATE ledger SET version = version + 1", "newer program"),
        ("DROP TABLE ledger", "is not a ledger"),
    ],
)
def test_what_is_not_whole_is_not_restored(make_house: MakeHouse, tmp_path: Path, damage: str, told: str) -> None:
    house = make_house(bill("B-1"))
    house.run("bills")
    out = tmp_path / "backup"
    assert typed("backup", "--out", out, "-w", house.folder).exit_code == 0
    with closing(sqlite3.connect(out)) as connection:
        connection.executescript(damage)
    before = house.rows()
    result = typed("restore", out, "--over-newer", "-w", house.folder)
    assert result.exit_code in (2, 3)
    assert told in result.output
    assert house.rows() == before
    assert [path.name for path in ledger_of(house).parent.glob(f"{LEDGER}.*")] == []


def test_on_postgresql_its_own_tools_are_named(make_house: MakeHouse, tmp_path: Path) -> None:
    house = make_house()
    path = house.folder / "connections.yaml"
    path.write_text(path.read_text() + 'ledger: "postgresql://rosa@db/ledger"\n')
    result = typed("backup", "--out", tmp_path / "x", "-w", house.folder)
    assert result.exit_code == 2
    assert "pg_dump" in result.output

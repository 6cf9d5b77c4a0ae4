"""The audit trail at the command line: shown, verified, its head kept elsewhere, exported for a third party."""

from __future__ import annotations

import csv
import hashlib
import hmac
import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.acts.conftest import MakeDesk
from tests.acts.desk import SECRETS, Desk
from tests.run.house import bill

NAME = "Möbel & Söhne \x7f “GmbH” 家具"


def outsider_verifies(folder: Path, audit_key: bytes | None, heads: tuple[dict[str, object], ...] = ()) -> str:
    """What an auditor makes of VERIFY.txt with Python alone; gives what is wrong, or nothing."""
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    for name, told in manifest["files"].items():
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != told["sha256"]:
            return f"{name} is another file"
    trail, last_to, seals = manifest["trail"], {}, {}
    seq, previous = trail["first_seq"] - 1, trail["previous"]
    for line in (folder / "events.jsonl").read_text("utf-8").split("\n")[:-1]:
        event = json.loads(line)
        if (event["seq"], event["previous"]) != (seq + 1, previous):
            return f"the chain is broken at {event['seq']}"
        row = [event[name] for name in ("seq", "at", "who", "kind", "record", "run", "detail")]
        text = json.dumps(row, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        message = previous + "\n" + text
        if audit_key and hmac.new(audit_key, message.encode(), hashlib.sha256).hexdigest() != event["hash"]:
            return f"event {event['seq']} was edited"
        seq, previous = event["seq"], event["hash"]
        seals[seq] = previous
        if "to" in event["detail"]:
            last_to[event["record"]] = event["detail"]["to"]
    if (seq, previous) != (trail["last_seq"], trail["last_hash"]):
        return "the trail ends elsewhere"
    if any(seals.get(head["seq"], head["hash"]) != head["hash"] for head in heads):
        return "it is not the trail that was there before"
    with (folder / "records.csv").open(encoding="utf-8", newline="") as file:
        states = {row["record"]: row["state"] for row in csv.DictReader(file)}
    wrong = [key for key, state in states.items() if last_to.get(key, "seen") != state]
    return f"{wrong} stand otherwise in the trail" if wrong else ""


def audit_key_of(workspace: Path) -> bytes:
    """The key as its custodian hands it over."""
    return bytes.fromhex((workspace / "audit.key").read_text("ascii"))


@pytest.fixture
def desk(make_desk: MakeDesk) -> Desk:
    desk = make_desk(
        bill("B-1", "60.00", "40.00"),
        bill("B-2", "10.00", account="1300", notes=NAME),
        bill("B-3", "5.00", date="2026-10-20T00:00:00"),
    )
    desk.types("run", "bills", code=1)
    desk.types("dismiss", "B-2", "--reason", NAME, "--reference", "=1+1")
    desk.types("audit", "key", "--out", desk.house.folder / "audit.key", "--reason", "for the auditor")
    return desk


def tamper(desk: Desk, sql: str) -> None:
    """Who owns the file takes away the triggers that forbid a change of the trail, and puts them back after it."""
    with closing(sqlite3.connect(desk.house.folder / ".ml-connector" / "ledger.sqlite3")) as ledger:
        guards = ledger.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in guards:
            ledger.execute(f"DROP TRIGGER {name}")
        assert ledger.execute(sql).rowcount == 1
        for _, guard in guards:
            ledger.execute(guard)
        ledger.commit()


def test_a_tampered_trail_is_named(desk: Desk) -> None:
    assert "the trail is whole" in desk.types("audit", "verify")
    tamper(desk, "UPDATE audit SET who = 'somebody' WHERE seq = 4")
    told = desk.types("audit", "verify", code=1)
    assert "event 4 (seen of airbase:" in told
    assert "was edited" in told
    assert desk.asks("audit", "verify", code=1)["whole"] is False
    tamper(desk, "DELETE FROM audit WHERE seq = 6")
    assert "event 6 was removed" in desk.types("audit", "verify", code=1)


def test_a_head_kept_elsewhere_shows_that_the_ledger_was_put_back(desk: Desk, tmp_path: Path) -> None:
    kept, ledger = tmp_path / "head.json", desk.house.folder / ".ml-connector" / "ledger.sqlite3"
    shutil.copy(ledger, tmp_path / "old.sqlite3")
    desk.house.sandbox.airbase.books.change_entry(desk.row("B-1").key.source_id, status="sync_ready", notes="new")
    desk.types("run", "bills")
    assert "written" in desk.types("audit", "head", "--out", kept)
    assert "is there already" in desk.is_told("audit", "head", "--out", kept)
    assert "has the event of the head" in desk.types("audit", "verify", "--head", kept)

    shutil.copy(tmp_path / "old.sqlite3", ledger)
    for beside in ledger.parent.glob("ledger.sqlite3-*"):
        beside.unlink()
    assert "the trail is whole" in desk.types("audit", "verify")
    assert "NOT whole" in desk.types("audit", "verify", "--head", kept, code=1)

    head = json.loads(kept.read_text("utf-8"))
    kept.write_text(json.dumps({**head, "seq": 1}), encoding="utf-8")
    assert "was edited" in desk.is_told("audit", "verify", "--head", kept)
    kept.write_text("[]", encoding="utf-8")
    assert "is not a head" in desk.is_told("audit", "verify", "--head", kept)


def test_an_outsider_verifies_an_export_without_this_program(desk: Desk, tmp_path: Path) -> None:
    out, key = tmp_path / "export", audit_key_of(desk.house.folder)
    desk.types("audit", "export", "--period", "2026-11", "--out", out)
    assert outsider_verifies(out, key, (desk.asks_head(),)) == ""
    assert outsider_verifies(out, None) == ""
    manifest = json.loads((out / "manifest.json").read_text("utf-8"))
    assert {(one["state"], one["count"], one["amount"]) for one in manifest["totals"]} == {
        ("entered", 1, "100.00"),
        ("dismissed", 1, "10.00"),
    }
    with (out / "lines.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert [(one["account"], one["debit"], one["read_back"]) for one in lines][:2] == [
        ("6200|10", "60.00", "equal"),
        ("6200|10", "40.00", "equal"),
    ]
    with (out / "records.csv").open(encoding="utf-8", newline="") as file:
        records = {row["number"]: row for row in csv.DictReader(file)}
    assert records["B-2"]["reference"] == "'=1+1"
    assert "gl-coding.csv" in records["B-1"]["rules"]
    assert "is not empty" in desk.is_told("audit", "export", "--period", "2026-11", "--out", out)
    assert "write a month" in desk.is_told("audit", "export", "--period", "november", "--out", tmp_path / "x")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"reason":"Möbel', '"reason":"Mobel', "was edited"),
        ('"kind":"seen"', '"kind":"sown"', "was edited"),
    ],
)
def test_an_export_edited_with_new_file_hashes_is_noticed(
    desk: Desk, tmp_path: Path, old: str, new: str, said: str
) -> None:
    out = tmp_path / "export"
    desk.types("audit", "export", "--period", "2026-11", "--format", "csv", "--out", out)
    events = out / "events.jsonl"
    text = events.read_text("utf-8")
    assert old in text
    events.write_text(text.replace(old, new, 1), encoding="utf-8")
    assert outsider_verifies(out, None) == "events.jsonl is another file"
    manifest = json.loads((out / "manifest.json").read_text("utf-8"))
    manifest["files"]["events.jsonl"]["sha256"] = hashlib.sha256(events.read_bytes()).hexdigest()
    (out / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    assert said in outsider_verifies(out, audit_key_of(desk.house.folder))


def test_an_export_of_a_broken_trail_says_so_and_a_lost_event_breaks_the_chain(desk: Desk, tmp_path: Path) -> None:
    tamper(desk, "DELETE FROM audit WHERE seq = 6")
    told = desk.types("audit", "export", "--period", "2026-11", "--out", tmp_path / "export", code=1)
    assert "event 6 was removed" in told
    assert "the chain is broken" in outsider_verifies(tmp_path / "export", None)


def test_the_audit_key_is_handed_over_in_a_private_file_and_the_trail_says_so(desk: Desk) -> None:
    path = desk.house.folder / "audit.key"
    assert path.stat().st_mode & 0o077 == 0
    assert "is there already" in desk.is_told("audit", "key", "--out", path, "--reason", "again")
    with desk.house.setup() as setup:
        (event,) = [event for _, event, _ in setup.ledger.trail() if event.kind == "audit_key_written"]
    assert event.detail["reason"] == "for the auditor"
    assert path.read_text("ascii").strip() not in str(event)


def test_no_secret_is_in_anything_that_is_shown_or_written(desk: Desk, tmp_path: Path) -> None:
    out = tmp_path / "export"
    desk.types("audit", "export", "--period", "2026-11", "--format", "jsonl", "--payloads", "--out", out)
    desk.types("audit", "show", "B-1", "--payloads")
    desk.asks("audit", "show", "B-1", "--payloads")
    attempt = json.loads((out / "attempts.jsonl").read_text("utf-8").splitlines()[0])
    assert attempt["request"]["body"]
    key = (desk.house.folder / ".ml-connector" / "key").read_text("ascii").strip()
    secrets = (*SECRETS, key, audit_key_of(desk.house.folder).hex())
    assert {path.name for path in out.iterdir()} >= {"records.jsonl", "lines.jsonl", "attempts.jsonl", "events.jsonl"}
    for path in out.iterdir():
        assert not any(secret in path.read_text("utf-8") for secret in secrets)

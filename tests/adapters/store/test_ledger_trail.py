"""The audit trail: append-only, chained, and any change of the past is named."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from ledger_scene import AUDIT_KEY, NOW, RUN, WHO, begin, bill, conclude, open_at, ready, turn

from engine.adapters.store.port import Ledger
from engine.domain.audit_event import GENESIS, AuditEvent, link
from engine.domain.lifecycle import State
from engine.words.errors import LedgerError, ProgramError


def act(detail: dict[str, object], at: datetime = NOW) -> AuditEvent:
    return AuditEvent(at=at, who="rosa", kind="act", record=None, run=None, detail=detail)


@pytest.fixture
def told(ledger: Ledger) -> Ledger:
    """A ledger whose trail has ten events."""
    (row,) = ready(ledger, "b-1", amount=Decimal("12.30"), currency="USD")
    conclude(ledger, begin(ledger, row, "7|INV-1", turn(ledger)), "effect", State.ENTERED)
    for number in range(5):
        ledger.audit(act({"number": number}))
    return ledger


@pytest.fixture
def rows(path: Path) -> Iterator[sqlite3.Connection]:
    """The raw tables, with the guards taken away."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for name in ("audit_no_update", "audit_no_delete", "audit_no_replace"):
            connection.execute(f"DROP TRIGGER {name}")
        yield connection


def test_anyone_with_the_key_can_compute_the_chain_again(told: Ledger) -> None:
    previous = GENESIS
    for number, (seq, event, sealed) in enumerate(told.trail(), start=1):
        assert seq == number
        previous = link(previous, seq, event, AUDIT_KEY)
        assert sealed == previous
    assert number == 10
    assert told.verify_trail() == ()


def test_the_trail_of_a_record_has_its_own_events_only(told: Ledger) -> None:
    told.register([bill("b-2")], RUN)
    assert [event.kind for _, event, _ in told.trail(str(bill("b-1").key))] == ["seen", "moved", "intent", "outcome"]
    (_, moved, _) = list(told.trail(str(bill("b-1").key)))[1]
    assert moved.detail["facts"]["amount"] == "12.30"


def test_a_long_trail_is_read_to_its_end(ledger: Ledger) -> None:
    ledger.register([bill(f"b-{number}") for number in range(1203)], RUN)
    assert [seq for seq, _, _ in ledger.trail()] == list(range(1, 1205))
    assert ledger.verify_trail() == ()


def test_times_are_kept_in_utc_and_naive_ones_refused(ledger: Ledger) -> None:
    ledger.audit(act({}, at=NOW.astimezone(timezone(timedelta(hours=-5))) + timedelta(microseconds=7)))
    (*_, (_, event, _)) = ledger.trail()
    assert event.at == NOW + timedelta(microseconds=7)
    assert event.at.tzinfo == UTC
    with pytest.raises(ProgramError, match="naive"):
        ledger.audit(act({}, at=datetime(2026, 1, 1)))  # noqa: DTZ001
    assert ledger.verify_trail() == ()


def test_a_detail_that_is_not_json_is_refused(ledger: Ledger) -> None:
    with pytest.raises(ProgramError, match="float"):
        ledger.audit(act({"amount": 1.5}))
    ledger.audit(act({"amount": Decimal("1.50"), "wide": 2**70, "text": "é\u2028"}))
    (*_, (_, event, _)) = ledger.trail()
    assert event.detail == {"amount": "1.50", "wide": 2**70, "text": "é\u2028"}
    assert ledger.verify_trail() == ()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET who = 'nobody' WHERE seq = 3",
        "DELETE FROM audit WHERE seq = 3",
        "DELETE FROM audit",
        "INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE seq = 3",
    ],
)
def test_the_table_itself_refuses_changes(told: Ledger, path: Path, statement: str) -> None:
    with (
        closing(sqlite3.connect(path, isolation_level=None)) as connection,
        pytest.raises(sqlite3.IntegrityError, match="append-only"),
    ):
        connection.execute(statement)
    assert told.verify_trail() == ()


@pytest.mark.parametrize(
    "change",
    [
        "who = 'nobody'",
        "at = '2026-11-23T09:30:01+00:00'",
        "at = 'yesterday'",
        "kind = 'seen'",
        "record = 'airbase:x:y'",
        "run = 'run-2'",
        """detail = '{"number":7}'""",
        """detail = '{ "number":1}'""",
        "detail = 'nothing'",
        "hash = '" + "0" * 64 + "'",
        "previous = '" + "0" * 64 + "'",
    ],
)
def test_an_edited_event_is_named(told: Ledger, rows: sqlite3.Connection, change: str) -> None:
    rows.execute(f"UPDATE audit SET {change} WHERE seq = 7")
    problems = told.verify_trail()
    assert problems[0] == "event 7 was edited or inserted: its content does not give its hash"


def test_an_event_sealed_again_by_its_editor_breaks_the_chain_behind_it(
    told: Ledger, rows: sqlite3.Connection
) -> None:
    """Somebody who has the key but does not seal everything behind the event again."""
    events = list(told.trail())
    edited = act({"number": 99})
    sealed = link(events[5][2], 7, edited, AUDIT_KEY)
    rows.execute("UPDATE audit SET detail = '{\"number\":99}', hash = ? WHERE seq = 7", (sealed,))
    assert told.verify_trail() == (
        "the chain is broken before event 8: it does not follow the event that stands before it",
    )


def test_removed_events_are_named(told: Ledger, rows: sqlite3.Connection) -> None:
    rows.execute("DELETE FROM audit WHERE seq IN (1, 4, 5)")
    assert told.verify_trail() == ("event 1 was removed", "events 4 to 5 were removed")


def test_events_cut_off_the_end_are_missed(told: Ledger, rows: sqlite3.Connection) -> None:
    rows.execute("DELETE FROM audit WHERE seq > 8")
    assert told.verify_trail() == ("events 9 to 10 were removed from the end",)
    rows.execute("UPDATE audit_head SET seq = 8, hash = (SELECT hash FROM audit WHERE seq = 8)")
    assert told.verify_trail() == ("the seal of the last event was edited",)
    rows.execute("DELETE FROM audit_head")
    assert told.verify_trail() == ("the seal of the last event was removed",)


def test_inserted_events_are_named(told: Ledger, rows: sqlite3.Connection) -> None:
    rows.execute(
        "INSERT INTO audit SELECT 11, at, who, kind, record, run, detail, hash, hash, key_id FROM audit"
        " WHERE seq = 10"
    )
    problems = told.verify_trail()
    assert problems == (
        "event 11 was edited or inserted: its content does not give its hash",
        "event 11 was inserted at the end",
    )
    rows.execute("UPDATE audit SET seq = 0 WHERE seq = 11")
    assert told.verify_trail() == ("event 0 was inserted: events count from 1",)


def test_events_in_another_order_are_named(told: Ledger, rows: sqlite3.Connection) -> None:
    rows.execute("UPDATE audit SET seq = 100 WHERE seq = 6")
    rows.execute("UPDATE audit SET seq = 6 WHERE seq = 7")
    rows.execute("UPDATE audit SET seq = 7 WHERE seq = 100")
    problems = told.verify_trail()
    assert "event 6 was edited or inserted: its content does not give its hash" in problems
    assert "event 7 was edited or inserted: its content does not give its hash" in problems


def test_a_trail_is_not_written_with_two_keys(told: Ledger, path: Path) -> None:
    other = open_at(path, audit_key=b"another key of thirty-two bytes.")
    try:
        with pytest.raises(LedgerError, match="ML_CONNECTOR_KEY"):
            other.register([bill("b-9")], RUN)
        assert other.records(keys=["b-9"]) == ()
        problems = other.verify_trail()
        assert len(problems) == 10
        assert "bears the key" in problems[0]
    finally:
        other.close()
    assert told.verify_trail() == ()


def test_an_event_that_cannot_be_read_says_what_to_do(told: Ledger, rows: sqlite3.Connection) -> None:
    rows.execute("UPDATE audit SET detail = 'nothing' WHERE seq = 2")
    with pytest.raises(LedgerError, match="audit verify"):
        list(told.trail())
    assert next(told.trail())[1].who == WHO

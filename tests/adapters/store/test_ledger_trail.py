"""The audit trail: appended to only, chained, and read again as it was written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from ledger_scene import AUDIT_KEY, NOW, RUN, WHO, act, bill, kinds, link, open_at, tell_ten
from stores import Store

from engine.adapters.store.port import Ledger
from engine.domain.audit_event import GENESIS
from engine.words.errors import LedgerError, ProgramError


def test_anyone_with_the_key_can_compute_the_chain_again(ledger: Ledger) -> None:
    tell_ten(ledger)
    previous = GENESIS
    for number, (seq, event, sealed) in enumerate(ledger.trail(), start=1):
        assert seq == number
        previous = link(previous, seq, event, AUDIT_KEY)
        assert sealed == previous
    assert number == 10
    assert ledger.head()[:2] == (10, previous)
    assert ledger.verify_trail() == ()
    assert ledger.verify_trail((10, previous)) == ()


def test_the_head_is_that_of_the_last_event(store: Store) -> None:
    ledger = open_at(store.url)
    try:
        seq, sealed, key_id = ledger.head()
        assert (seq, sealed, len(key_id)) == (0, GENESIS, 8)
        assert ledger.verify_trail((0, GENESIS)) == ()
        ledger.start_run(RUN, "bills", WHO)
        ((_, _, last),) = ledger.trail()
        assert ledger.head() == (1, last, key_id)
    finally:
        ledger.close()


def test_the_trail_of_a_record_has_its_own_events_only(ledger: Ledger) -> None:
    tell_ten(ledger)
    ledger.register([bill("b-2")], RUN)
    assert kinds(ledger, "b-1") == ["seen", "moved", "intent", "outcome"]
    (_, moved, _) = list(ledger.trail(str(bill("b-1").key)))[1]
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
    ledger.audit(act({"amount": Decimal("1.50"), "wide": 2**70, "text": "é\u2028\0"}))
    (*_, (_, event, _)) = ledger.trail()
    assert event.detail == {"amount": "1.50", "wide": 2**70, "text": "é\u2028\0"}
    assert ledger.verify_trail() == ()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET who = 'nobody' WHERE seq = 3",
        "DELETE FROM audit WHERE seq = 3",
        "DELETE FROM audit",
        "UPDATE audit_head SET seq = 3",
        "UPDATE audit_head SET hash = 'x'",
        "DELETE FROM audit_head",
        "INSERT INTO audit_head SELECT 2, seq, hash, key_id, seal FROM audit_head",
    ],
)
def test_the_tables_themselves_refuse_changes(ledger: Ledger, store: Store, statement: str) -> None:
    tell_ten(ledger)
    with pytest.raises(Exception, match="append-only"):
        store.run(statement)
    assert ledger.verify_trail() == ()


def test_a_trail_is_not_written_with_two_keys(ledger: Ledger, store: Store) -> None:
    tell_ten(ledger)
    other = open_at(store.url, audit_key=b"another key of thirty-two bytes.")
    try:
        with pytest.raises(LedgerError, match="ML_CONNECTOR_KEY"):
            other.register([bill("b-9")], RUN)
        assert other.records(keys=["b-9"]) == ()
        whole, seal = other.verify_trail()
        assert whole.startswith("events 1 to 10 bear the key ")
        assert seal.startswith("the seal of the last event bears the key ")
    finally:
        other.close()
    assert ledger.verify_trail() == ()


def test_an_event_that_cannot_be_read_says_what_to_do(ledger: Ledger, store: Store) -> None:
    tell_ten(ledger)
    store.tamper("UPDATE audit SET detail = 'nothing' WHERE seq = 2")
    with pytest.raises(LedgerError, match="audit verify"):
        list(ledger.trail())
    assert next(ledger.trail())[1].who == WHO

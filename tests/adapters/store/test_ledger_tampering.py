"""Whatever somebody with full rights over the database does to the trail is found, and named."""

from __future__ import annotations

import pytest
from ledger_scene import AUDIT_KEY, RUN, WHO, act, bill, link, open_at, ready, row_of, tell_ten
from stores import PostgresStore, SqliteStore, Store

from engine.adapters.store.port import Ledger
from engine.adapters.store.tables import storable
from engine.domain.record import RecordKey, SourceRecord

B1 = "airbase:/v1/accounting/ledger_entries/:b-1"
ROW = "at, who, kind, record, run, detail, previous, hash, key_id, record_id"


@pytest.fixture
def told(ledger: Ledger) -> Ledger:
    """A ledger whose trail has ten events; the fourth is the intent of b-1."""
    tell_ten(ledger)
    return ledger


@pytest.mark.parametrize(
    "change",
    [
        "who = 'nobody'",
        "at = '2026-11-23T09:30:01+00:00'",
        "at = '2026-11-23T04:30:00-05:00'",
        "at = 'yesterday'",
        "run = 'run-2'",
        "run = 'x'",
        """detail = '{"number":7}'""",
        """detail = '{ "number":1}'""",
        "detail = 'nothing'",
        "detail = '[]'",
        "detail = '" + "[" * 20_000 + "'",
        "hash = '" + "0" * 64 + "'",
        "hash = 'é'",
        "hash = ''",
        "previous = '" + "0" * 64 + "'",
    ],
)
def test_an_edited_event_is_named(told: Ledger, store: Store, change: str) -> None:
    head = told.head()[:2]
    store.tamper(f"UPDATE audit SET {change} WHERE seq IN (4, 10)")
    expected = [
        f"event {name} was edited or inserted: its content does not give its hash"
        for name in (f"4 (intent of {B1})", "10 (act)")
    ]
    problems = told.verify_trail(head)
    assert list(problems[:2]) == expected
    assert all(sentence.startswith("event 10 is not the event") for sentence in problems[2:])
    assert told.verify_trail()[:2] == problems[:2]


@pytest.mark.parametrize(
    ("change", "name"),
    [("kind = 'seen'", f"seen of {B1}"), ("record = 'a:b:c'", "intent of a:b:c"), ("record = NULL", "intent")],
)
def test_an_event_given_to_another_record_is_named(told: Ledger, store: Store, change: str, name: str) -> None:
    store.tamper(f"UPDATE audit SET {change} WHERE seq = 4")
    assert told.verify_trail() == (f"event 4 ({name}) was edited or inserted: its content does not give its hash",)


def test_an_event_under_another_key_is_named(told: Ledger, store: Store) -> None:
    store.tamper("UPDATE audit SET key_id = 'deadbeef' WHERE seq IN (4, 5)")
    (sentence,) = told.verify_trail()
    assert sentence.startswith("events 4 to 5 bear the key deadbeef, and this is the key ")


def test_an_event_sealed_again_by_its_editor_breaks_the_chain_behind_it(told: Ledger, store: Store) -> None:
    """Somebody who has the key but does not seal everything behind the event again."""
    head = told.head()[:2]
    sealed = link(list(told.trail())[5][2], 7, act({"number": 99}), AUDIT_KEY)
    store.tamper(f"UPDATE audit SET detail = '{{\"number\":99}}', hash = '{sealed}' WHERE seq = 7")
    (sentence,) = told.verify_trail(head)
    assert sentence.startswith("the chain is broken before event 8 (act): it was not written behind event 7 (act)")


def test_removed_events_are_named_with_their_neighbours(told: Ledger, store: Store) -> None:
    store.tamper("DELETE FROM audit WHERE seq IN (1, 4, 5, 8)")
    assert told.verify_trail() == (
        f"event 1 was removed: the first one left is event 2 (seen of {B1})",
        f"events 4 to 5 were removed: missing between event 3 (moved of {B1}) and event 6 (act)",
        "event 8 was removed: missing between event 7 (act) and event 9 (act)",
    )


def test_events_cut_off_the_end_are_missed(told: Ledger, store: Store) -> None:
    seq, sealed, _ = told.head()
    cut = "events 9 to 10 were removed from the end: {} names event 10, and the last one left is event 8 (act)"
    store.tamper("DELETE FROM audit WHERE seq > 8")
    assert told.verify_trail() == (cut.format("the seal of the trail"),)
    store.tamper("UPDATE audit_head SET seq = 8, hash = (SELECT hash FROM audit WHERE seq = 8)")
    assert told.verify_trail() == ("the seal of the last event was edited",)
    assert told.verify_trail((seq, sealed))[1] == cut.format("the head that was kept")
    store.tamper("UPDATE audit_head SET key_id = 'deadbeef'")
    assert told.verify_trail()[0].startswith("the seal of the last event bears the key deadbeef")
    store.tamper("DELETE FROM audit_head")
    assert told.verify_trail() == ("the seal of the last event was removed",)
    assert told.verify_trail((seq, sealed))[1] == cut.format("the head that was kept")


def test_a_ledger_put_back_whole_is_found_by_the_kept_head_only(told: Ledger, store: Store) -> None:
    ((old_seq, old_hash, key_id, seal),) = store.rows("SELECT seq, hash, key_id, seal FROM audit_head")
    for number in range(3):
        told.audit(act({"later": number}))
    head = told.head()[:2]
    store.tamper(
        f"DELETE FROM audit WHERE seq > {old_seq}",
        f"UPDATE audit_head SET seq = {old_seq}, hash = '{old_hash}', key_id = '{key_id}', seal = '{seal}'",
    )
    assert told.verify_trail() == ()
    (sentence,) = told.verify_trail(head)
    assert sentence == (
        "events 11 to 13 were removed from the end: the head that was kept names event 13, "
        "and the last one left is event 10 (act)"
    )
    for number in range(5):
        told.audit(act({"other": number}))
    assert told.verify_trail() == ()
    assert told.verify_trail(head) == (
        "event 13 is not the event that the head that was kept names: it, or one before it, was replaced",
    )
    assert told.verify_trail((old_seq, old_hash)) == ()


@pytest.mark.parametrize("change", ["seq = 9", "seq = 11", "hash = 'é'", "seal = ''"])
def test_an_edited_seal_is_named(told: Ledger, store: Store, change: str) -> None:
    store.tamper(f"UPDATE audit_head SET {change}")
    assert told.verify_trail() == ("the seal of the last event was edited",)


def test_a_second_seal_is_named_and_does_no_harm(told: Ledger, store: Store) -> None:
    store.tamper("INSERT INTO audit_head SELECT 2, seq, hash, key_id, seal FROM audit_head")
    told.audit(act({}))
    assert told.verify_trail() == ("the seal 2 of the last event was inserted: there is only one",)


def test_a_trail_removed_whole_is_missed(told: Ledger, store: Store) -> None:
    head = told.head()[:2]
    store.tamper("DELETE FROM audit")
    cut = "events 1 to 10 were removed from the end: {} names event 10, and the last one left is the beginning"
    assert told.verify_trail() == (cut.format("the seal of the trail"),)
    store.tamper("DELETE FROM audit_head")
    gone = "the whole audit trail was removed: the ledger holds runs or records, and not one event"
    assert told.verify_trail() == (gone,)
    assert told.verify_trail(head) == (gone, cut.format("the head that was kept"))


def test_an_event_hidden_from_its_record_is_named(told: Ledger, store: Store) -> None:
    """By the ledger's number of the record, which no hash covers."""
    whole = [seq for seq, _, _ in told.trail(B1)]
    store.tamper("UPDATE audit SET record_id = NULL WHERE seq = 4")
    assert [seq for seq, _, _ in told.trail(B1)] == whole
    assert told.verify_trail() == ()
    store.tamper("UPDATE audit SET record_id = 999 WHERE seq = 4")
    assert [seq for seq, _, _ in told.trail(B1)] == [seq for seq in whole if seq != 4]
    sentence = f"event 4 (intent of {B1}) is not found by its record: one of them was changed, or the record removed"
    assert told.verify_trail() == (sentence,)
    told.register([bill("b-2")], RUN)
    store.tamper(f"UPDATE audit SET record_id = {row_of(told, 'b-2').id} WHERE seq = 4")
    assert told.verify_trail() == (sentence,)


def test_a_record_hidden_from_its_events_is_named(store: Store) -> None:
    """Its name stays the same text, but is read as another one's."""
    ledger = open_at(store.url)
    try:
        ledger.start_run(RUN, "bills", WHO)
        key = RecordKey(connection="a", feed="f", source_id="x:1")
        ledger.register([SourceRecord(key=key, company=None, payload={"n": 1})], RUN)
        assert [event.kind for _, event, _ in ledger.trail(str(key))] == ["seen"]
        store.tamper("UPDATE records SET connection = 'a:f', feed = 'x', source_id = '1'")
        (sentence,) = ledger.verify_trail()
        assert "(seen of a:f:x:1) is not found by its record" in sentence
    finally:
        ledger.close()


def test_events_are_found_by_a_name_with_a_sign_that_cannot_be_kept(ledger: Ledger) -> None:
    key = RecordKey(connection="a", feed="f", source_id="n\0n")
    ledger.register([SourceRecord(key=key, company=None, payload={"n": 1})], RUN)
    assert [event.kind for _, event, _ in ledger.trail(storable(str(key)))] == ["seen"]
    assert list(ledger.trail(str(key))) == list(ledger.trail(storable(str(key))))


def test_inserted_events_are_named(told: Ledger, store: Store) -> None:
    store.tamper(
        f"INSERT INTO audit SELECT 11, {ROW} FROM audit WHERE seq = 10",
        f"INSERT INTO audit SELECT 40, {ROW} FROM audit WHERE seq = 4",
        f"INSERT INTO audit SELECT -1, {ROW} FROM audit WHERE seq = 10",
    )
    assert told.verify_trail() == (
        "event -1 (act) was inserted: events count from 1",
        "event 11 (act) was inserted behind the last event",
        "event 11 (act) was moved here: it was written as event 10",
        f"event 40 (intent of {B1}) was inserted behind the last event",
        f"event 40 (intent of {B1}) was moved here: it was written as event 4",
    )


def test_events_in_another_order_are_named(told: Ledger, store: Store) -> None:
    store.tamper(
        "UPDATE audit SET seq = 100 WHERE seq = 4",
        "UPDATE audit SET seq = 4 WHERE seq = 7",
        "UPDATE audit SET seq = 7 WHERE seq = 100",
    )
    assert told.verify_trail() == (
        "event 4 (act) was moved here: it was written as event 7",
        f"event 7 (intent of {B1}) was moved here: it was written as event 4",
    )


def test_events_moved_together_over_a_removed_one_are_named(told: Ledger, store: Store) -> None:
    """Somebody removes event 6 and closes the gap."""
    store.tamper(
        "DELETE FROM audit WHERE seq = 6", *(f"UPDATE audit SET seq = {n - 1} WHERE seq = {n}" for n in range(7, 11))
    )
    problems = told.verify_trail()
    assert problems[:4] == tuple(
        f"event {number} (act) was moved here: it was written as event {number + 1}" for number in range(6, 10)
    )
    assert problems[4].startswith("event 10 was removed from the end")


def test_a_guard_that_was_taken_away_is_named(told: Ledger, store: Store) -> None:
    name = store.drop_guard()
    told.audit(act({}))
    (sentence,) = told.verify_trail()
    assert sentence.startswith(f"the guard {name}, which keeps the audit trail append-only, was taken away")


def test_an_edited_payload_is_named_and_not_used(told: Ledger, store: Store) -> None:
    (row,) = told.records(keys=["b-1"])
    (attempt,) = told.attempts(row.id)
    request, payload = attempt.request_hash, row.payload_hash
    other = f"(SELECT body FROM payloads WHERE hash = '{payload}')"
    store.tamper(f"UPDATE payloads SET body = {other} WHERE hash = '{request}'")
    assert told.verify_trail() == (f"the payload {request} was edited: its content does not give its name",)
    with pytest.raises(Exception, match="is damaged"):
        told.payload(request)
    store.tamper(f"DELETE FROM payloads WHERE hash = '{request}'")
    assert told.verify_trail() == (f"the payload {request} was removed: event 4 (intent of {B1}) names it",)
    store.tamper(f"UPDATE payloads SET body = substr(body, 1, 0), kept_at = 'long ago' WHERE hash = '{payload}'")
    assert f"the payload {payload} was edited: its content does not give its name" in told.verify_trail()


def test_a_trail_that_is_wrong_everywhere_is_told_in_a_thousand_sentences(told: Ledger, store: Store) -> None:
    told.register([bill(f"x-{number}") for number in range(1100)], RUN)
    store.tamper("UPDATE audit SET who = 'nobody'")
    problems = told.verify_trail()
    assert len(problems) == 1000
    assert problems[-1].startswith("there is more")


def test_text_that_is_none_is_named(sqlite_store: SqliteStore, request: pytest.FixtureRequest) -> None:
    """SQLite takes any bytes for text, and any type in any column."""
    ledger = open_at(sqlite_store.url)
    request.addfinalizer(ledger.close)
    ledger.start_run(RUN, "bills", "rosa")
    ready(ledger, *(f"b-{number}" for number in range(10)))
    for seq, change in enumerate(
        [
            "who = CAST(x'ff' AS TEXT)",
            "kind = x'ff'",
            "record = 7.5",
            "detail = x'7b7d'",
            "previous = x'00'",
            "hash = x'ff'",
            "at = 7",
            "detail = CAST(x'7b22ff227d' AS TEXT)",
            "key_id = x'00'",
            "record = CAST(x'ff' AS TEXT)",
        ],
        start=3,
    ):
        sqlite_store.tamper(f"UPDATE audit SET {change} WHERE seq = {seq}")
    problems = ledger.verify_trail()
    for seq in range(3, 13):
        assert any(sentence.startswith((f"event {seq} ", f"event {seq} (")) for sentence in problems), seq
    assert "\\udcff" in "".join(problems)
    assert not any(f"event {seq} " in "".join(problems) for seq in (1, 2, 13, 14))
    sqlite_store.tamper("UPDATE audit_head SET seq = 'x'")
    assert "the seal of the last event was edited" in ledger.verify_trail()


def test_two_events_of_one_number_are_named(postgres_store: PostgresStore, request: pytest.FixtureRequest) -> None:
    """A PostgreSQL owner can take away the key of the table too."""
    ledger = open_at(postgres_store.url)
    request.addfinalizer(ledger.close)
    ledger.start_run(RUN, "bills", "rosa")
    tell_ten(ledger)
    postgres_store.tamper(
        "ALTER TABLE audit DROP CONSTRAINT pk_audit",
        "ALTER TABLE audit ALTER COLUMN seq DROP NOT NULL",
        f"INSERT INTO audit SELECT 4, {ROW} FROM audit WHERE seq = 7",
        f"INSERT INTO audit SELECT NULL, {ROW} FROM audit WHERE seq = 8",
    )
    problems = ledger.verify_trail()
    assert "event None (act) was inserted: events count from 1" in problems
    assert any(sentence.endswith("was inserted: there are two events of that number") for sentence in problems)
    assert "event 4 (act) was moved here: it was written as event 7" in problems

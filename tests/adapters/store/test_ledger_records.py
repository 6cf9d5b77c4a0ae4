"""Records: what a read does to them, how they are found, and how they are decided."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from ledger_scene import CONNECTION, FEED, NAMESPACE, RUN, WHO, begin, bill, conclude, kinds, ready, row_of, turn

from engine.adapters.store.port import ClaimTaken, Decision, Ledger
from engine.domain.lifecycle import State
from engine.domain.record import RecordKey, SourceRecord
from engine.words.clock import ManualClock
from engine.words.errors import ProgramError
from engine.words.json_value import digest


def test_a_new_record_is_seen_with_its_payload_exactly_as_read(ledger: Ledger) -> None:
    record = bill(
        "b-1", total=Decimal("100.10"), lines=[{"amount": Decimal("60.00")}, {"amount": "40.10"}], note=None
    )
    ledger.register([record], RUN)
    row = row_of(ledger, "b-1")
    assert (row.state, row.key, row.seen_run, row.attempts) == (State.SEEN, record.key, RUN, 0)
    assert row.payload_hash == digest(record.payload)
    kept = ledger.payload(row.payload_hash)
    assert kept == record.payload
    assert isinstance(kept["total"], Decimal)
    assert str(kept["lines"][0]["amount"]) == "60.00"
    assert kept["lines"][1]["amount"] == "40.10"
    assert ledger.payload("0" * 64) is None


def test_the_same_page_again_changes_nothing_but_the_run(ledger: Ledger, clock: ManualClock) -> None:
    ledger.register([bill("b-1"), bill("b-2")], RUN)
    before, events = ledger.records(), len(list(ledger.trail()))
    clock.sleep(5)
    ledger.register([bill("b-1"), bill("b-2")], "run-2")
    after = ledger.records()
    assert [row.seen_run for row in after] == ["run-2", "run-2"]
    assert [(row.id, row.payload_hash, row.state, row.updated_at) for row in after] == [
        (row.id, row.payload_hash, row.state, row.updated_at) for row in before
    ]
    assert len(list(ledger.trail())) == events


def test_a_changed_record_keeps_its_state_and_gets_the_new_payload(ledger: Ledger) -> None:
    (row,) = ready(ledger, "b-1")
    ledger.register([bill("b-1", total="2.00")], "run-2")
    changed = row_of(ledger, "b-1")
    assert changed.state is State.READY
    assert ledger.payload(changed.payload_hash)["total"] == "2.00"
    assert ledger.payload(row.payload_hash) == bill("b-1").payload
    assert kinds(ledger, "b-1") == ["seen", "moved"]


@pytest.mark.parametrize(
    ("told", "says_more"),
    [
        ({}, False),
        ({"mapping": "bills", "company": "EPIC06", "amount": Decimal("9.00"), "currency": None}, False),
        ({"cause": "no_answer"}, True),
        ({"reason": "for another reason"}, True),
        ({"state": State.HELD}, True),
        ({"mapping": "credits"}, True),
        ({"label": "INV-1"}, True),
        ({"amount": Decimal("9.01")}, True),
        ({"reference": "EPIC06/V1/INV-1"}, True),
        ({"document_hash": "d" * 64}, True),
    ],
)
def test_a_decision_says_more_than_the_record_exactly_when_it_changes_it(
    ledger: Ledger, told: dict[str, Any], says_more: bool
) -> None:
    (row,) = ready(ledger, "b-1", amount=Decimal("9.00"), currency="USD")
    before = kinds(ledger, "b-1")
    decision = Decision(record_id=row.id, **{"state": State.READY, **told})
    assert decision.says_more_than(row) is says_more
    ledger.decide([decision], RUN, WHO)
    assert (row_of(ledger, "b-1") != row) is says_more
    assert (kinds(ledger, "b-1") != before) is (says_more and told.keys() != {"label"})


def test_a_change_after_entry_is_told_by_the_trail(ledger: Ledger) -> None:
    (row,) = ready(ledger, "b-1")
    conclude(ledger, begin(ledger, row, "7|INV-1", turn(ledger)), "effect", State.ENTERED)
    ledger.register([bill("b-1", total="2.00")], RUN)
    ledger.register([bill("b-1", total="2.00")], RUN)
    assert kinds(ledger, "b-1") == ["seen", "moved", "intent", "outcome", "changed"]
    assert row_of(ledger, "b-1").state is State.ENTERED


def test_a_record_twice_on_one_page_counts_once_as_it_stands_last(ledger: Ledger) -> None:
    ledger.register([bill("b-1", total="1.00"), bill("b-1", total="2.00")], RUN)
    (row,) = ledger.records()
    assert ledger.payload(row.payload_hash)["total"] == "2.00"


def test_what_left_the_feed_is_withdrawn_and_seen_again_when_it_returns(ledger: Ledger) -> None:
    entered, held, gone = ready(ledger, "b-1", "b-2", "b-3")
    conclude(ledger, begin(ledger, entered, "7|INV-1", turn(ledger)), "effect", State.ENTERED)
    ledger.decide([Decision(record_id=held.id, state=State.HELD, cause="unbalanced", reason="off")], RUN, WHO)
    other = RecordKey(connection=CONNECTION, feed="/v1/vendors/", source_id="b-3")
    ledger.register([SourceRecord(key=other, company=None, payload={})], RUN)
    ledger.start_run("run-2", "bills", WHO)
    ledger.register([bill("b-2")], "run-2")
    assert ledger.withdraw_unseen(CONNECTION, FEED, "run-2") == 1
    states = {row.key.source_id: row.state for row in ledger.records(feed=(CONNECTION, FEED))}
    assert states == {"b-1": State.ENTERED, "b-2": State.HELD, "b-3": State.WITHDRAWN}
    assert ledger.records(feed=(CONNECTION, "/v1/vendors/"))[0].state is State.SEEN
    assert ledger.withdraw_unseen(CONNECTION, FEED, "run-2") == 0
    ledger.register([bill("b-3")], "run-3")
    back = row_of(ledger, "b-3")
    assert (back.state, back.cause, back.reason) == (State.SEEN, "", "")
    assert kinds(ledger, "b-3") == ["seen", "moved", "moved", "moved"]
    assert gone.id == back.id


def test_records_come_by_id_page_by_page(ledger: Ledger) -> None:
    ready(ledger, *(f"b-{number}" for number in range(7)))
    ledger.register([bill("x-1")], "run-2")
    first = ledger.records(mapping="bills", states=(State.READY, State.HELD), limit=3)
    second = ledger.records(mapping="bills", states=(State.READY, State.HELD), limit=3, after_id=first[-1].id)
    third = ledger.records(mapping="bills", states=(State.READY, State.HELD), limit=3, after_id=second[-1].id)
    assert [row.key.source_id for row in (*first, *second, *third)] == [f"b-{number}" for number in range(7)]
    assert [row.key.source_id for row in ledger.records(seen_run="run-2")] == ["x-1"]
    assert ledger.records(mapping="bills", states=(State.IN_DOUBT,)) == ()
    assert ledger.records(feed=(CONNECTION, "elsewhere")) == ()


def test_people_find_records_by_key_id_beginning_or_number(ledger: Ledger) -> None:
    ready(ledger, "8f3a5b77-one", label="INV-100")
    ready(ledger, "8f3a5b99-two", label="INV-200")

    def found(*keys: str) -> list[str]:
        return [row.key.source_id for row in ledger.records(keys=keys)]

    assert found(f"{CONNECTION}:{FEED}:8f3a5b77-one") == ["8f3a5b77-one"]
    assert found("8f3a5b99-two") == ["8f3a5b99-two"]
    assert found("8f3a5b77") == ["8f3a5b77-one"]
    assert found("8f3a5b") == ["8f3a5b77-one", "8f3a5b99-two"]
    assert found("8f3a5") == []
    assert found("inv-200 ") == ["8f3a5b99-two"]
    assert found("INV-100", "8f3a5b99-two") == ["8f3a5b77-one", "8f3a5b99-two"]
    assert found("8F3A5B77") == []
    assert found("8f3a5%") == []
    assert ledger.records(keys=["8f3a5b"], states=(State.HELD,)) == ()
    assert [row.key.source_id for row in ledger.records(keys=["8f3a5b"], limit=1)] == ["8f3a5b77-one"]


def test_an_id_that_is_also_the_beginning_of_others_means_itself(ledger: Ledger) -> None:
    ledger.register([bill("1000001"), bill("10000012"), bill("10000013")], RUN)
    assert [row.key.source_id for row in ledger.records(keys=["1000001"])] == ["1000001"]
    assert len(ledger.records(keys=["100000"])) == 3


def test_a_record_key_may_have_colons_in_its_feed_and_id(ledger: Ledger) -> None:
    key = RecordKey(connection="epicor", feed="EPIC06 a:b", source_id="x:1")
    ledger.register([SourceRecord(key=key, company="EPIC06", payload={})], RUN)
    (row,) = ledger.records(keys=[str(key)])
    assert (row.key, row.company) == (key, "EPIC06")


def test_unacknowledged_are_those_the_source_has_yet_to_hear_of(ledger: Ledger) -> None:
    told, pending, silent = ready(ledger, "b-1", "b-2", "b-3")
    for row, acknowledged in ((told, "done"), (pending, "pending"), (silent, None)):
        decision = Decision(record_id=row.id, state=State.ENTERED, acknowledged=acknowledged)
        ledger.decide([decision], RUN, WHO)
    assert [row.id for row in ledger.records(mapping="bills", unacknowledged=True)] == [pending.id]


def test_amounts_are_kept_and_summed_to_the_cent(ledger: Ledger) -> None:
    amounts = {"b-1": "0.10", "b-2": "0.20", "b-3": "9999999999999999.99", "b-4": "-0.01"}
    for source_id, amount in amounts.items():
        (row,) = ready(ledger, source_id, amount=Decimal(amount), currency="USD")
        assert str(row.amount) == amount
    ready(ledger, "b-5", amount=Decimal(700), currency="JPY")
    ledger.register([bill("b-6")], RUN)
    assert ledger.counts() == (
        ("", State.SEEN, "", 1, Decimal(0)),
        ("bills", State.READY, "JPY", 1, Decimal(700)),
        ("bills", State.READY, "USD", 4, Decimal("10000000000000000.28")),
    )
    assert ledger.numbers() == (("", State.SEEN, 1), ("bills", State.READY, 5))
    sums = {one.currency: (one.state, one.number, one.amount) for one in ledger.sums("bills", [(CONNECTION, FEED)])}
    assert sums == {
        "JPY": (State.READY, 1, Decimal(700)),
        "USD": (State.READY, 4, Decimal("10000000000000000.28")),
    }
    assert ledger.sums("bills", [(CONNECTION, "another feed")]) == ledger.sums("journals", [(CONNECTION, FEED)]) == ()


def test_a_decision_keeps_what_it_does_not_name(ledger: Ledger) -> None:
    (row,) = ready(ledger, "b-1", label="INV-1", amount=Decimal("5.00"), currency="USD", book_date="2026-11-02")
    ledger.decide([Decision(record_id=row.id, state=State.HELD, cause="unbalanced", reason="off by 1")], RUN, WHO)
    held = row_of(ledger, "b-1")
    assert (held.state, held.cause, held.reason) == (State.HELD, "unbalanced", "off by 1")
    assert (held.label, held.amount, held.currency, held.book_date) == ("INV-1", Decimal("5.00"), "USD", "2026-11-02")
    (*_, (_, event, _)) = ledger.trail(str(row.key))
    assert event.detail == {"from": "ready", "to": "held", "cause": "unbalanced", "reason": "off by 1"}
    assert (event.who, event.run) == (WHO, RUN)


def test_a_decision_that_changes_nothing_writes_nothing(ledger: Ledger, clock: ManualClock) -> None:
    (row,) = ready(ledger, "b-1")
    same = Decision(record_id=row.id, state=State.HELD, cause="unbalanced", reason="off", amount=Decimal("1.00"))
    ledger.decide([same], RUN, WHO)
    before, events = row_of(ledger, "b-1"), len(list(ledger.trail()))
    clock.sleep(60)
    ledger.decide([same, same], "run-2", "another")
    assert row_of(ledger, "b-1") == before
    assert len(list(ledger.trail())) == events


def test_a_new_reason_is_a_move_and_an_outcome_is_noted(ledger: Ledger) -> None:
    (row,) = ready(ledger, "b-1")
    ledger.decide([Decision(record_id=row.id, state=State.HELD, cause="a", reason="one")], RUN, WHO)
    ledger.decide([Decision(record_id=row.id, state=State.HELD, cause="a", reason="two")], RUN, WHO)
    ledger.decide([Decision(record_id=row.id, state=State.HELD, cause="a", reason="two", label="I-1")], RUN, WHO)
    assert kinds(ledger, "b-1") == ["seen", "moved", "moved", "moved"]
    assert row_of(ledger, "b-1").label == "I-1"
    told = Decision(record_id=row.id, state=State.HELD, cause="a", reason="two", acknowledged="done", label="I-2")
    ledger.decide([told], RUN, WHO)
    (*_, (_, event, _)) = ledger.trail(str(row.key))
    assert (event.kind, event.detail) == ("noted", {"facts": {"label": "I-2", "acknowledged": "done"}})


def test_a_batch_of_decisions_is_all_or_none(ledger: Ledger) -> None:
    first, second = ready(ledger, "b-1", "b-2")
    events = len(list(ledger.trail()))
    with pytest.raises(ProgramError, match="may not go from ready to settled"):
        ledger.decide(
            [
                Decision(record_id=first.id, state=State.HELD, cause="unbalanced"),
                Decision(record_id=second.id, state=State.SETTLED),
            ],
            RUN,
            WHO,
        )
    assert row_of(ledger, "b-1") == first
    assert len(list(ledger.trail())) == events
    with pytest.raises(ProgramError, match="no record 999"):
        ledger.decide([Decision(record_id=999, state=State.HELD)], RUN, WHO)


def test_two_decisions_on_one_record_in_a_batch_follow_each_other(ledger: Ledger) -> None:
    (row,) = ready(ledger, "b-1")
    ledger.decide(
        [
            Decision(record_id=row.id, state=State.HELD, cause="a", label="I-1"),
            Decision(record_id=row.id, state=State.DISMISSED, reason="keyed by hand"),
        ],
        RUN,
        WHO,
    )
    after = row_of(ledger, "b-1")
    assert (after.state, after.label, after.reason) == (State.DISMISSED, "I-1", "keyed by hand")
    assert kinds(ledger, "b-1") == ["seen", "moved", "moved", "moved"]


def test_only_master_data_is_sent_again_after_it_was_entered(ledger: Ledger) -> None:
    (row,) = ready(ledger, "v-1")
    ledger.decide([Decision(record_id=row.id, state=State.ENTERED)], RUN, WHO)
    with pytest.raises(ProgramError):
        ledger.decide([Decision(record_id=row.id, state=State.READY)], RUN, WHO)
    ledger.decide([Decision(record_id=row.id, state=State.READY, in_step=True)], RUN, WHO)
    assert row_of(ledger, "v-1").state is State.READY


def test_an_adopted_document_is_claimed_so_that_no_second_record_adopts_it(ledger: Ledger) -> None:
    first, second = ready(ledger, "b-1", "b-2")
    ledger.decide([_adoption(first.id, "7|INV-1")], RUN, WHO)
    assert ledger.holder_of(NAMESPACE, ["7|INV-1"]) == {"7|INV-1": first.key}
    with pytest.raises(ClaimTaken) as taken:
        ledger.decide([_adoption(second.id, "7|inv-1 ")], RUN, WHO)
    assert taken.value.holder == first.key
    assert row_of(ledger, "b-2") == second


def _adoption(record_id: int, dedupe_key: str) -> Decision:
    return Decision(record_id=record_id, state=State.ENTERED, dedupe_key=dedupe_key, namespace=NAMESPACE)


def test_a_payload_that_is_not_json_is_refused_whole(ledger: Ledger) -> None:
    with pytest.raises(ProgramError, match="float is not part of JSON"):
        ledger.register([bill("b-1"), bill("b-2", total=1.1)], RUN)
    assert ledger.records() == ()


def test_runs_come_newest_first_with_their_result(ledger: Ledger, clock: ManualClock) -> None:
    ledger.start_run("run-2", "vendors", "cron")
    clock.sleep(3)
    ledger.end_run("run-2", {"read": 3, "amount": Decimal("1.50")})
    newest, oldest = ledger.runs()
    assert (newest.id, newest.mapping, newest.who, newest.ended_at) == ("run-2", "vendors", "cron", clock.now())
    assert newest.result == {"read": 3, "amount": Decimal("1.50")}
    assert (oldest.id, oldest.ended_at, oldest.result) == (RUN, None, {})
    assert [run.id for run in ledger.runs(limit=1)] == ["run-2"]
    assert [event.kind for _, event, _ in ledger.trail()] == ["run_started", "run_started", "run_ended"]
    with pytest.raises(ProgramError, match="no run run-9"):
        ledger.end_run("run-9", {})

"""Intent, outcome, claims and doubt: nothing twice, nothing lost."""

from __future__ import annotations

from itertools import groupby

import pytest
from ledger_scene import NAMESPACE, RUN, TURN, WHO, begin, bill, conclude, intent, kinds, open_at, ready, row_of, turn
from sqlalchemy import event
from stores import Store

from engine.adapters.store.port import Attempt, ClaimTaken, Conclusion, Decision, Ledger, NotReady, TurnLost
from engine.adapters.store.sqlite import driver_of
from engine.domain.lifecycle import State
from engine.words.clock import Instant, ManualClock
from engine.words.errors import ProgramError


def held_keys(ledger: Ledger, *keys: str) -> set[str]:
    return set(ledger.holder_of(NAMESPACE, keys))


def test_the_intent_is_on_disk_when_begin_returns(ledger: Ledger, store: Store, clock: ManualClock) -> None:
    (row,) = ready(ledger, "b-1")
    attempt = begin(ledger, row, "7|INV-1", turn(ledger))
    assert (attempt.number, attempt.started_at, attempt.ended_at, attempt.proof) == (1, clock.now(), None, None)
    other = open_at(store.url, clock)
    try:
        seen = row_of(other, "b-1")
        assert (seen.state, seen.attempts, seen.dedupe_key) == (State.SENDING, 1, "7|INV-1")
        assert other.attempts(row.id) == (attempt,)
        assert other.payload(attempt.request_hash) == {"call": "UpdateMaster", "body": {"InvoiceNum": "7|INV-1"}}
        assert other.holder_of(NAMESPACE, ["7|inv-1", "7|INV-2"]) == {"7|inv-1": row.key}
        assert kinds(other, "b-1")[-1] == "intent"
    finally:
        other.close()


def test_the_outcome_ends_the_attempt_and_moves_the_record(ledger: Ledger, clock: ManualClock) -> None:
    (row,) = ready(ledger, "b-1")
    attempt = begin(ledger, row, "7|INV-1", turn(ledger))
    clock.sleep(2)
    conclude(ledger, attempt, "effect", State.ENTERED, reference="INV-1", entered_payload_hash=row.payload_hash)
    entered = row_of(ledger, "b-1")
    assert (entered.state, entered.reference, entered.doubt) == (State.ENTERED, "INV-1", None)
    (ended,) = ledger.attempts(row.id)
    assert (ended.proof, ended.status, ended.message, ended.ended_at) == ("effect", 200, "told", clock.now())
    assert ledger.payload(ended.answer_hash or "") == {"proof": "effect"}
    (*_, (_, event, _)) = ledger.trail(str(row.key))
    assert event.kind == "outcome"
    assert event.detail["from"] == "sending"
    assert event.detail["to"] == "entered"
    assert event.detail["facts"] == {"reference": "INV-1", "entered_payload_hash": row.payload_hash}


def test_a_second_record_with_the_key_is_told_who_holds_it(ledger: Ledger) -> None:
    first, second = ready(ledger, "b-1", "b-2")
    lease = turn(ledger)
    begin(ledger, first, "7|INV-1", lease)
    with pytest.raises(ClaimTaken) as taken:
        begin(ledger, second, "  7|inv-1", lease)
    assert taken.value.holder == first.key
    assert row_of(ledger, "b-2") == second
    assert ledger.attempts(second.id) == ()


@pytest.mark.parametrize(
    ("proof", "state", "kept"),
    [
        ("not_sent", State.READY, False),
        ("no_effect", State.READY, False),
        ("no_effect", State.REFUSED, False),
        ("no_effect", State.HELD, False),
        ("effect", State.ENTERED, True),
        ("effect", State.IN_DOUBT, True),
        ("none", State.IN_DOUBT, True),
        ("duplicate", State.HELD, True),
    ],
)
def test_a_claim_is_given_back_only_with_proof_that_nothing_was_written(
    ledger: Ledger, proof: str, state: State, kept: bool
) -> None:
    (row,) = ready(ledger, "b-1")
    conclude(ledger, begin(ledger, row, "7|INV-1", turn(ledger)), proof, state)
    assert held_keys(ledger, "7|INV-1") == ({"7|INV-1"} if kept else set())


def test_a_claim_kept_in_step_is_never_given_back(ledger: Ledger) -> None:
    (row,) = ready(ledger, "v-1")
    attempt = begin(ledger, row, "V100", turn(ledger), in_step=True)
    conclude(ledger, attempt, "no_effect", State.REFUSED, in_step=True)
    ledger.decide([Decision(record_id=row.id, state=State.DISMISSED, in_step=True)], RUN, WHO)
    assert held_keys(ledger, "V100") == {"V100"}


def test_dismissing_gives_the_claim_back_only_where_nothing_may_have_been_entered(ledger: Ledger) -> None:
    lease = turn(ledger)
    doubtful, entered, looked_up = ready(ledger, "b-1", "b-2", "b-3")
    conclude(ledger, begin(ledger, doubtful, "K1", lease), "none", State.IN_DOUBT)
    ledger.decide([Decision(record_id=doubtful.id, state=State.HELD, cause="number_taken")], RUN, WHO)
    conclude(ledger, begin(ledger, entered, "K2", lease), "effect", State.ENTERED)
    conclude(ledger, begin(ledger, looked_up, "K3", lease), "none", State.IN_DOUBT)
    ledger.decide([Decision(record_id=looked_up.id, state=State.READY)], RUN, WHO)
    assert held_keys(ledger, "K1", "K2", "K3") == {"K1", "K2", "K3"}
    dismissed = [Decision(record_id=row.id, state=State.DISMISSED) for row in (doubtful, entered, looked_up)]
    ledger.decide(dismissed, RUN, WHO)
    assert held_keys(ledger, "K1", "K2", "K3") == {"K1", "K2"}


def test_a_decision_for_a_state_the_record_has_left_is_passed_over(ledger: Ledger) -> None:
    (row,) = ready(ledger, "b-1")
    begin(ledger, row, "K1", turn(ledger))
    ledger.decide([Decision(record_id=row.id, state=State.HELD, cause="check_failed", was=State.READY)], RUN, WHO)
    assert row_of(ledger, "b-1").state is State.SENDING


def test_withdrawing_gives_the_claim_back_of_what_was_not_entered(ledger: Ledger) -> None:
    (row,) = ready(ledger, "b-1")
    conclude(ledger, begin(ledger, row, "K1", turn(ledger)), "none", State.IN_DOUBT)
    ledger.decide([Decision(record_id=row.id, state=State.READY)], RUN, WHO)
    assert ledger.withdraw_unseen(row.key.connection, row.key.feed, "run-2") == 1
    assert held_keys(ledger, "K1") == set()


def test_a_record_is_not_begun_twice_nor_from_a_state_that_may_not_send(ledger: Ledger) -> None:
    lease = turn(ledger)
    (row,) = ready(ledger, "b-1")
    ledger.register([bill("b-2")], RUN)
    begin(ledger, row, "K1", lease)
    with pytest.raises(NotReady, match="is sending, so it is not sent"):
        begin(ledger, row, "K1", lease)
    with pytest.raises(NotReady, match="is seen, so it is not sent"):
        begin(ledger, row_of(ledger, "b-2"), "K2", lease)
    assert len(ledger.attempts(row.id)) == 1


def test_a_replayed_record_keeps_its_attempts_in_order(ledger: Ledger) -> None:
    lease = turn(ledger)
    (row,) = ready(ledger, "b-1")
    conclude(ledger, begin(ledger, row, "K1", lease), "no_effect", State.REFUSED, cause="refused", reason="closed")
    ledger.decide([Decision(record_id=row.id, state=State.READY)], RUN, WHO)
    second = begin(ledger, row, "K1", lease)
    assert second.number == 2
    assert [attempt.proof for attempt in ledger.attempts(row.id)] == ["no_effect", None]


def test_many_are_begun_all_or_none(ledger: Ledger) -> None:
    lease = turn(ledger)
    first, second, third = ready(ledger, "b-1", "b-2", "b-3")
    begin(ledger, third, "K3", lease)
    events = len(list(ledger.trail()))
    with pytest.raises(ClaimTaken):
        ledger.begin_many([intent(first, "K1"), intent(second, "k3")], lease, RUN, WHO)
    assert row_of(ledger, "b-1") == first
    assert held_keys(ledger, "K1") == set()
    assert len(list(ledger.trail())) == events
    begun = ledger.begin_many([intent(first, "K1"), intent(second, "K2")], lease, RUN, WHO)
    assert [attempt.record_id for attempt in begun] == [first.id, second.id]
    assert held_keys(ledger, "K1", "K2") == {"K1", "K2"}


def listened_to(ledger: Ledger) -> list[str]:
    """Every statement that is written from now on."""
    said: list[str] = []
    database = ledger.database  # type: ignore[attr-defined]
    if database._engine.dialect.name == "sqlite":
        database.write(lambda connection: driver_of(connection).set_trace_callback(said.append))
        said.clear()
    else:
        event.listen(database._engine, "before_cursor_execute", lambda *told: said.append(told[2]))
    return said


def test_many_cost_no_more_statements_than_one(ledger: Ledger) -> None:
    lease = turn(ledger)
    one, *rows = ready(ledger, *(f"b-{number}" for number in range(30)))
    said = listened_to(ledger)
    begun = ledger.begin_many([intent(one, "K0")], lease, RUN, WHO)
    conclude(ledger, begun[0], "effect", State.ENTERED)
    for_one = len(list(groupby(said)))  # SQLite tells a statement once more for every trigger that it fires
    said.clear()
    begun = ledger.begin_many([intent(row, f"K{row.id}x") for row in rows], lease, RUN, WHO)
    ends = [(attempt, _entered(attempt)) for attempt in begun]
    ledger.conclude_many(ends, RUN, WHO)
    assert len(list(groupby(said))) == for_one > 10
    assert [attempt.record_id for attempt in begun] == [row.id for row in rows]
    for row, attempt in zip(rows, begun, strict=True):
        (ended,) = ledger.attempts(row.id)
        assert (ended.id, ended.proof) == (attempt.id, "effect")


def _entered(attempt: Attempt) -> Conclusion:
    decision = Decision(record_id=attempt.record_id, state=State.ENTERED)
    return Conclusion(
        proof="effect", status=200, message="", answer={"attempt": attempt.id}, decision=decision, doubt=None
    )


def test_without_the_turn_nothing_begins(ledger: Ledger, clock: ManualClock) -> None:
    (row,) = ready(ledger, "b-1")
    lease = turn(ledger, "runner 1", seconds=10)
    clock.step_wall_clock(11)
    with pytest.raises(TurnLost, match="ran out"):
        begin(ledger, row, "K1", lease)
    turn(ledger, "runner 2")
    with pytest.raises(TurnLost, match="taken over"):
        begin(ledger, row, "K1", lease)
    assert row_of(ledger, "b-1") == row
    assert held_keys(ledger, "K1") == set()


def test_a_renewed_turn_goes_on_under_its_first_lease(ledger: Ledger, clock: ManualClock) -> None:
    (row,) = ready(ledger, "b-1")
    lease = turn(ledger, seconds=10)
    clock.sleep(8)
    ledger.renew_lease(lease, 10)
    clock.sleep(8)
    assert begin(ledger, row, "K1", lease).number == 1


def test_doubt_counts_from_when_it_began_and_ends_with_it(ledger: Ledger, clock: ManualClock) -> None:
    (row,) = ready(ledger, "b-1")
    attempt = begin(ledger, row, "K1", turn(ledger))
    clock.sleep(1.25)
    since = clock.instant()
    conclude(ledger, attempt, "none", State.IN_DOUBT, cause="no_answer", reason="time-out", doubt=since)
    assert row_of(ledger, "b-1").doubt == since
    ledger.decide([Decision(record_id=row.id, state=State.IN_DOUBT, cause="not_found", reason="ask")], RUN, WHO)
    assert row_of(ledger, "b-1").doubt == since
    ledger.decide([Decision(record_id=row.id, state=State.READY)], RUN, WHO)
    assert row_of(ledger, "b-1").doubt is None


def test_what_an_ended_runner_left_is_found_and_put_in_doubt(ledger: Ledger, clock: ManualClock) -> None:
    left, concluded = ready(ledger, "b-1", "b-2")
    (elsewhere,) = ready(ledger, "b-3", company="EPIC07")
    lease = turn(ledger)
    begin(ledger, left, "K1", lease)
    conclude(ledger, begin(ledger, concluded, "K2", lease), "effect", State.ENTERED)
    begin(ledger, elsewhere, "K3", lease)
    assert [row.id for row in ledger.interrupted("bills", "EPIC06")] == [left.id]
    assert ledger.interrupted("vendors", "EPIC06") == ()
    since = Instant(epoch="boot", seconds=12.5)
    ledger.doubt([left.id, concluded.id], since, "run-2", "restart")
    doubtful = row_of(ledger, "b-1")
    assert (doubtful.state, doubtful.cause, doubtful.doubt) == (State.IN_DOUBT, "no_answer", since)
    assert row_of(ledger, "b-2").state is State.ENTERED
    (attempt,) = ledger.attempts(left.id)
    assert (attempt.proof, attempt.ended_at) == ("none", clock.now())
    assert held_keys(ledger, "K1") == {"K1"}
    assert ledger.interrupted("bills", "EPIC06") == ()


def test_a_record_without_a_company_is_interrupted_under_none(ledger: Ledger) -> None:
    ledger.register([bill("a-1")], RUN)
    row = row_of(ledger, "a-1")
    ledger.decide([Decision(record_id=row.id, state=State.READY, mapping="accounts")], RUN, WHO)
    begin(ledger, row, "K1", turn(ledger))
    assert [found.id for found in ledger.interrupted("accounts", "")] == [row.id]


def test_an_answer_after_the_doubt_moves_nothing_but_is_kept(ledger: Ledger, clock: ManualClock) -> None:
    (row,) = ready(ledger, "b-1")
    attempt = begin(ledger, row, "K1", turn(ledger))
    ledger.doubt([row.id], clock.instant(), "run-2", "runner 2")
    doubtful = row_of(ledger, "b-1")
    with pytest.raises(TurnLost, match="after another runner"):
        conclude(ledger, attempt, "effect", State.ENTERED, reference="INV-1")
    assert row_of(ledger, "b-1") == doubtful
    (*_, (_, event, _)) = ledger.trail(str(row.key))
    assert (event.kind, event.detail["late"], event.detail["proof"]) == ("outcome", True, "effect")
    assert ledger.payload(event.detail["answer"]) == {"proof": "effect"}


def test_an_outcome_of_another_record_is_refused(ledger: Ledger) -> None:
    first, second = ready(ledger, "b-1", "b-2")
    attempt = begin(ledger, first, "K1", turn(ledger))
    wrong = Decision(record_id=second.id, state=State.ENTERED)
    conclusion = Conclusion(proof="effect", status=200, message="", answer={}, decision=wrong)
    with pytest.raises(ProgramError, match="is of record"):
        ledger.conclude_many([(attempt, conclusion)], RUN, WHO)
    with pytest.raises(ProgramError, match="from sending to settled"):
        conclude(ledger, attempt, "effect", State.SETTLED)
    assert row_of(ledger, "b-1").state is State.SENDING
    (still_open,) = ledger.attempts(first.id)
    assert still_open.ended_at is None


def test_a_lease_goes_to_one_at_a_time_and_its_fence_grows(ledger: Ledger, clock: ManualClock) -> None:
    first = turn(ledger, "runner 1", seconds=10)
    assert ledger.take_lease(TURN, "runner 2", 10) is None
    assert ledger.lease_holder(TURN) == first
    clock.sleep(5)
    again = turn(ledger, "runner 1", seconds=10)
    assert (again.fence, again.expires_at > first.expires_at) == (first.fence, True)
    clock.sleep(11)
    assert ledger.lease_holder(TURN) is None
    second = turn(ledger, "runner 2", seconds=10)
    assert second.fence == first.fence + 1
    with pytest.raises(TurnLost):
        ledger.renew_lease(again, 10)
    ledger.release_lease(again)
    assert ledger.lease_holder(TURN) == second
    ledger.release_lease(second)
    assert ledger.lease_holder(TURN) is None
    assert turn(ledger, "runner 1").fence == second.fence + 1
    assert ledger.take_lease("bills@EPIC07", "runner 2", 10) is not None
    assert ledger.lease_holder("vendors@EPIC06") is None


def test_a_decision_made_before_another_attempt_is_passed_over(ledger: Ledger) -> None:
    lease = turn(ledger)
    (row,) = ready(ledger, "b-1")
    conclude(ledger, begin(ledger, row, "K1", lease), "none", State.IN_DOUBT)
    ledger.decide([Decision(record_id=row.id, state=State.READY, was=State.IN_DOUBT, tries=1)], RUN, WHO)
    conclude(ledger, begin(ledger, row, "K1", lease), "none", State.IN_DOUBT)
    ledger.decide([Decision(record_id=row.id, state=State.READY, was=State.IN_DOUBT, tries=1)], RUN, WHO)
    assert row_of(ledger, "b-1").state is State.IN_DOUBT

"""The pure life of a record, walked at random: a target that may answer, be silent or be late never has it twice."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from engine.domain.lifecycle import MEANINGS, MOVES, NEEDS_PERSON, OPEN, STEP_MOVES, State, check_move, may_move
from engine.domain.outcome import Proof, state_after
from engine.words.errors import ProgramError

IN_TARGET = frozenset({State.ENTERED, State.IN_GL, State.SETTLED})
TERMINAL = frozenset({State.SETTLED, State.DISMISSED})


def reachable(start: State, moves: dict[State, frozenset[State]]) -> set[State]:
    """Every state that some path leads to from `start`."""
    found: set[State] = set()
    waiting = [start]
    while waiting:
        new = moves[waiting.pop()] - found
        found |= new
        waiting += new
    return found


class Life(RuleBasedStateMachine):
    """One record and its target.

    `documents` stand in the target, `under_way` are requests that may still be carried out, and are carried
    out or gone when `window_passes`. A target that does not refuse a second document is the harder one.
    """

    def __init__(self) -> None:
        super().__init__()
        self.state = State.SEEN
        self.in_step = False
        self.refuses_second = False
        self.documents = 0
        self.under_way = 0
        self.window_over = False
        self.sent = 0

    @initialize(in_step=st.booleans(), refuses_second=st.booleans())
    def begin(self, in_step: bool, refuses_second: bool) -> None:
        self.in_step = in_step
        self.refuses_second = refuses_second

    def move(self, new: State) -> None:
        before = self.state
        check_move(before, new, in_step=self.in_step)
        assert before not in TERMINAL or new is before
        assert new is not State.SENDING or before is State.READY
        self.state = new

    def commit(self) -> None:
        """The target carries out one request: an upsert changes what is there, a document is one more."""
        if self.in_step or (self.documents and self.refuses_second):
            self.documents = max(self.documents, 1)
        else:
            self.documents += 1

    @precondition(lambda self: self.state in OPEN)
    @rule(new=st.sampled_from(sorted(OPEN - {State.SEEN})))
    def a_run_decides(self, new: State) -> None:
        if self.documents and not self.in_step and new is State.READY:
            new = State.ENTERED  # a run looks at the target before it sends, and finds it
        self.move(new)

    @precondition(lambda self: self.state is State.WITHDRAWN)
    @rule()
    def it_is_in_the_feed_again(self) -> None:
        self.move(State.SEEN)

    @precondition(lambda self: self.state is State.READY and (self.in_step or not self.documents))
    @rule()
    def it_is_sent(self) -> None:
        self.move(State.SENDING)
        self.sent += 1
        self.window_over = False

    @precondition(lambda self: self.state is State.SENDING)
    @rule(
        proof=st.sampled_from(list(Proof)),
        succeeded=st.booleans(),
        passing=st.booleans(),
        carried_out=st.booleans(),
        late=st.booleans(),
    )
    def an_answer_comes(self, proof: Proof, succeeded: bool, passing: bool, carried_out: bool, late: bool) -> None:
        if proof is Proof.EFFECT and succeeded:
            self.commit()
        elif proof in (Proof.EFFECT, Proof.NONE) and carried_out:
            if late and proof is Proof.NONE:
                self.under_way += 1
            else:
                self.commit()
        elif proof is Proof.DUPLICATE:
            self.documents = max(self.documents, 1)
        self.move(state_after(proof, succeeded=succeeded, passing=passing))

    @precondition(lambda self: self.state is State.SENDING)
    @rule(carried_out=st.booleans(), late=st.booleans())
    def the_runner_dies(self, carried_out: bool, late: bool) -> None:
        if carried_out and late:
            self.under_way += 1
        elif carried_out:
            self.commit()
        self.move(State.IN_DOUBT)

    @precondition(lambda self: self.under_way)
    @rule()
    def a_late_request_is_carried_out(self) -> None:
        self.under_way -= 1
        self.commit()

    @precondition(lambda self: self.state is State.IN_DOUBT)
    @rule()
    def the_window_passes(self) -> None:
        for _ in range(self.under_way):
            self.commit()
        self.under_way = 0
        self.window_over = True

    @precondition(lambda self: self.state is State.IN_DOUBT and self.window_over)
    @rule(a_person_is_asked=st.booleans())
    def it_is_looked_up(self, a_person_is_asked: bool) -> None:
        if self.documents:
            self.move(State.ENTERED)
        elif not a_person_is_asked:
            self.move(State.READY)

    @precondition(lambda self: self.state is State.REFUSED)
    @rule()
    def it_is_replayed(self) -> None:
        self.move(State.READY)

    @precondition(lambda self: may_move(self.state, State.DISMISSED))
    @rule()
    def a_person_dismisses_it(self) -> None:
        self.move(State.DISMISSED)

    @precondition(lambda self: self.in_step and self.state is State.ENTERED)
    @rule()
    def master_data_changes(self) -> None:
        self.move(State.READY)

    @precondition(lambda self: not self.in_step and self.state in (State.ENTERED, State.IN_GL))
    @rule()
    def the_erp_goes_on(self) -> None:
        self.move(State.IN_GL if self.state is State.ENTERED else State.SETTLED)

    @rule(new=st.sampled_from(list(State)))
    def anything_else_raises(self, new: State) -> None:
        if not may_move(self.state, new, in_step=self.in_step):
            with pytest.raises(ProgramError, match=f"from {self.state} to {new}"):
                check_move(self.state, new, in_step=self.in_step)

    @invariant()
    def it_stands_in_the_target_once_at_most(self) -> None:
        assert self.documents <= 1

    @invariant()
    def what_is_entered_is_there(self) -> None:
        assert self.state not in IN_TARGET or self.documents == 1

    @invariant()
    def what_is_refused_is_not_there(self) -> None:
        assert self.state is not State.REFUSED or self.in_step or not self.documents

    @invariant()
    def nothing_is_under_way_while_it_may_be_sent(self) -> None:
        assert self.state is not State.READY or not self.under_way


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=300, stateful_step_count=40, deadline=None)


@pytest.mark.parametrize("moves", [MOVES, STEP_MOVES], ids=["once", "in step"])
def test_a_record_is_sent_from_ready_and_from_nowhere_else(moves: dict[State, frozenset[State]]) -> None:
    assert [state for state, allowed in moves.items() if State.SENDING in allowed] == [State.READY]


@pytest.mark.parametrize("moves", [MOVES, STEP_MOVES], ids=["once", "in step"])
def test_every_state_has_a_meaning_and_its_moves_and_can_come_about(moves: dict[State, frozenset[State]]) -> None:
    assert set(moves) == set(MEANINGS) == set(State)
    unused = set() if moves is MOVES else {State.IN_GL, State.SETTLED}
    assert reachable(State.SEEN, moves) | {State.SEEN} == set(State) - unused


@pytest.mark.parametrize("state", sorted(IN_TARGET | TERMINAL))
def test_what_was_entered_once_can_never_be_sent_again(state: State) -> None:
    assert not reachable(state, MOVES) & {State.READY, State.SENDING, State.IN_DOUBT}


@pytest.mark.parametrize("state", sorted(TERMINAL))
def test_a_terminal_state_is_never_left(state: State) -> None:
    assert MOVES[state] == STEP_MOVES[state] == frozenset()


@pytest.mark.parametrize("moves", [MOVES, STEP_MOVES], ids=["once", "in step"])
def test_no_open_record_is_caught_for_ever(moves: dict[State, frozenset[State]]) -> None:
    """From wherever it stands, a record can still be entered or closed by a person."""
    for state in set(State) - TERMINAL - IN_TARGET:
        assert reachable(state, moves) & {State.ENTERED, State.DISMISSED}, state


def test_doubt_needs_a_look_up_before_anything_is_sent() -> None:
    assert State.SENDING not in MOVES[State.IN_DOUBT]
    assert State.IN_DOUBT in NEEDS_PERSON
    assert State.IN_DOUBT not in OPEN


@pytest.mark.parametrize("proof", list(Proof))
@pytest.mark.parametrize("succeeded", [True, False])
@pytest.mark.parametrize("passing", [True, False])
def test_only_proof_leads_away_from_doubt(proof: Proof, succeeded: bool, passing: bool) -> None:
    state = state_after(proof, succeeded=succeeded, passing=passing)
    assert may_move(State.SENDING, state)
    assert (state is State.ENTERED) == (proof is Proof.EFFECT and succeeded)
    assert (state in (State.READY, State.REFUSED)) == (proof in (Proof.NOT_SENT, Proof.NO_EFFECT))

"""Section A as arithmetic: a record is in one bucket, whatever its state, and the row says what is left."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from engine.domain.lifecycle import State
from engine.domain.record import RecordKey
from engine.run.reconciling.rolling import Account, Booked, roll
from engine.run.reconciling.sides import BookedLine, LedgerFact, SourceFact, TargetDocument, TargetSide, period_of
from engine.run.reconciling.states import state_rows

OCTOBER = period_of("2026-10")
KEY = RecordKey(connection="airbase", feed="f", source_id="1")
DOCUMENT = TargetDocument(reference="A/1", posting_key="A/7/1", in_gl=True, amount=Decimal("100.00"), currency="USD")
LINES = (
    BookedLine(
        listed="gl",
        name="l1",
        document="A/7/1",
        account="6200|10",
        natural="6200",
        amount=Decimal("100.00"),
        in_gl=True,
    ),
    BookedLine(
        listed="gl",
        name="l2",
        document="A/7/1",
        account="2105|00",
        natural="2105",
        amount=Decimal("-100.00"),
        in_gl=True,
    ),
)
TARGET = TargetSide(documents={"a/1": DOCUMENT}, lines=LINES, by_document=lambda key: LINES if key == "a/7/1" else ())


def source(day: date = date(2026, 10, 5), amount: str | None = "100.00") -> SourceFact:
    return SourceFact(
        key=KEY,
        mapping="bills",
        company="A",
        day=day,
        amount=None if amount is None else Decimal(amount),
        currency="USD",
        label="1",
    )


def ours(state: State = State.ENTERED, day: date = date(2026, 10, 5), reference: str = "A/1") -> LedgerFact:
    return LedgerFact(
        key=KEY,
        mapping="bills",
        state=state,
        company="A",
        day=day,
        amount=Decimal("100.00"),
        currency="USD",
        label="1",
        reference=reference,
        reason="",
        entries=(("6200|10", Decimal("100.00")), ("2105", Decimal("-100.00"))),
    )


@pytest.mark.parametrize("state", [state for state in State if state is not State.WITHDRAWN])
def test_every_state_has_one_bucket(state: State) -> None:
    (row,), findings = state_rows([source()], {KEY: ours(state)}, TARGET, OCTOBER)
    assert not findings
    assert row.check == (0, Decimal("0.00"))
    assert sum(one.count for one in row.buckets.values()) == 1


def test_a_vanished_document_leaves_its_amount_in_the_check() -> None:
    (row,), (finding,) = state_rows([source()], {KEY: ours(reference="A/gone")}, TARGET, OCTOBER)
    assert row.check == (1, Decimal("100.00"))
    assert (finding.kind, finding.reference) == ("not in the target", "A/gone")


def test_what_left_the_feed_and_is_shown_by_the_source_is_in_no_state() -> None:
    (row,), (finding,) = state_rows([source()], {KEY: ours(State.WITHDRAWN)}, TARGET, OCTOBER)
    assert row.check == (1, Decimal("100.00"))
    assert (finding.kind, finding.amount) == ("not entered", Decimal("100.00"))


def test_a_record_booked_in_another_month_is_moved_out() -> None:
    (row,), _ = state_rows([source()], {KEY: ours(day=date(2026, 11, 1))}, TARGET, OCTOBER)
    assert row.buckets["moved_out"].count == 1


def test_an_amount_that_cannot_be_read_is_counted_apart() -> None:
    (row,), _ = state_rows([source(amount=None)], {KEY: ours(State.HELD)}, TARGET, OCTOBER)
    assert (row.source.count, row.source.unknown, row.source.amount) == (1, 1, Decimal("0.00"))


def test_a_record_of_the_month_before_is_moved_in() -> None:
    booked = Booked(
        pairs=((ours(), DOCUMENT),),
        facts={KEY: source(day=date(2026, 9, 30))},
        ledger={KEY: ours()},
        target=TARGET,
        period=OCTOBER,
        company="A",
        currency="USD",
    )
    rolled, findings = roll(
        Account(name="2105", kind="control", opening=Decimal(-50), opening_from="typed in"), booked
    )
    assert not findings
    assert [(one.what, one.amount) for one in rolled.movements] == [
        ("bills moved in from another period in GL", Decimal("-100.00"))
    ]
    assert (rolled.expected, rolled.in_gl, rolled.documents) == (Decimal(-150), Decimal(-150), Decimal(-150))

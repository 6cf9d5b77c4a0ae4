"""Properties of planning a bill: what it books balances, or it is held; and it is the same every time."""

from __future__ import annotations

import copy
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.domain.entries import difference
from engine.domain.lifecycle import State
from engine.domain.record import RecordKey, SourceRecord
from engine.language.spec.load import crosswalk_uses, load_mappings
from engine.language.spec.model import MappingSpec
from engine.plan.batch import plan_batch
from engine.plan.decision import Document, Planned
from engine.plan.mapping_tests import GivenWorld

ROOT = Path(__file__).parents[2]
CENTS = st.integers(min_value=-10_000_000_000, max_value=10_000_000_000).map(lambda cents: Decimal(cents).scaleb(-2))
LOADED = load_mappings(ROOT / "mappings", ROOT)
USES = crosswalk_uses(LOADED.specs)


def spec_of(name: str) -> MappingSpec:
    return next(spec for spec in LOADED.specs if spec.name == name)


def planned(name: str, payload: dict[str, Any], source_id: str = "one") -> Planned:
    spec = spec_of(name)
    key = RecordKey(connection="airbase", feed=spec.source.endpoint, source_id=source_id)
    record = SourceRecord(key=key, company=None, payload=payload)
    (result,) = plan_batch(spec, [record], GivenWorld(spec.tests[0].world, USES))
    return result


def payload_of(name: str, total: Decimal | str, *amounts: Decimal | str) -> dict[str, Any]:
    """The fixture of a mapping with these amounts."""
    payload = copy.deepcopy(spec_of(name).tests[0].given)
    line = payload["expense_list"][0]
    payload["expense_list"] = [{**copy.deepcopy(line), "amount": str(amount)} for amount in amounts]
    payload["total_amount"] = str(total)
    if payload.get("amounts", {}).get("settlement_amount"):
        payload["amounts"]["settlement_amount"]["amount"] = str(total)
    return payload


@settings(max_examples=60, deadline=None)
@given(
    amounts=st.lists(CENTS, min_size=1, max_size=8), off=st.sampled_from([Decimal(0), Decimal("0.01"), Decimal("-1")])
)
@pytest.mark.parametrize("name", ["bills", "card-transactions", "reimbursements", "credits"])
def test_a_document_balances_or_is_no_document(name: str, amounts: list[Decimal], off: Decimal) -> None:
    total = sum(amounts, Decimal(0)) + off
    result = planned(name, payload_of(name, total, *amounts))
    if isinstance(result, Document):
        assert off == 0
        assert difference(result.entries) == 0
        assert sum((entry.amount for entry in result.entries if not entry.booked_by_target), Decimal(0)) in (0, total)
    else:
        assert result.state is State.HELD
        assert result.reason
        assert result.cause == "unbalanced" or "zero" in result.reason or "sign" in result.reason


@settings(max_examples=30, deadline=None)
@given(amounts=st.lists(CENTS.filter(lambda cents: cents > 0), min_size=1, max_size=6))
def test_the_same_bill_is_the_same_document(amounts: list[Decimal]) -> None:
    payload = payload_of("bills", sum(amounts, Decimal(0)), *amounts)
    first, second = planned("bills", payload), planned("bills", copy.deepcopy(payload))
    assert isinstance(first, Document)
    assert isinstance(second, Document)
    assert (first.hash, first.key, first.body) == (second.hash, second.key, second.body)


def test_a_document_keeps_only_what_is_used_later() -> None:
    bill = planned("bills", payload_of("bills", "60.00", "60.00"))
    assert isinstance(bill, Document)
    assert {"group", "credit", "vendor", "vendor_name", "stamp"} <= set(bill.scope)
    assert not {"lines", "books", "comment"} & set(bill.scope)


def test_another_amount_is_another_document_with_the_same_key() -> None:
    first = planned("bills", payload_of("bills", "60.00", "60.00"))
    second = planned("bills", payload_of("bills", "61.00", "61.00"))
    assert isinstance(first, Document)
    assert isinstance(second, Document)
    assert first.hash != second.hash
    assert first.key_text == second.key_text


@pytest.mark.parametrize("amount", ["60", "60.0", "60.00", " 60.00 "])
def test_one_amount_in_other_words_is_the_same_document(amount: str) -> None:
    plain, other = (
        planned("bills", payload_of("bills", "60.00", "60.00")),
        planned("bills", payload_of("bills", amount, amount)),
    )
    assert isinstance(plain, Document)
    assert isinstance(other, Document)
    assert plain.hash == other.hash


@pytest.mark.parametrize("amount", ["60,00", "6e1", "NaN", "Infinity", "60.001", "1_000", "６０", "", "1" * 40])
def test_what_is_no_amount_is_held(amount: str) -> None:
    result = planned("bills", payload_of("bills", amount, "60.00"))
    assert not isinstance(result, Document)
    assert (result.state, result.cause) in {(State.HELD, "value_wrong"), (State.HELD, "value_missing")}
    assert "total" in result.reason


@pytest.mark.parametrize(
    ("entry_date", "apply_date"),
    [
        ("2026-11-03T00:00:00", "2026-11-03"),
        ("2026-11-03", "2026-11-03"),
        ("2026-11-03T05:59:59", "2026-11-02"),
        ("2026-11-03T06:00:00", "2026-11-03"),
        ("2026-11-01T04:59:59", "2026-10-31"),
        ("2026-11-01T05:00:00", "2026-11-01"),
        ("2026-11-02T05:59:59.999999", "2026-11-01"),
        ("2026-11-03T00:00:00+00:00", "2026-11-02"),
        ("2026-11-03T23:30:00-06:00", "2026-11-03"),
    ],
)
def test_a_moment_is_dated_on_the_calendar_of_its_company(entry_date: str, apply_date: str) -> None:
    # Chicago leaves daylight saving time on 1 November 2026: five hours behind UTC before it, six after it.
    payload = {**payload_of("bills", "60.00", "60.00"), "entry_date": entry_date}
    result = planned("bills", payload)
    assert isinstance(result, Document), result
    assert str(result.body["ds"]["APInvHed"][0]["ApplyDate"]) == apply_date
    assert result.facts.book_date == apply_date

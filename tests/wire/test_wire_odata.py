"""Filters say what was meant, whatever stands in the values."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from urllib.parse import quote
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.wire.odata import all_of, any_of, chunks, literal
from engine.words.errors import ProgramError


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("O'Brien & Co", "'O''Brien & Co'"),
        ("", "''"),
        ("1E10", "'1E10'"),
        (231, "231"),
        (True, "true"),
        (False, "false"),
        (Decimal("12.50"), "12.50"),
        (Decimal("1E+2"), "100"),
        (date(2026, 11, 23), "2026-11-23T00:00:00"),
        (datetime(2026, 11, 23, 4, 5, tzinfo=UTC), "2026-11-23T04:05:00"),
        (UUID("5eed0000-0000-4000-8000-000000000001"), "5eed0000-0000-4000-8000-000000000001"),
    ],
)
def test_literals(value, text):
    assert literal(value) == text


@pytest.mark.parametrize("value", [None, 1.5, ["a"]])
def test_what_has_no_spelling(value):
    with pytest.raises(ProgramError):
        literal(value)


@given(st.text())
def test_text_never_ends_its_quotes_early(text):
    inner = literal(text)[1:-1]
    assert inner.replace("''", "").count("'") == 0
    assert inner.replace("''", "'") == text


def test_groups():
    one = all_of((("VendorNum", 5), ("InvoiceNum", "A or B")))
    assert one == "VendorNum eq 5 and InvoiceNum eq 'A or B'"
    assert any_of([one]) == one
    assert any_of(["a eq 1", "b eq 2"]) == "a eq 1 or b eq 2"


@given(st.lists(st.text(max_size=30), min_size=1, max_size=60))
def test_chunks_lose_nothing_and_keep_their_limits(items):
    groups = [all_of((("F", item),)) for item in items]
    made = list(chunks(groups, bytes_max=400, groups_max=7))
    assert [group for batch in made for group in batch] == groups
    for batch in made:
        assert len(batch) <= 7
        assert len(batch) == 1 or len(quote(any_of(batch), safe="")) <= 400

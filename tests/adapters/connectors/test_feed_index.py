"""A feed that is kept is searched as one that is read is sorted."""

from __future__ import annotations

from decimal import Decimal

import pytest

from engine.adapters.connectors.matching import FeedIndex, Matcher
from engine.words.errors import Unreachable

ROWS = [
    {"id": 1, "name": "Acme ", "vendor": {"ref": "V1"}, "limit": Decimal("5.00")},
    {"id": 2, "name": "ACME", "vendor": {"ref": None}},
    {"id": 1, "name": "Acme ", "vendor": {"ref": "V1"}, "limit": Decimal("5.00")},
    {"id": 3, "name": "Lakeside", "vendor": {}},
]
MATCHES = (
    (("name", "acme"),),
    (("vendor.ref", "v1"),),
    (("vendor.ref", ""),),
    (("id", "3"), ("name", "lakeside")),
    (("limit", 5),),
    (("name", "nobody"),),
)


def test_it_finds_what_reading_finds() -> None:
    matcher, index = Matcher(MATCHES), FeedIndex()
    for half in (ROWS[:2], ROWS[2:]):
        matcher.offer(half)
        index.add(half)
    found = index.find(MATCHES, "feed")
    assert found == matcher.found("feed")
    assert [len(rows) for rows in found.values()] == [2, 1, 2, 1, 1, 0]
    assert isinstance(found[MATCHES[4]][0]["limit"], Decimal)


def test_a_field_that_no_row_has_is_an_error_and_an_empty_feed_is_not() -> None:
    index = FeedIndex()
    assert index.find([(("colour", "red"),)], "feed") == {(("colour", "red"),): ()}
    index = FeedIndex()
    index.add(ROWS)
    with pytest.raises(Unreachable, match="no field colour"):
        index.find([(("colour", "red"),)], "feed")

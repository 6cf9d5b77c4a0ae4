"""Paging ends, and never takes an incomplete read for a complete one."""

from __future__ import annotations

import pytest

from engine.wire.paging import (
    Contradiction,
    Seen,
    Turn,
    Turns,
    by_cursor,
    by_next_url,
    by_offset,
    by_page_number,
    by_skip,
    next_link,
    single,
)


def walk(turns: Turns, *pages: Seen) -> list[Turn]:
    """What was asked for, until the paging ended; every page must have been used."""
    asked = [next(turns)]
    for number, seen in enumerate(pages):
        try:
            asked.append(turns.send(seen))
        except StopIteration:
            assert number == len(pages) - 1, "it ended too early"
            return asked
    raise AssertionError("it did not end")


def seen(rows: int, *, of: int = 0, **more) -> Seen:
    """A page of so many rows; two pages `of` the same have the same ones."""
    return Seen(rows=tuple({"page": of, "row": row} for row in range(rows)), **more)


def numbers() -> Turns:
    return by_page_number(page_param="page", size_param="page_size", size=2)


def test_page_numbers_rise_until_a_page_is_empty():
    asked = walk(numbers(), seen(2, of=1), seen(1, of=2), seen(0))
    assert [dict(turn.params)["page"] for turn in asked] == ["1", "2", "3"]
    assert dict(asked[0].params)["page_size"] == "2"


def test_a_missing_next_does_not_stop_page_numbers_since_no_one_promises_it():
    walk(numbers(), seen(2, next=None, of=1), seen(2, of=2), seen(0))


@pytest.mark.parametrize(
    ("pages", "words"),
    [
        ((seen(0, next="2"),), "empty and yet names a next"),
        ((seen(2, page=1, of=1), seen(2, page=1, of=1)), "page 2 was asked for and page 1"),
        ((seen(2, of=7), seen(2, of=7)), "same rows"),
    ],
)
def test_page_numbers_that_contradict(pages, words):
    with pytest.raises(Contradiction, match=words):
        walk(numbers(), *pages)


def skips(top=100, *, count=True) -> Turns:
    return by_skip(top=top, order_by="VendorNum", count=count)


def test_skip_grows_by_what_came_and_the_order_is_fixed():
    asked = walk(skips(), seen(100, total=130, of=1), seen(30, of=2))
    assert [dict(turn.params)["$skip"] for turn in asked] == ["0", "100"]
    assert {dict(turn.params)["$orderby"] for turn in asked} == {"VendorNum"}
    assert [dict(turn.params).get("$count") for turn in asked] == ["true", None]


def test_a_full_last_page_ends_by_its_count_or_by_an_empty_page():
    walk(skips(), seen(100, total=100))
    walk(skips(count=False), seen(100), seen(0))


def test_a_server_that_caps_its_pages_loses_no_rows():
    asked = walk(skips(500, count=False), seen(100, of=1), seen(100, of=2), seen(3, of=3), seen(0))
    assert [dict(turn.params)["$skip"] for turn in asked] == ["0", "100", "200", "203"]


@pytest.mark.parametrize(
    ("pages", "words"),
    [
        ((seen(3, total=5),), "3 rows came and the system says there are 5"),
        ((seen(0, total=2),), "0 rows came"),
        ((seen(101),), "100 rows were asked for and 101 came"),
        ((seen(1, next="more"),), "names a next one"),
        ((seen(100, of=4), seen(100, of=4)), "same rows"),
    ],
)
def test_skips_that_contradict(pages, words):
    with pytest.raises(Contradiction, match=words):
        walk(skips(), *pages)


def test_offset_ends_empty_or_at_the_total():
    def offsets() -> Turns:
        return by_offset(offset_param="offset", limit_param="limit", size=2)

    asked = walk(offsets(), seen(2, of=1), seen(1, of=2), seen(0))
    assert [dict(turn.params)["offset"] for turn in asked] == ["0", "2", "3"]
    walk(offsets(), seen(2, total=2))
    with pytest.raises(Contradiction):
        walk(offsets(), seen(2, total=5, of=1), seen(0, total=5))


def test_cursor_and_next_address_end_and_never_turn_in_circles():
    asked = walk(by_cursor(cursor_param="after"), seen(1, next="b"), seen(1, next="c"), seen(0))
    assert [turn.params for turn in asked] == [(), (("after", "b"),), (("after", "c"),)]
    with pytest.raises(Contradiction, match="cursor"):
        walk(by_cursor(cursor_param="after"), seen(1, next="b"), seen(1, next="b"))
    asked = walk(by_next_url(), seen(1, next="https://h/2"), seen(1))
    assert [turn.url for turn in asked] == [None, "https://h/2"]
    with pytest.raises(Contradiction, match="address"):
        walk(by_next_url(), seen(1, next="u"), seen(1, next="u"))
    walk(single(), seen(7))


@pytest.mark.parametrize(
    ("header", "address"),
    [
        (None, None),
        ('<https://h/1>; rel="prev", <https://h/3?a=1,2>; rel="next"', "https://h/3?a=1,2"),
        ("</p?page=2>; rel=next", "/p?page=2"),
        ('<https://h/3>; title="x"; rel="last next"', "https://h/3"),
        ('<https://h/3>; rel="nextish"', None),
        ('<https://h/3>; rel="next-archive"; rel=next-1', None),
        ("<https://h/3>; REL=Next", "https://h/3"),
    ],
)
def test_next_link(header, address):
    assert next_link(header) == address

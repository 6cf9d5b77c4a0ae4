"""How a feed is read to its end: each kind of paging is a generator of what to ask next.

A generator yields a `Turn`, is sent what `Seen` came back, and returns after the last page. It raises
`Contradiction` where the pages and what they say about themselves do not fit together: an incomplete read
must never look like a complete one.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

Params = tuple[tuple[str, str], ...]
_Rows = tuple[dict[str, Any], ...]

ODATA_ROWS_SURE = 100
"""OData servers of this kind give 100 rows unless asked for more; a short page up to here is the last."""


class Contradiction(Exception):
    """The pages of a feed contradict what they say about themselves; the message says how."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What to ask next: parameters to add, or a whole address that the system itself gave."""

    params: Params = ()
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a page said: its rows, and what it tells about the pages after it.

    `next` is a link, a page number or a cursor; `page` the number the system gives the page; `total` the
    number of rows it says there are.
    """

    rows: _Rows
    next: str | None = None
    page: int | None = None
    total: int | None = None


Turns = Generator[Turn, Seen, None]


def single() -> Turns:
    """A feed that comes in one piece."""
    yield Turn()


def by_page_number(*, page_param: str, size_param: str | None, size: int) -> Turns:
    """Pages counted from 1, until one is empty; after a short one too, since a server may give fewer than asked."""
    number = 1
    before: _Rows = ()
    while True:
        sized: Params = ((size_param, str(size)),) if size_param else ()
        seen = yield Turn(params=((page_param, str(number)), *sized))
        if seen.page is not None and seen.page != number:
            raise Contradiction(f"page {number} was asked for and page {seen.page} came back")
        if not seen.rows:
            if seen.next is not None:
                raise Contradiction(f"page {number} is empty and yet names a next page")
            return
        before = _moved_on(before, seen, f"page {number}")
        number += 1


def by_offset(*, offset_param: str, limit_param: str, size: int) -> Turns:
    """Rows counted from 0, until nothing comes."""
    offset = 0
    before: _Rows = ()
    while True:
        seen = yield Turn(params=((offset_param, str(offset)), (limit_param, str(size))))
        if not seen.rows:
            if seen.total is not None and offset < seen.total:
                raise Contradiction(f"{offset} rows came and the system says there are {seen.total}")
            return
        before = _moved_on(before, seen, f"the page from row {offset}")
        offset += len(seen.rows)
        if seen.total is not None and offset == seen.total:
            return


def by_skip(*, top: int, order_by: str, count: bool) -> Turns:
    """OData's `$top` and `$skip` in the order of a key, since no next link is given.

    With `count` the first page also asks how many rows there are, and fewer is a contradiction.
    """
    skip, total = 0, None
    before: _Rows = ()
    while True:
        asked: Params = (("$orderby", order_by), ("$top", str(top)), ("$skip", str(skip)))
        seen = yield Turn(params=(*asked, ("$count", "true")) if count and not skip else asked)
        total = seen.total if skip == 0 else total
        came = len(seen.rows)
        if came > top:
            raise Contradiction(f"{top} rows were asked for and {came} came back")
        skip += came
        short = came == 0 or (came < top and top <= ODATA_ROWS_SURE)
        if short or skip == total:
            if total is not None and skip < total:
                raise Contradiction(f"{skip} rows came and the system says there are {total}")
            if seen.next is not None:
                raise Contradiction("the last page names a next one")
            return
        before = _moved_on(before, seen, f"the page from row {skip - came}")


def by_cursor(*, cursor_param: str) -> Turns:
    """A cursor from the body of each page, until none is given."""
    cursor: str | None = None
    met: set[str] = set()
    while True:
        seen = yield Turn(params=((cursor_param, cursor),) if cursor is not None else ())
        if seen.next is None or seen.next == "":
            return
        if seen.next in met:
            raise Contradiction("the same cursor was given twice")
        cursor = seen.next
        met.add(cursor)


def by_next_url() -> Turns:
    """The address of the next page, from a Link header or the body, until none is given."""
    url: str | None = None
    met: set[str] = set()
    while True:
        seen = yield Turn(url=url)
        if not seen.next:
            return
        if seen.next in met:
            raise Contradiction("the same next address was given twice")
        url = seen.next
        met.add(url)


_LINK = re.compile(r"<([^<>]*)>\s*((?:;\s*[^,;]*(?:\"[^\"]*\")?)*)")
_REL = re.compile(r"\brel\s*=\s*(\"[^\"]*\"|[^\s\";,]+)", re.IGNORECASE)


def next_link(header: str | None) -> str | None:
    """The address with `rel="next"` in a `Link` header (RFC 8288)."""
    for address, attributes in _LINK.findall(header or ""):
        if any("next" in rel.strip('"').casefold().split() for rel in _REL.findall(attributes)):
            return str(address)
    return None


def _moved_on(before: _Rows, seen: Seen, what: str) -> _Rows:
    if seen.rows and before == seen.rows:
        raise Contradiction(f"{what} has the same rows as the page before it")
    return seen.rows

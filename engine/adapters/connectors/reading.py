"""Reading a feed page by page with any kind of paging."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from engine.adapters.connectors.port import Page
from engine.wire.paging import Contradiction, Seen, Turn, Turns
from engine.words.errors import Unreachable

PAGES_MAX = 20_000


def read_pages(
    turns: Turns, ask: Callable[[Turn], Seen], *, where: str, pages_max: int = PAGES_MAX
) -> Iterator[Page]:
    """Every page, each given when it has come; the last one is marked complete and may be empty.

    Raises:
        Unreachable: the pages contradict what they say, or there is no end to them.
    """
    turn = next(turns)
    number = 1
    while True:
        seen = ask(turn)
        try:
            turn = turns.send(seen)
        except StopIteration:
            yield Page(rows=seen.rows, number=number, complete=True)
            return
        except Contradiction as error:
            raise Unreachable(f"{where}: {error}; what was read is not complete") from error
        yield Page(rows=seen.rows, number=number, complete=False)
        number += 1
        if number > pages_max:
            raise Unreachable(f"{where}: more than {pages_max} pages (setting pages_max); no end was found")


def as_rows(value: object, where: str) -> tuple[dict[str, Any], ...]:
    """A list of objects.

    Raises:
        Unreachable: it is something else.
    """
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise Unreachable(f"{where}: no list of rows where one was expected")
    return tuple(value)

"""Airbase's list envelope: pages by number, without a total, and an empty page past the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from engine.faces.sandbox.exchange import SandboxRequest

PAGE_SIZE = 100
PAGE_SIZE_MAX = 250


class NoSuchPage(Exception):
    """`page` or `page_size` is not a whole number from 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageAsked:
    """Which page a request asks for; a size above the maximum is lowered to it."""

    number: int
    size: int

    @property
    def start(self) -> int:
        """Rows before this page."""
        return (self.number - 1) * self.size


def page_asked(request: SandboxRequest) -> PageAsked:
    """The page in the query.

    Raises:
        NoSuchPage: a number that cannot be one.
    """
    query = dict(request.query)
    size = _whole(query.get("page_size"), PAGE_SIZE)
    return PageAsked(number=_whole(query.get("page"), 1), size=min(size, PAGE_SIZE_MAX))


def envelope(request: SandboxRequest, asked: PageAsked, found: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The answer for a page; `found` holds its rows and one more when another page follows."""
    more = len(found) > asked.size
    return {
        "data": list(found[: asked.size]),
        "pagination": {
            "next": _link(request, asked.number + 1) if more else None,
            "previous": _link(request, asked.number - 1) if asked.number > 1 and found else None,
            "page": asked.number,
            "page_size": asked.size,
        },
    }


def _link(request: SandboxRequest, number: int) -> str:
    query = urlencode([pair for pair in request.query if pair[0] != "page"] + [("page", str(number))])
    return f"http://{request.headers.get('host', 'localhost')}{request.path}?{query}"


def _whole(text: str | None, default: int) -> int:
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise NoSuchPage
    return int(text)

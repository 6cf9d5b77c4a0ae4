"""Airbase's dialect: requests out of calls, rows out of envelopes; nothing is sent here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.adapters.connectors.port import Call, Match
from engine.adapters.connectors.reading import as_rows
from engine.wire.paging import Params, Seen, Turn
from engine.wire.request import Request
from engine.words.errors import InputError, Unreachable

PAGING_PARAMS = frozenset({"page", "page_size"})
FILTERED_READS_MAX = 3

# Which feeds are known to filter by which parameter; others might ignore it and give everything.
_SERVER_FILTERS = {"vendors": frozenset({"erp_reference_id"}), "ledger_entries": frozenset({"status"})}


def list_request(endpoint: str, params: Params, turn: Turn, *, slash: bool) -> Request:
    """One page of a feed."""
    return Request.json("GET", address(endpoint, slash=slash), params=(*params, *turn.params))


def open_page(body: Any, where: str) -> Seen:
    """The rows of a page: `{"data": […], "pagination": {"next", "page", …}}`.

    Raises:
        Unreachable: the body is something else.
    """
    if not isinstance(body, dict) or "data" not in body:
        raise Unreachable(f"{where}: the answer has no list under 'data'")
    rows = as_rows(body["data"], where)
    pagination = body.get("pagination")
    told = pagination if isinstance(pagination, dict) else {}
    number = told.get("page")
    following = told.get("next")
    return Seen(
        rows=rows,
        next=None if following is None else str(following),
        page=number if isinstance(number, int) else None,
    )


def call_request(call: Call, *, slash: bool) -> Request:
    """The request of a call.

    Raises:
        InputError: a verb that Airbase does not have.
    """
    if call.verb == "call":
        raise InputError(f"Airbase has no methods to call ({call.path}); use get, post, put, patch or delete")
    path = address(call.path, slash=slash)
    return Request.json(
        call.verb.upper(), path, call.body, params=call.params, effect=call.effect, may_leave=call.may_leave
    )


def server_filters(set_name: str, matches: Sequence[Match]) -> tuple[Params, ...] | None:
    """The query of each match where the feed filters by it and they are few; None means reading everything."""
    feed = set_name.split("?")[0].rstrip("/").rpartition("/")[2]
    known = _SERVER_FILTERS.get(feed, frozenset())
    if len(matches) > FILTERED_READS_MAX:
        return None
    if not all(len(match) == 1 and match[0][0] in known for match in matches):
        return None
    return tuple(((match[0][0], str(match[0][1]).strip()),) for match in matches)


def address(path: str, *, slash: bool) -> str:
    """The path as written, with a slash at its end where the tenant wants one there."""
    return path if not slash or path.endswith("/") or "?" in path else f"{path}/"

"""A configured JSON API: its paging, and where its rows and its next page stand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin

from engine.adapters.connectors.port import Call
from engine.adapters.connectors.reading import as_rows
from engine.wire.paging import (
    Seen,
    Turns,
    by_cursor,
    by_next_url,
    by_offset,
    by_page_number,
    next_link,
    single,
)
from engine.wire.request import Request
from engine.words.errors import InputError, Unreachable

PAGINGS = ("none", "page", "offset", "cursor", "link", "next_url")


def turns_of(settings: Mapping[str, Any]) -> Turns:
    """The configured paging."""
    kind = settings["paging"]
    if kind == "page":
        return by_page_number(
            page_param=settings["page_param"], size_param=settings["size_param"], size=settings["page_size"]
        )
    if kind == "offset":
        return by_offset(
            offset_param=settings["offset_param"],
            limit_param=settings["size_param"],
            size=settings["page_size"],
        )
    if kind == "cursor":
        return by_cursor(cursor_param=settings["cursor_param"])
    return by_next_url() if kind in ("link", "next_url") else single()


def open_page(body: Any, headers: Mapping[str, str], settings: Mapping[str, Any], *, url: str, where: str) -> Seen:
    """The rows at the configured place; `url` is the page's own address, which a next one may be relative to.

    Raises:
        Unreachable: no list of objects stands there.
    """
    rows_path = settings["rows"] or ""
    place = f"{where}, '{rows_path}'" if rows_path else where
    rows = as_rows(at(body, rows_path), place)
    total = at(body, settings["total_path"]) if settings["total_path"] else None
    return Seen(
        rows=rows,
        next=_next(body, headers, settings, url),
        total=total if isinstance(total, int) and not isinstance(total, bool) else None,
    )


def at(body: Any, path: str) -> Any:
    """What stands at a dotted path; steps are keys, or numbers for the items of a list."""
    value = body
    for step in path.split(".") if path else ():
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def call_request(call: Call) -> Request:
    """The request of a call.

    Raises:
        InputError: a verb that plain HTTP does not have.
    """
    if call.verb == "call":
        raise InputError(f"this system has no methods to call ({call.path}); use get, post, put, patch or delete")
    return Request.json(
        call.verb.upper(), call.path, call.body, params=call.params, effect=call.effect, may_leave=call.may_leave
    )


def _next(body: Any, headers: Mapping[str, str], settings: Mapping[str, Any], url: str) -> str | None:
    kind = settings["paging"]
    if kind == "link":
        address = next_link(headers.get("link"))
        return urljoin(url, address) if address else None
    if kind == "next_url":
        address = at(body, settings["next_path"])
        if address is not None and not isinstance(address, str):
            raise Unreachable(f"the next address at '{settings['next_path']}' is not text")
        return urljoin(url, address) if address else None
    if kind == "cursor":
        cursor = at(body, settings["cursor_path"])
        return None if cursor in (None, "", False) else str(cursor)
    return None

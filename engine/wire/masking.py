"""Requests and answers as the audit trail keeps them: whole, but without secrets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

T = TypeVar("T")

MASK = "********"
TEXT_MAX = 4000

_LINK_QUERY = re.compile(r"(https?://[^\s?#\"'<>\\]{1,2000})[?#][^\s\"'<>\\]+", re.IGNORECASE)
_SECRET_NAMES = frozenset(
    {
        "accesstoken",
        "apikey",
        "authorization",
        "clientsecret",
        "cookie",
        "idtoken",
        "password",
        "passwd",
        "proxyauthorization",
        "refreshtoken",
        "secret",
        "setcookie",
        "xapikey",
    }
)
_KEPT_HEADERS = (
    "content-type",
    "date",
    "retry-after",
    "x-request-id",
    "x-correlation-id",
    "x-airbase-auth-token-id",
    "x-airbase-release-version",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
)


def is_secret_name(name: str) -> bool:
    """Whether a header or a key of a body is one whose value is never shown."""
    return name.casefold().replace("-", "").replace("_", "") in _SECRET_NAMES


def mask_links(value: T) -> T:
    """The text, or JSON value, with the query of every link replaced: a signed link opens to whoever has it."""
    return _links_masked(value)  # type: ignore[no-any-return]


def _links_masked(value: Any) -> Any:
    if isinstance(value, str):
        return _LINK_QUERY.sub(lambda found: f"{found[1]}?{MASK}", value) if "://" in value else value
    if isinstance(value, Mapping):
        return {_links_masked(key): _links_masked(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_links_masked(inner) for inner in value]
    return value


def mask_text(text: str, hidden: Iterable[str] = ()) -> str:
    """The text with every known secret and the query of every link in it replaced."""
    text = mask_links(text)
    for secret in sorted(hidden, key=len, reverse=True):
        if secret:
            text = text.replace(secret, MASK)
    return text


def mask_value(value: Any, hidden: Iterable[str] = ()) -> Any:
    """A JSON value with the values of secret keys, and known secrets inside texts, replaced."""
    known = tuple(hidden)
    if isinstance(value, Mapping):
        return {
            mask_text(str(key), known): MASK
            if is_secret_name(str(key)) and inner is not None
            else mask_value(inner, known)
            for key, inner in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [mask_value(inner, known) for inner in value]
    return mask_text(value, known) if isinstance(value, str) else value


def mask_headers(headers: Mapping[str, str], hidden: Iterable[str] = ()) -> dict[str, str]:
    """The headers of an answer that help to trace it; all others are left out."""
    known = tuple(hidden)
    return {name: mask_text(headers[name], known) for name in _KEPT_HEADERS if name in headers}


def mask_params(params: Iterable[tuple[str, str]], hidden: Iterable[str] = ()) -> dict[str, str]:
    """Query parameters by name, with secrets replaced."""
    known = tuple(hidden)
    return {name: MASK if is_secret_name(name) else mask_text(value, known) for name, value in params}


def shorten(text: str, most: int = TEXT_MAX) -> str:
    """The text, cut with a note of its length when it is long."""
    return text if len(text) <= most else f"{text[:most]}… ({len(text)} characters)"

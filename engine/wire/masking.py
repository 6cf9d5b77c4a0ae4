"""Requests and answers as the audit trail keeps them: whole, but without secrets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

T = TypeVar("T")

MASK = "********"
TEXT_MAX = 4000

_LINK_QUERY = re.compile(r"(https?://[^\s?#\"'<>\\]{1,2000})[?#][^\s\"'<>\\]+", re.IGNORECASE)
_LINK_QUERY_BYTES = re.compile(_LINK_QUERY.pattern.encode())
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
_SECRET_SIGNS = tuple(name.encode() for name in sorted(_SECRET_NAMES))
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


def may_hold_secrets(body: bytes, hidden: Iterable[str] = ()) -> bool:
    """Whether `mask_value` could change anything in the JSON of this body; a look at its bytes, that errs on yes.

    Signs that JSON may write in two ways (an escape in the body, or one that the secret would need) say yes, and so
    do letters beyond ASCII, of which some are an ASCII letter in another case.
    """
    if b"\\" in body or not body.isascii():
        return True
    small = body.lower()
    letters = small.translate(None, b"-_")
    if any(sign in letters for sign in _SECRET_SIGNS) or (b"://" in small and _LINK_QUERY_BYTES.search(small)):
        return True
    return any(secret.encode() in body for secret in hidden if secret)


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


def shorten(text: str, most: int = TEXT_MAX) -> str:
    """The text, cut with a note of its length when it is long."""
    return text if len(text) <= most else f"{text[:most]}… ({len(text)} characters)"

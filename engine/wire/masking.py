"""Requests and answers as the audit trail keeps them: whole, but without secrets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import quote_plus

T = TypeVar("T")

MASK = "********"
TEXT_MAX = 4000

_LINK = re.compile(
    r"""(https?://(?:[^\s?#"<>\\:]++|:(?!//))++)[?#][^\s"<>\\]+"""  # the query of a link
    r"""|(://)[^\s/?#"<>\\@]++(?=@)"""  # who logs in, in a link
    r"""|([?&](?:x-(?:amz|goog)-[a-z-]{1,40}|sig|signature|token|access_token)=)[^\s&"<>\\]+""",  # a signature alone
    re.IGNORECASE,
)
"""Each link is read at most once, however many begin in a text: what comes from outside cannot make it slow."""

_LINK_BEGINS = re.compile(rb"""://(?:[^\s?#@"<>\\:]++|:(?!//))*+[?#@]""")
_SIGNATURE_BEGINS = re.compile(rb"[?&](?:x-(?:amz|goog)-|sig|access_token|token)")
"""In small letters: these find all that `_LINK` finds and more, in a tenth of the time."""
_CUT = "…"
_TELLING = 4
"""So many signs of a secret that was cut tell something of it."""
_SECRET_NAMES = frozenset(
    {
        "accesstoken",
        "apikey",
        "authorization",
        "authtoken",
        "clientsecret",
        "cookie",
        "idtoken",
        "password",
        "passwd",
        "privatekey",
        "proxyauthorization",
        "pwd",
        "refreshtoken",
        "secret",
        "sessiontoken",
        "setcookie",
        "signingsecret",
        "token",
        "webhooksecret",
        "xapikey",
    }
)
_SECRET_SIGNS = tuple(
    name.encode()
    for name in sorted(_SECRET_NAMES)
    if not any(other in name for other in _SECRET_NAMES if other != name)  # which is found with the other
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
    """The text, or JSON value, with the query and the login of every link replaced: they open to whoever has them."""
    return _links_masked(value)  # type: ignore[no-any-return]


def _links_masked(value: Any) -> Any:
    if isinstance(value, str):
        return _LINK.sub(_link_masked, value) if "://" in value or "=" in value else value
    if isinstance(value, Mapping):
        return {_links_masked(key): _links_masked(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_links_masked(inner) for inner in value]
    return value


def _link_masked(found: re.Match[str]) -> str:
    return f"{found[1]}?{MASK}" if found[1] else f"{found[2] or found[3]}{MASK}"


def mask_text(text: str, hidden: Iterable[str] = ()) -> str:
    """The text with every known secret, and what `mask_links` hides, replaced.

    A secret is also known as forms spell it, and by its beginning where the text was cut within it.
    """
    text = mask_links(text)
    for secret in _spelt(frozenset(hidden)):
        text = text.replace(secret, MASK)
        if _CUT in text:
            *cut, last = text.split(_CUT)
            text = _CUT.join((*(_without_beginning(part, secret) for part in cut), last))
    return text


@lru_cache(maxsize=32)
def _spelt(hidden: frozenset[str]) -> tuple[str, ...]:
    """Secrets as they are and as forms spell them, the longest first."""
    return tuple(sorted({*hidden, *map(quote_plus, hidden)} - {""}, key=len, reverse=True))


def _without_beginning(text: str, secret: str) -> str:
    """The text without the beginning of a secret at its end."""
    at = max(0, len(text) - len(secret))
    while (at := text.find(secret[:_TELLING], at)) >= 0:
        if secret.startswith(text[at:]):
            return text[:at] + MASK
        at += 1
    return text


def may_hold_secrets(body: bytes, hidden: Iterable[str] = ()) -> bool:
    """Whether `mask_value` could change anything in the JSON of this body; a look at its bytes, that errs on yes.

    Signs that JSON may write in two ways (an escape in the body, or one that the secret would need) say yes, and so
    do letters beyond ASCII, of which some are an ASCII letter in another case.
    """
    has = body.find  # `in` would first ask, at some cost, whether the sign is a number
    if has(b"\\") >= 0 or not body.isascii():
        return True
    small = body.lower()
    has_letters = small.translate(None, b"-_").find
    if any(has_letters(sign) >= 0 for sign in _SECRET_SIGNS):
        return True
    if _LINK_BEGINS.search(small) or (has(b"=") >= 0 and _SIGNATURE_BEGINS.search(small)):
        return True
    return any(has(secret.encode()) >= 0 for secret in _spelt(frozenset(hidden)))


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

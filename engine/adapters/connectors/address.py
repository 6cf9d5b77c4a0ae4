"""Which addresses a connection may call: its own origin, and those its settings name."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import quote, unquote, urlsplit

from engine.wire.request import Request
from engine.words.errors import InputError

_NOT_ENCODED = re.compile(r"[^\x21-\x7e]|[#\\]")
_LEADS_ELSEWHERE = re.compile(r"[%.;]")
"""Without one of these signs, a step is nothing but a name."""


class NotAllowed(Exception):
    """The request names an address that this connection may not call."""


class Address:
    """The base URL of a connection and the origins that may be called through it.

    Raises InputError when a URL is unusable, or not https outside this machine.
    """

    def __init__(self, base_url: str, origins: tuple[str, ...] = (), *, http_on_loopback: bool = True) -> None:
        self._base = base_url.rstrip("/")
        self._http_on_loopback = http_on_loopback
        self.origin = self._allowed_origin(base_url, "base_url")
        self._origins = {self.origin, *(self._allowed_origin(url, "the login address") for url in origins)}

    def url(self, request: Request) -> str:
        """The whole URL of a request, its query percent-encoded.

        Raises:
            NotAllowed: another origin, or a path with `.` or `..` steps, which would lead elsewhere.
        """
        path = request.path
        if "://" in path:
            self._check_origin(path)
            url = path
        else:
            url = f"{self._base}/{path.lstrip('/')}"
        if _NOT_ENCODED.search(url):
            raise NotAllowed(f"the path {path!r} has signs that are not percent-encoded")
        steps = urlsplit(url).path.split("/")
        if "" in steps[1:-1] or any(_climbs(step) for step in steps):
            raise NotAllowed(f"the path {path} has an empty step or one of dots, which leads to another place")
        return with_query(url, request.params)

    def _check_origin(self, url: str) -> None:
        try:
            origin = origin_of(url)
        except InputError as error:
            raise NotAllowed(str(error)) from error
        if origin not in self._origins:
            raise NotAllowed(f"{origin} is not the address of this connection; it is not called")

    def _allowed_origin(self, url: str, what: str) -> str:
        origin = origin_of(url)
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InputError(f"{what} {url!r} is not an address such as https://api.example.com")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise InputError(f"{what}: an address without user, query or fragment is needed")
        if parts.scheme == "http" and not (self._http_on_loopback and is_loopback(parts.hostname)):
            raise InputError(f"{what} {url!r} must begin with https://; plain http is for this machine only")
        return origin


def _climbs(step: str) -> bool:
    """Whether any server could read the step as one that leads elsewhere, however it undoes the encoding.

    Some undo it twice, take an encoded slash or a backslash for a slash, or cut a step at a semicolon.
    """
    if not _LEADS_ELSEWHERE.search(step):
        return False
    while (undone := unquote(step)) != step:
        step = undone
    if any(ord(sign) < 32 for sign in step):
        return True
    return any(part.partition(";")[0].strip() in (".", "..") for part in step.replace("\\", "/").split("/"))


def with_query(url: str, params: tuple[tuple[str, str], ...]) -> str:
    """The URL with parameters; spaces become %20 and never a plus sign, which not every server undoes."""
    if not params:
        return url
    query = "&".join(f"{quote(name, safe='$')}={quote(value, safe='')}" for name, value in params)
    return f"{url}{'&' if '?' in url else '?'}{query}"


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL, in one spelling.

    Raises:
        InputError: the port is not a number.
    """
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError as error:
        raise InputError(f"{url!r}: the port is not a number") from error
    port = port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    host = parts.hostname or ""
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def is_loopback(host: str) -> bool:
    """Whether a host name means this machine."""
    if host.casefold() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False

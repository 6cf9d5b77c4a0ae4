"""Which addresses a connection may call: its own origin, and those its settings name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_address
from urllib.parse import quote, unquote, urlsplit

from engine.wire.request import Request
from engine.words.errors import InputError

_PORTS = {"http": 80, "https": 443}
_NOT_ENCODED = re.compile(r"[^\x21-\x7e]|[#\\]")
_LOOSE = {ord(sign): quote(sign) for sign in '"<>`{}'}
"""Signs that addresses may not have as they are, and that people write nevertheless."""

_UNDONE_MAX = 5


class NotAllowed(Exception):
    """The request names an address that this connection may not call."""


@dataclass(frozen=True)
class Origin:
    """Scheme, host and port, each in one spelling."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.scheme}://{self._host}:{self.port}"

    @cached_property
    def header(self) -> bytes:
        """What the header Host says."""
        return (self._host if self.port == _PORTS.get(self.scheme) else f"{self._host}:{self.port}").encode("ascii")

    @property
    def _host(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host


class Address:
    """The base URL of a connection and the origins that may be called through it.

    Raises InputError when a URL is unusable, or not https outside this machine.
    """

    def __init__(self, base_url: str, origins: tuple[str, ...] = (), *, http_on_loopback: bool = True) -> None:
        self._http_on_loopback = http_on_loopback
        self.origin = self._allowed_origin(base_url, "base_url")
        self._path = urlsplit(base_url).path.rstrip("/")
        self._origins = {self.origin, *(self._allowed_origin(url, "the login address") for url in origins)}

    def place(self, request: Request) -> tuple[Origin, str]:
        """Whom a request calls and what it asks there: path and query, percent-encoded.

        Raises:
            NotAllowed: another origin, or a path with `.` or `..` steps, which would lead elsewhere.
        """
        path = request.path
        if _NOT_ENCODED.search(path):
            raise NotAllowed(f"the path {path!r} has signs that are not percent-encoded")
        if "://" in path:
            origin, target = self._elsewhere(path)
        else:
            origin, target = self.origin, f"{self._path}/{path.lstrip('/')}"
        steps = target.partition("?")[0].split("/")
        if "" in steps[1:-1] or any(_climbs(step) for step in steps):
            raise NotAllowed(f"the path {path} has an empty step or one of dots, which leads to another place")
        return origin, with_query(target.translate(_LOOSE), request.params)

    def _elsewhere(self, url: str) -> tuple[Origin, str]:
        try:
            origin = origin_of(url)
        except InputError as error:
            raise NotAllowed(str(error)) from error
        if origin not in self._origins:
            raise NotAllowed(f"{origin} is not the address of this connection; it is not called")
        parts = urlsplit(url)
        return origin, f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"

    def _allowed_origin(self, url: str, what: str) -> Origin:
        origin = origin_of(url)
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InputError(f"{what} {url!r} is not an address such as https://api.example.com")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise InputError(f"{what}: an address without user, query or fragment is needed")
        if _NOT_ENCODED.search(url):
            raise InputError(f"{what} {url!r} has signs that are not percent-encoded")
        if parts.scheme == "http" and not (self._http_on_loopback and is_loopback(parts.hostname)):
            raise InputError(f"{what} {url!r} must begin with https://; plain http is for this machine only")
        return origin


def _climbs(step: str) -> bool:
    """Whether any server could read the step as one that leads elsewhere, however it undoes the encoding.

    Some undo it twice, take an encoded slash or a backslash for a slash, or cut a step at a semicolon. What is
    encoded more often than anybody does could lead anywhere.
    """
    if "%" not in step and ";" not in step:
        return step in (".", "..")
    for _ in range(_UNDONE_MAX):
        undone = unquote(step)
        if undone == step:
            break
        step = undone
    else:
        return True
    if any(ord(sign) < 32 for sign in step):
        return True
    return any(part.partition(";")[0].strip() in (".", "..") for part in step.replace("\\", "/").split("/"))


def with_query(url: str, params: tuple[tuple[str, str], ...]) -> str:
    """The URL with parameters; spaces become %20 and never a plus sign, which not every server undoes."""
    if not params:
        return url
    query = "&".join(f"{quote(name, safe='$')}={quote(value, safe='')}" for name, value in params)
    return f"{url}{'&' if '?' in url else '?'}{query}"


def origin_of(url: str) -> Origin:
    """Scheme, host and port of a URL.

    Raises:
        InputError: the host cannot be read, or the port is not a number.
    """
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise InputError(f"{url!r}: the host cannot be read ({error})") from error
    try:
        port = parts.port
    except ValueError as error:
        raise InputError(f"{url!r}: the port is not a number") from error
    return Origin(parts.scheme, parts.hostname or "", port or _PORTS.get(parts.scheme, 0))


def is_loopback(host: str) -> bool:
    """Whether a host name means this machine."""
    if host.casefold() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False

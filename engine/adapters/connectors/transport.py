"""Sending a request over HTTP, and reading its answer to the end; httpx is imported when first needed.

Two exceptions, apart by what they prove:

- `NotSent`: nothing left this machine (no connection, no free slot, an address that is not allowed).
- `AnswerLost`: the request may have arrived; there is no whole answer.
"""

from __future__ import annotations

import queue
import ssl
import threading
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from engine.adapters.connectors.address import Address, NotAllowed, Origin
from engine.adapters.connectors.network import PrivateAddress, Reach, UnknownHost
from engine.adapters.connectors.pace import Pace
from engine.wire.request import Request, Response
from engine.words.clock import Clock
from engine.words.errors import InputError

if TYPE_CHECKING:
    import httpx

    from engine.adapters.connectors.line import Line

USER_AGENT = "ml-connector"
_ALWAYS = {
    "accept": (b"Accept", b"*/*"),
    "accept-encoding": (b"Accept-Encoding", b"gzip"),
    "connection": (b"Connection", b"keep-alive"),
    "user-agent": (b"User-Agent", USER_AGENT.encode()),
}
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_FRAMING = frozenset({"content-length", "transfer-encoding"})


class NotSent(Exception):
    """The request never left; the message says why. `lasting` says that trying again changes nothing."""

    def __init__(self, message: str, *, lasting: bool = False) -> None:
        super().__init__(message)
        self.lasting = lasting


class AnswerLost(Exception):
    """The request may have arrived and there is no whole answer; the message says what happened."""


class Transport(Protocol):
    """What connectors send through; `send` is called from several threads at once."""

    def send(self, request: Request) -> Response:
        """The answer, whatever its status.

        Raises:
            NotSent: nothing left this machine.
            AnswerLost: the request may have arrived.
        """
        ...

    def close(self) -> None:
        """Close all connections; a second call does nothing."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportSettings:
    """The limits of one connection; times in seconds, sizes in bytes.

    `origins` are further addresses that may be called, such as a login server. `answer_max_s` bounds an
    answer that trickles in. `requests_per_s` 0 means unlimited.
    """

    base_url: str
    origins: tuple[str, ...] = ()
    in_flight: int = 8
    requests_per_s: float = 0.0
    connect_timeout_s: float = 10.0
    read_timeout_s: float = 60.0
    write_timeout_s: float = 60.0
    slot_timeout_s: float = 300.0
    answer_max_s: float = 600.0
    body_max_bytes: int = 64 * 1024 * 1024
    ca_file: Path | None = None
    http_on_loopback: bool = True
    allow_private_addresses: bool = False

    @property
    def reach(self) -> Reach:
        """Which machines may be called."""
        return Reach(private=self.allow_private_addresses, loopback=self.http_on_loopback)


class HttpTransport:
    """A bounded number of connections, one for each request in flight.

    TLS is always verified; there are no proxies, redirects or cookies.
    """

    def __init__(self, settings: TransportSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._address = Address(settings.base_url, settings.origins, http_on_loopback=settings.http_on_loopback)
        self._pace = Pace(settings.requests_per_s, clock)
        self._slots: queue.LifoQueue[Line | None] = queue.LifoQueue()
        for _ in range(settings.in_flight):
            self._slots.put(None)
        self._tls: ssl.SSLContext | None = None
        self._lock = threading.Lock()
        self._closed = False

    def send(self, request: Request) -> Response:
        """Send one request and read the answer to its end."""
        try:
            origin, target = self._address.place(request)
        except NotAllowed as error:
            raise NotSent(str(error), lasting=True) from error
        headers = _headers(request, origin)
        line = self._take()
        used: Line | None = None
        try:
            self._pace.wait()
            line = self._ready(line, origin)
            if request.may_leave is not None and (why := request.may_leave()):
                raise NotSent(why)
            answer = self._exchange(line, self._asked(request, origin, target, headers))
            used = line
        finally:
            if used is None and line is not None:
                line.close()
            self._give_back(used)
        return answer

    def close(self) -> None:
        """Close idle connections now and busy ones when they are done."""
        self._closed = True
        idle: list[Line | None] = []
        while True:
            try:
                idle.append(self._slots.get_nowait())
            except queue.Empty:
                break
        for line in idle:
            self._give_back(line)

    def _take(self) -> Line | None:
        if self._closed:
            raise NotSent("the connection was closed", lasting=True)
        try:
            return self._slots.get(timeout=self._settings.slot_timeout_s)
        except queue.Empty:
            raise NotSent(
                f"all {self._settings.in_flight} requests in flight stayed busy for "
                f"{self._settings.slot_timeout_s:g} seconds"
            ) from None

    def _give_back(self, line: Line | None) -> None:
        if self._closed and line is not None:
            line.close()
            line = None
        self._slots.put(line)

    def _ready(self, line: Line | None, origin: Origin) -> Line:
        """The line when it can carry another request to the origin, else a new one."""
        from engine.adapters.connectors.line import open_line

        if line is not None:
            if line.origin == origin and line.is_ready():
                return line
            line.close()
        settings = self._settings
        tls = self._verified() if origin.scheme == "https" else None
        try:
            return open_line(origin, settings.reach, tls, settings.connect_timeout_s)
        except PrivateAddress as error:
            raise NotSent(str(error), lasting=True) from error
        except (UnknownHost, OSError) as error:
            untrusted = isinstance(error, ssl.SSLCertVerificationError)
            raise NotSent(_why_not_sent(error, origin), lasting=untrusted) from error

    def _verified(self) -> ssl.SSLContext:
        with self._lock:
            if self._tls is None:
                self._tls = tls_context(self._settings.ca_file)
                self._tls.set_alpn_protocols(["http/1.1"])
            return self._tls

    def _asked(
        self, request: Request, origin: Origin, target: str, headers: list[tuple[bytes, bytes]]
    ) -> httpx.Request:
        """The request in httpx's words; the target goes beside the URL, so that httpx does not read it anew."""
        import httpx

        settings = self._settings
        read_s = settings.read_timeout_s if request.timeout_s is None else request.timeout_s
        return httpx.Request(
            request.method,
            _url_of(origin),
            headers=headers,
            stream=httpx.ByteStream(request.body or b""),
            extensions={
                "target": target.encode("ascii"),
                "timeout": {"read": read_s, "write": settings.write_timeout_s},
                "ends_s": time.monotonic() + settings.answer_max_s,
            },
        )

    def _exchange(self, line: Line, asked: httpx.Request) -> Response:
        import httpx

        began_s = self._clock.instant().seconds
        try:
            answer = line.handle_request(asked)
            headers = dict(answer.headers)
            body = _whole(headers, cast("httpx.SyncByteStream", answer.stream), self._settings.body_max_bytes)
        except httpx.LocalProtocolError as error:
            raise NotSent(f"the request cannot be written as HTTP ({error})", lasting=True) from error
        except httpx.TimeoutException as error:
            if time.monotonic() < asked.extensions["ends_s"]:
                raise AnswerLost("no answer within the time-out") from error
            raise AnswerLost(f"the answer took longer than {self._settings.answer_max_s:g} seconds") from error
        except httpx.TransportError as error:
            raise AnswerLost(f"the connection broke before the whole answer came ({error})") from error
        elapsed_s = self._clock.instant().seconds - began_s
        return Response(status=answer.status_code, headers=headers, body=body, elapsed_s=elapsed_s)


@cache
def _url_of(origin: Origin) -> httpx.URL:
    """Of the few origins that connections call."""
    import httpx

    try:
        return httpx.URL(str(origin))
    except httpx.InvalidURL as error:
        raise NotSent(f"the address {origin} cannot be used: {error}", lasting=True) from error


def _headers(request: Request, origin: Origin) -> list[tuple[bytes, bytes]]:
    """The headers of a request, and those that each one has, of which its own take the place."""
    made = {"host": (b"Host", origin.header), **_ALWAYS}
    for name, value in request.headers.items():
        if not (name.isascii() and value.isascii() and value.isprintable()):
            raise NotSent(f"the header {name!r} has signs that cannot be sent", lasting=True)
        lowered = name.lower()
        if lowered in _FRAMING:
            raise NotSent(f"the header {name!r} is set by how long the body is", lasting=True)
        made[lowered] = (name.encode(), value.encode())
    if request.body or request.method in _WITH_BODY:
        made["content-length"] = (b"Content-Length", b"%d" % len(request.body or b""))
    return list(made.values())


def _whole(headers: Mapping[str, str], pieces: Iterable[bytes], most: int) -> bytes:
    """The body of an answer, unpacked, and never more than `most` bytes of it."""
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding in ("gzip", "x-gzip", "deflate"):
        pieces = _unpacked(pieces, most)
    elif encoding not in ("", "identity"):
        raise AnswerLost(f"the answer is encoded as {encoding}, which was not asked for")
    size = 0
    kept: list[bytes] = []
    for piece in pieces:
        size += len(piece)
        if size > most:
            raise AnswerLost(f"the answer is larger than {most} bytes (setting body_max_bytes)")
        kept.append(piece)
    return b"".join(kept)


def _unpacked(pieces: Iterable[bytes], most: int) -> Iterator[bytes]:
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    empty = True
    try:
        for raw in pieces:
            empty = empty and not raw
            # One byte more than allowed is enough to know; a bomb is never unpacked.
            yield unpacker.decompress(raw, most + 1)
            if unpacker.unconsumed_tail:
                raise AnswerLost(f"the answer is larger than {most} bytes (setting body_max_bytes)")
            if unpacker.unused_data:
                raise AnswerLost("the compressed answer goes on behind its end")
        yield unpacker.flush()
    except zlib.error as error:
        raise AnswerLost(f"the compressed answer is damaged ({error})") from error
    if not (unpacker.eof or empty):
        raise AnswerLost("the compressed answer breaks off")


def _why_not_sent(error: Exception, origin: Origin) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate of {origin} is not trusted ({error}); name its authority with ca_file"
    return f"no connection to {origin} ({error or 'time-out'})"


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """A verifying TLS context, with a company's own authority beside the usual ones.

    Raises:
        InputError: the file cannot be read or holds no certificate.
    """
    import httpx

    context = httpx.create_ssl_context(trust_env=False)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=str(ca_file))
        except (OSError, ssl.SSLError) as error:
            raise InputError(f"ca_file {ca_file}: no certificate authority can be read from it ({error})") from error
    return context

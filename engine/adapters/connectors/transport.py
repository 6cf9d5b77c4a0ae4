"""Sending a request over HTTP; the only module that knows httpx, which is imported when first needed.

Two exceptions, apart by what they prove:

- `NotSent`: nothing left this machine (no connection, no free slot, an address that is not allowed).
- `AnswerLost`: the request may have arrived; there is no whole answer.
"""

from __future__ import annotations

import queue
import ssl
import threading
import zlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from engine.adapters.connectors.address import Address, NotAllowed, origin_of
from engine.adapters.connectors.network import PrivateAddress, Reach, UnknownHost, resolve
from engine.adapters.connectors.pace import Pace
from engine.wire.request import Request, Response
from engine.words.clock import Clock
from engine.words.errors import InputError

if TYPE_CHECKING:
    import httpx

USER_AGENT = "ml-connector"
_ALWAYS = {"Accept": "*/*", "Accept-Encoding": "gzip", "Connection": "keep-alive", "User-Agent": USER_AGENT}
KEEP_ALIVE_S = 4.0


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
    """A bounded pool of connections, one for each request in flight.

    TLS is always verified; proxies from the environment, redirects and cookies are not followed or kept, since
    httpx's transport is used without its client, which alone knows of them.
    """

    def __init__(self, settings: TransportSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._address = Address(settings.base_url, settings.origins, http_on_loopback=settings.http_on_loopback)
        self._pace = Pace(settings.requests_per_s, clock)
        self._slots: queue.LifoQueue[httpx.HTTPTransport | None] = queue.LifoQueue()
        for _ in range(settings.in_flight):
            self._slots.put(None)
        self._tls: ssl.SSLContext | None = None
        self._lock = threading.Lock()
        self._closed = False

    def send(self, request: Request) -> Response:
        """Send one request and read the answer to its end."""
        url = self._checked_url(request)
        for name, value in request.headers.items():
            if not (name.isascii() and value.isascii() and value.isprintable()):
                raise NotSent(f"the header {name!r} has signs that cannot be sent", lasting=True)
        line = self._take()
        try:
            self._pace.wait()
            line = line or _checked_transport(self._verified(), self._settings.reach)
            return self._exchange(line, request, url)
        finally:
            self._give_back(line)

    def _checked_url(self, request: Request) -> httpx.URL:
        """The address as the library that calls it reads it; two readers that disagree could be made to."""
        import httpx

        try:
            text = self._address.url(request)
            url = httpx.URL(text)
            agreed = origin_of(f"{url.scheme}://{url.netloc.decode('ascii')}") == origin_of(text)
        except (NotAllowed, InputError) as error:
            raise NotSent(str(error), lasting=True) from error
        except httpx.InvalidURL as error:
            raise NotSent(f"the address cannot be used: {error}", lasting=True) from error
        if not agreed:
            raise NotSent(f"the address {text} can be read in two ways", lasting=True)
        return url

    def close(self) -> None:
        """Close idle connections now and busy ones when they are done."""
        self._closed = True
        idle: list[httpx.HTTPTransport | None] = []
        while True:
            try:
                idle.append(self._slots.get_nowait())
            except queue.Empty:
                break
        for line in idle:
            self._give_back(line)

    def _take(self) -> httpx.HTTPTransport | None:
        if self._closed:
            raise NotSent("the connection was closed", lasting=True)
        try:
            return self._slots.get(timeout=self._settings.slot_timeout_s)
        except queue.Empty:
            raise NotSent(
                f"all {self._settings.in_flight} requests in flight stayed busy for "
                f"{self._settings.slot_timeout_s:g} seconds"
            ) from None

    def _give_back(self, line: httpx.HTTPTransport | None) -> None:
        if self._closed and line is not None:
            line.close()
            line = None
        self._slots.put(line)

    def _verified(self) -> ssl.SSLContext:
        with self._lock:
            if self._tls is None:
                self._tls = tls_context(self._settings.ca_file)
            return self._tls

    def _exchange(self, line: httpx.HTTPTransport, request: Request, url: httpx.URL) -> Response:
        import httpx

        began = self._clock.instant().seconds
        asked = httpx.Request(
            request.method,
            url,
            headers={**_ALWAYS, **request.headers},
            content=request.body,
            extensions={"timeout": self._timeouts(request)},
        )
        try:
            with closing(line.handle_request(asked)) as answer:
                body = b"".join(self._pieces(answer, began))
        except PrivateAddress as error:
            raise NotSent(str(error), lasting=True) from error
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            untrusted = "CERTIFICATE_VERIFY_FAILED" in str(error)
            raise NotSent(_why_not_sent(error, self._address.origin), lasting=untrusted) from error
        except httpx.UnsupportedProtocol as error:
            raise NotSent(f"the address cannot be used: {error}", lasting=True) from error
        except httpx.TimeoutException as error:
            raise AnswerLost("no answer within the time-out") from error
        except httpx.HTTPError as error:
            raise AnswerLost(f"the connection broke before the whole answer came ({error})") from error
        return Response(
            status=answer.status_code,
            headers={name.lower(): value for name, value in answer.headers.items()},
            body=body,
            elapsed_s=self._clock.instant().seconds - began,
        )

    def _timeouts(self, request: Request) -> dict[str, float]:
        settings = self._settings
        return {
            "connect": settings.connect_timeout_s,
            "read": settings.read_timeout_s if request.timeout_s is None else request.timeout_s,
            "write": settings.write_timeout_s,
            "pool": settings.connect_timeout_s,
        }

    def _pieces(self, answer: httpx.Response, began: float) -> Iterator[bytes]:
        most = self._settings.body_max_bytes
        size = 0
        for piece in _decoded(answer, most):
            size += len(piece)
            if size > most:
                raise AnswerLost(f"the answer is larger than {most} bytes (setting body_max_bytes)")
            if self._clock.instant().seconds - began > self._settings.answer_max_s:
                raise AnswerLost(f"the answer took longer than {self._settings.answer_max_s:g} seconds")
            yield piece


def _checked_transport(verified: ssl.SSLContext, reach: Reach) -> httpx.HTTPTransport:
    """One connection at a time, to addresses that were looked at; the certificate is still checked by name."""
    import httpcore
    import httpx

    class Checked(httpcore.SyncBackend):
        def connect_tcp(self, host: str, port: int, *rest: Any, **named: Any) -> httpcore.NetworkStream:
            try:
                addresses = resolve(host, port)
            except UnknownHost as error:
                raise httpcore.ConnectError(str(error)) from error
            for address in addresses:
                reach.check(host, address)
            for address in addresses[:-1]:
                try:
                    return super().connect_tcp(address, port, *rest, **named)
                except (httpcore.ConnectError, httpcore.ConnectTimeout):
                    continue  # the next address of the same name
            return super().connect_tcp(addresses[-1], port, *rest, **named)

    class Transport(httpx.HTTPTransport):
        def __init__(self) -> None:
            super().__init__(verify=verified, trust_env=False)
            # httpx has no public way to look at an address before it is called; a test holds this to it.
            self._pool = httpcore.ConnectionPool(
                ssl_context=verified,
                max_connections=1,
                max_keepalive_connections=1,
                keepalive_expiry=KEEP_ALIVE_S,
                network_backend=Checked(),
            )

    return Transport()


def _decoded(answer: httpx.Response, most: int) -> Iterator[bytes]:
    encoding = answer.headers.get("content-encoding", "identity").strip().lower()
    if encoding in ("", "identity"):
        yield from answer.iter_raw()
        return
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise AnswerLost(f"the answer is encoded as {encoding}, which was not asked for")
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    empty = True
    try:
        for raw in answer.iter_raw():
            empty = empty and not raw
            # One byte more than allowed is enough to know; a bomb is never unpacked.
            yield unpacker.decompress(raw, most + 1)
            if unpacker.unconsumed_tail:
                raise AnswerLost(f"the answer is larger than {most} bytes (setting body_max_bytes)")
        yield unpacker.flush()
    except zlib.error as error:
        raise AnswerLost(f"the compressed answer is damaged ({error})") from error
    if not (unpacker.eof or empty):
        raise AnswerLost("the compressed answer breaks off")


def _why_not_sent(error: Exception, origin: str) -> str:
    text = str(error)
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return f"the certificate of {origin} is not trusted ({text}); name its authority with ca_file"
    return f"no connection to {origin} ({text or 'time-out'})"


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

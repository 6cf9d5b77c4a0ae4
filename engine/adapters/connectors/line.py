"""One connection of HTTP/1.1 as a transport of httpx: h11 writes and reads its bytes, a socket carries them.

A request leaves in one piece, the socket never blocks, and only what is not there yet is waited for; each wait has
an end. It takes half of the time that httpx's own transport takes.
"""

from __future__ import annotations

import select
import socket
import ssl
import time
from collections.abc import Iterator
from typing import cast

import h11
import httpx

from engine.adapters.connectors.address import Origin
from engine.adapters.connectors.network import Reach, resolve

KEEP_ALIVE_S = 4.0
HEAD_MAX_BYTES = 100 * 1024
READ_BYTES = 64 * 1024


class Line(httpx.BaseTransport):
    """A connection to one origin, for one request at a time; what fails on it leaves it of no more use."""

    def __init__(self, connected: socket.socket, origin: Origin) -> None:
        connected.settimeout(0)
        self.origin = origin
        self._socket = connected
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_MAX_BYTES)
        self._incoming = select.poll()
        self._incoming.register(connected, select.POLLIN)
        self._idle_since_s: float | None = None

    def is_ready(self) -> bool:
        """Whether it can carry another request: it rested only shortly, and nothing came meanwhile.

        What comes while nothing is asked is the other side's good-bye.
        """
        since_s = self._idle_since_s
        return since_s is not None and time.monotonic() - since_s <= KEEP_ALIVE_S and not self._incoming.poll(0)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and read the head of its answer; who reads the body reads it to its end.

        The request's extensions say what is asked (`target`) and how long is waited (`timeout`), as httpx has them,
        and as `ends_s` the reading of the monotonic clock at which the answer must have ended.

        Raises:
            httpx.LocalProtocolError: HTTP does not allow such a request; nothing was sent.
            httpx.WriteTimeout, httpx.ReadTimeout: nothing moved for so long, or the answer did not end in time.
            httpx.ReadError, httpx.RemoteProtocolError: the connection was cut, or what came is not HTTP.
        """
        data = self._written(request)
        self._idle_since_s = None
        wait_s: dict[str, float] = request.extensions["timeout"]
        try:
            self._send(data, wait_s["write"])
        except TimeoutError as error:
            raise httpx.WriteTimeout("nothing more is taken") from error
        read_s, ends_s = wait_s["read"], request.extensions["ends_s"]
        while type(event := self._event(read_s, ends_s)) is h11.InformationalResponse:
            pass
        if type(event) is not h11.Response:
            raise httpx.RemoteProtocolError("something else than an answer came")
        return httpx.Response(
            event.status_code, headers=list(event.headers), stream=_Body(self._pieces(read_s, ends_s))
        )

    def _written(self, request: httpx.Request) -> bytes:
        http, target = self._http, request.extensions["target"]
        try:
            head = http.send(h11.Request(method=request.method, target=target, headers=request.headers.raw)) or b""
            body = b"".join(
                http.send(h11.Data(data=part)) or b"" for part in cast("httpx.SyncByteStream", request.stream)
            )
            return b"".join((head, body, http.send(h11.EndOfMessage()) or b""))
        except h11.LocalProtocolError as error:
            raise httpx.LocalProtocolError(str(error)) from error

    def _send(self, data: bytes, timeout_s: float) -> None:
        """Send all of it. That the other side closed is no error yet: it may have answered before."""
        left = memoryview(data)
        while left:
            try:
                left = left[self._socket.send(left) :]
            except (BlockingIOError, ssl.SSLWantWriteError):
                _wait(self._socket, select.POLLOUT, timeout_s)
            except ssl.SSLWantReadError:
                _wait(self._socket, select.POLLIN, timeout_s)
            except OSError:
                return

    def _pieces(self, read_s: float, ends_s: float) -> Iterator[bytes]:
        """The body of the answer; at its end the line can carry another request, or is closed."""
        while type(event := self._event(read_s, ends_s)) is h11.Data:
            yield event.data
        http = self._http
        if http.our_state is h11.DONE and http.their_state is h11.DONE and not http.trailing_data[0]:
            http.start_next_cycle()
            self._idle_since_s = time.monotonic()
        else:
            self.close()

    def close(self) -> None:
        """Close it; a second call does nothing."""
        self._idle_since_s = None
        self._socket.close()

    def _event(self, read_s: float, ends_s: float) -> h11.Event | type[h11.PAUSED]:
        http = self._http
        while True:
            try:
                event = http.next_event()
            except h11.RemoteProtocolError as error:
                raise httpx.RemoteProtocolError(str(error)) from error
            if event is not h11.NEED_DATA:
                return cast("h11.Event | type[h11.PAUSED]", event)
            data = self._read(read_s, ends_s)
            if not data and http.their_state is h11.SEND_RESPONSE:
                raise httpx.RemoteProtocolError("the other side closed without an answer")
            http.receive_data(data)

    def _read(self, read_s: float, ends_s: float) -> bytes:
        """What came next, at least a byte; none when the other side closed."""
        now_s = time.monotonic()
        until_s = min(now_s + read_s, ends_s)
        while True:
            if until_s <= now_s or not self._incoming.poll(1000 * (until_s - now_s)):
                raise httpx.ReadTimeout("nothing came")
            try:
                return self._socket.recv(READ_BYTES)
            except (BlockingIOError, ssl.SSLWantReadError):
                now_s = time.monotonic()  # only a part of a TLS record came
            except OSError as error:
                raise httpx.ReadError(str(error)) from error


class _Body(httpx.SyncByteStream):
    """The body of an answer, as it comes."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        """Its pieces; raises as `Line.handle_request` does."""
        return self._pieces


def open_line(origin: Origin, reach: Reach, tls: ssl.SSLContext | None, timeout_s: float) -> Line:
    """A new connection, to an address that was looked at; with `tls`, its certificate is checked by the name.

    Raises:
        PrivateAddress: it leads to where it may not.
        UnknownHost: the name has no address.
        OSError: no address of it answers, or TLS fails.
    """
    connected = _connected(origin, reach, timeout_s)
    try:
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls is not None:
            connected = tls.wrap_socket(connected, server_hostname=origin.host)
        return Line(connected, origin)
    except BaseException:
        connected.close()
        raise


def _connected(origin: Origin, reach: Reach, timeout_s: float) -> socket.socket:
    addresses = resolve(origin.host, origin.port)
    for address in addresses:
        reach.check(origin.host, address)
    for address in addresses[:-1]:
        try:
            return socket.create_connection((address, origin.port), timeout_s)
        except OSError:
            continue  # the next address of the same name
    return socket.create_connection((addresses[-1], origin.port), timeout_s)


def _wait(connected: socket.socket, event: int, timeout_s: float) -> None:
    waiting = select.poll()
    waiting.register(connected, event)
    if not waiting.poll(1000 * timeout_s):
        raise TimeoutError

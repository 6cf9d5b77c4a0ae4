"""One connection of HTTP/1.1 as a transport of httpx: llhttp (by httptools) reads answers, a socket carries bytes.

A request leaves in one piece, the socket never blocks, and only what is not there yet is waited for; each wait has
an end. That httpx's own transport takes much longer is told with figures in the README.
"""

from __future__ import annotations

import re
import select
import socket
import ssl
import time
from collections.abc import Iterator
from typing import cast

import httptools
import httpx

from engine.adapters.connectors.address import Origin
from engine.adapters.connectors.network import Reach, resolve

KEEP_ALIVE_S = 4.0
HEAD_MAX_BYTES = 100 * 1024
READ_BYTES = 64 * 1024
_HEAD = re.compile(
    rb"[A-Z]+ [!-~]+ HTTP/1\.1\r\n"  # a method, a target
    rb"(?:[!#-'*+.0-9A-Z^-z|~-]+: (?:[!-~](?:[ -~]*[!-~])?)?\r\n)*\r\n"  # names and values
)


class Line(httpx.BaseTransport):
    """A connection to one origin, for one request at a time; what fails on it leaves it of no more use."""

    def __init__(self, connected: socket.socket, origin: Origin) -> None:
        connected.settimeout(0)
        self.origin = origin
        self._socket = connected
        self._answer = _Answer()
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
        data = _written(request)
        self._idle_since_s = None
        wait_s: dict[str, float] = request.extensions["timeout"]
        try:
            self._send(data, wait_s["write"])
        except TimeoutError as error:
            raise httpx.WriteTimeout("nothing more is taken") from error
        answer, read_s, ends_s = self._answer, wait_s["read"], request.extensions["ends_s"]
        answer.begin()
        while not answer.has_head:
            answer.take(self._read(read_s, ends_s))
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(self._pieces(read_s, ends_s)))

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
        answer = self._answer
        yield from answer.pieces()
        while not answer.is_whole:
            answer.take(self._read(read_s, ends_s))
            yield from answer.pieces()
        if answer.keeps_line:
            self._idle_since_s = time.monotonic()
        else:
            self.close()

    def close(self) -> None:
        """Close it; a second call does nothing."""
        self._idle_since_s = None
        self._socket.close()

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


class _Answer:
    """The answers on one connection, one at a time, as llhttp reads them; it calls the methods named `on_`."""

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self.begin()

    def begin(self) -> None:
        """Wait for the next answer."""
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.has_head = self.is_whole = self.keeps_line = False
        self._coding, self._ends_with_line = b"", False
        self._pieces: list[bytes] = []
        self._framing_bytes = 0

    def take(self, data: bytes) -> None:
        """Read on in what came; none says that the other side closed.

        Raises:
            httpx.RemoteProtocolError: it is no answer, or not the whole of one.
        """
        if not data:
            self._end()
            return
        self._framing_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self.keeps_line = False
            if not self.is_whole:
                raise httpx.RemoteProtocolError(f"that is no answer of HTTP/1.1: {error!r}") from error
        if self._coding not in (b"", b"chunked"):
            raise httpx.RemoteProtocolError(f"the answer is encoded for its way as {self._coding.decode('latin-1')}")
        if self._framing_bytes > HEAD_MAX_BYTES and not self.is_whole:
            raise httpx.RemoteProtocolError(f"more than {HEAD_MAX_BYTES} bytes of headers came")

    def pieces(self) -> list[bytes]:
        """What came of the body since the last time."""
        pieces, self._pieces = self._pieces, []
        return pieces

    def _end(self) -> None:
        if not self.has_head:
            raise httpx.RemoteProtocolError("the other side closed without an answer")
        if not self._ends_with_line:
            raise httpx.RemoteProtocolError("the other side closed within its answer")
        self.is_whole = True

    def on_message_begin(self) -> None:
        """One more answer than was asked for spoils the connection."""
        self.keeps_line = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header; trailers are passed over."""
        if not self.has_head:
            self.headers.append((name.lower(), value.rstrip(b" \t")))

    def on_headers_complete(self) -> None:
        """The head came; that of an interim answer is forgotten."""
        if self.is_whole:
            return
        self.status = self._parser.get_status_code()
        if self.status < 200:
            self.headers.clear()
            return
        self.has_head = True
        self.keeps_line = self._parser.should_keep_alive()
        self._coding = b", ".join(value.lower() for name, value in self.headers if name == b"transfer-encoding")
        self._ends_with_line = not (self._coding or any(name == b"content-length" for name, _ in self.headers))

    def on_body(self, piece: bytes) -> None:
        """A piece of the body."""
        self._framing_bytes = 0
        if not self.is_whole:
            self._pieces.append(piece)

    def on_message_complete(self) -> None:
        """The whole answer came."""
        self.is_whole = self.has_head


class _Body(httpx.SyncByteStream):
    """The body of an answer, as it comes."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        """Its pieces; raises as `Line.handle_request` does."""
        return self._pieces


def _written(request: httpx.Request) -> bytes:
    """A request in the form in which it leaves."""
    target: bytes = request.extensions["target"]
    lines = [b"%b %b HTTP/1.1" % (request.method.encode(), target)]
    lines += [b"%b: %b" % header for header in request.headers.raw]
    head = b"\r\n".join((*lines, b"", b""))
    if not _HEAD.fullmatch(head):
        raise httpx.LocalProtocolError("its target or one of its headers has signs that HTTP does not allow")
    return b"".join((head, *cast("httpx.SyncByteStream", request.stream)))


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
            connected = tls.wrap_socket(connected, server_hostname=origin.host, suppress_ragged_eofs=False)
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

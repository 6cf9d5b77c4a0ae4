"""HTTP/1.1 on the wire: one request read from a stream, one answer turned into bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from typing import BinaryIO, Protocol
from urllib.parse import parse_qsl

from engine.faces.sandbox.exchange import SandboxRequest, SandboxResponse

LINE_BYTES_MAX = 65_536
HEADERS_MAX = 100
BODY_BYTES_MAX = 33_554_432


class Writer(Protocol):
    """Where an interim answer goes."""

    def sendall(self, data: bytes, /) -> None:
        """Send every byte."""
        ...


class NotHttp(Exception):
    """What came in is not a request that can be read; the connection is closed after `status`."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What leaves: an answer, an answer cut off after `body_bytes`, or, with no answer, a cut connection."""

    response: SandboxResponse | None = None
    body_bytes: int | None = None


def read_request(stream: BinaryIO, interim: Writer) -> tuple[SandboxRequest, bool] | None:
    """The next request and whether the connection stays open after it; None when the client has left.

    Raises:
        NotHttp: the bytes are not an HTTP/1 request, or pass a limit of this module.
        OSError: the connection broke.
    """
    line = _line(stream)
    if not line:
        return None
    parts = line.decode("latin-1").split()
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
        raise NotHttp(400, "the first line is not 'METHOD PATH HTTP/1.1'")
    method, target, version = parts
    headers = _headers(stream)
    if headers.get("expect", "").casefold() == "100-continue":
        interim.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    path, _, query = target.partition("?")
    request = SandboxRequest(
        method=method.upper(),
        path=path,
        query=tuple(parse_qsl(query, keep_blank_values=True)) if query else (),
        headers=headers,
        body=_body(stream, headers),
    )
    asked = headers.get("connection", "").casefold()
    return request, asked != "close" and (version == "HTTP/1.1" or asked == "keep-alive")


def answer_bytes(response: SandboxResponse, *, head_only: bool, keep_open: bool) -> tuple[bytes, bytes]:
    """The head and the body of an answer as they go over the wire."""
    try:
        reason = HTTPStatus(response.status).phrase
    except ValueError:
        reason = "Unknown"
    lines = [
        f"HTTP/1.1 {response.status} {reason}",
        f"Date: {formatdate(usegmt=True)}",
        f"Content-Length: {len(response.body)}",
        f"Connection: {'keep-alive' if keep_open else 'close'}",
    ]
    if response.body:
        lines.append(f"Content-Type: {response.content_type}")
    lines.extend(f"{name}: {_one_line(text)}" for name, text in response.headers.items())
    head = "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n"
    return head, b"" if head_only else response.body


def _one_line(text: str) -> str:
    return text.replace("\r", " ").replace("\n", " ")


def _line(stream: BinaryIO) -> bytes:
    line = stream.readline(LINE_BYTES_MAX + 1)
    if len(line) > LINE_BYTES_MAX:
        raise NotHttp(431, f"a line is longer than {LINE_BYTES_MAX} bytes")
    return line.rstrip(b"\r\n") if line.endswith(b"\n") else b""


def _headers(stream: BinaryIO) -> dict[str, str]:
    headers: dict[str, str] = {}
    while line := _line(stream):
        name, colon, text = line.decode("latin-1").partition(":")
        if not colon:
            raise NotHttp(400, "a header has no colon")
        headers[name.strip().lower()] = text.strip()
        if len(headers) > HEADERS_MAX:
            raise NotHttp(431, f"there are more than {HEADERS_MAX} headers")
    return headers


def _body(stream: BinaryIO, headers: Mapping[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").casefold() == "chunked":
        return _chunks(stream)
    length = headers.get("content-length", "0")
    if not length.isascii() or not length.isdigit():
        raise NotHttp(400, "Content-Length is not a number")
    return _exactly(stream, int(length))


def _chunks(stream: BinaryIO) -> bytes:
    body = bytearray()
    while True:
        size_text = _line(stream).partition(b";")[0]
        try:
            size = int(size_text, 16)
        except ValueError:
            raise NotHttp(400, "a chunk has no size") from None
        if size == 0:
            while _line(stream):
                pass
            return bytes(body)
        if len(body) + size > BODY_BYTES_MAX:
            raise NotHttp(413, f"the body is longer than {BODY_BYTES_MAX} bytes")
        body += _exactly(stream, size)
        _line(stream)


def _exactly(stream: BinaryIO, size: int) -> bytes:
    if size > BODY_BYTES_MAX:
        raise NotHttp(413, f"the body is longer than {BODY_BYTES_MAX} bytes")
    body = stream.read(size) if size else b""
    if len(body) < size:
        raise NotHttp(400, "the body ended early")
    return body

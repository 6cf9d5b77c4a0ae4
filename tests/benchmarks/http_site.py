"""A bare HTTP/1.1 server on asyncio: as little work for each request as can be, so that it is never the limit."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl

_LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)
_REASONS = {200: b"OK", 400: b"Bad Request", 404: b"Not Found", 409: b"Conflict"}
HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request; `path` without the query."""

    method: str
    path: str
    query: str
    body: bytes

    def params(self) -> dict[str, str]:
        """The query's parameters by name."""
        return dict(parse_qsl(self.query, keep_blank_values=True))


@dataclass(frozen=True, slots=True)
class Said:
    """One answer; `lost` cuts the connection instead of answering."""

    body: bytes
    status: int = 200
    lost: bool = False


Answer = Callable[[Asked], Said]


class Site:
    """One port: answers by a function, each answer after `latency_s`. `asked` counts the requests by path."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.latency_s = 0.0
        self.asked: dict[str, int] = {}

    async def open(self) -> int:
        """Open a free port on loopback; gives its number."""
        server = await asyncio.get_running_loop().create_server(lambda: _Connection(self), HOST, 0, backlog=512)
        return int(server.sockets[0].getsockname()[1])


class _Connection(asyncio.Protocol):
    def __init__(self, site: Site) -> None:
        self._site = site
        self._came = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._came += data
        while (end := self._came.find(b"\r\n\r\n")) >= 0:
            head = bytes(self._came[:end])
            found = _LENGTH.search(head)
            size = end + 4 + (int(found[1]) if found else 0)
            if len(self._came) < size:
                return
            body = bytes(self._came[end + 4 : size])
            del self._came[:size]
            self._serve(head.partition(b"\r\n")[0].decode("latin-1"), body)

    def _serve(self, line: str, body: bytes) -> None:
        method, target, _ = line.split(" ")
        path, _, query = target.partition("?")
        site = self._site
        site.asked[path] = site.asked.get(path, 0) + 1
        said = site.answer(Asked(method, path, query, body))
        if site.latency_s:
            asyncio.get_running_loop().call_later(site.latency_s, self._say, said)
        else:
            self._say(said)

    def _say(self, said: Said) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        if said.lost:
            self._transport.abort()
            return
        reason = _REASONS.get(said.status, b"Status")
        self._transport.write(
            b"HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
            % (said.status, reason, len(said.body), said.body)
        )

"""A lean sender of events: what it sends is signed beforehand, so that the server is what a measurement measures."""

from __future__ import annotations

import selectors
import socket
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import urlsplit

from engine.wire.webhook import sign
from engine.words.json_value import encode
from engine.words.secret import Secret
from tests.service.scene import RULE, SECRET, event

SENDERS = 32
ANSWER_S = 60.0


def made_requests(url: str, events: int) -> list[bytes]:
    """Signed events, as they go over the wire."""
    parts, now, secret = urlsplit(url), datetime.now(UTC), Secret(SECRET)
    made = []
    for _ in range(events):
        body = encode(event())
        headers = {"Host": parts.netloc, "Content-Type": "application/json", **sign(RULE, body, secret, now)}
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        made.append(f"POST {parts.path} HTTP/1.1\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    return made


def send(url: str, requests: Sequence[bytes]) -> Counter[int]:
    """Send them over `SENDERS` connections that are kept, one at a time on each; how often each status came."""
    parts, left, answers = urlsplit(url), list(requests), Counter[int]()
    with selectors.DefaultSelector() as selector:
        for _ in range(min(SENDERS, len(left))):
            one = socket.create_connection((parts.hostname or "", parts.port or 80), timeout=ANSWER_S)
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(one, selectors.EVENT_READ)
            one.sendall(left.pop())
        while selector.get_map():
            ready = selector.select(ANSWER_S)
            assert ready, "no answer any more"
            for key, _ in ready:
                one = key.fileobj
                assert isinstance(one, socket.socket)
                answers[status_of(one)] += 1
                if left:
                    one.sendall(left.pop())
                else:
                    selector.unregister(one)
                    one.close()
    return answers


def status_of(one: socket.socket) -> int:
    """The status of one whole answer."""
    got = b""
    while b"\r\n\r\n" not in got:
        got += _more(one)
    head, _, body = got.partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    length = next((int(line.partition(b":")[2]) for line in lines if line.startswith(b"content-length:")), 0)
    while len(body) < length:
        body += _more(one)
    return int(head.split()[1])


def _more(one: socket.socket) -> bytes:
    got = one.recv(65536)
    assert got, "the connection was ended before the whole answer"
    return got

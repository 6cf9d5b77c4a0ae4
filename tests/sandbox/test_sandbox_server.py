"""The server speaks HTTP with clients that do and that do not keep to it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from engine.faces.sandbox.exchange import SandboxRequest, SandboxResponse
from engine.faces.sandbox.http_text import Delivery
from engine.faces.sandbox.listener import Listener


def _echo(request: SandboxRequest) -> Delivery:
    if request.path == "/broken":
        raise ZeroDivisionError
    shown = {
        "method": request.method,
        "path": request.path,
        "query": [list(pair) for pair in request.query],
        "body": request.body.decode("latin-1"),
        "x": request.headers.get("x-case", ""),
    }
    return Delivery(response=SandboxResponse.json(200, shown, X_Split="a\r\nInjected: b"))


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener(_echo)
    made.start()
    yield made
    made.stop()


def _raw(listener: Listener, sent: bytes) -> bytes:
    port = httpx.URL(listener.url).port
    assert port is not None
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        received = b""
        while piece := connection.recv(65_536):
            received += piece
    return received


def test_a_request_arrives_as_it_was_sent(listener: Listener) -> None:
    answer = httpx.post(
        f"{listener.url}/a%2Fb('x')?$filter=A%20eq%20'1'&e=", content=b"body", headers={"X-Case": "Kept"}
    ).json()

    assert answer == {
        "method": "POST",
        "path": "/a%2Fb('x')",
        "query": [["$filter", "A eq '1'"], ["e", ""]],
        "body": "body",
        "x": "Kept",
    }


def test_header_values_cannot_add_headers(listener: Listener) -> None:
    assert "injected" not in httpx.get(listener.url).headers


def test_chunked_bodies_are_read(listener: Listener) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"one,"
        yield b"two"

    assert httpx.post(listener.url, content=pieces()).json()["body"] == "one,two"


def test_one_connection_serves_many_requests(listener: Listener) -> None:
    twice = b"GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    assert _raw(listener, twice).count(b"HTTP/1.1 200 OK") == 2


def test_expect_continue_is_answered(listener: Listener) -> None:
    sent = b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi"
    received = _raw(listener, sent)
    assert received.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nshort", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", b"413"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"400"),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", b"431"),
        (b"GET / HTTP/1.1\r\n" + b"".join(b"h%d: 1\r\n" % n for n in range(200)) + b"\r\n", b"431"),
    ],
)
def test_what_is_not_http_is_refused(listener: Listener, sent: bytes, status: bytes) -> None:
    assert _raw(listener, sent).startswith(b"HTTP/1.1 " + status)
    assert httpx.get(listener.url).status_code == 200


def test_a_defect_answers_500_and_the_server_goes_on(listener: Listener) -> None:
    assert httpx.get(f"{listener.url}/broken").status_code == 500
    assert httpx.get(listener.url).status_code == 200


def test_clients_that_leave_disturb_nobody(listener: Listener) -> None:
    port = httpx.URL(listener.url).port
    for sent in (b"", b"GET / HTT", b"POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\nhalf"):
        with socket.create_connection(("127.0.0.1", port or 0)) as connection:
            connection.sendall(sent)
    assert httpx.get(listener.url).status_code == 200


def test_many_clients_are_served_at_once(listener: Listener) -> None:
    with httpx.Client(base_url=listener.url) as client, ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda number: client.get(f"/{number}").json()["path"], range(300)))
    assert answers == [f"/{number}" for number in range(300)]


def test_after_stop_the_port_is_closed_and_stop_may_be_repeated() -> None:
    listener = Listener(_echo)
    listener.start()
    listener.stop()
    listener.stop()
    with pytest.raises(httpx.ConnectError):
        httpx.get(listener.url)

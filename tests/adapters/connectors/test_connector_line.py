"""What goes over the wire, seen by a server made of a bare socket: when it leaves, and what its end proves."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager

import pytest

from engine.adapters.connectors import line
from engine.adapters.connectors.transport import AnswerLost, HttpTransport, NotSent, TransportSettings
from engine.wire.request import Request
from engine.words.clock import SystemClock

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
GET = Request(method="GET", path="/x")
POST = Request.json("POST", "/x", {"a": "b" * 500}, effect=True)


class Bare:
    """Hands each connection to the next of its acts, on a thread of its own; keeps what was accepted."""

    def __init__(self, *acts) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self.accepted = 0
        self.came: list[bytes] = []
        self._acts = list(acts)
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            act = self._acts.pop(0) if len(self._acts) > 1 else self._acts[0]
            self.accepted += 1
            thread = threading.Thread(target=self._serve, args=(connection, act))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket, act) -> None:
        with connection:
            act(self, connection)

    def heard(self, connection: socket.socket) -> bytes:
        self.came.append(connection.recv(65_536))
        return self.came[-1]

    def stop(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for thread in self._threads:
            thread.join(5)


@contextmanager
def calling(*acts, **settings):
    server = Bare(*acts)
    transport = HttpTransport(
        TransportSettings(base_url=server.url, in_flight=1, **{"read_timeout_s": 5, **settings}), SystemClock()
    )
    try:
        yield server, transport
    finally:
        transport.close()
        server.stop()


def answering(answer: bytes):
    """Answers each request with these bytes, and keeps the connection."""

    def act(server: Bare, connection: socket.socket) -> None:
        while server.heard(connection):
            connection.sendall(answer)

    return act


def once(answer: bytes):
    """Answers one request with these bytes, and closes."""

    def act(server: Bare, connection: socket.socket) -> None:
        server.heard(connection)
        connection.sendall(answer)

    return act


class TestSending:
    def test_a_request_leaves_in_one_piece(self, monkeypatch):
        sizes = []
        real = socket.socket.send

        def counted(self, data, *flags):
            sizes.append(len(data))
            assert self.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            return real(self, data, *flags)

        with calling(answering(OK)) as (server, transport):
            monkeypatch.setattr(socket.socket, "send", counted)
            for _ in range(3):
                assert transport.send(POST).json() == {}
            monkeypatch.undo()
        came = [piece for piece in server.came if piece]
        assert [len(piece) for piece in came] == sizes
        assert len(came) == 3
        assert all(piece.endswith(POST.body) for piece in came)
        assert server.accepted == 1, "one connection was kept"

    def test_what_is_sent(self):
        headers = {"accept": "text/x", "X-Key": "k"}
        with calling(answering(OK)) as (server, transport):
            transport.send(Request(method="POST", path="/a?b=c", headers=headers, body=b"xy"))
            transport.send(Request(method="PUT", path="/a"))
            transport.send(GET)
        host = server.url.removeprefix("http://")
        own = "X-Key: k\r\n"
        usual = "Accept-Encoding: gzip\r\nConnection: keep-alive\r\nUser-Agent: ml-connector\r\n"
        assert [piece.decode() for piece in server.came if piece] == [
            f"POST /a?b=c HTTP/1.1\r\nHost: {host}\r\naccept: text/x\r\n{usual}{own}Content-Length: 2\r\n\r\nxy",
            f"PUT /a HTTP/1.1\r\nHost: {host}\r\nAccept: */*\r\n{usual}Content-Length: 0\r\n\r\n",
            f"GET /x HTTP/1.1\r\nHost: {host}\r\nAccept: */*\r\n{usual}\r\n",
        ]

    @pytest.mark.parametrize(
        "headers",
        [
            {"X": " a"},
            {"X": "a\r\nY: b"},
            {"X": "ä"},
            {"X Y": "a"},
            {"X:": "a"},
            {"": "a"},
            {"Content-Length": "7"},
            {"transfer-encoding": "chunked"},
        ],
    )
    def test_what_http_does_not_allow_is_not_sent(self, headers):
        with calling(answering(OK)) as (server, transport):
            with pytest.raises(NotSent) as caught:
                transport.send(Request(method="POST", path="/x", headers=headers, body=b"xy"))
            assert transport.send(GET).status == 200
        assert caught.value.lasting
        assert b"POST" not in b"".join(server.came)

    def test_a_server_that_takes_no_more_is_a_lost_answer(self):
        free = threading.Event()
        large = Request(method="POST", path="/x", body=b"x" * 50_000_000)
        with calling(lambda _server, _connection: free.wait(10), write_timeout_s=0.2) as (_, transport):
            with pytest.raises(AnswerLost, match="time-out"):
                transport.send(large)
            free.set()

    def test_a_slow_server_gets_all_of_a_large_body(self):
        got = []

        def act(_server, connection):
            while sum(got) < 20_000_000 and (piece := connection.recv(1_000_000)):
                got.append(len(piece))
                time.sleep(0.01)
            connection.sendall(OK)

        body = b"x" * 20_000_000
        with calling(act) as (_, transport):
            assert transport.send(Request(method="POST", path="/x", body=body)).status == 200
        assert sum(got) >= len(body)

    def test_an_answer_before_the_body_was_taken_is_heard(self):
        def act(_server, connection):
            connection.recv(100)
            connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

        with calling(act) as (_, transport):
            assert transport.send(Request(method="POST", path="/x", body=b"x" * 3_000_000)).status == 413


class TestKeeping:
    def test_a_connection_that_was_closed_meanwhile_is_replaced_before_anything_is_sent(self):
        with calling(once(OK), answering(OK)) as (server, transport):
            assert transport.send(POST).status == 200
            time.sleep(0.05)
            assert transport.send(POST).status == 200
            assert server.accepted == 2
        assert [piece[:4] for piece in server.came if piece] == [b"POST", b"POST"]

    def test_one_that_rested_for_long_is_replaced(self, monkeypatch):
        with calling(answering(OK)) as (server, transport):
            transport.send(GET)
            monkeypatch.setattr(line, "KEEP_ALIVE_S", -1)
            transport.send(GET)
            assert server.accepted == 2

    @pytest.mark.parametrize(
        "answer",
        [
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}",
            b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}",
            OK + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
            OK + b"x",
            OK + b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nevil",
            OK + b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
            OK + b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        ],
    )
    def test_one_that_says_it_ends_or_says_too_much_is_not_used_again(self, answer):
        with calling(answering(answer)) as (server, transport):
            assert [transport.send(GET).body for _ in range(3)] == [b"{}"] * 3
            assert server.accepted == 3

    def test_after_a_lost_answer_the_next_request_has_a_connection_of_its_own(self):
        late = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst"

        def slow(server, connection):
            server.heard(connection)
            assert server.heard(connection) == b"", "it was given up at once"
            connection.sendall(late)

        with calling(slow, answering(OK), read_timeout_s=0.1) as (server, transport):
            with pytest.raises(AnswerLost, match="no answer within the time-out"):
                transport.send(POST)
            time.sleep(0.1)
            assert [bool(piece) for piece in server.came] == [True, False]
            assert transport.send(POST).body == b"{}"


class TestAnswers:
    @pytest.mark.parametrize(
        ("answer", "body"),
        [
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2;x=y\r\nbc\r\n0\r\n\r\n", b"abc"),
            (b"HTTP/1.1 200 OK\r\n\r\nto the end", b"to the end"),
            (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK, b"{}"),
            (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
            (
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n"
                + b"1\r\na\r\n" * 50_000
                + b"0\r\nX: y\r\n\r\n",
                b"a" * 50_000,
            ),
            (b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", b""),
        ],
    )
    def test_forms_of_an_answer(self, answer, body):
        with calling(once(answer)) as (_, transport):
            assert transport.send(GET).body == body

    @pytest.mark.parametrize(
        ("answer", "body"),
        [
            (OK, b"{}"),
            (b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\n" + OK, b"{}"),
            (
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nab\r\n1\r\nc\r\n0\r\nT: v\r\n\r\n",
                b"abc",
            ),
            (b"HTTP/1.1 200 OK\r\nX: y\r\n\r\nto the end", b"to the end"),
        ],
    )
    def test_it_may_come_byte_by_byte(self, answer, body):
        def act(server, connection):
            server.heard(connection)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for byte in answer:
                connection.sendall(bytes([byte]))

        with calling(act) as (_, transport):
            assert transport.send(GET).body == body

    def test_headers_of_one_name_are_joined_and_odd_bytes_shown(self):
        answer = b"HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a: 2\r\nX-B: \xc3\xa4\xff\r\nContent-Length: 0\r\n\r\n"
        with calling(once(answer)) as (_, transport):
            assert transport.send(GET).headers == {"x-a": "1, 2", "x-b": "Ã¤ÿ", "content-length": "0"}

    @pytest.mark.parametrize(
        "answer",
        [
            b"",
            b"HTTP/1.1 200",
            OK[:-1],
            b"hello\r\n\r\n",
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent Length: 3\r\n\r\n{}",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n{}",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;" + b"x" * 200_000 + b"\r\n{}\r\n0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: " + b"x" * 200_000 + b"\r\n\r\n",
            b"HTTP/1.1 102 Processing\r\n\r\n" * 5_000,
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: a\r\n b\r\n\r\n{}",
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: a\0b\r\n\r\n{}",
            b"HTTP/1.1 099 No\r\nContent-Length: 2\r\n\r\n{}",
            b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000 + b"\r\n\r\n{}",
            b"HTTP/2 200\r\n\r\n",
        ],
    )
    def test_what_is_no_whole_answer_is_a_lost_one(self, answer):
        with calling(once(answer)) as (server, transport):
            with pytest.raises(AnswerLost, match="broke before the whole answer"):
                transport.send(POST)
            assert server.accepted == 1, "and it is not sent again"

    def test_a_protocol_that_was_asked_for_is_not_switched_to(self):
        switched = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nhello"
        asked = Request(method="GET", path="/", headers={"Upgrade": "x", "Connection": "upgrade"})
        with calling(once(switched)) as (_, transport), pytest.raises(AnswerLost, match="HttpParserUpgrade"):
            transport.send(asked)

    def test_one_that_trickles_ends_when_it_may_take_no_longer(self):
        def act(server, connection):
            server.heard(connection)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
            for _ in range(100):
                try:
                    connection.sendall(b"x")
                except OSError:
                    return
                time.sleep(0.03)

        began_s = time.monotonic()
        with calling(act, answer_max_s=0.3) as (_, transport), pytest.raises(AnswerLost, match=r"longer than 0\.3"):
            transport.send(GET)
        assert time.monotonic() - began_s < 2

    def test_the_patience_of_one_request(self):
        def act(server, connection):
            server.heard(connection)
            time.sleep(0.3)
            connection.sendall(OK)

        with calling(act, read_timeout_s=5) as (_, transport), pytest.raises(AnswerLost, match="time-out"):
            transport.send(Request(method="GET", path="/x", timeout_s=0.1))


class TestReaching:
    def test_each_address_of_a_name_is_tried(self, monkeypatch):
        real = socket.getaddrinfo

        def two(host, port, *rest, **named):
            hosts = ("127.0.0.2", "127.0.0.1") if host == "localhost" else (host,)
            return [found for one in hosts for found in real(one, port, *rest, **named)]

        monkeypatch.setattr(socket, "getaddrinfo", two)
        with calling(answering(OK)) as (server, _):
            transport = HttpTransport(
                TransportSettings(base_url=server.url.replace("127.0.0.1", "localhost")), SystemClock()
            )
            assert transport.send(GET).status == 200
            transport.close()

    def test_a_port_that_does_not_speak_tls_gets_nothing_of_the_request(self):
        with calling(once(b"hello\r\n")) as (server, _):
            transport = HttpTransport(TransportSettings(base_url=server.url.replace("http", "https")), SystemClock())
            with pytest.raises(NotSent, match="no connection to https://127"):
                transport.send(POST)
            transport.close()
        assert server.accepted == 1
        assert b"POST" not in b"".join(server.came)

    def test_a_request_to_a_login_server_does_not_go_over_the_connection_of_the_other(self):
        with calling(answering(OK)) as (login, _), calling(answering(OK)) as (server, _):
            transport = HttpTransport(
                TransportSettings(base_url=server.url, origins=(login.url,), in_flight=1), SystemClock()
            )
            for path in ("x", f"{login.url}/token", "y"):
                transport.send(Request(method="GET", path=path))
            transport.close()
        assert [piece.split()[1] for piece in server.came if piece] == [b"/x", b"/y"]
        assert [piece.split()[1] for piece in login.came if piece] == [b"/token"]

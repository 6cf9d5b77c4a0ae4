"""Attacks on addresses, links, packed answers, CSV, terminals and YAML: refused or defused, with a clear message."""

from __future__ import annotations

import csv
import gzip
import io
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlencode

import pytest

from engine.adapters.connectors.address import Address, NotAllowed
from engine.adapters.connectors.answers import as_answer, judge_json_api, show_response
from engine.adapters.connectors.driver import Exchange
from engine.adapters.connectors.network import PrivateAddress, Reach
from engine.adapters.connectors.transport import AnswerLost, HttpTransport, NotSent, TransportSettings
from engine.domain.outcome import Proof
from engine.faces.commands.output import clean, one_line
from engine.language.spec.connections import load_connections
from engine.run.csv_text import csv_text
from engine.wire.masking import MASK, mask_text, mask_value, may_hold_secrets
from engine.wire.paging import next_link
from engine.wire.request import Request, Response, path_segment
from engine.words.clock import SystemClock
from engine.words.json_value import NotJson, encode

GET = Request(method="GET", path="/x")
SIGNED = "https://files.example.com/r.pdf?X-Amz-Signature=abc123&X-Amz-Expires=900"


@contextmanager
def server(answer: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """Answers every connection with the same bytes, and keeps what came."""
    listening = socket.create_server(("127.0.0.1", 0))
    came: list[bytes] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                came.append(connection.recv(65_536))
                with suppress(OSError):  # the client takes no more of it
                    connection.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", came
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()


def sent(url: str, **settings: object) -> object:
    transport = HttpTransport(
        TransportSettings(base_url=url, connect_timeout_s=2, read_timeout_s=2, **settings),  # type: ignore[arg-type]
        SystemClock(),
    )
    try:
        return transport.send(GET)
    finally:
        transport.close()


class TestPrivateNetworks:
    @pytest.mark.parametrize(
        "address",
        [
            "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
            "255.255.255.255", "fd00::1", "fe80::1%eth0", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "::",
            "::10.0.0.1", "::ffff:0:10.0.0.1", "64:ff9b:1::a00:1", "fec0::1", "5f00::1", "2001:0:4136:e378::1",
            "::127.0.0.1", "::ffff:0:127.0.0.1", "192.0.0.8", "192.88.99.1", "198.18.0.1", "ff0e::1",
        ],
    )  # fmt: skip
    def test_they_are_refused_unless_allowed(self, address: str) -> None:
        with pytest.raises(PrivateAddress, match="allow_private_addresses: true"):
            Reach().check("erp.example.com", address)
        Reach(private=True).check("erp.example.com", address)

    @pytest.mark.parametrize("address", ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"])
    def test_a_public_name_never_leads_to_this_machine(self, address: str) -> None:
        with pytest.raises(PrivateAddress, match="this machine itself"):
            Reach().check("erp.example.com", address)
        Reach().check("localhost", address)
        with pytest.raises(PrivateAddress):
            Reach(loopback=False).check("localhost", address)

    @pytest.mark.parametrize("address", ["93.184.216.34", "2606:4700::1111"])
    def test_public_addresses_are_reached(self, address: str) -> None:
        Reach().check("erp.example.com", address)

    def test_the_transport_looks_at_the_address_it_connects_to(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with server(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}") as (url, came):
            port = int(url.rpartition(":")[2])
            assert sent(url)
            asked: list[str] = []

            def rebound(host: str, *_: object, **__: object) -> list[object]:
                asked.append(host)
                return [(2, 1, 6, "", ("127.0.0.1", port))]

            monkeypatch.setattr(socket, "getaddrinfo", rebound)
            came.clear()
            with pytest.raises(NotSent, match="this machine itself") as caught:
                sent(f"https://erp.example.com:{port}")
            assert caught.value.lasting
            assert asked == ["erp.example.com"]
            assert came == [], "not one byte left"


class TestAddresses:
    @pytest.mark.parametrize(
        "link",
        [
            "https://evil.example/v1?page=2",
            "https://api.example.com.evil.example/",
            "https://api.example.com@evil.example/",
            "https://api.example.com:8443/",
            "http://api.example.com/",
            "HTTPS://API.EXAMPLE.COM@127.0.0.1/",
            "ftp://api.example.com/",
            "file:///etc/passwd",
            "https://api.example.com/../../etc",
            "https://api.example.com/%2e%2e/x",
            "https://api.example.com/x\r\nX-Evil: 1",
            "https://api.example.com\\@evil.example/",
            "https://api.example.com:443/\\evil.example",
            "https://api.example.com%2eevil.example/",
            "https://api.example.com:443:80/",
            "v1/..%2F..%2Fadmin",
            "v1/a%5C..%5C..%5Cadmin",
            "v1/%252e%252e/admin",
            "v1/..;x=1/admin",
            "v1/%2e./admin",
            "v1/x%00y",
            "v1/%252525252525252525252e%2e/admin",
            "v1/x%0d%0aSet-Cookie:y",
        ],
    )
    def test_a_next_link_to_another_place_is_not_followed(self, link: str) -> None:
        with pytest.raises(NotAllowed):
            Address("https://api.example.com").place(Request(method="GET", path=link))

    @pytest.mark.parametrize(
        "text",
        ["../x", "a/b", "a?b=c", "../../x", "..\\x", "a\tb", "a#b", "a%2fb", "a'b", "ä b", "a\r\nb", "..", "a;b"],
    )
    def test_a_templated_segment_stays_one_segment(self, text: str) -> None:
        segment = path_segment(text)
        assert not set(segment) & set("/?#%\r\n ';") - {"%"}
        if ".." in text or "\r" in text or "\t" in text:
            with pytest.raises(NotAllowed):
                Address("https://h.example").place(Request(method="GET", path=f"v1/{segment}/y"))
        else:
            place = Address("https://h.example").place(Request(method="GET", path=f"v1/{segment}/y"))
            assert place[1].split("/") == ["", "v1", segment, "y"]

    def test_a_redirect_is_an_answer_and_not_followed(self) -> None:
        with server(b"HTTP/1.1 302 Found\r\nLocation: https://evil.example/\r\nContent-Length: 0\r\n\r\n") as (
            url,
            came,
        ):
            assert sent(url).status == 302  # type: ignore[attr-defined]
            assert len(came) == 1

    @pytest.mark.parametrize(
        ("url", "said"),
        [
            ("http://erp.example.com", "http sends credentials in the clear"),
            ("https://user:pass@erp.example.com", "the address holds a login"),
            ("https://", "an address such as https://"),
        ],
    )
    def test_base_urls_in_connections_yaml(self, url: str, said: str, tmp_path: Path) -> None:
        file = tmp_path / "connections.yaml"
        file.write_text(f'connections:\n  x: {{kind: rest, environment: test, base_url: "{url}"}}\n')
        _, problems = load_connections(file, shown_from=tmp_path, kinds={"rest": {"properties": {}}})
        (problem,) = (one for one in problems if not one.is_warning)
        assert said in str(problem)
        assert problem.place.line == 2


class TestAnswers:
    def test_a_packed_answer_is_not_unpacked_beyond_its_limit(self) -> None:
        bomb = gzip.compress(b"0" * 50_000_000)
        head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n".encode()
        with server(head + bomb) as (url, _), pytest.raises(AnswerLost, match="larger than 1000000 bytes"):
            sent(url, body_max_bytes=1_000_000)

    def test_an_endless_answer_is_cut_off(self) -> None:
        body = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"x" * 3_000_000
        with server(body) as (url, _), pytest.raises(AnswerLost, match="body_max_bytes"):
            sent(url, body_max_bytes=1_000_000)

    @pytest.mark.parametrize("number", ["1e99999999999999999999", "1E-99999999999999999999", "1e101", "9" * 5000])
    def test_a_number_of_any_size_is_at_most_an_answer_that_is_not_json(self, number: str) -> None:
        body = f'[{{"amount": {number}}}]'.encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        with server(head + body) as (url, _):
            answer = sent(url)
        with pytest.raises(NotJson):
            answer.json()  # type: ignore[attr-defined]
        assert judge_json_api(answer).proof is Proof.NONE  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        "behind", [gzip.compress(b",2]"), b"x", b"\0" * 3_000_000], ids=["another", "a byte", "much"]
    )
    def test_what_comes_behind_a_packed_answer_is_not_left_out_silently(self, behind: bytes) -> None:
        packed = gzip.compress(b"[1]") + behind
        head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n".encode()
        with server(head + packed) as (url, _), pytest.raises(AnswerLost, match="goes on behind its end"):
            sent(url)

    def test_an_encoding_that_was_not_asked_for_is_refused(self) -> None:
        with (
            server(b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 2\r\n\r\nxx") as (url, _),
            pytest.raises(AnswerLost, match="encoded as br"),
        ):
            sent(url)


SLOW_BODIES = {
    "titles": b"<html>" + b"<title>" * 28_000,
    "titles that do not end": b"<html>" + b"<title" * 33_000,
    "tags in a title": b"<html><title>" + b"<" * 180_000 + b"</title>",
    "messages": b"<ApiExceptionResponse " + b"<ErrorMessage>" * 14_000,
    "links": b'{"error": "' + b"https://" * 250_000 + b'"}',
    "logins": b'{"error": "' + b"https://a" * 250_000 + b'"}',
    "signatures": b'{"error": "' + b"?x-amz-" * 250_000 + b'"}',
    "cuts": b'{"error": "' + "planted…".encode() * 60_000 + b'"}',
}


class TestTime:
    """What comes from outside is read in a time that grows with its length, not with the square of it."""

    @pytest.mark.parametrize("body", SLOW_BODIES.values(), ids=SLOW_BODIES)
    def test_no_answer_is_slow_to_word_or_to_mask(self, body: bytes) -> None:
        began_s = time.process_time()
        for status in (200, 500):
            judge_json_api(Response(status=status, body=body))
            show_response(Response(status=status, body=body), ("planted-secret" * 20,))
        assert time.process_time() - began_s < 2

    @pytest.mark.parametrize("header", ["<" * 100_000, '<a>; rel="' + "next " * 20_000, "<a>" + "; " * 50_000])
    def test_nor_a_link_to_the_next_page(self, header: str) -> None:
        began_s = time.process_time()
        assert next_link(header) is None
        assert time.process_time() - began_s < 1

    def test_nor_a_path_that_is_encoded_again_and_again(self) -> None:
        began_s = time.process_time()
        with pytest.raises(NotAllowed):
            Address("https://h.example").place(Request(method="GET", path=f"v1/%{'25' * 100_000}2e"))
        assert time.process_time() - began_s < 1


class TestText:
    @pytest.mark.parametrize(
        "text",
        [
            "\x1b]0;title\x07", "\x1b[2J\x1b[31mred", "\x9b31m", "a\rb", "\u202egnp.exe", "\u2066x\u2069", "\x00",
            "\x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\", "\x7f", "a\u2028b",
        ],
    )  # fmt: skip
    def test_terminal_text_is_stripped(self, text: str) -> None:
        shown = one_line(text)
        assert all(letter.isprintable() for letter in shown)
        assert "\x1b" not in clean(text)

    @pytest.mark.parametrize(
        "cell",
        ["=cmd|'/c calc'!A1", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://evil")', "-x", "+"],
    )
    def test_exported_csv_has_no_formula(self, cell: str) -> None:
        (row,) = list(csv.reader(io.StringIO(csv_text(["name"], [{"name": cell}]), newline="")))[1:]
        assert row[0].startswith("'")

    def test_a_carriage_return_does_not_begin_a_new_row(self) -> None:
        rows = list(csv.reader(io.StringIO(csv_text(["name", "b"], [{"name": "a\r=1+1", "b": "x"}]), newline="")))
        assert rows[1:] == [["a\n=1+1", "x"]]

    @pytest.mark.parametrize("cell", ["-12.50", "+3", "12", "A-1", "0", ""])
    def test_numbers_and_words_stay_as_they_are(self, cell: str) -> None:
        assert csv_text(["name", "b"], [{"name": cell, "b": "x"}]).splitlines()[1] == f"{cell},x"


class TestLinks:
    @pytest.mark.parametrize(
        "text",
        [
            SIGNED,
            f"see {SIGNED} for it",
            f"({SIGNED})",
            f'"{SIGNED}"',
            f"'{SIGNED}'",
            SIGNED.upper(),
            f"{SIGNED} and {SIGNED}",
            f"https://archive.example/{SIGNED}",
            f"{SIGNED}&name=O'Brien&X-Amz-Token=abc123",
            SIGNED.replace("files.example.com/", f"files.example.com/{'a' * 3000}/files.example.com/"),
        ],
    )
    def test_the_query_of_a_link_is_masked_wherever_it_stands(self, text: str) -> None:
        shown = mask_text(text)
        assert "abc123" not in shown.casefold()
        assert "x-amz" not in shown.casefold()
        assert "files.example.com/r.pdf?" in shown.casefold()
        assert MASK in shown

    @pytest.mark.parametrize(
        "text",
        [
            "//files.example.com/r.pdf?X-Amz-Signature=abc123", "my receipt.pdf?Signature=abc123&x=1",
            "https://files.example.com/my receipt.pdf?a=1&sig=abc123", "s3://b/r.pdf?X-Amz-Security-Token=abc123",
            "https://user:abc123@files.example.com/r.pdf", "postgresql://ml:abc123@db.example/ledger",
        ],
    )  # fmt: skip
    def test_so_are_a_login_in_a_link_and_a_signature_that_stands_alone(self, text: str) -> None:
        for shown in (mask_text(text), clean(text)):
            assert "abc123" not in shown
            assert MASK in shown
        assert may_hold_secrets(f'["{text}"]'.encode())

    def test_in_every_depth_of_a_body(self) -> None:
        shown = mask_value({"ds": {"APInvHed": [{"Comment": f"paper: {SIGNED}", "receipt_link": SIGNED, "n": 1}]}})
        assert "abc123" not in repr(shown)
        assert shown["ds"]["APInvHed"][0]["n"] == 1

    def test_a_link_without_a_query_stays(self) -> None:
        assert mask_text("https://h.example/a/b and c?d=e") == "https://h.example/a/b and c?d=e"

    def test_business_stays(self) -> None:
        for text in ("a=b", "5 @ 3.00", "me@example.com", "https://h.example/a@b", "?key=6100&department=10", "://"):
            assert mask_text(text) == text


class TestSecretsInWords:
    """A system that repeats what it was sent, in whatever spelling, in a text that is cut for a person."""

    SECRET = "planted/secret+9=="

    @pytest.mark.parametrize("before", range(570, 601))
    def test_the_beginning_of_one_that_was_cut_is_masked(self, before: int) -> None:
        said = encode({"ErrorMessage": f"{'x' * before}{self.SECRET}"})
        answer = as_answer(
            Exchange(request=GET, response=Response(status=400, body=said)),
            judge_json_api,
            hidden=(self.SECRET, "other"),
            retry_after_s=None,
        )
        assert "plan" not in answer.message
        assert answer.message.startswith("x" * before)

    def test_it_is_known_as_a_form_spells_it(self) -> None:
        said = encode({"error": "invalid_grant", "error_description": urlencode({"client_secret": self.SECRET})})
        response = Response(status=400, body=said)
        assert mask_text(judge_json_api(response).message, (self.SECRET,)) == f"invalid_grant: client_secret={MASK}"
        assert "planted" not in repr(show_response(response, (self.SECRET,)))

    @pytest.mark.parametrize("name", ["token", "Session-Token", "auth_token", "privateKey", "webhook_secret", "pwd"])
    def test_a_new_one_that_nobody_knows_yet_is_told_by_its_name(self, name: str) -> None:
        assert show_response(Response(status=200, body=encode({name: "x1"})), ())["body"] == {name: MASK}

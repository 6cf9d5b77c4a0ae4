"""The transport's own promises: verified TLS, only its own addresses, a kept pace; and how rows are compared."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from playback import Playback, Reply, reply
from subjects import START

from engine.adapters.connectors.address import Address, NotAllowed
from engine.adapters.connectors.matching import comparable
from engine.adapters.connectors.pace import Pace
from engine.adapters.connectors.transport import AnswerLost, HttpTransport, NotSent, TransportSettings
from engine.wire.request import Request, path_segment
from engine.words.clock import ManualClock
from engine.words.errors import InputError

GET = Request.json("GET", "/x")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate of this machine, signed by itself; the file is also its authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    pem = built.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "ca.pem").write_bytes(pem)
    (folder / "both.pem").write_bytes(secret + pem)
    return folder


@pytest.fixture
def secure(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "both.pem")
    playback = Playback(lambda _asked: reply({"ok": True}), tls=context)
    yield playback
    playback.stop()


def sent(url, **settings):
    transport = HttpTransport(TransportSettings(base_url=url, **settings), ManualClock(START))
    try:
        return transport.send(GET)
    finally:
        transport.close()


def test_a_certificate_nobody_signed_is_refused(secure):
    with pytest.raises(NotSent, match=r"certificate of https://127.* is not trusted .*ca_file"):
        sent(secure.url)
    assert secure.asked == []


def test_a_companys_own_authority_is_accepted_beside_the_usual_ones(secure, certificate):
    assert sent(secure.url, ca_file=certificate / "ca.pem").json() == {"ok": True}


def test_an_answer_over_tls_that_does_not_come_is_waited_for_no_longer_than_it_may(secure, certificate):
    secure.play(Reply(delay_s=1))
    with pytest.raises(AnswerLost, match="no answer within the time-out"):
        sent(secure.url, ca_file=certificate / "ca.pem", read_timeout_s=0.1)


def test_large_bodies_over_tls(secure, certificate):
    secure.respond = lambda asked: Reply(body=asked.body)
    body = bytes(range(256)) * 20_000
    transport = HttpTransport(
        TransportSettings(base_url=secure.url, ca_file=certificate / "ca.pem"), ManualClock(START)
    )
    posted = Request(method="POST", path="/x", body=body)
    assert [transport.send(posted).body == body for _ in range(2)] == [True, True]
    transport.close()


@pytest.mark.parametrize("says_goodbye", [True, False])
def test_over_tls_the_end_of_an_answer_without_a_length_must_be_told(certificate, says_goodbye):
    """Anybody on the way can end a connection of TCP; only the other side can say in TLS that it is at its end."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "both.pem")

    def serve():
        plain, _ = listening.accept()
        with context.wrap_socket(plain, server_side=True) as connection:
            connection.recv(65_536)
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n[1]")
            if says_goodbye:
                with contextlib.suppress(OSError):  # the client closes without waiting for it
                    connection.unwrap()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = threading.Thread(target=serve)
        serving.start()
        url = f"https://127.0.0.1:{listening.getsockname()[1]}"
        try:
            if says_goodbye:
                assert sent(url, ca_file=certificate / "ca.pem").json() == [1]
            else:
                with pytest.raises(AnswerLost, match="broke before the whole answer"):
                    sent(url, ca_file=certificate / "ca.pem")
        finally:
            serving.join(5)


def test_proxies_of_the_environment_are_not_used(secure, certificate, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere")
    assert sent(secure.url, ca_file=certificate / "ca.pem").status == 200


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("v1/a/", "https://h.example:443 /base/v1/a/"),
        ("/v1/a%2Fb?x=1", "https://h.example:443 /base/v1/a%2Fb?x=1&q=1%202%2B3"),
        ('v1/a"b{c}<d>`e', "https://h.example:443 /base/v1/a%22b%7Bc%7D%3Cd%3E%60e"),
        (path_segment("INV/7 %'ä"), "https://h.example:443 /base/INV%2F7%20%25%27%C3%A4"),
        ("https://h.example:443/other", "https://h.example:443 /other"),
        ("HTTPS://H.Example?x=1", "https://h.example:443 /?x=1&q=1%202%2B3"),
        ("https://login.example/token", "https://login.example:443 /token"),
    ],
)
def test_addresses(path, place):
    address = Address("https://h.example/base/", ("https://login.example/x",))
    params = (("q", "1 2+3"),) if "?" in path else ()
    origin, target = address.place(Request(method="GET", path=path, params=params))
    assert f"{origin} {target}" == place


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://h.example", "h.example"),
        ("https://h.example:443", "h.example"),
        ("https://h.example:80", "h.example:80"),
        ("http://127.0.0.1", "127.0.0.1"),
        ("http://[::1]:81", "[::1]:81"),
    ],
)
def test_what_the_header_host_says(url, said):
    assert Address(url).origin.header.decode() == said


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example/",
        "http://h.example/",
        "https://h.example:444/",
        "https://h.example@evil.example/",
        "https://h.example:x/",
        "https://[h.example/",
        "a/../b",
        "a/%2E%2e/b",
        "a/./b",
        "a//b",
        "a b",
        "a#b",
        "ä",
        "a\r\nHost: evil",
    ],
)
def test_addresses_that_lead_elsewhere(path):
    with pytest.raises(NotAllowed):
        Address("https://h.example/base").place(Request(method="GET", path=path))


@pytest.mark.parametrize(
    "url",
    ["http://h.example", "https://u:p@h.example", "https://h.example?x=1", "https://h.example/ä", "h.example", ""],
)
def test_base_urls_that_are_refused(url):
    with pytest.raises(InputError):
        Address(url)


def test_this_machine_may_be_called_without_tls():
    for host in ("127.0.0.1:80", "localhost:8080", "[::1]:81"):
        assert str(Address(f"http://{host}").origin) == f"http://{host}"


def test_the_pace_allows_a_burst_and_then_its_rate():
    clock = ManualClock(START)
    pace = Pace(4, clock)
    times = []
    for _ in range(8):
        pace.wait()
        times.append(clock.instant().seconds)
    assert times == [0, 0, 0, 0, 0.25, 0.5, 0.75, 1.0]


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (" Inv-1 ", "INV-1"),
        ("STRASSE", "straße"),
        (231, "231"),
        (Decimal("12.50"), Decimal("12.5")),
        (Decimal("1E+2"), 100),
        (Decimal("-0.0"), 0),
        (True, "true"),
        (None, ""),
        (date(2026, 11, 5), "2026-11-05T00:00:00"),
        (date(2026, 11, 5), "2026-11-05T00:00:00Z"),
        (date(2026, 11, 5), "2026-11-05T00:00:00.000+00:00"),
        (datetime(2026, 11, 5, tzinfo=UTC), "2026-11-05"),
    ],
)
def test_values_that_are_equal(left, right):
    assert comparable(left) == comparable(right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("0231", 231),
        ("INV-1", "INV1"),
        ("1.0", "1"),
        (True, 1),
        (100, 1),
        (date(2026, 11, 5), "2026-11-05T00:00:01"),
        (date(2026, 11, 5), "2026-11-06"),
    ],
)
def test_values_that_are_not(left, right):
    assert comparable(left) != comparable(right)


def test_what_may_not_leave_any_more_when_its_turn_comes_does_not() -> None:
    busy, stopped = threading.Event(), threading.Event()

    def slow(_asked):
        busy.set()
        assert stopped.wait(30)
        return reply({"ok": True})

    playback = Playback(slow)
    transport = HttpTransport(TransportSettings(base_url=playback.url, in_flight=1), ManualClock(START))
    waiting = Request.json(
        "POST", "/late", {}, effect=True, may_leave=lambda: "the turn is another's" if stopped.is_set() else ""
    )
    first = threading.Thread(target=transport.send, args=(GET,))
    try:
        first.start()
        assert busy.wait(30)
        threading.Timer(0.05, stopped.set).start()
        with pytest.raises(NotSent, match="the turn is another's"):
            transport.send(waiting)
        first.join()
        assert [asked.path for asked in playback.asked] == ["/x"]
        assert transport.send(GET).status == 200, "and the connection goes on"
    finally:
        stopped.set()
        transport.close()
        playback.stop()

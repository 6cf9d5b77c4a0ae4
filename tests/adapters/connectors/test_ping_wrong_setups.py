"""`ping` against the sandbox in wrong set-ups: it names the one thing that is wrong in each."""

from __future__ import annotations

import socket
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from playback import Playback, page, playing, reply
from subjects import Vault

from engine.adapters.connectors.registry import make_connector
from engine.faces.sandbox import sandbox as living
from engine.faces.sandbox.epicor import ApiKey
from engine.words.clock import SystemClock

COMPANY = "EPIC06"
THINGS = ("Erp.BO.VendorSvc/Vendors", "Erp.BO.APInvoiceSvc/APInvoices")
KEYS = {
    "api_key": living.EPICOR_API_KEY,
    "username": living.EPICOR_USER,
    "password": living.EPICOR_PASSWORD,
    "client_id": living.EPICOR_CLIENT_ID,
    "client_secret": living.EPICOR_CLIENT_SECRET,
}


@pytest.fixture(scope="module")
def sandbox():
    with living.Sandbox() as running:
        yield running


@pytest.fixture
def pinged(sandbox):
    """Pings the sandbox, with some settings or credentials changed; None takes a credential away."""
    made = []

    def ping(kind="epicor", *, company=COMPANY, things=THINGS, keys=None, **settings):
        given = {"environment": "test", "base_url": sandbox.urls[kind], "connect_timeout_s": 2, **settings}
        if kind == "epicor":
            given.setdefault("token_url", sandbox.urls["epicor_token"])
        kept = {**(KEYS if kind == "epicor" else {"api_key": living.AIRBASE_TOKEN}), **(keys or {})}
        vault = Vault(**{name: text for name, text in kept.items() if text is not None})
        made.append(make_connector(kind, kind, given, vault, SystemClock()))
        found = made[-1].ping(company=company, things=things if kind == "epicor" else ("/v1/accounting/vendors/",))
        shown = repr(found)
        for name, text in kept.items():
            assert text is None or name == "username" or text not in shown
        return found

    yield ping
    for connector in made:
        connector.close()


def failed(ping, what):
    """The sentence and advice together; the step that failed first is `what`, and the steps before it were good."""
    assert not ping.ok
    first = next(step for step in ping.steps if not step.ok)
    assert first.what == what
    assert ping.advice
    return f"{ping.sentence} | {ping.advice}"


def test_a_right_set_up_names_the_company_and_what_can_be_read(pinged):
    found = pinged()
    assert found.ok
    assert f"company {COMPANY} is Example Manufacturing" in found.sentence
    assert [step.what for step in found.steps] == ["name", "connection", "login", *THINGS]
    assert all(step.ok for step in found.steps)
    assert found.elapsed_s > 0
    airbase = pinged("airbase")
    assert "its first subsidiary is" in airbase.sentence
    assert [step.what for step in airbase.steps][-1] == "/v1/accounting/vendors/"


def test_1_the_host_is_not_known(pinged):
    told = failed(pinged(base_url="https://no-such-host.invalid/sandbox"), "name")
    assert "no-such-host.invalid is not known" in told
    assert "base_url" in told


def test_1b_nothing_listens_there(pinged):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        told = failed(pinged(base_url=f"http://127.0.0.1:{free.getsockname()[1]}/sandbox"), "connection")
    assert "nothing answers at port" in told
    assert "firewall" in told


def test_2_the_instance_is_wrong(sandbox, pinged):
    told = failed(pinged(base_url=sandbox.urls["epicor"].replace("/sandbox", "/production")), "login")
    assert "not this instance: check the path of base_url" in told


def test_3_the_company_is_wrong(pinged):
    told = failed(pinged(company="EPIC99"), "login")
    assert "no company EPIC99" in told
    assert "books.yaml" in told


def test_4_there_is_no_api_key(pinged):
    told = failed(pinged(keys={"api_key": None}), "login")
    assert "api_key is not set" in told
    assert "credentials list" in told


def test_5_the_api_key_is_wrong(pinged):
    told = failed(pinged(keys={"api_key": "not-the-key"}), "login")
    assert "the API key is wrong" in told
    assert "credentials set epicor api_key" in told
    assert "password" not in told


@pytest.mark.parametrize("login", ["basic", "app_server", "password"])
def test_6_the_user_is_wrong(pinged, login):
    told = failed(pinged(keys={"password": "not-the-password"}, login=login), "login")
    assert "user name or password is wrong" in told
    assert "the API key is wrong" not in told


def test_6b_the_client_is_wrong(pinged):
    told = failed(pinged(keys={"client_secret": "not-the-secret"}, login="client_credentials"), "login")
    assert "client_id or client_secret is wrong" in told
    assert "set `scope`" in failed(pinged(login="client_credentials", scope="other"), "login")


def test_7_the_token_has_ended(sandbox, pinged):
    sandbox.airbase.tokens.expire()
    try:
        told = failed(pinged("airbase"), "login")
    finally:
        sandbox.airbase.tokens.rotate(living.AIRBASE_TOKEN)
    assert "neither Token nor Bearer is accepted" in told
    assert "credentials set airbase api_key" in told


def test_8_the_other_scheme_is_the_right_one(sandbox, pinged):
    assert "set auth_scheme: Token" in failed(pinged("airbase", auth_scheme="Bearer"), "login")
    sandbox.airbase.tokens._scheme = "Bearer"
    try:
        assert "set auth_scheme: Bearer" in failed(pinged("airbase"), "login")
    finally:
        sandbox.airbase.tokens._scheme = "Token"


def test_8b_the_app_server_gives_no_tokens(sandbox, pinged):
    sandbox.epicor.door.token_resource_enabled = False
    try:
        assert "set login: basic" in failed(pinged(login="app_server"), "login")
    finally:
        sandbox.epicor.door.token_resource_enabled = True


def test_9_a_service_is_not_in_the_scope_of_the_key(sandbox, pinged):
    door = sandbox.epicor.door
    before, door._keys = door._keys, (ApiKey(key=living.EPICOR_API_KEY, services=frozenset({"Erp.BO.VendorSvc"})),)
    try:
        found = pinged()
    finally:
        door._keys = before
    told = failed(found, "Erp.BO.APInvoiceSvc/APInvoices")
    assert "API key and user are right" in told
    assert "access scope" in told
    assert [step.ok for step in found.steps] == [True, True, True, True, False]
    assert "outside its access scope" in next(step.sentence for step in found.steps if step.what == "login")


def test_9b_a_service_nobody_knows(pinged):
    told = failed(pinged(things=("Erp.BO.VendorsSvc/Vendors",)), "Erp.BO.VendorsSvc/Vendors")
    assert "check its spelling" in told


def certificate(folder, *, name="127.0.0.1", days=1):
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=9))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(name))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = built.public_bytes(serialization.Encoding.PEM)
    (folder / "ca.pem").write_bytes(pem)
    (folder / "both.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + pem
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "both.pem")
    return context


@pytest.mark.parametrize(
    ("made", "trusted", "advice"),
    [({}, False, "ca_file"), ({"name": "127.0.0.9"}, True, "another name"), ({"days": -1}, True, "has run out")],
)
def test_10_the_certificate_is_not_trusted(tmp_path, pinged, made, trusted, advice):
    context = certificate(tmp_path, **made)
    server = Playback(lambda _asked: reply({}), tls=context)
    try:
        named = {"ca_file": str(tmp_path / "ca.pem")} if trusted else {}
        told = failed(pinged(base_url=f"{server.url}/sandbox", **named), "certificate")
    finally:
        server.stop()
    assert "the certificate of 127.0.0.1 is not trusted" in told
    assert advice in told
    assert server.asked == [], "no credential left this machine"


def test_11_a_web_page_answers(pinged):
    with playing(lambda _asked: page("<html><title>Sign in</title></html>")) as server:
        told = failed(pinged(base_url=f"{server.url}/sandbox"), "login")
    assert "a web page answers there" in told
    with playing(lambda _asked: page("<html><title>401 - Unauthorized</title></html>", 401)) as server:
        told = failed(pinged(base_url=f"{server.url}/sandbox"), "login")
    assert "401 - Unauthorized" in told
    assert "<" not in told


def test_12_when_the_server_does_not_say_which_the_older_api_tells_key_from_user(pinged):
    def answer(user_is_right):
        def respond(asked):
            if "/api/v1/" in asked.path:
                assert "x-api-key" not in asked.headers
                return reply({"value": []}) if user_is_right else reply({"HttpStatus": 401}, 401)
            return reply({"HttpStatus": 401, "ReasonPhrase": "Unauthorized"}, 401)

        return respond

    with playing(answer(user_is_right=True)) as server:
        assert "the API key is wrong" in failed(pinged(base_url=f"{server.url}/sandbox"), "login")
    with playing(answer(user_is_right=False)) as server:
        assert "user name or password is wrong" in failed(pinged(base_url=f"{server.url}/sandbox"), "login")


def test_13_a_private_address_is_not_called_unless_allowed(pinged, monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(2, 1, 6, "", ("10.1.2.3", 443))])
    told = failed(pinged(base_url="https://erp.example.com/sandbox"), "name")
    assert "10.1.2.3, an address of a private network" in told
    assert "allow_private_addresses: true" in told

"""What each channel sends, whole; and that every one keeps to the rules of outgoing calls."""

from __future__ import annotations

import hashlib
import hmac
import ssl
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email import message_from_bytes, policy
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from engine.adapters.connectors.channels.mail import Mail
from engine.adapters.connectors.channels.making import make_channel
from engine.adapters.connectors.channels.port import NotTold
from engine.domain.alert import Alert, Event, Raised
from engine.language.spec.alerts import ChannelSpec
from engine.words.clock import ManualClock
from engine.words.secret import Secret
from tests.alerts.receivers import HangsUp, Receiver, mail_server

AT = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
SECRET = "the-secret-of-the-channel"
ALERT = Alert(
    id="0123456789abcdef01234567",
    event=Event.RAISED,
    workspace="acme",
    rule="refused",
    raised=Raised(
        cause="bills",
        title="the target refused 2 documents of bills",
        command="ml-connector worklist --mapping bills --cause refused",
        count=2,
        amounts={"USD": Decimal("1234.50"), "EUR": Decimal("-3.00")},
        oldest=AT - timedelta(days=1),
        advice="Do what the target's <message> says.",
    ),
    raised_at=AT - timedelta(hours=1),
    at=AT,
)
FACTS = [
    ("workspace", "acme"),
    ("records", "2"),
    ("amount", "-3.00 EUR"),
    ("amount", "1,234.50 USD"),
    ("oldest", "2026-11-22 09:30 UTC"),
    ("since", "2026-11-23 08:30 UTC"),
    ("what to do", "Do what the target's <message> says."),
]


class Credentials:
    def __init__(self, text: str = SECRET) -> None:
        self.text = text

    def get(self, field: str) -> Secret:
        return Secret(self.text)

    def look_again(self) -> None:
        return


def tell(spec: ChannelSpec, text: str = SECRET) -> None:
    channel = make_channel(spec, Credentials(text), ManualClock(AT))
    try:
        channel.tell(ALERT)
    finally:
        channel.close()


def test_a_webhook_is_json_under_a_signature(receiver: Receiver) -> None:
    tell(ChannelSpec(name="pager", kind="webhook", address=f"{receiver.url}/alerts/here"))
    (posted,) = receiver.take()
    assert posted.path == "/alerts/here"
    assert posted.headers["content-type"] == "application/json"
    seconds, _, given = posted.headers["x-ml-connector-signature"].removeprefix("t=").partition(",v1=")
    assert int(seconds) == int(AT.timestamp())
    expected = hmac.new(SECRET.encode(), f"{seconds}.".encode() + posted.body, hashlib.sha256).hexdigest()
    assert given == expected
    assert posted.json == {
        "id": "0123456789abcdef01234567",
        "event": "raised",
        "workspace": "acme",
        "rule": "refused",
        "cause": "bills",
        "title": "the target refused 2 documents of bills",
        "count": 2,
        "amounts": {"USD": "1234.50", "EUR": "-3.00"},
        "oldest": "2026-11-22T09:30:00+00:00",
        "advice": "Do what the target's <message> says.",
        "next": "ml-connector worklist --mapping bills --cause refused",
        "raised_at": "2026-11-23T08:30:00+00:00",
        "at": "2026-11-23T09:30:00+00:00",
    }


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}


def test_slack_gets_blocks_in_which_nothing_is_a_link_or_a_mention(receiver: Receiver) -> None:
    spec = ChannelSpec(name="chat", kind="slack", address=receiver.url)
    tell(spec, f"{receiver.url}/services/T0/B0/{SECRET}")
    (posted,) = receiver.take()
    assert posted.path == f"/services/T0/B0/{SECRET}"
    assert posted.json == {
        "text": "the target refused 2 documents of bills",
        "blocks": [
            {"type": "header", "text": plain("the target refused 2 documents of bills")},
            {"type": "section", "text": plain("\n".join(f"{name}: {told}" for name, told in FACTS))},
            {"type": "section", "text": plain("next: ml-connector worklist --mapping bills --cause refused")},
        ],
    }


def test_teams_gets_a_card(receiver: Receiver) -> None:
    spec = ChannelSpec(name="ops", kind="teams", address=receiver.url)
    tell(spec, f"{receiver.url}/workflows/x/triggers/manual/paths/invoke?api-version=2016-06-01&sig={SECRET}")
    (posted,) = receiver.take()
    assert posted.path.endswith(f"/invoke?api-version=2016-06-01&sig={SECRET}")
    assert posted.json == {
        "type": "message",
        "attachments": [
            {
                "contentType": "application/vnd.microsoft.card.adaptive",
                "contentUrl": None,
                "content": {
                    "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                    "type": "AdaptiveCard",
                    "version": "1.4",
                    "body": [
                        {
                            "type": "TextBlock",
                            "text": "the target refused 2 documents of bills",
                            "weight": "Bolder",
                            "size": "Medium",
                            "wrap": True,
                        },
                        {"type": "FactSet", "facts": [{"title": name, "value": told} for name, told in FACTS]},
                        {
                            "type": "TextBlock",
                            "text": "ml-connector worklist --mapping bills --cause refused",
                            "fontType": "Monospace",
                            "wrap": True,
                        },
                    ],
                },
            }
        ],
    }


@pytest.mark.parametrize("status", [302, 404, 500])
def test_only_a_2xx_is_taken_and_no_redirect_is_followed(receiver: Receiver, status: int) -> None:
    receiver.status = status
    hook = f"{receiver.url}/services/{SECRET}"
    with pytest.raises(NotTold, match=f"answered {status}"):
        tell(ChannelSpec(name="chat", kind="slack", address=receiver.url), hook)
    assert len(receiver.posted) == 1


@pytest.mark.parametrize(
    ("spec", "text", "told"),
    [
        (ChannelSpec(name="a", kind="webhook", address="https://10.0.0.7/x"), SECRET, "private network"),
        (ChannelSpec(name="a", kind="slack", address="https://10.0.0.7"), f"https://10.0.0.7/{SECRET}", "private"),
        (
            ChannelSpec(name="a", kind="slack", address="https://hooks.slack.com"),
            f"https://x.test/{SECRET}",
            "does not",
        ),
        (ChannelSpec(name="a", kind="slack", address="https://hooks.slack.com"), SECRET, "does not stand at"),
        (ChannelSpec(name="a", kind="webhook", address="http://127.0.0.1:9/x"), SECRET, "no connection"),
        (
            ChannelSpec(name="a", kind="slack", address="http://127.0.0.1:9"),
            f"http://127.0.0.1:9/{SECRET}",
            "no conn",
        ),
        (ChannelSpec(name="a", kind="email", address="smtp://x", host="10.0.0.7"), SECRET, "private network"),
        (
            ChannelSpec(name="a", kind="email", address="smtp://x", host="127.0.0.1", port=9, security="none"),
            SECRET,
            "refused",
        ),
    ],
)
def test_where_it_may_not_go_or_cannot_it_says_so_without_its_secret(spec: ChannelSpec, text: str, told: str) -> None:
    with pytest.raises(NotTold, match=told) as stopped:
        tell(spec, text)
    assert SECRET not in str(stopped.value)


def mail(port: int, **more: Any) -> Mail:
    settings = {
        "host": "127.0.0.1",
        "port": port,
        "security": "none",
        "sender": "ml-connector@example.com",
        "readers": ("ap@example.com", "cfo@example.com"),
        "username": "",
        "credentials": Credentials(),
        "private": False,
        **more,
    }
    return Mail(**settings)


def test_an_e_mail_has_everything_in_plain_text() -> None:
    with mail_server() as (box, port):
        mail(port).tell(ALERT)
    (envelope,) = box.mails
    assert envelope.mail_from == "ml-connector@example.com"
    assert envelope.rcpt_tos == ["ap@example.com", "cfo@example.com"]
    message = message_from_bytes(envelope.content, policy=policy.default)
    assert message["Subject"] == "[ml-connector acme] the target refused 2 documents of bills"
    assert (message["From"], message["To"]) == ("ml-connector@example.com", "ap@example.com, cfo@example.com")
    assert message["Message-ID"] == "<0123456789abcdef01234567@example.com>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content_type() == "text/plain"
    assert message.get_content().replace("\r\n", "\n") == (
        "the target refused 2 documents of bills\n"
        "\n"
        "workspace:   acme\n"
        "records:     2\n"
        "amount:      -3.00 EUR\n"
        "amount:      1,234.50 USD\n"
        "oldest:      2026-11-22 09:30 UTC\n"
        "since:       2026-11-23 08:30 UTC\n"
        "what to do:  Do what the target's <message> says.\n"
        "\n"
        "next:\n"
        "  ml-connector worklist --mapping bills --cause refused\n"
    )


def test_a_reader_who_is_refused_is_no_success() -> None:
    with mail_server() as (box, port), pytest.raises(NotTold, match=r"refused nobody@example\.com"):
        mail(port, readers=("ap@example.com", "nobody@example.com")).tell(ALERT)
    assert len(box.mails) == 1


def test_a_server_that_hangs_up_after_it_took_the_mail_does_not_get_it_again() -> None:
    with mail_server(HangsUp()) as (box, port):
        mail(port).tell(ALERT)
    assert len(box.mails) == 1


@pytest.fixture(scope="module")
def contexts(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """The server's context, and one that trusts it."""
    folder: Path = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    (folder / "cert.pem").write_bytes(pem)
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return server, ssl.create_default_context(cadata=pem.decode())


def logs_in(_server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any) -> Any:
    from aiosmtpd.smtp import AuthResult

    return AuthResult(success=(given.login, given.password) == (b"me", SECRET.encode()), handled=False)


def test_starttls_and_a_login(contexts: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    server, trusting = contexts
    with mail_server(tls_context=server, require_starttls=True, authenticator=logs_in, auth_required=True) as (
        box,
        port,
    ):
        mail(port, security="starttls", username="me", context=trusting).tell(ALERT)
        assert len(box.mails) == 1
        with pytest.raises(NotTold, match=r"refused the login \(535\)") as stopped:
            mail(
                port, security="starttls", username="me", context=trusting, credentials=Credentials("wrong-password")
            ).tell(ALERT)
        assert "wrong-password" not in str(stopped.value)
        with pytest.raises(NotTold, match="CERTIFICATE_VERIFY_FAILED"):
            mail(port, security="starttls", username="me").tell(ALERT)
    assert len(box.mails) == 1


def test_encrypted_from_the_start(contexts: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    server, trusting = contexts
    with mail_server(ssl_context=server) as (box, port):
        mail(port, security="tls", context=trusting).tell(ALERT)
        with pytest.raises(NotTold, match="CERTIFICATE_VERIFY_FAILED"):
            mail(port, security="tls").tell(ALERT)
    assert len(box.mails) == 1


def test_a_server_without_starttls_gets_nothing_in_the_clear() -> None:
    with mail_server() as (box, port), pytest.raises(NotTold, match="STARTTLS"):
        mail(port, security="starttls").tell(ALERT)
    assert box.mails == []

"""Alerts over HTTP: a signed webhook, Slack and Teams, under the same rules as every other request."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from engine.adapters.connectors.address import origin_of
from engine.adapters.connectors.auth import Credentials, Keyring
from engine.adapters.connectors.channels.port import NotTold
from engine.adapters.connectors.transport import AnswerLost, HttpTransport, NotSent, Transport, TransportSettings
from engine.domain.alert import Alert
from engine.wire.alert_formats import SIGNATURE, signature, slack_body, teams_body
from engine.wire.masking import mask_text
from engine.wire.request import Request
from engine.words.clock import Clock
from engine.words.errors import CredentialsError, InputError
from engine.words.json_value import encode

TIMEOUT_S = 10.0
ANSWER_MAX_S = 20.0
ANSWER_MAX_BYTES = 64 * 1024


def open_transport(address: str, clock: Clock, *, private: bool) -> HttpTransport:
    """The transport of a channel: https outside this machine, no redirects, private addresses only where allowed."""
    settings = TransportSettings(
        base_url=str(origin_of(address)),
        in_flight=1,
        connect_timeout_s=TIMEOUT_S,
        read_timeout_s=TIMEOUT_S,
        write_timeout_s=TIMEOUT_S,
        slot_timeout_s=TIMEOUT_S,
        answer_max_s=ANSWER_MAX_S,
        body_max_bytes=ANSWER_MAX_BYTES,
        allow_private_addresses=private,
    )
    return HttpTransport(settings, clock)


class Webhook:
    """JSON by POST, signed."""

    def __init__(self, address: str, credentials: Credentials, transport: Transport, clock: Clock) -> None:
        self._address = address
        self._credentials = credentials
        self._transport = transport
        self._clock = clock

    def tell(self, alert: Alert) -> None:
        """Post it with its signature."""
        body = encode(alert.as_json())
        keyring = Keyring(self._credentials)
        secret = _secret(keyring, "signing_secret").encode()
        signed = signature(secret, int(self._clock.now().timestamp()), body)
        _post(self._transport, self._address, body, {SIGNATURE: signed}, keyring)

    def close(self) -> None:
        """Close its connections."""
        self._transport.close()


class Chat:
    """An incoming webhook of Slack or Teams, whose whole address is secret."""

    def __init__(self, kind: str, address: str, credentials: Credentials, transport: Transport) -> None:
        self._make = slack_body if kind == "slack" else teams_body
        self._address = address
        self._credentials = credentials
        self._transport = transport

    def tell(self, alert: Alert) -> None:
        """Post it to the hook."""
        keyring = Keyring(self._credentials)
        hook = _secret(keyring, "hook")
        for part in (urlsplit(hook).path.strip("/"), urlsplit(hook).query):
            keyring.remember(part)
        try:
            fits = origin_of(hook) == origin_of(self._address)
        except InputError:
            fits = False
        if not fits:
            raise NotTold(
                f"the hook does not stand at {self._address}: correct `address` in alerts.yaml, or the hook"
            )
        _post(self._transport, hook, encode(self._make(alert)), {}, keyring)

    def close(self) -> None:
        """Close its connections."""
        self._transport.close()


def _secret(keyring: Keyring, field: str) -> str:
    try:
        return keyring.secret(field)
    except CredentialsError as error:
        raise NotTold(str(error)) from error


def _post(transport: Transport, url: str, body: bytes, headers: Mapping[str, str], keyring: Keyring) -> None:
    request = Request(
        method="POST",
        path=url,
        headers={"Content-Type": "application/json", "Accept": "*/*", **headers},
        body=body,
        effect=True,
    )
    try:
        response = transport.send(request)
    except (NotSent, AnswerLost) as error:
        raise NotTold(mask_text(str(error), keyring.hidden())) from None
    if not 200 <= response.status < 300:
        raise NotTold(f"it answered {response.status}")

"""A channel from what alerts.yaml says of it."""

from __future__ import annotations

from engine.adapters.connectors.auth import Credentials
from engine.adapters.connectors.channels.http import Chat, Webhook, open_transport
from engine.adapters.connectors.channels.mail import Mail
from engine.adapters.connectors.channels.port import Channel
from engine.language.spec.alerts import ChannelSpec
from engine.words.clock import Clock


def make_channel(spec: ChannelSpec, credentials: Credentials, clock: Clock) -> Channel:
    """The channel; nothing is connected yet."""
    if spec.kind == "email":
        return Mail(
            host=spec.host,
            port=spec.port,
            security=spec.security,
            sender=spec.sender,
            readers=spec.readers,
            username=spec.username,
            credentials=credentials,
            private=spec.allow_private_addresses,
        )
    transport = open_transport(spec.address, clock, private=spec.allow_private_addresses)
    if spec.kind == "webhook":
        return Webhook(spec.address, credentials, transport, clock)
    return Chat(spec.kind, spec.address, credentials, transport)

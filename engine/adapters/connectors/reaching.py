"""Reaching a system without asking it anything: its name, its port, its certificate."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from engine.adapters.connectors.network import PrivateAddress, UnknownHost, resolve
from engine.adapters.connectors.transport import TransportSettings, tls_context


class NotReached(Exception):
    """A step failed; `advice` says what to do."""

    def __init__(self, message: str, advice: str) -> None:
        super().__init__(message)
        self.advice = advice


@dataclass(frozen=True, slots=True, kw_only=True)
class ReachStep:
    """One step, and its act, which says what was found or raises `NotReached`."""

    what: str
    act: Callable[[], str]


def reach_steps(settings: TransportSettings) -> Iterator[ReachStep]:
    """The steps for a base URL, in order; each needs those before it."""
    parts = urlsplit(settings.base_url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    yield ReachStep(what="name", act=lambda: _resolve(host, port, settings))
    yield ReachStep(what="connection", act=lambda: _connect(host, port, settings))
    if parts.scheme == "https":
        yield ReachStep(what="certificate", act=lambda: _shake_hands(host, port, settings))


def _resolve(host: str, port: int, settings: TransportSettings) -> str:
    try:
        addresses = resolve(host, port)
        for address in addresses:
            settings.reach.check(host, address)
    except UnknownHost as error:
        raise NotReached(
            str(error), "check the host in base_url, in connections.yaml, and this machine's DNS"
        ) from None
    except PrivateAddress as error:
        raise NotReached(str(error), "check the host in base_url, in connections.yaml") from None
    return f"{host} is {', '.join(addresses[:3])}"


def _connect(host: str, port: int, settings: TransportSettings) -> str:
    with _connected(host, port, settings) as connection:
        return f"port {port} of {connection.getpeername()[0]} answers"


def _connected(host: str, port: int, settings: TransportSettings) -> socket.socket:
    try:
        return socket.create_connection((host, port), timeout=settings.connect_timeout_s)
    except OSError as error:
        raise NotReached(
            f"nothing answers at port {port} of {host} ({error})",
            "check host and port in base_url, in connections.yaml, and whether a firewall stands between",
        ) from error


def _shake_hands(host: str, port: int, settings: TransportSettings) -> str:
    context = tls_context(settings.ca_file)
    with _connected(host, port, settings) as plain:
        try:
            with context.wrap_socket(plain, server_hostname=host) as secure:
                ends = ssl.cert_time_to_seconds(str((secure.getpeercert() or {})["notAfter"]))
                days = (datetime.fromtimestamp(ends, UTC) - datetime.now(UTC)).days
                return f"the certificate is trusted, and good for {days} more days ({secure.version()})"
        except ssl.SSLCertVerificationError as error:
            why = error.verify_message.rstrip(".")
            raise NotReached(f"the certificate of {host} is not trusted ({why})", _about_certificate(why)) from error
        except (ssl.SSLError, OSError) as error:
            raise NotReached(
                f"port {port} of {host} does not speak TLS ({error})",
                "check the port in base_url, in connections.yaml",
            ) from error


def _about_certificate(why: str) -> str:
    text = why.casefold()
    if "expired" in text:
        return "the certificate has run out: its administrator must renew it"
    if "mismatch" in text or "doesn't match" in text or "not valid for" in text:
        return "the certificate is for another name: write the name that it is for into base_url"
    return "name the file of your company's certificate authority with ca_file, in connections.yaml"

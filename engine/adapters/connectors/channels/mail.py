"""Alerts by e-mail: SMTP, encrypted outside this machine, to an address that was looked at before it is called."""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any, Literal

from engine.adapters.connectors.auth import Credentials, Keyring
from engine.adapters.connectors.channels.port import NotTold, ToldInPart
from engine.adapters.connectors.network import PrivateAddress, Reach, UnknownHost, resolve
from engine.adapters.connectors.transport import tls_context
from engine.domain.alert import Alert
from engine.wire.alert_formats import mail_subject, mail_text
from engine.wire.masking import mask_text
from engine.words.errors import CredentialsError

TIMEOUT_S = 10.0

Security = Literal["starttls", "tls", "none"]


class Mail:
    """One mail server and its readers."""

    def __init__(
        self,
        *,
        host: str,
        port: int,
        security: Security,
        sender: str,
        readers: tuple[str, ...],
        username: str,
        credentials: Credentials,
        private: bool,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._host, self._port, self._security = host, port, security
        self._sender, self._readers = sender, readers
        self._username = username
        self._credentials = credentials
        self._reach = Reach(private=private)
        self._context = context

    def tell(self, alert: Alert) -> None:
        """Send it to every reader; one that the server refuses is told as a failure."""
        keyring = Keyring(self._credentials)
        try:
            with self._server() as server:
                if self._username:
                    server.login(self._username, keyring.secret("password"))
                refused = server.send_message(self._message(alert))
        except (smtplib.SMTPException, OSError, PrivateAddress, UnknownHost, CredentialsError) as error:
            raise NotTold(_in_words(error, keyring)) from None
        if refused:
            raise ToldInPart(f"the mail server refused {', '.join(sorted(refused))}")

    def close(self) -> None:
        """Nothing is kept open."""

    @contextmanager
    def _server(self) -> Iterator[smtplib.SMTP]:
        context = None if self._security == "none" else self._context or tls_context(None)
        server = _Checked(self._reach, context if self._security == "tls" else None)
        try:
            server.connect(self._host, self._port)
            if self._security == "starttls":
                server.starttls(context=context)  # raises where the server has no such thing: never in the clear
            yield server
            with suppress(smtplib.SMTPException, OSError):
                server.quit()  # the mail was taken already: a server that hangs up here is not to get it again
        finally:
            server.close()

    def _message(self, alert: Alert) -> EmailMessage:
        message = EmailMessage()
        message["Subject"] = mail_subject(alert)
        message["From"] = self._sender
        message["To"] = ", ".join(self._readers)
        message["Date"] = format_datetime(alert.at)
        message["Message-ID"] = f"<{alert.id}@{self._sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail_text(alert))
        return message


class _Checked(smtplib.SMTP):
    """A connection to an address that may be reached; `context` encrypts it from the start."""

    def __init__(self, reach: Reach, context: ssl.SSLContext | None) -> None:
        self._reach = reach
        self._context = context
        super().__init__(timeout=TIMEOUT_S)

    def connect(self, host: str = "", port: int = 0, source_address: Any = None) -> tuple[int, bytes]:
        """Connect; the certificate is checked by this name."""
        self._host = host  # smtplib checks the certificate of STARTTLS against it
        return super().connect(host, port, source_address)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        """Where smtplib opens its connection; a test holds this to it."""
        addresses = resolve(host, port)
        for address in addresses:
            self._reach.check(host, address)
        plain = socket.create_connection((addresses[0], port), timeout)
        if self._context is None:
            return plain
        try:
            return self._context.wrap_socket(plain, server_hostname=host)
        except OSError:
            plain.close()
            raise


def _in_words(error: Exception, keyring: Keyring) -> str:
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return f"the mail server refused the login ({error.smtp_code})"
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return f"the mail server refused {', '.join(sorted(error.recipients))}"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"the mail server answered {error.smtp_code}"
    if isinstance(error, TimeoutError):
        return "the mail server did not answer within the time-out"
    return mask_text(str(error) or type(error).__name__, keyring.hidden())

"""The usual ways to log in, each made from the credentials of one connection."""

from __future__ import annotations

import base64
from urllib.parse import urlencode

from engine.adapters.connectors.auth import (
    Auth,
    Credentials,
    Expiring,
    Grant,
    Headers,
    Keyring,
    Static,
    check_header,
)
from engine.wire.request import Request
from engine.words.clock import Clock


def no_login(credentials: Credentials) -> Auth:
    """For systems that ask nobody who they are."""
    return Static(lambda _: {}, Keyring(credentials))


def key_login(credentials: Credentials, *, header: str, field: str, scheme: str = "") -> Auth:
    """A key in a header, after a word such as `Token` or `Bearer` where there is one."""
    prefix = f"{scheme} " if scheme else ""
    return Static(lambda ring: {header: prefix + ring.header_secret(field)}, Keyring(credentials))


def basic_login(credentials: Credentials) -> Auth:
    """User name and password, as HTTP Basic."""

    def make(ring: Keyring) -> Headers:
        pair = f"{ring.public('username')}:{ring.secret('password')}".encode()
        encoded = base64.b64encode(pair).decode("ascii")
        ring.remember(encoded)
        return {"Authorization": f"Basic {encoded}"}

    return Static(make, Keyring(credentials))


def client_login(credentials: Credentials, clock: Clock, *, token_url: str, scope: str) -> Auth:
    """OAuth 2 client credentials (RFC 6749, 4.4)."""
    ring = Keyring(credentials)

    def first() -> Request:
        return form_request(
            token_url,
            grant_type="client_credentials",
            client_id=ring.public("client_id"),
            client_secret=ring.secret("client_secret"),
            scope=scope,
        )

    return Expiring(Grant(first=first), ring, clock)


def password_login(credentials: Credentials, clock: Clock, *, token_url: str, scope: str) -> Auth:
    """OAuth 2 with user name and password (RFC 6749, 4.3), renewed by its refresh token."""
    ring = Keyring(credentials)

    def first() -> Request:
        return form_request(
            token_url,
            grant_type="password",
            client_id=ring.public("client_id"),
            client_secret=ring.secret("client_secret"),
            username=ring.public("username"),
            password=ring.secret("password"),
            scope=scope,
        )

    def again(refresh_token: str) -> Request:
        return form_request(
            token_url,
            grant_type="refresh_token",
            client_id=ring.public("client_id"),
            client_secret=ring.secret("client_secret"),
            refresh_token=refresh_token,
        )

    return Expiring(Grant(first=first, again=again), ring, clock)


def app_server_login(credentials: Credentials, clock: Clock, *, path: str) -> Auth:
    """A token of Epicor's own application server: user name and password as request headers."""
    ring = Keyring(credentials)

    def first() -> Request:
        username = ring.public("username")
        check_header("username", username)
        named = {"username": username, "password": ring.header_secret("password")}
        return Request(method="POST", path=path, headers={"Accept": "application/json", **named}, body=b"")

    return Expiring(Grant(first=first), ring, clock)


def form_request(url: str, **fields: str) -> Request:
    """A form-encoded request to a login server; repeating it has no effect."""
    return Request(
        method="POST",
        path=url,
        headers={"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"},
        body=urlencode(fields).encode("ascii"),
    )

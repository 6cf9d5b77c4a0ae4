"""Who may come in: API keys, user names with passwords, bearer tokens, access scopes."""

from __future__ import annotations

import base64
import binascii
import hmac
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from engine.faces.sandbox.epicor.errors import UNAUTHORISED, EpicorError
from engine.faces.sandbox.exchange import SandboxRequest, SandboxResponse
from engine.words.clock import Clock, IdMaker, random_id

_REFRESH_SUFFIX = "refresh"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """An API key with its access scope; empty `services` allows every service, `Erp.BO.X` or `Erp.BO.X/Method`."""

    key: str = field(repr=False)
    services: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A user with a password; `denied` names services or `Service/Method`s closed to them, no `companies` is all."""

    name: str
    password: str = field(repr=False)
    denied: frozenset[str] = frozenset()
    companies: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class IdpClient:
    """A client registered with the identity provider; its own tokens act as `user`."""

    client_id: str
    client_secret: str = field(repr=False)
    user: str
    scopes: frozenset[str] = frozenset({"epicor_erp"})


@dataclass(frozen=True, slots=True)
class _Token:
    user: str
    ends: datetime


class Door:
    """Checks credentials and issues tokens; tokens live in memory, so a restart ends them all."""

    def __init__(
        self,
        *,
        clock: Clock,
        api_keys: tuple[ApiKey, ...],
        users: tuple[User, ...],
        clients: tuple[IdpClient, ...],
        new_id: IdMaker = random_id,
    ) -> None:
        self._clock = clock
        self._keys = api_keys
        self._users = {user.name.casefold(): user for user in users}
        self._clients = {client.client_id: client for client in clients}
        self._new_id = new_id
        self._tokens: dict[str, _Token] = {}
        self._refresh: dict[str, str] = {}
        self._lock = threading.Lock()
        self.token_lifetime_s = 3600
        self.token_resource_enabled = True

    def expire_tokens(self) -> None:
        """End every access token at once; refresh tokens stay good."""
        with self._lock:
            self._tokens.clear()

    def enter(self, request: SandboxRequest) -> tuple[User, ApiKey]:
        """The user and key of a call.

        Raises:
            EpicorError: 401. That a missing or wrong API key gives 401 too is reported, not documented.
        """
        given = request.headers.get("x-api-key") or dict(request.query).get("api-key", "")
        key = next((key for key in self._keys if _same(key.key, given)), None)
        if key is None:
            raise _turned_away("Invalid API key." if given else "API key is required.")
        kind, _, credentials = request.headers.get("authorization", "").partition(" ")
        if kind.casefold() == "basic":
            return self._by_password(credentials.strip()), key
        if kind.casefold() == "bearer":
            return self._by_token(credentials.strip()), key
        raise _turned_away("Authorization is required.")

    def admit(self, user: User, key: ApiKey, company: str, service: str, method: str) -> None:
        """Let the call through to a service.

        Raises:
            EpicorError: 403, by the user's rights or by the key's access scope.
        """
        names = {service, f"{service}/{method}"}
        outside = bool(key.services) and not names & key.services
        if outside or names & user.denied or (user.companies and company not in user.companies):
            raise EpicorError(403, UNAUTHORISED, f"Access to {service}/{method} is denied.")

    def token(self, request: SandboxRequest) -> SandboxResponse:
        """The identity provider's `/connect/token`, form-urlencoded, with its three grants."""
        form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        client = self._clients.get(form.get("client_id", ""))
        if client is None or not _same(client.client_secret, form.get("client_secret", "")):
            return _grant_refused("invalid_client")
        grant = form.get("grant_type")
        wanted = frozenset(form.get("scope", "").split()) - {"openid", "email", "offline_access"}
        if grant != "refresh_token" and (not wanted or not wanted <= client.scopes):
            return _grant_refused("invalid_scope")
        if grant == "client_credentials":
            return SandboxResponse.json(200, self._issue(client.user, with_refresh=False))
        if grant == "password":
            user = self._users.get(form.get("username", "").casefold())
            if user is None or not _same(user.password, form.get("password", "")):
                return _grant_refused("invalid_grant")
            return SandboxResponse.json(200, self._issue(user.name, with_refresh=True))
        if grant == "refresh_token":
            with self._lock:
                name = self._refresh.pop(form.get("refresh_token", ""), None)
            return (
                _grant_refused("invalid_grant")
                if name is None
                else SandboxResponse.json(200, self._issue(name, with_refresh=True))
            )
        return _grant_refused("unsupported_grant_type")

    def token_resource(self, request: SandboxRequest) -> SandboxResponse:
        """The application server's own token, for user name and password in request headers.

        Raises:
            EpicorError: 401, or 404 when the administrator has not enabled it.
        """
        if not self.token_resource_enabled:
            raise EpicorError(404, "System.InvalidOperationException", "Token authentication is not enabled.")
        user = self._users.get(request.headers.get("username", "").casefold())
        if user is None or not _same(user.password, request.headers.get("password", "")):
            raise _turned_away("Invalid username or password.")
        issued = self._issue(user.name, with_refresh=True)
        return SandboxResponse.json(
            200,
            {
                "AccessToken": issued["access_token"],
                "ExpiresIn": issued["expires_in"],
                "RefreshToken": issued["refresh_token"],
                "TokenType": issued["token_type"],
            },
        )

    def _issue(self, user: str, *, with_refresh: bool) -> Mapping[str, Any]:
        token, refresh = self._new_id(), f"{self._new_id()}-{_REFRESH_SUFFIX}"
        ends = self._clock.now() + timedelta(seconds=self.token_lifetime_s)
        with self._lock:
            self._tokens[token] = _Token(user, ends)
            if with_refresh:
                self._refresh[refresh] = user
        answer = {"access_token": token, "expires_in": self.token_lifetime_s, "token_type": "Bearer"}
        return answer | ({"refresh_token": refresh} if with_refresh else {})

    def _by_password(self, credentials: str) -> User:
        try:
            name, _, password = base64.b64decode(credentials, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise _turned_away("Invalid username or password.") from None
        user = self._users.get(name.casefold())
        if user is None or not _same(user.password, password):
            raise _turned_away("Invalid username or password.")
        return user

    def _by_token(self, text: str) -> User:
        with self._lock:
            token = self._tokens.get(text)
        if token is None or token.ends <= self._clock.now():
            raise _turned_away("Token is invalid or has expired.")
        user = self._users.get(token.user.casefold())
        if user is None:
            raise _turned_away("Token is invalid or has expired.")
        return user


def _same(one: str, other: str) -> bool:
    return bool(one) and hmac.compare_digest(one.encode(), other.encode())


def _turned_away(message: str) -> EpicorError:
    return EpicorError(401, UNAUTHORISED, message)


def _grant_refused(reason: str) -> SandboxResponse:
    return SandboxResponse.json(400, {"error": reason})

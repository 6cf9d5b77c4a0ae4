"""Ways to log in to Epicor: an API key on every call, and beside it a user or a token."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.adapters.connectors.auth import Auth, Credentials, Together
from engine.adapters.connectors.kind import Questions
from engine.adapters.connectors.logins import (
    app_server_login,
    basic_login,
    client_login,
    key_login,
    password_login,
)
from engine.words.clock import Clock

LOGINS = ("basic", "client_credentials", "password", "app_server")
IDENTITY_LOGINS = ("client_credentials", "password")

_KEY = ("api_key", "API key of this environment (API Key Maintenance in Epicor)")
_USER = ("username", "Epicor user name of the integration")
_PASSWORD = ("password", "password of that user")
_CLIENT = ("client_id", "client id registered with Epicor Identity")
_CLIENT_SECRET = ("client_secret", "client secret of that client")

_QUESTIONS: Mapping[str, Questions] = {
    "basic": (_KEY, _USER, _PASSWORD),
    "client_credentials": (_KEY, _CLIENT, _CLIENT_SECRET),
    "password": (_KEY, _CLIENT, _CLIENT_SECRET, _USER, _PASSWORD),
    "app_server": (_KEY, _USER, _PASSWORD),
}
_SCOPES = {"client_credentials": "epicor_erp", "password": "openid email epicor_erp"}


def questions(settings: Mapping[str, Any]) -> Questions:
    """The credentials that the chosen login needs."""
    return _QUESTIONS[settings["login"]]


def login_of(settings: Mapping[str, Any], credentials: Credentials, clock: Clock) -> Auth:
    """The API key together with the chosen login."""
    return Together(
        key_login(credentials, header="x-api-key", field="api_key"), user_login_of(settings, credentials, clock)
    )


def login_addresses(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """The addresses beside base_url that logging in has to call."""
    return (settings["token_url"],) if settings["login"] in IDENTITY_LOGINS else ()


def user_login_of(settings: Mapping[str, Any], credentials: Credentials, clock: Clock) -> Auth:
    """The chosen login without the API key."""
    kind = settings["login"]
    if kind == "basic":
        return basic_login(credentials)
    if kind == "app_server":
        return app_server_login(credentials, clock, path="TokenResource.svc/")
    login = client_login if kind == "client_credentials" else password_login
    scope = settings["scope"] or _SCOPES[kind]
    return login(credentials, clock, token_url=settings["token_url"], scope=scope)

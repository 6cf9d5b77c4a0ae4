"""Trying out an Epicor connection: which of address, company, API key, user and access scope is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from engine.adapters.connectors.answers import BadAnswer, Refused
from engine.adapters.connectors.auth import Auth
from engine.adapters.connectors.dialogue import UNAUTHORIZED, Dialogue
from engine.adapters.connectors.epicor import dialect
from engine.adapters.connectors.epicor.login import LOGINS, login_of, user_login_of
from engine.adapters.connectors.kind import Wiring
from engine.adapters.connectors.pinging import Pinging, usual_advice
from engine.adapters.connectors.port import Ping
from engine.adapters.connectors.transport import Transport
from engine.wire.odata import all_of
from engine.wire.request import Request
from engine.wire.wording import plain
from engine.words.errors import ConnectorError, CredentialsError, Unreachable
from engine.words.json_value import encode

COMPANIES = "Erp.BO.CompanySvc/Companies"
_OTHER_LOGIN = {"basic": "app_server", "app_server": "basic"}
_WITHOUT_KEY = "api/v1/Erp.BO.CompanySvc/Companies"


class EpicorPing:
    """One ping of one company; reads only."""

    def __init__(self, wiring: Wiring, transport: Transport, company: str) -> None:
        self._wiring = wiring
        self._name = wiring.name
        self._transport = transport
        self._company = company
        self._dialogue = self._dialogue_with(login_of(wiring.settings, wiring.credentials, wiring.clock))
        self._called = ""

    def result(self, things: Sequence[str]) -> Ping:
        """Reach it, log in, name the company, read one row of each thing."""
        pinging = Pinging(wiring=self._wiring)
        if pinging.reach() and pinging.try_read("login", self._company_row, self._advice):
            pinging.read_each(things, self._read_one, self._advice)
        return pinging.result(f"{self._name} answers and accepts our login{self._called}")

    def _company_row(self) -> str:
        own = all_of((("Company1", self._company),))
        wanted = (("$filter", own), ("$select", "Company1,Name"), ("$top", "1"))
        path = dialect.address(self._company, COMPANIES, self._name)
        try:
            body = self._dialogue.body_of(Request.json("GET", path, params=wanted))
        except Refused as error:
            if error.status != dialect.FORBIDDEN:
                raise
            # The login is right, and a key for what the mappings use need not be one for companies.
            return f"the login is accepted; the name of {self._company} is outside its access scope"
        rows = dialect.open_page(body, f"{self._name} {COMPANIES}").rows
        name = str(rows[0].get("Name") or "") if rows else ""
        self._called = f"; company {self._company} is {plain(name, 80)}" if name else ""
        return f"the login is accepted{self._called}"

    def _read_one(self, thing: str) -> object:
        path = dialect.address(self._company, thing, self._name)
        return self._dialogue.body_of(Request.json("GET", path, params=(("$top", "1"),)))

    def _advice(self, error: ConnectorError) -> str:
        if isinstance(error, Refused):
            if error.status is None:
                return self._about_login_server(error.said)
            return self._about_key_or_user(error.said) if error.status == UNAUTHORIZED else self._about_scope()
        if isinstance(error, BadAnswer) and error.status == dialect.NOT_FOUND:
            return self._about_place(error)
        if isinstance(error, BadAnswer) and error.said.startswith("the login failed"):
            return self._about_unreachable_login()
        return usual_advice(self._name, error)

    def _about_login_server(self, said: str) -> str:
        text = said.casefold()
        if "invalid_client" in text:
            return f"client_id or client_secret is wrong: {self._set('client_id')} and client_secret"
        if "invalid_scope" in text:
            return f"the client is not registered for this scope: set `scope` of {self._name} in connections.yaml"
        return f"user name or password is wrong: {self._set('username')} and password"

    def _about_key_or_user(self, said: str) -> str:
        text = said.casefold().replace("-", " ").replace("_", " ").replace("apikey", "api key")
        if "api key" in text or ("password" not in text and "token" not in text and self._is_user_accepted()):
            return f"the API key is wrong or has expired, the user login was not judged: {self._set('api_key')}"
        other = _OTHER_LOGIN.get(self._wiring.settings["login"])
        if other is not None and self._accepts(other):
            return f"set login: {other} for {self._name} in connections.yaml; the user is accepted that way"
        if "token" in text and "password" not in text:
            return (
                "the token is fresh and Epicor does not accept it: its user must exist in Epicor, and "
                f"token_url of {self._name} must be the login server that this Epicor trusts"
            )
        return f"the API key was accepted, user name or password is wrong: {self._set('username')} and password"

    def _about_scope(self) -> str:
        return (
            "API key and user are right, but this service is not allowed: add it to the access scope of the API key "
            "(API Key Maintenance, Access Scope), or give the user the right"
        )

    def _about_place(self, error: BadAnswer) -> str:
        if not error.own:
            return "the server is there, but not this instance: check the path of base_url, https://SERVER/INSTANCE"
        if "compan" in error.said.casefold():
            return f"there is no company {self._company} in this Epicor: check the companies in books.yaml"
        return "the service is not known there: check its spelling in the mapping, and the version of this Epicor"

    def _about_unreachable_login(self) -> str:
        if self._wiring.settings["login"] == "app_server":
            if self._accepts("basic"):
                return f"set login: basic for {self._name} in connections.yaml; the user is accepted that way"
            return f"this Epicor gives no tokens itself: set login of {self._name} to one of {', '.join(LOGINS)}"
        return f"check token_url of {self._name} in connections.yaml, and whether it can be reached from here"

    def _accepts(self, login: str) -> bool:
        """Whether the same user is accepted by another login; one try, since more could lock a user out."""
        settings = {**self._wiring.settings, "login": login}
        asking = self._dialogue_with(login_of(settings, self._wiring.credentials, self._wiring.clock))
        path = dialect.address(self._company, COMPANIES, self._name)
        return self._works(asking, Request.json("GET", path, params=(("$top", "1"),)))

    def _is_user_accepted(self) -> bool:
        """Whether the older API, which wants no API key, accepts the user."""
        asking = self._dialogue_with(
            user_login_of(self._wiring.settings, self._wiring.credentials, self._wiring.clock)
        )
        request = Request.json("GET", _WITHOUT_KEY, params=(("$top", "1"),))
        named = encode({"Company": self._company}).decode()
        return self._works(asking, replace(request, headers={**request.headers, "CallSettings": named}))

    def _works(self, asking: Dialogue, request: Request) -> bool:
        try:
            asking.body_of(request)
        except Refused as error:
            return error.status == dialect.FORBIDDEN
        except (CredentialsError, Unreachable):
            return False
        return True

    def _dialogue_with(self, auth: Auth) -> Dialogue:
        return Dialogue(self._wiring, transport=self._transport, auth=auth, judge=dialect.judge, patient=False)

    def _set(self, field: str) -> str:
        return f"run `ml-connector credentials set {self._name} {field}`"

"""Airbase's accounting API as a whole: login, rate limit, addresses, verbs and headers."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from engine.faces.sandbox.airbase.access import RateLimit, Tokens
from engine.faces.sandbox.airbase.books import AirbaseBooks
from engine.faces.sandbox.airbase.entries import LedgerEntries
from engine.faces.sandbox.airbase.master import MasterData
from engine.faces.sandbox.airbase.paging import NoSuchPage
from engine.faces.sandbox.airbase.resources import RESOURCES
from engine.faces.sandbox.exchange import SandboxRequest, SandboxResponse
from engine.words.json_value import NotJson, decode

PREFIX = "/v1/accounting/"
RELEASE = "v0001"

_NOT_FOUND = SandboxResponse.json(404, {"detail": "Not found."})
_FORBIDDEN = SandboxResponse.json(403, {"detail": "You do not have permission to perform this action."})


class _BadBody(Exception):
    """The body is not a JSON object."""


class AirbaseSandbox:
    """A simulated Airbase. The switches are attributes, and may be turned while it runs.

    `accounts_read_only` refuses every write to GL accounts with 403, `accounts_listable` and
    `tags_listable` say whether those lists can be read at all, and `onboarded` whether the load of
    master data that `/entity/sync/` frames is already done.
    """

    def __init__(self, books: AirbaseBooks, tokens: Tokens, *, rate: RateLimit | None = None) -> None:
        self.books = books
        self.tokens = tokens
        self.rate = rate or RateLimit()
        self.accounts_read_only = False
        self.accounts_listable = True
        self.tags_listable = True
        self.onboarded = True
        self._sync_open = False
        self._entries = LedgerEntries(books)
        self._master = {name: MasterData(resource, books) for name, resource in RESOURCES.items()}

    def respond(self, request: SandboxRequest) -> SandboxResponse:
        """Carry out one request."""
        headers = {
            "Vary": "Cookie, origin",
            "X-Request-Id": str(uuid.uuid4()),
            "X-Airbase-Release-Version": RELEASE,
        }
        answer = self.tokens.refusal(request.headers)
        if answer is None:
            counted, answer = self.rate.count()
            headers |= {**counted, "X-Airbase-Auth-Token-Id": str(self.tokens.number)}
        if answer is None:
            answer = self._routed(request)
        return replace(answer, headers={**headers, **answer.headers})

    def _routed(self, request: SandboxRequest) -> SandboxResponse:
        path = unquote(request.path)
        if not path.startswith(PREFIX) or not path.endswith("/"):
            return _NOT_FOUND
        try:
            match path.removeprefix(PREFIX).removesuffix("/").split("/"):
                case ["entity", "sync"]:
                    return self._sync(request)
                case ["ledger_entries", *rest]:
                    return self._entry(request, rest)
                case [name, *rest] if name in self._master:
                    return self._master_data(request, name, rest)
                case _:
                    return _NOT_FOUND
        except NoSuchPage:
            return SandboxResponse.json(404, {"detail": "Invalid page."})
        except _BadBody as error:
            return SandboxResponse.json(400, {"detail": f"JSON parse error - {error}"})

    def _entry(self, request: SandboxRequest, rest: list[str]) -> SandboxResponse:
        verbs = self._entries.item_verbs if rest else self._entries.list_verbs
        match _verb(request), rest:
            case "GET", []:
                answer: SandboxResponse | None = self._entries.page(request)
            case "GET", [airbase_id]:
                answer = self._entries.one(airbase_id)
            case "PATCH", [airbase_id]:
                answer = self._entries.patch(airbase_id, _json_object(request))
            case _ if len(rest) > 1:
                answer = None
            case _:
                answer = _other_verb(request, verbs)
        return _allowing(answer, verbs)

    def _master_data(self, request: SandboxRequest, name: str, rest: list[str]) -> SandboxResponse:
        master = self._master[name]
        verb = _verb(request)
        verbs = self._verbs_of(name, rest)
        if verb not in verbs:
            return _allowing(_other_verb(request, verbs), verbs)
        if name == "accounts" and self.accounts_read_only and verb != "GET":
            return _allowing(_FORBIDDEN, verbs)
        match verb, rest:
            case "POST", ["bulk_upsert"]:
                answer: SandboxResponse | None = master.bulk_upsert(_json_object(request))
            case "GET", []:
                answer = master.page(request)
            case "POST", []:
                answer = master.post(_json_object(request))
            case "GET", [airbase_id]:
                answer = master.one(airbase_id)
            case "PATCH", [airbase_id]:
                answer = master.patch(airbase_id, _json_object(request))
            case _:
                answer = None
        return _allowing(answer, verbs)

    def _verbs_of(self, name: str, rest: list[str]) -> tuple[str, ...]:
        master = self._master[name]
        if rest == ["bulk_upsert"] and master.has_bulk:
            return ("POST",)
        verbs = master.item_verbs if rest else master.list_verbs
        listable = {"accounts": self.accounts_listable, "tags": self.tags_listable}.get(name, True)
        return verbs if listable else tuple(verb for verb in verbs if verb != "GET")

    def _sync(self, request: SandboxRequest) -> SandboxResponse:
        """Open or close the session around a load of master data; onboarding happens once."""
        verb, verbs = _verb(request), ("POST", "PATCH")
        if verb not in verbs:
            return _allowing(_other_verb(request, verbs), verbs)
        action = _json_object(request).get("action")
        if (verb, action) == ("POST", "START"):
            if self.onboarded:
                return SandboxResponse.json(409, {"detail": "Onboarding is already complete."})
            self._sync_open = True
            return SandboxResponse.json(200, {})
        if (verb, action) == ("PATCH", "COMPLETE"):
            if not self._sync_open:
                return SandboxResponse.json(404, {"detail": "No active sync session found."})
            self._sync_open, self.onboarded = False, True
            return SandboxResponse.json(200, {})
        return SandboxResponse.json(400, {"action": [f'"{action}" is not a valid choice.']})


def _verb(request: SandboxRequest) -> str:
    return "GET" if request.method == "HEAD" else request.method


def _other_verb(request: SandboxRequest, verbs: tuple[str, ...]) -> SandboxResponse:
    if request.method == "OPTIONS":
        return SandboxResponse.json(200, {"parses": ["application/json"], "verbs": list(verbs)})
    return SandboxResponse.json(405, {"detail": f'Method "{request.method}" not allowed.'})


def _allowing(answer: SandboxResponse | None, verbs: tuple[str, ...]) -> SandboxResponse:
    if answer is None:
        return _NOT_FOUND
    offered = (*verbs, "HEAD", "OPTIONS") if "GET" in verbs else (*verbs, "OPTIONS")
    return replace(answer, headers={**answer.headers, "Allow": ", ".join(offered)})


def _json_object(request: SandboxRequest) -> dict[str, Any]:
    try:
        body = decode(request.body)
    except NotJson as error:
        raise _BadBody(str(error)) from error
    if not isinstance(body, dict):
        raise _BadBody("the body is not an object")
    return body

"""What stands under `/_sandbox/` on every port: faults, books, and the portal's pages of tokens and approvals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from engine.faces.sandbox.airbase.access import Tokens
from engine.faces.sandbox.airbase.approvals import Approvals, NotAnAddress
from engine.faces.sandbox.exchange import SandboxRequest, SandboxResponse
from engine.faces.sandbox.faults import Faults, NotAFault, fault_from_json
from engine.faces.sandbox.view import books_page
from engine.words.json_value import NotJson, decode

PREFIX = "/_sandbox/"
_OWN_NAMES = frozenset({"127.0.0.1", "localhost"})


class Admin:
    """Answers only callers that name loopback as host and origin: no page on the web can switch a fault."""

    def __init__(
        self, *, faults: Faults, report: Callable[[], dict[str, Any]], tokens: Tokens, approvals: Approvals
    ) -> None:
        self._faults = faults
        self._report = report
        self._tokens = tokens
        self._approvals = approvals

    def respond(self, request: SandboxRequest) -> SandboxResponse:
        """Carry out one request."""
        origin = request.headers.get("origin", "").removeprefix("http://")
        named = {_name(request.headers.get("host", "")), *([_name(origin)] if origin else [])}
        if not named <= _OWN_NAMES:
            return _error(403, "this address answers only on loopback")
        match request.method, unquote(request.path).removeprefix(PREFIX).strip("/").split("/"):
            case "GET", ["" | "books"]:
                return books_page(self._report())
            case "GET", ["books.json"]:
                return SandboxResponse.json(200, self._report())
            case "GET", ["faults"]:
                return SandboxResponse.json(200, {"faults": self._faults.listed()})
            case "POST", ["faults"]:
                return self._add_fault(request)
            case "DELETE", ["faults"]:
                self._faults.clear()
                return SandboxResponse(status=204)
            case "DELETE", ["faults", fault_id]:
                found = self._faults.remove(fault_id)
                return SandboxResponse(status=204) if found else _error(404, f"no fault {fault_id!r} is on")
            case "POST", ["airbase", "token"]:
                return self._rotate(request)
            case "DELETE", ["airbase", "token"]:
                self._tokens.expire()
                return SandboxResponse(status=204)
            case "POST", ["airbase", "webhook"]:
                return self._tell_approvals(request)
            case "DELETE", ["airbase", "webhook"]:
                self._approvals.stop_telling()
                return SandboxResponse(status=204)
            case "POST", ["airbase", "approve"]:
                return self._approve(request)
            case _:
                known = "books, books.json, faults, faults/ID, airbase/token, airbase/webhook and airbase/approve"
                return _error(404, f"known are {known}")

    def _add_fault(self, request: SandboxRequest) -> SandboxResponse:
        try:
            fault = self._faults.add(fault_from_json(request.body))
        except NotAFault as error:
            return _error(400, str(error))
        added = next(one for one in self._faults.listed() if one["id"] == fault.id)
        return SandboxResponse.json(201, added)

    def _rotate(self, request: SandboxRequest) -> SandboxResponse:
        try:
            wanted = _object(request).get("token")
        except NotJson as error:
            return _error(400, str(error))
        if wanted is not None and not isinstance(wanted, str):
            return _error(400, "token is a text")
        return SandboxResponse.json(200, {"token": self._tokens.rotate(wanted)})

    def _tell_approvals(self, request: SandboxRequest) -> SandboxResponse:
        try:
            self._approvals.tell(_object(request))
        except (NotJson, NotAnAddress) as error:
            return _error(400, str(error))
        return SandboxResponse(status=204)

    def _approve(self, request: SandboxRequest) -> SandboxResponse:
        try:
            return SandboxResponse.json(200, self._approvals.approve(_object(request).get("airbase_id")))
        except NotJson as error:
            return _error(400, str(error))
        except KeyError as error:
            return _error(404, f"there is no entry {error}")


def _object(request: SandboxRequest) -> dict[str, Any]:
    """The body's object; an empty one where there is none."""
    given = decode(request.body or b"{}")
    return given if isinstance(given, dict) else {}


def _name(address: str) -> str:
    return address.partition(":")[0]


def _error(status: int, message: str) -> SandboxResponse:
    return SandboxResponse.json(status, {"detail": message})

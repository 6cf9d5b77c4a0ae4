"""A third system behind a real port: a small JSON API with its own words, of which the engine knows nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from engine.faces.sandbox.dialect import airbase_error
from engine.faces.sandbox.exchange import SandboxRequest, SandboxResponse
from engine.faces.sandbox.faults import Faults
from engine.faces.sandbox.server import Hosted, SandboxServer
from engine.words.json_value import decode

KEY = "the-other-key"
PAGE = 2


@dataclass
class OtherSystem:
    """Lists at `/api/NAME` (`results`, and `links.next` with a path), new rows by POST, changes by PUT.

    A row is created with a number of the system's own; a second one with the same `ref` is refused with 409.
    """

    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    faults: Faults = field(default_factory=Faults)
    requests: list[SandboxRequest] = field(default_factory=list)
    url: str = ""

    def respond(self, request: SandboxRequest) -> SandboxResponse:
        """Carry out one request."""
        self.requests.append(request)
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return SandboxResponse.json(401, {"error": "who are you?"})
        name, _, number = request.path.removeprefix("/api/").partition("/")
        rows = self.tables.setdefault(name, [])
        match request.method, number:
            case "GET", "":
                return self._page(request, rows)
            case "POST", "":
                return _created(rows, decode(request.body))
            case "PUT", _:
                return _changed(rows, number, decode(request.body))
            case _:
                return SandboxResponse.json(405, {"error": "not here"})

    @staticmethod
    def _page(request: SandboxRequest, rows: Sequence[dict[str, Any]]) -> SandboxResponse:
        query = dict(request.query)
        start = int(query.pop("from", 0))
        found = [row for row in rows if all(str(row.get(name)) == text for name, text in query.items())]
        kept = "".join(f"&{name}={text}" for name, text in query.items())
        more = f"{request.path}?from={start + PAGE}{kept}" if start + PAGE < len(found) else None
        return SandboxResponse.json(200, {"results": found[start : start + PAGE], "links": {"next": more}})


def _created(rows: list[dict[str, Any]], body: dict[str, Any]) -> SandboxResponse:
    if any(row.get("ref") == body.get("ref") for row in rows):
        return SandboxResponse.json(409, {"error": "there is one with this ref"})
    rows.append({**body, "no": len(rows) + 1})
    return SandboxResponse.json(201, rows[-1])


def _changed(rows: list[dict[str, Any]], number: str, body: dict[str, Any]) -> SandboxResponse:
    for row in rows:
        if str(row.get("no")) == number:
            row.update(body)
            return SandboxResponse.json(200, row)
    return SandboxResponse.json(404, {"error": "no such row"})


class _NoAdmin:
    def respond(self, request: SandboxRequest) -> SandboxResponse:
        return SandboxResponse.json(404, {"error": request.path})


@contextmanager
def other_system(**tables: Sequence[Mapping[str, Any]]) -> Iterator[OtherSystem]:
    """The system, started, with these tables."""
    system = OtherSystem(tables={name: [dict(row) for row in rows] for name, rows in tables.items()})
    hosted = Hosted(system=system, dialect=airbase_error, expire_tokens=lambda: None)
    server = SandboxServer({"other": hosted}, faults=system.faults, admin=_NoAdmin())
    system.url = server.start()["other"]
    try:
        yield system
    finally:
        server.stop()

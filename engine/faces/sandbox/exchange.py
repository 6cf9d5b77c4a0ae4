"""A request to the sandbox and its answer, so that the books behind it know nothing of sockets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from engine.words.json_value import encode


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxRequest:
    """What came in: the path still percent-encoded, header names lower case, query pairs decoded."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxResponse:
    """What goes out."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)

    @staticmethod
    def json(status: int, value: Any, **headers: str) -> SandboxResponse:
        """An answer with a JSON body; underscores in header names stand for hyphens."""
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        return SandboxResponse(status=status, body=encode(value), headers=named)


class SandboxSystem(Protocol):
    """One simulated system; `respond` is called from many threads at once."""

    def respond(self, request: SandboxRequest) -> SandboxResponse:
        """Carry out one request."""
        ...

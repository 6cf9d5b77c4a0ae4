"""How each system words an error, for the faults that answer in its place."""

from __future__ import annotations

from collections.abc import Callable

from engine.faces.sandbox.epicor.errors import (
    BUSINESS,
    DUPLICATE,
    REST,
    UNAUTHORISED,
    EpicorError,
    as_json,
    as_xml,
)
from engine.faces.sandbox.exchange import SandboxResponse

Dialect = Callable[[int, str], SandboxResponse]

HTML = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"

_EPICOR_TYPES = {
    401: UNAUTHORISED,
    403: UNAUTHORISED,
    404: REST,
    409: DUPLICATE,
    503: "Ice.Common.ConversionsPendingException",
}


def airbase_error(status: int, message: str) -> SandboxResponse:
    """An error as Airbase words it: a single key `detail`."""
    return SandboxResponse.json(status, {"detail": message})


def epicor_error(status: int, message: str) -> SandboxResponse:
    """An error as Epicor words it: JSON, except that a caller who is turned away gets XML."""
    error = EpicorError(status, _EPICOR_TYPES.get(status, BUSINESS), message)
    return as_xml(error) if status == 401 else as_json(error)


def proxy_page(status: int) -> SandboxResponse:
    """The page of something that stands in front of the system and knows nothing of it."""
    return SandboxResponse(status=status, body=HTML, content_type="text/html; charset=utf-8")

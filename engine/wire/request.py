"""A request and its answer as values; nothing here sends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from engine.words.json_value import decode, encode

MayLeave = Callable[[], str]
"""Why something must not leave any more, asked once nothing else is waited for; empty where it may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request to a connection: the path is relative to its base URL, already percent-encoded.

    `effect` says whether it may change the other system; only requests without effect are ever repeated
    by themselves. `headers` may hold secrets and is never logged.
    """

    method: str
    path: str
    params: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = None
    effect: bool = False
    timeout_s: float | None = None
    may_leave: MayLeave | None = field(default=None, repr=False, compare=False)

    @staticmethod
    def json(
        method: str,
        path: str,
        body: object = None,
        *,
        params: tuple[tuple[str, str], ...] = (),
        effect: bool = False,
        may_leave: MayLeave | None = None,
    ) -> Request:
        """A request with a JSON body (none when `body` is None)."""
        return Request(
            method=method,
            path=path,
            params=params,
            headers={"Accept": "application/json"}
            | ({"Content-Type": "application/json"} if body is not None else {}),
            body=None if body is None else encode(body),
            effect=effect,
            may_leave=may_leave,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One HTTP answer, read to its end; header names are lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    elapsed_s: float = 0.0
    _read: list[Any] = field(default_factory=list, init=False, repr=False, compare=False)

    def json(self) -> Any:
        """The body as JSON: one value for all who ask, so nobody changes it.

        Raises:
            NotJson: it is something else.
        """
        if not self._read:
            self._read.append(decode(self.body))
        return self._read[0]


def path_segment(text: str) -> str:
    """One segment of a path, percent-encoded: quotes, slashes and percent signs included."""
    return quote(text, safe="")

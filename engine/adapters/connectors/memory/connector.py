"""A connector that keeps its rows in memory, records every call and answers by script."""

from __future__ import annotations

import copy
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from engine.adapters.connectors.kind import KindSpec, Questions, Wiring
from engine.adapters.connectors.matching import Matcher, check_matches
from engine.adapters.connectors.port import Answer, Call, Lookup, Match, Page, Ping, Row
from engine.adapters.connectors.settings import Setting
from engine.domain.outcome import Proof
from engine.words.errors import ConnectorError

Reply = Answer | ConnectorError | Callable[[Call], Answer]


class MemoryConnector:
    """Rows by endpoint, and by (company, endpoint) where companies differ.

    `calls` holds every call in order. Calls are answered by `script` first to last, then with a success
    whose body is what was sent. Safe from several threads.
    """

    def __init__(
        self,
        rows: Mapping[str | tuple[str, str], Sequence[Mapping[str, Any]]] | None = None,
        *,
        name: str = "memory",
        page_size: int = 100,
    ) -> None:
        self.calls: list[Call] = []
        self._name = name
        self._page_size = page_size
        self._rows: dict[str | tuple[str, str], list[dict[str, Any]]] = {
            place: [dict(row) for row in kept] for place, kept in (rows or {}).items()
        }
        self._script: deque[Reply] = deque()
        self._lock = threading.Lock()

    def put(self, endpoint: str, *rows: Mapping[str, Any], company: str | None = None) -> None:
        """Add rows to a feed."""
        place = (company, endpoint) if company is not None else endpoint
        with self._lock:
            self._rows.setdefault(place, []).extend(dict(row) for row in rows)

    def script(self, *replies: Reply) -> None:
        """Answer the next calls with these: an answer, an exception to raise, or what a function makes of them."""
        with self._lock:
            self._script.extend(replies)

    def read(
        self, endpoint: str, *, params: tuple[tuple[str, str], ...] = (), company: str | None = None
    ) -> Iterator[Page]:
        """The rows of a feed, page by page; parameters are of no meaning here."""
        del params
        rows = self._of(endpoint, company)
        starts = range(0, max(len(rows), 1), self._page_size)
        for number, start in enumerate(starts, start=1):
            page = tuple(rows[start : start + self._page_size])
            yield Page(rows=page, number=number, complete=number == len(starts))

    def find(self, lookup: Lookup) -> Mapping[Match, tuple[Row, ...]]:
        """The rows that fit each match."""
        where = f"{self._name} {lookup.set}"
        check_matches(lookup.matches, where)
        matcher = Matcher(lookup.matches)
        matcher.offer(self._of(lookup.set, lookup.company))
        return matcher.found(where)

    def call(self, call: Call) -> Answer:
        """Record the call and answer it by the script."""
        with self._lock:
            self.calls.append(call)
            reply = self._script.popleft() if self._script else None
        if isinstance(reply, ConnectorError):
            raise reply
        if isinstance(reply, Answer):
            return reply
        return reply(call) if reply is not None else _success(call)

    def ping(self, *, company: str | None = None, things: Sequence[str] = ()) -> Ping:
        """Always there."""
        del company, things
        return Ping(ok=True, sentence=f"{self._name} is in memory", elapsed_s=0.0)

    def close(self) -> None:
        """Nothing is open."""

    def _of(self, endpoint: str, company: str | None) -> list[dict[str, Any]]:
        with self._lock:
            rows = self._rows.get((company, endpoint)) if company is not None else None
            return copy.deepcopy(self._rows.get(endpoint, []) if rows is None else rows)


def _success(call: Call) -> Answer:
    return Answer(
        proof=Proof.EFFECT,
        status=200,
        body=copy.deepcopy(call.body),
        response={"status": 200, "body": call.body},
    )


def _make(wiring: Wiring) -> MemoryConnector:
    return MemoryConnector(name=wiring.name, page_size=wiring.settings["page_size"])


def _credential_fields(_settings: Mapping[str, Any]) -> Questions:
    return ()


MEMORY = KindSpec(
    kind="memory",
    help="A system in memory, for tests; it forgets everything.",
    settings=(
        Setting(name="environment", required=True, choices=("test",), help="Always test; nothing is kept."),
        Setting(name="base_url", help="Of no meaning here; written so that all connections look alike."),
        Setting(name="page_size", kind="whole", default=100, least=1, help="Rows of a page."),
    ),
    credential_fields=_credential_fields,
    make=_make,
)

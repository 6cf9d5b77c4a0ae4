"""Everything a run works with, put together by the wiring."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.adapters.connectors.port import Connector
from engine.adapters.store.port import Ledger
from engine.language.crosswalk.crosswalk import Crosswalk
from engine.language.spec.books import Books
from engine.language.spec.connections import ConnectionSettings
from engine.language.spec.model import MappingSpec
from engine.words.clock import Clock, IdMaker, Instant

STOPPING = "the service is stopping"


class Stopping(Exception):
    """The work ends early, between two records, because its process was asked to stop; nothing is left half done."""


def go_on() -> bool:
    """Nobody asks us to stop."""
    return False


Tell = Callable[[str, int], None]
"""Hears of progress: what is being done, and how many of it were just done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """The parts of a run.

    `started` is this process's start on the monotonic clock, `lease_s` how long a turn lasts unrenewed,
    `stop_after_refused` after how many documents in a row that are not entered a run stops sending. `stopping`
    says whether the process was asked to stop: then no new document begins.
    """

    ledger: Ledger
    connectors: Mapping[str, Connector]
    connections: Mapping[str, ConnectionSettings]
    specs: tuple[MappingSpec, ...]
    books: Books
    crosswalks: Mapping[str, Crosswalk]
    clock: Clock
    make_id: IdMaker
    started: Instant
    who: str
    folder: Path
    in_flight_max: Mapping[str, int]
    lease_s: int
    stop_after_refused: int
    stopping: Callable[[], bool] = go_on

    def stop_if_asked(self) -> None:
        """Between two steps: do nothing, unless the process was asked to stop.

        Raises:
            Stopping: it was.
        """
        if self.stopping():
            raise Stopping(STOPPING)

    def in_flight(self, connection: str) -> int:
        """How many requests may be under way at a connection at once."""
        return self.in_flight_max[connection]

    def settle_s(self, spec: MappingSpec) -> float:
        """The settle window of a mapping, in seconds; the target's connection may set its own."""
        own = self.connections[spec.target.connection].settings.get("settle_s")
        return float(own if own is not None else spec.dedupe.settle_s if spec.dedupe else 0)

    def may_acknowledge(self, spec: MappingSpec) -> bool:
        """Whether both systems are production, or both the sandbox: a test ERP never completes a real record."""
        source, target = self.connections[spec.source.connection], self.connections[spec.target.connection]
        return source.environment == target.environment and source.environment != "test"


def ignore(_what: str, _count: int) -> None:
    """A listener that hears nothing."""

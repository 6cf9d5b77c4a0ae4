"""Feeds that can only be searched by reading them: read once for one planning, not once for every batch of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from engine.adapters.connectors.matching import FeedIndex
from engine.adapters.connectors.port import Answer, Call, Connector, Lookup, Match, Page, Ping, ReadsToFind, Row
from engine.run.setup import Setup

KEPT_MAX = 200_000
"""Rows of one feed that are kept; a longer one is read again for every batch, as if nothing were kept."""


def reading_once(setup: Setup) -> Setup:
    """The setup with connectors that keep what they had to read whole; used for one planning, then thrown away.

    A planning so sees these feeds as they stood when it first asked, as it does of every single look-up.
    """
    connectors = {
        name: _ReadingOnce(connector) if isinstance(connector, ReadsToFind) else connector
        for name, connector in setup.connectors.items()
    }
    return replace(setup, connectors=connectors)


@dataclass(slots=True)
class _Kept:
    """A feed as it was read, or None when it is too long to be kept."""

    index: FeedIndex | None


class _ReadingOnce:
    """A connector whose `find` reads a feed whole at most once."""

    def __init__(self, connector: Connector) -> None:
        self._connector = connector
        self._kept: dict[str, _Kept] = {}

    def read(
        self, endpoint: str, *, params: tuple[tuple[str, str], ...] = (), company: str | None = None
    ) -> Iterator[Page]:
        """As the connector does."""
        return self._connector.read(endpoint, params=params, company=company)

    def find(self, lookup: Lookup) -> Mapping[Match, tuple[Row, ...]]:
        """As the connector does, out of what is kept where it would read everything."""
        reads = isinstance(self._connector, ReadsToFind) and self._connector.reads_to_find(lookup)
        index = self._index_of(lookup.set, lookup.company) if reads else None
        return self._connector.find(lookup) if index is None else index.find(lookup.matches, lookup.set)

    def call(self, call: Call) -> Answer:
        """As the connector does."""
        return self._connector.call(call)

    def ping(self, *, company: str | None = None, things: Sequence[str] = ()) -> Ping:
        """As the connector does."""
        return self._connector.ping(company=company, things=things)

    def close(self) -> None:
        """As the connector does."""
        self._connector.close()

    def _index_of(self, set_name: str, company: str | None) -> FeedIndex | None:
        kept = self._kept.get(set_name)
        if kept is None:
            kept = self._kept[set_name] = _Kept(self._read_whole(set_name, company))
        return kept.index

    def _read_whole(self, set_name: str, company: str | None) -> FeedIndex | None:
        index = FeedIndex()
        for page in self._connector.read(set_name, company=company):
            index.add(page.rows)
            if len(index) > KEPT_MAX:
                return None
        return index

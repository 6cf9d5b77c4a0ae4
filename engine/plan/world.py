"""What a plan may know besides the record: look-ups, crosswalks and the books' settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from engine.language.crosswalk.crosswalk import Crosswalk
from engine.language.spec.books import Company

Row = Mapping[str, Any]
Match = tuple[tuple[str, Any], ...]


class World(Protocol):
    """The sources of knowledge; the live one asks the connectors, the tests' one reads a file."""

    def look_up(
        self,
        connection: str,
        company: str | None,
        set_name: str,
        matches: Sequence[Match],
        fields: Sequence[str],
    ) -> Mapping[Match, tuple[Row, ...]]:
        """The rows that fit each match, asked for all at once.

        Raises:
            Unreachable: the other system cannot be asked now.
        """
        ...

    def crosswalk(self, name: str) -> Crosswalk:
        """A crosswalk by name."""
        ...

    def company(self, name: str) -> Company | None:
        """A company of books.yaml, or None."""
        ...

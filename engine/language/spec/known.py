"""What the rules have to know of the world beside the mappings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol


class Catalogue(Protocol):
    """What a kind of system is known to have; a kind without a catalogue is not checked."""

    def has_set(self, name: str) -> bool:
        """Whether there is an entity set `Service/Set`."""
        ...

    def set_fields(self, name: str) -> frozenset[str]:
        """The fields of an entity set; empty when they are not known."""
        ...

    def has_method(self, name: str) -> bool:
        """Whether there is a method `Service/Method`."""
        ...

    def table_fields(self, table: str) -> frozenset[str]:
        """The fields of a table of a dataset; empty when they are not known."""
        ...

    def sets(self) -> Iterable[str]:
        """The names of all entity sets, for hints."""
        ...

    def methods(self) -> Iterable[str]:
        """The names of all methods, for hints."""
        ...

    def tables(self) -> Iterable[str]:
        """The names of all tables whose fields are known."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Connections with their kinds, catalogues by kind, columns of crosswalks, settings of books.yaml.

    What could not be read is left empty and is then not checked: no connections at all, or a crosswalk
    without columns.
    """

    connections: Mapping[str, str]
    catalogues: Mapping[str, Catalogue]
    crosswalk_columns: Mapping[str, frozenset[str]]
    books_settings: frozenset[str]

    def catalogue_of(self, connection: str) -> Catalogue | None:
        """The catalogue of a connection's kind."""
        return self.catalogues.get(self.connections.get(connection, ""))

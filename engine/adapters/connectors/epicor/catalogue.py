"""What is known of Epicor's tables, entity sets and methods, so that mappings are checked offline.

The data stands in `catalogue.json`: field names by type, the table and key of each set, and the methods of each
service. A tenant's own columns (`…_c`) and services are not in it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal, cast

from engine.words.json_value import decode

FieldKind = Literal["text", "number", "flag", "date", "guid", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetShape:
    """The table of an entity set's rows, and its key."""

    table: str
    key: tuple[str, ...]


class EpicorCatalogue:
    """Names as mappings write them: `Erp.BO.VendorSvc/Vendors`, `Erp.BO.APInvoiceSvc/UpdateMaster`."""

    def __init__(
        self,
        tables: Mapping[str, Mapping[str, FieldKind]],
        sets: Mapping[str, SetShape],
        methods: Collection[str],
    ) -> None:
        self._tables = tables
        self._sets = sets
        self._methods = methods

    def sets(self) -> tuple[str, ...]:
        """Every entity set."""
        return tuple(self._sets)

    def has_set(self, name: str) -> bool:
        """Whether the entity set is known."""
        return name in self._sets

    def set_fields(self, name: str) -> frozenset[str]:
        """The fields of a set's rows; empty when they are not known."""
        shape = self._sets.get(name)
        return self.table_fields(shape.table) if shape else frozenset()

    def set_keys(self, name: str) -> tuple[str, ...]:
        """The key of a set, in order; empty when it is not known."""
        shape = self._sets.get(name)
        return shape.key if shape else ()

    def field_kind(self, set_name: str, field: str) -> FieldKind:
        """The type of a set's field."""
        shape = self._sets.get(set_name)
        return self._tables.get(shape.table, {}).get(field, "unknown") if shape else "unknown"

    def methods(self) -> tuple[str, ...]:
        """Every method."""
        return tuple(self._methods)

    def has_method(self, name: str) -> bool:
        """Whether the method is known."""
        return name in self._methods

    def tables(self) -> tuple[str, ...]:
        """Every table whose fields are known."""
        return tuple(self._tables)

    def table_fields(self, table: str) -> frozenset[str]:
        """The fields of a table; empty when they are not known."""
        return frozenset(self._tables.get(table, ()))


@cache
def epicor_catalogue() -> EpicorCatalogue:
    """The catalogue, read once."""
    stored = decode(files(__package__).joinpath("catalogue.json").read_bytes())
    tables = {
        table: {field: cast("FieldKind", kind) for kind, fields in by_kind.items() for field in str(fields).split()}
        for table, by_kind in stored["tables"].items()
    }
    return EpicorCatalogue(
        tables=tables,
        sets={
            name: SetShape(table=text.partition(" ")[0], key=tuple(text.split()[1:]))
            for name, text in stored["sets"].items()
        },
        methods=frozenset(
            f"{service}/{method}" for service, names in stored["methods"].items() for method in names.split()
        ),
    )

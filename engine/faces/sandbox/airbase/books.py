"""What the sandbox's Airbase holds: ledger entries and master data, by id, in the order they came."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any

from engine.faces.sandbox.tables import TableStore

Row = dict[str, Any]

ENTRIES = "ledger_entries"
READY = "sync_ready"
COMPLETE = "sync_complete"

_TABLES = (ENTRIES, "vendors", "accounts", "tags", "subsidiaries", "currencies")
_ORDER = "_order"


class AirbaseBooks:
    """Every table of the sandbox's Airbase, in a store that may be on disk."""

    def __init__(self, store: TableStore, *, ids: Callable[[], str] = lambda: str(uuid.uuid4())) -> None:
        self._store = store
        self._ids = ids
        for table in _TABLES:
            indexes = () if table == ENTRIES else ("erp_reference_id",)
            store.declare(_kept(table), ("airbase_id",), indexes)

    @property
    def empty(self) -> bool:
        """Whether nothing was ever loaded."""
        return not self._store.rows(_kept("subsidiaries"))

    def change(self) -> AbstractContextManager[None]:
        """A block that is carried out as a whole, with everyone else waiting."""
        return self._store.transaction()

    def load(self, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Put rows in; one with the id of an earlier row takes its place."""
        with self.change():
            for row in rows:
                self.put(table, row)

    def put(self, table: str, row: Mapping[str, Any]) -> None:
        """Keep a row under its `airbase_id`, in its old place if it had one."""
        with self.change():
            held = self._store.get(_kept(table), row["airbase_id"])
            order = held[_ORDER] if held else self._store.next_number(_kept(table))
            self._store.put(_kept(table), {**row, _ORDER: order})

    def rows(self, table: str) -> Iterator[Row]:
        """Every row of a table, oldest first."""
        return (_bare(row) for row in self._store.ordered(_kept(table), (_ORDER,)))

    def row(self, table: str, airbase_id: str) -> Row | None:
        """One row, or None."""
        held = self._store.get(_kept(table), airbase_id)
        return None if held is None else _bare(held)

    def referred(self, table: str, erp_reference_id: str) -> list[Row]:
        """The rows of master data with this reference, to the letter."""
        found = self._store.find(_kept(table), erp_reference_id=erp_reference_id)
        return [_bare(row) for row in found if row["erp_reference_id"] == erp_reference_id]

    def new_id(self) -> str:
        """An id for a new row."""
        return self._ids()

    def entry(self, airbase_id: str) -> Row | None:
        """A ledger entry as the API shows it: its vendor as the vendor stands now."""
        held = self._store.get(_kept(ENTRIES), airbase_id)
        return None if held is None else self._shown(held)

    def entries(self, status: str | None = None) -> Iterator[Row]:
        """The ledger entries, in one status or all, as the API shows them, oldest first."""
        rows = self._store.ordered(_kept(ENTRIES), (_ORDER,))
        return (self._shown(row) for row in rows if status is None or row["status"] == status)

    def change_entry(self, airbase_id: str, **changes: Any) -> Row:
        """What a person in Airbase does to an entry: recall it, correct it, approve it.

        Raises:
            KeyError: there is no such entry.
        """
        with self.change():
            held = self._store.get(_kept(ENTRIES), airbase_id)
            if held is None:
                raise KeyError(airbase_id)
            changed = self._store.put(_kept(ENTRIES), {**held, **changes})
            return self._shown(changed)

    def _shown(self, row: Mapping[str, Any]) -> Row:
        shown = _bare(row)
        vendor = shown.get("vendor")
        now = self._store.get(_kept("vendors"), vendor["airbase_id"]) if vendor else None
        if vendor and now is not None:
            linked = {"name": now["name"], "erp_reference_id": now["erp_reference_id"]}
            shown["vendor"] = {**vendor, **linked}
        return shown


def _kept(table: str) -> str:
    """The name in the store, which another system's tables may share."""
    return f"airbase.{table}"


def _bare(row: Mapping[str, Any]) -> Row:
    return {name: value for name, value in row.items() if name != _ORDER}

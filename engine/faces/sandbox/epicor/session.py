"""One caller at work in one company of the simulated books."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from engine.faces.sandbox.epicor.errors import stale
from engine.faces.sandbox.epicor.rows import new_row_id
from engine.faces.sandbox.tables import Row, TableStore
from engine.words.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Reads and writes rows of one company in the name of one user."""

    store: TableStore
    clock: Clock
    company: str
    user: str

    def today(self) -> date:
        """The server's day."""
        return self.clock.now().date()

    def get(self, table: str, *key: Any) -> Row | None:
        """The company's row of a key, or None."""
        return self.store.get(table, self.company, *key)

    def find(self, table: str, **equals: Any) -> list[Row]:
        """The company's rows with these values."""
        return self.store.find(table, Company=self.company, **equals)

    def save(self, table: str, row: Mapping[str, Any]) -> Row:
        """Keep a row with the next SysRevID; a row that names an older one is refused as stale."""
        kept = {"Company": self.company, **row}
        kept.pop("RowMod", None)
        kept.setdefault("SysRowID", new_row_id())
        kept["SysRevID"] = self.store.next_number("SysRevID", start=1001)
        return self.store.put(table, kept)

    def merge(self, table: str, old: Row, change: Mapping[str, Any]) -> dict[str, Any]:
        """The old row with a change laid over it.

        A change without SysRevID is taken: clients that send one U row are known to get away with it.
        """
        if change.get("SysRevID", old.get("SysRevID")) != old.get("SysRevID"):
            raise stale(table)
        return {**old, **change}

    def remove(self, table: str, *key: Any) -> bool:
        """Delete the company's row of a key; whether there was one."""
        return self.store.delete(table, self.company, *key)

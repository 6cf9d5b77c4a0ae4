"""A record: what the source holds, known by where it comes from and never by the mapping that takes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class RecordKey:
    """The identity of a record: connection, feed and the source's own id.

    `feed` is the endpoint, with the company in front where the source is read company by company
    (`EPIC06 Erp.BO.VendorSvc/Vendors`).
    """

    connection: str
    feed: str
    source_id: str

    def __str__(self) -> str:
        return f"{self.connection}:{self.feed}:{self.source_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRecord:
    """A record as it was read: its key, the company it was read under (if any), and its JSON."""

    key: RecordKey
    company: str | None
    payload: dict[str, Any]

"""The ledger's records page by page, so that memory stays flat however many there are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from engine.adapters.store.port import Ledger, RecordRow

BATCH = 200


def record_pages(ledger: Ledger, **which: Any) -> Iterator[tuple[RecordRow, ...]]:
    """Pages of the records that fit (`which` as for `Ledger.records`), by id; records may move meanwhile."""
    after = 0
    while rows := ledger.records(after_id=after, limit=BATCH, **which):
        after = rows[-1].id
        yield rows


def every_record(ledger: Ledger, **which: Any) -> Iterator[RecordRow]:
    """The records that fit, one by one."""
    for rows in record_pages(ledger, **which):
        yield from rows

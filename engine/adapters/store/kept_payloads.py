"""Checking the payloads beside the audit trail: edited ones, and ones that no purge took away."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, Text, select, type_coerce

from engine.adapters.store.payload_seal import PayloadSeal
from engine.adapters.store.payloads import PURGED, opened
from engine.adapters.store.tables import payloads
from engine.adapters.store.transaction import MANY
from engine.words.json_value import decode

PAGE = 100
_REFERENCES = {"seen": ("payload",), "changed": ("to",), "intent": ("payload", "request"), "outcome": ("answer",)}
"""Where the details of each kind of event name a payload."""


class KeptPayloads:
    """Collects what the events say of payloads, and compares it with what is kept."""

    def __init__(self, connection: Connection, seal: PayloadSeal) -> None:
        self._connection = connection
        self._seal = seal
        self._referred: dict[str, str] = {}
        self._purged = 0
        self._purged_before = ""

    def referred(self, row: Row[Any], name: str) -> Iterator[str]:
        """Take in an event whose content can be relied upon; now and then tells which payloads are not there."""
        if row.kind == "purged":
            detail = decode(row.detail)
            before = datetime.fromisoformat(detail["older_than"]).astimezone(UTC).isoformat(timespec="microseconds")
            self._purged += detail["payloads"]
            self._purged_before = max(before, self._purged_before)
        elif row.kind in _REFERENCES:
            detail = decode(row.detail)
            for field in _REFERENCES[row.kind]:
                if isinstance(payload := detail.get(field), str):
                    self._referred[payload] = name
        if len(self._referred) >= MANY:
            yield from self._missing()

    def problems(self) -> Iterator[str]:
        """What does not fit about the payloads, once all events were taken in."""
        yield from self._missing()
        empty = 0
        # The time as its text: one that was edited may be no time any more.
        query = select(payloads.c.hash, payloads.c.body, type_coerce(payloads.c.kept_at, Text).label("kept_at"))
        in_order = query.order_by(payloads.c.hash)
        with self._connection.execute(in_order, execution_options={"yield_per": PAGE}) as rows:
            for row in rows:
                if row.body != PURGED:
                    if not opened(self._seal, row.hash, row.body)[1]:
                        yield f"the payload {row.hash} was edited: its content does not give its name"
                elif str(row.kept_at) >= self._purged_before:
                    yield f"the payload {row.hash} was emptied, and no purge took it"
                else:
                    empty += 1
        if empty > self._purged:
            yield f"{empty} payloads are empty, and the purges of the trail took only {self._purged}"

    def _missing(self) -> Iterator[str]:
        referred, self._referred = self._referred, {}
        names = list(referred)
        found: set[str] = set()
        for start in range(0, len(names), MANY):
            part = names[start : start + MANY]
            found |= set(self._connection.execute(select(payloads.c.hash).where(payloads.c.hash.in_(part))).scalars())
        for name, event in referred.items():
            if name not in found:
                yield f"the payload {name} was removed: {event} names it"

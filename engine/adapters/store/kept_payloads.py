"""Checking the payloads beside the audit trail: edited ones, and ones that were taken away."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Row, select

from engine.adapters.store.payload_seal import PayloadSeal
from engine.adapters.store.payloads import opened
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

    def referred(self, row: Row[Any], name: str) -> Iterator[str]:
        """Take in an event whose content can be relied upon; now and then tells which payloads are not there."""
        if row.kind in _REFERENCES:
            detail = decode(row.detail)
            for field in _REFERENCES[row.kind]:
                if isinstance(payload := detail.get(field), str):
                    self._referred[payload] = name
        if len(self._referred) >= MANY:
            yield from self._missing()

    def problems(self) -> Iterator[str]:
        """What does not fit about the payloads, once all events were taken in."""
        yield from self._missing()
        in_order = select(payloads.c.hash, payloads.c.body).order_by(payloads.c.hash)
        with self._connection.execute(in_order, execution_options={"yield_per": PAGE}) as rows:
            for row in rows:
                if not opened(self._seal, row.hash, row.body)[1]:
                    yield f"the payload {row.hash} was edited: its content does not give its name"

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

"""One write transaction, as the parts of the ledger see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from engine.adapters.store.payload_seal import PayloadSeal
from engine.adapters.store.rows import Record, key_of
from engine.adapters.store.trail import Trail
from engine.domain.audit_event import AuditEvent

MANY = 500
"""Values in one IN list; far below what the databases allow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Who does something, and in which run, if in one."""

    who: str
    run: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """A write transaction: its connection, the wall clock when it began, its author, and the trail."""

    connection: Connection
    now: datetime
    act: Act
    trail: Trail

    @property
    def seal(self) -> PayloadSeal:
        """What payloads are sealed with."""
        return self.trail.payload_seal

    def event(
        self, kind: str, record: str | None, detail: Mapping[str, Any], record_id: int | None = None
    ) -> AuditEvent:
        """An audit event of this moment and author."""
        return AuditEvent(
            at=self.now,
            who=self.act.who,
            kind=kind,
            record=record,
            run=self.act.run,
            detail=dict(detail),
            record_id=record_id,
        )

    def event_of(self, kind: str, row: Record, detail: Mapping[str, Any]) -> AuditEvent:
        """An audit event of a record, of this moment and author."""
        return self.event(kind, str(key_of(row)), detail, row["id"])

    def note(self, events: Sequence[AuditEvent]) -> None:
        """Add events to the trail."""
        self.trail.append(self.connection, events)


def parts_of(values: Sequence[Any]) -> list[Sequence[Any]]:
    """The values in parts that fit into one statement."""
    return [values[start : start + MANY] for start in range(0, len(values), MANY)]

"""From rows of the tables to the rows of the port."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import Result

from engine.adapters.store.port import Attempt, RecordRow, RunRow
from engine.domain.lifecycle import State
from engine.domain.record import RecordKey
from engine.words.clock import Instant
from engine.words.json_value import decode

Record = Mapping[str, Any]
"""One row of a table, by the names of its columns."""


def rows_of(result: Result[Any]) -> Sequence[Record]:
    """All rows of a result."""
    names = tuple(result.keys())
    return [dict(zip(names, row, strict=True)) for row in result]


def of_json(row: dict[str, Any]) -> Record:
    """A record's row that came as JSON, with its values as the columns have them."""
    row["amount"] = None if row["amount"] is None else Decimal(row["amount"])
    row["doubt_seconds"] = None if row["doubt_seconds"] is None else float(row["doubt_seconds"])
    row["may_be_entered"] = bool(row["may_be_entered"])
    return row


def key_of(row: Record) -> RecordKey:
    """The key of a record's row."""
    return RecordKey(connection=row["connection"], feed=row["feed"], source_id=row["source_id"])


def record_of(row: Record) -> RecordRow:
    """A record."""
    doubt = None if row["doubt_epoch"] is None else Instant(epoch=row["doubt_epoch"], seconds=row["doubt_seconds"])
    return RecordRow(
        id=row["id"],
        key=key_of(row),
        company=row["company"],
        mapping=row["mapping"],
        state=State(row["state"]),
        cause=row["cause"],
        reason=row["reason"],
        label=row["label"],
        amount=row["amount"],
        currency=row["currency"],
        book_date=row["book_date"],
        payload_hash=row["payload_hash"],
        dedupe_key=row["dedupe_key"],
        document_hash=row["document_hash"],
        entered_payload_hash=row["entered_payload_hash"],
        reference=row["reference"],
        acknowledged=row["acknowledged"],
        attempts=row["attempts"],
        doubt=doubt,
        seen_run=row["seen_run"],
        first_seen_at=row["first_seen_at"],
        updated_at=row["updated_at"],
    )


def attempt_of(row: Record) -> Attempt:
    """An attempt."""
    return Attempt(
        id=row["id"],
        record_id=row["record_id"],
        number=row["number"],
        run=row["run"],
        document_hash=row["document_hash"],
        mapping_hash=row["mapping_hash"],
        request_hash=row["request_hash"],
        answer_hash=row["answer_hash"],
        proof=row["proof"],
        status=row["status"],
        message=row["message"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
    )


def run_of(row: Record) -> RunRow:
    """A run; one that has not ended has an empty result."""
    return RunRow(
        id=row["id"],
        mapping=row["mapping"],
        who=row["who"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        result={} if row["result"] is None else decode(row["result"]),
    )

"""The rows of an export: a record, the lines it books, and its attempts."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from engine.adapters.store.port import Attempt, RecordRow
from engine.domain.lifecycle import State
from engine.run.sent import last_sent
from engine.run.setup import Setup
from engine.wire.masking import mask_value

RECORD_COLUMNS = (
    *("record", "mapping", "company", "number", "book_date", "amount", "currency", "state", "cause", "reason"),
    *("reference", "dedupe_key", "acknowledged", "attempts", "first_seen_at", "updated_at", "payload_hash"),
    *("entered_payload_hash", "document_hash", "rules"),
)
LINE_COLUMNS = (
    *("record", "number", "line", "account", "debit", "credit", "currency", "booked_by_target", "reference"),
    "read_back",
)
_ENTERED = frozenset({State.ENTERED, State.IN_GL, State.SETTLED})


def record_row(setup: Setup, row: RecordRow) -> dict[str, Any]:
    """A record with its state, and the crosswalk rows that coded the last document sent for it."""
    rules = last_sent(setup, [row]).get(row.id, {}).get("rules", {})
    return {
        "record": str(row.key),
        "mapping": row.mapping,
        "company": row.company,
        "number": row.label,
        "book_date": row.book_date,
        "amount": None if row.amount is None else f"{row.amount:f}",
        "currency": row.currency,
        "state": row.state.value,
        "cause": row.cause,
        "reason": row.reason,
        "reference": row.reference,
        "dedupe_key": row.dedupe_key,
        "acknowledged": row.acknowledged,
        "attempts": row.attempts,
        "first_seen_at": row.first_seen_at.isoformat(),
        "updated_at": row.updated_at.isoformat(),
        "payload_hash": row.payload_hash,
        "entered_payload_hash": row.entered_payload_hash,
        "document_hash": row.document_hash,
        "rules": "; ".join(f"{name} by {rule}" for name, rule in rules.items()),
    }


def line_rows(setup: Setup, row: RecordRow) -> Iterator[dict[str, Any]]:
    """What the last document sent for a record books; `read_back` says whether the target kept it so."""
    read_back = ("differs" if row.cause else "equal") if row.state in _ENTERED else ""
    for number, (account, amount, by_target) in enumerate(
        last_sent(setup, [row]).get(row.id, {}).get("entries", ()), start=1
    ):
        signed = Decimal(amount)
        yield {
            "record": str(row.key),
            "number": row.label,
            "line": number,
            "account": account,
            "debit": f"{max(signed, Decimal(0)):f}",
            "credit": f"{max(-signed, Decimal(0)):f}",
            "currency": row.currency,
            "booked_by_target": "yes" if by_target else "no",
            "reference": row.reference,
            "read_back": read_back,
        }


def attempt_row(setup: Setup, row: RecordRow, one: Attempt, *, payloads: bool) -> dict[str, Any]:
    """An attempt with its hashes; with `payloads` also request and answer, secrets masked."""
    told: dict[str, Any] = {
        "record": str(row.key),
        "number": one.number,
        "run": one.run,
        "started_at": one.started_at.isoformat(),
        "ended_at": one.ended_at.isoformat() if one.ended_at is not None else None,
        "proof": one.proof,
        "status": one.status,
        "message": one.message,
        "mapping_hash": one.mapping_hash,
        "document_hash": one.document_hash,
        "request_hash": one.request_hash,
        "answer_hash": one.answer_hash,
    }
    if payloads:
        told["request"] = mask_value(setup.ledger.payload(one.request_hash))
        told["answer"] = mask_value(setup.ledger.payload(one.answer_hash)) if one.answer_hash else None
    return told

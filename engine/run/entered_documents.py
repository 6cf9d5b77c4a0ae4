"""Entered documents as they were sent, so that what stands in the target now can be held against them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engine.adapters.store.port import RecordRow
from engine.domain.lifecycle import State
from engine.domain.record import SourceRecord
from engine.language.spec.model import MappingSpec
from engine.plan.decision import Document
from engine.run.ledger_pages import record_pages
from engine.run.sent import recall
from engine.run.setup import Setup


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """A record that is entered, and its document; `sent` when we sent it, else it was found there and adopted.

    `accepted` are the reasons of findings that a person has closed.
    """

    row: RecordRow
    document: Document | None
    sent: bool
    accepted: str


def entered_documents(setup: Setup, spec: MappingSpec, *states: State) -> Iterator[tuple[Entered, ...]]:
    """Everything of a mapping that is in these states, page by page."""
    for rows in record_pages(setup.ledger, mapping=spec.name, states=states):
        yield tuple(_entered(setup, row) for row in rows)


def _entered(setup: Setup, row: RecordRow) -> Entered:
    record = SourceRecord(key=row.key, company=row.company, payload={})
    told = [event.detail.get("detail") for _, event, _ in setup.ledger.trail(record=str(row.key))]
    acts = [detail for detail in told if isinstance(detail, Mapping)]
    accepted = "; ".join(_closed(act) for act in acts if act.get("act") == "close finding")
    attempts = setup.ledger.attempts(row.id)
    request = setup.ledger.payload(attempts[-1].request_hash) if attempts else None
    if isinstance(request, Mapping) and "sent" in request:
        return Entered(row=row, document=recall(request["sent"], record), sent=True, accepted=accepted)
    adopted = next((act["adopted"] for act in reversed(acts) if "adopted" in act), None)
    document = recall(adopted, record) if isinstance(adopted, Mapping) else None
    return Entered(row=row, document=document, sent=False, accepted=accepted)


def _closed(act: Mapping[str, Any]) -> str:
    was = act.get("was")
    return str(was.get("reason", "")) if isinstance(was, Mapping) else ""

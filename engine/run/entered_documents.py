"""Entered documents as they were sent, so that what stands in the target now can be held against them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engine.adapters.store.port import RecordRow
from engine.domain.lifecycle import State
from engine.language.spec.model import MappingSpec
from engine.plan.decision import Document
from engine.run.ledger_pages import record_pages
from engine.run.sent import last_sent, recall
from engine.run.setup import Setup


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """A record that is entered, and its document; `sent` when we sent it, else it was found there and adopted."""

    row: RecordRow
    document: Document | None
    sent: bool


def entered_documents(setup: Setup, spec: MappingSpec, *states: State) -> Iterator[tuple[Entered, ...]]:
    """Everything of a mapping that is in these states, page by page."""
    for rows in record_pages(setup.ledger, mapping=spec.name, states=states):
        sent = last_sent(setup, rows)
        yield tuple(_entered(setup, row, sent.get(row.id)) for row in rows)


def closed_findings(setup: Setup, row: RecordRow) -> str:
    """The reasons of the findings about a record that a person has closed, all in one text."""
    return "; ".join(_was(act) for act in _acts(setup, row) if act.get("act") == "close finding")


def _entered(setup: Setup, row: RecordRow, sent: Mapping[str, Any] | None) -> Entered:
    if sent is not None:
        return Entered(row=row, document=recall(sent, row.key), sent=True)
    adopted = [act["adopted"] for act in _acts(setup, row) if isinstance(act.get("adopted"), Mapping)]
    return Entered(row=row, document=recall(adopted[-1], row.key) if adopted else None, sent=False)


def _acts(setup: Setup, row: RecordRow) -> list[Mapping[str, Any]]:
    told = (event.detail.get("detail") for _, event, _ in setup.ledger.trail(record=str(row.key)))
    return [detail for detail in told if isinstance(detail, Mapping)]


def _was(act: Mapping[str, Any]) -> str:
    was = act.get("was")
    return str(was.get("reason", "")) if isinstance(was, Mapping) else ""

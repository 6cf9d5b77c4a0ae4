"""A stopped line: nothing is entered into a company while so many of our documents are gone from it.

It is kept as events of the audit trail under a name of its own, so that stopping and freeing are never lost.
"""

from __future__ import annotations

from engine.adapters.store.port import Ledger
from engine.domain.audit_event import AuditEvent
from engine.run.setup import Setup

STOPPED, FREED = "line_stopped", "line_freed"


def line_of(connection: str, company: str | None) -> str:
    """The name of a line."""
    return f"line {connection}/{company or '-'}"


def stopped_because(ledger: Ledger, connection: str, company: str | None) -> str:
    """Why nothing is entered there; empty when the line runs."""
    reason = ""
    for _, event, _ in ledger.trail(record=line_of(connection, company)):
        if event.kind == STOPPED:
            reason = str(event.detail.get("reason", ""))
        elif event.kind == FREED:
            reason = ""
    return reason


def stop_line(setup: Setup, connection: str, company: str | None, reason: str, run: str) -> None:
    """Stop it; a second call says the newest reason."""
    _note(setup, STOPPED, line_of(connection, company), {"reason": reason}, run)


def free_line(setup: Setup, connection: str, company: str | None, reason: str, run: str) -> None:
    """Let it run again, by a person's word."""
    _note(setup, FREED, line_of(connection, company), {"act": "accept missing", "why": reason}, run)


def _note(setup: Setup, kind: str, line: str, detail: dict[str, str], run: str) -> None:
    event = AuditEvent(at=setup.clock.now(), who=setup.who, kind=kind, record=line, run=run, detail=dict(detail))
    setup.ledger.audit(event)

"""Which periods of a company are signed off, as the acts in the audit trail say."""

from __future__ import annotations

from engine.adapters.store.port import Ledger
from engine.domain.audit_event import AuditEvent
from engine.language.spec.periods import Span, parse_period

SIGNED, UNLOCKED = "period_signed", "period_unlocked"


def acts_of_closing(company: str) -> str:
    """What a company's acts of closing stand under in the trail, as a record's events stand under its key."""
    return f"close:{company}"


def signed_events(ledger: Ledger, company: str) -> dict[str, AuditEvent]:
    """The sign-off of each signed period, by month; without those that were unlocked since."""
    signed: dict[str, AuditEvent] = {}
    for _, event, _ in ledger.trail(record=acts_of_closing(company)):
        period = str(event.detail.get("period", ""))
        if event.kind == SIGNED:
            signed[period] = event
        elif event.kind == UNLOCKED:
            signed.pop(period, None)
    return signed


def signed_spans(ledger: Ledger, company: str) -> tuple[Span, ...]:
    """The first and last days of the signed periods."""
    return tuple(parse_period(period) for period in signed_events(ledger, company))

"""Exposure: documents that the source pays and the target could pay again; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from engine.domain.record import RecordKey
from engine.run.reconciling.report import Count, Exposure, Finding
from engine.run.reconciling.sides import LedgerFact, SourceFact, TargetDocument, TargetSide


def exposure(
    facts: Mapping[RecordKey, SourceFact], ledger: Mapping[RecordKey, LedgerFact], target: TargetSide
) -> Exposure:
    """What was paid at the source and is open at the target, and what the target's payment run could take."""
    paid, unlocked, oldest = Count(), Count(), ""
    for fact, document in _paid_and_open(facts, ledger, target):
        paid.add(document.balance)
        day = "" if fact.day is None else fact.day.isoformat()
        oldest = min(filter(None, (oldest, day)), default="")
    for document in _exposed(target):
        unlocked.add(document.balance)
    return Exposure(paid_and_open=paid, unlocked=unlocked, oldest=oldest)


def exposed_findings(target: TargetSide) -> Iterator[Finding]:
    """Our documents that the target's own payment run could take."""
    for document in _exposed(target):
        yield Finding(
            kind="exposed",
            what=document.number or document.reference,
            amount=document.balance,
            currency=document.currency or "",
            sentence=f"{document.reference} is not locked: the target's payment run could pay it again",
            reference=document.reference,
            vendor=document.vendor,
        )


def _exposed(target: TargetSide) -> Iterable[TargetDocument]:
    return (document for document in target.documents.values() if document.exposed and document.ours)


def _paid_and_open(
    facts: Mapping[RecordKey, SourceFact], ledger: Mapping[RecordKey, LedgerFact], target: TargetSide
) -> Iterator[tuple[SourceFact, TargetDocument]]:
    told: set[str] = set()
    for fact in facts.values():
        if fact.pays is None or fact.pays in told:
            continue
        paid = ledger.get(RecordKey(connection=fact.key.connection, feed=fact.key.feed, source_id=fact.pays))
        document = target.document(paid.reference) if paid is not None and paid.reference else None
        if document is not None and document.balance and document.in_gl:
            told.add(fact.pays)
            yield fact, document

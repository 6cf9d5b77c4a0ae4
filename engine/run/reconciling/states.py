"""Section A: every source record of the period in one state, by mapping and currency; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from engine.domain.lifecycle import State
from engine.domain.record import RecordKey
from engine.run.reconciling.report import Finding, StateRow
from engine.run.reconciling.sides import IN_TARGET, LedgerFact, Period, SourceFact, TargetSide

UNCLAIMED = "(no mapping)"
_LEFT = (
    "it left the feed before it was entered, and the source shows it as approved or complete. Where somebody else "
    "completed it, find its document and dismiss it with that number; else run its mapping"
)

_BUCKET_OF = {
    State.SEEN: "held",
    State.READY: "held",
    State.HELD: "held",
    State.UNCLAIMED: "held",
    State.REFUSED: "refused",
    State.SENDING: "in_doubt",
    State.IN_DOUBT: "in_doubt",
    State.SKIPPED: "skipped",
    State.DISMISSED: "dismissed",
    State.NOT_POSTED: "not_posted",
    State.CUT_OVER: "not_posted",
    State.WITHDRAWN: "",
}
"""An empty one is a contradiction: what the source shows as its own has not left it."""


def in_period(facts: Iterable[SourceFact], company: str, period: Period) -> Iterator[SourceFact]:
    """The source's records of a company and a period."""
    return (fact for fact in facts if fact.company == company and period.has(fact.day))


def bucket_of(row: LedgerFact, target: TargetSide, period: Period) -> str:
    """Where a record stands; an entered one by what the target says of its document."""
    if row.state not in IN_TARGET:
        return _BUCKET_OF[row.state]
    if not period.has(row.day):
        return "moved_out"
    document = target.document(row.reference)
    return "" if document is None else "in_gl" if document.in_gl else "entered"


def state_rows(
    facts: Iterable[SourceFact],
    ledger: Mapping[RecordKey, LedgerFact],
    target: TargetSide,
    period: Period,
) -> tuple[tuple[StateRow, ...], tuple[Finding, ...]]:
    """The lines of section A for the period's records, and the records that are in no state."""
    rows: dict[tuple[str, str], StateRow] = {}
    findings: list[Finding] = []
    for fact in facts:
        called = (fact.mapping or UNCLAIMED, fact.currency or "")
        line = rows.setdefault(called, StateRow(mapping=called[0], currency=called[1]))
        line.source.add(fact.amount)
        row = ledger.get(fact.key)
        if row is None:
            findings.append(_finding("not in the ledger", fact, "the ledger does not have this record"))
            continue
        bucket = bucket_of(row, target, period)
        amount = row.amount if row.state in IN_TARGET else fact.amount
        if bucket:
            line.buckets[bucket].add(amount)
        elif row.state is State.WITHDRAWN:
            findings.append(_finding("not entered", fact, _LEFT))
        else:
            findings.append(_vanished(fact, row, period))
        if row.state in IN_TARGET:
            findings += _differing(fact, row)
    return tuple(line for _, line in sorted(rows.items())), tuple(findings)


def without_source(
    facts: Mapping[RecordKey, SourceFact], ledger: Mapping[RecordKey, LedgerFact], company: str, period: Period
) -> Iterator[Finding]:
    """Entered records of the period that the source does not show any more, or shows in another company."""
    for key, row in ledger.items():
        if row.state not in IN_TARGET or row.company != company or not period.has(row.day):
            continue
        fact = facts.get(key)
        if fact is None or fact.company not in (None, company):
            shows = "does not show it any more" if fact is None else f"shows it in company {fact.company}"
            yield Finding(
                kind="not in the source",
                what=row.label,
                amount=row.amount,
                currency=row.currency or "",
                sentence=f"{row.label} is entered as {row.reference}, and the source {shows}",
                record=str(key),
                reference=row.reference,
            )


def _vanished(fact: SourceFact, row: LedgerFact, period: Period) -> Finding:
    sentence = (
        f"{row.label} was entered as {row.reference}, which is not among the target's documents of {period.name}: "
        "deleted there, or moved to another period"
    )
    return Finding(
        kind="not in the target",
        what=row.label,
        amount=row.amount,
        currency=row.currency or "",
        sentence=sentence,
        record=str(fact.key),
        reference=row.reference,
        vendor=fact.vendor,
    )


def _differing(fact: SourceFact, row: LedgerFact) -> Iterator[Finding]:
    if fact.amount == row.amount and (fact.currency or "") == (row.currency or ""):
        return
    source, ours = (f"{one.amount} {one.currency}" for one in (fact, row))
    known = fact.amount is not None and row.amount is not None and fact.currency == row.currency
    yield Finding(
        kind="amount in the ledger",
        what=row.label,
        amount=(row.amount or 0) - (fact.amount or 0) if known else row.amount,  # type: ignore[arg-type]
        currency=row.currency or "",
        sentence=f"{row.label} is {source} in the source and {ours} in the ledger",
        record=str(fact.key),
        reference=row.reference,
        vendor=fact.vendor,
    )


def _finding(kind: str, fact: SourceFact, sentence: str) -> Finding:
    return Finding(
        kind=kind,
        what=fact.label,
        amount=fact.amount,
        currency=fact.currency or "",
        sentence=f"{fact.label}: {sentence}",
        record=str(fact.key),
        vendor=fact.vendor,
    )


def unclaimed_findings(facts: Iterable[SourceFact], ledger: Mapping[RecordKey, LedgerFact]) -> Iterator[Finding]:
    """Records that no mapping takes and books.yaml does not explain."""
    for fact in facts:
        row = ledger.get(fact.key)
        if fact.mapping is None and (row is None or row.state is State.UNCLAIMED):
            why = row.reason if row is not None else ""
            yield _finding("unclaimed", fact, why or "no mapping takes it, and books.yaml does not say why")

"""Records whose outcome is not known: looked up when the settle window has passed, never sent blindly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from engine.adapters.store.port import Decision, RecordRow
from engine.domain.lifecycle import State
from engine.domain.record import SourceRecord
from engine.language.spec.model import MappingSpec
from engine.plan.batch import plan_batch
from engine.plan.decision import Document
from engine.plan.world import World
from engine.run.concluding import decision_for, entered
from engine.run.matching import Found, find_documents
from engine.run.setup import Setup


def interrupted_into_doubt(setup: Setup, spec: MappingSpec, company: str | None, run: str) -> int:
    """Under the lease: what an ended runner left `sending` is in doubt from now on. Gives the count."""
    rows = setup.ledger.interrupted(spec.name, company or "")
    if rows:
        setup.ledger.doubt([row.id for row in rows], setup.clock.instant(), run, setup.who)
    return len(rows)


def seconds_left(setup: Setup, spec: MappingSpec, row: RecordRow) -> float:
    """How long the settle window of an in-doubt record still lasts."""
    if row.doubt is None:
        return setup.settle_s(spec)
    passed = setup.clock.instant().seconds_since(row.doubt, setup.started)
    return max(0.0, setup.settle_s(spec) - passed)


def resolve_doubt(
    setup: Setup,
    spec: MappingSpec,
    rows: Sequence[RecordRow],
    records: Sequence[SourceRecord],
    world: World,
    run: str,
) -> None:
    """Look each record up by its dedupe key and decide by what is found. Called under the lease, after the window.

    Raises:
        Unreachable: the target cannot be asked; nothing is decided.
    """
    rows_by_key = {row.key: row for row in rows}
    planned = plan_batch(replace(spec, filters=(), switched_on=True), records, world)
    documents = [plan for plan in planned if isinstance(plan, Document)]
    found = find_documents(setup.connectors[spec.target.connection], spec, documents)
    decisions = [
        _resolved(spec, rows_by_key[document.record.key], document, found.get(document.key_text))
        for document in documents
    ]
    for plan in planned:
        if not isinstance(plan, Document):
            row = rows_by_key[plan.record.key]
            reason = f"sent without an answer, and cannot be planned any more to look it up: {plan.reason}"
            decisions.append(decision_for(row.id, plan.facts, state=State.IN_DOUBT, cause="not_found", reason=reason))
    setup.ledger.decide(decisions, run, setup.who)


def _resolved(spec: MappingSpec, row: RecordRow, document: Document, found: Found | None) -> Decision:
    in_step = spec.in_step
    if found is not None and found.ours and found.equal:
        return entered(spec, row.id, document, row.payload_hash, found.reference)
    if found is not None:
        whose = "our document" if found.bears else "another document"
        reason = f"sent without an answer; the target has {whose} {found.reference}: {'; '.join(found.differences)}"
        return decision_for(
            row.id, document.facts, state=State.IN_DOUBT, cause="differs", reason=reason, in_step=in_step
        )
    if spec.dedupe is not None and spec.dedupe.find and (spec.dedupe.not_found == "send" or in_step):
        return decision_for(row.id, document.facts, state=State.READY, cause="", reason="", in_step=in_step)
    reason = "sent without an answer, and not found in the target after the settle window"
    return decision_for(
        row.id, document.facts, state=State.IN_DOUBT, cause="not_found", reason=reason, in_step=in_step
    )

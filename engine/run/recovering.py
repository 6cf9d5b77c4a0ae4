"""Records whose outcome is not known: looked up when the settle window has passed, never sent blindly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from engine.adapters.connectors.answers import BadAnswer
from engine.adapters.store.port import Decision, RecordRow
from engine.domain.lifecycle import State
from engine.language.spec.model import MappingSpec
from engine.plan.decision import Document
from engine.run.concluding import decision_for, entered
from engine.run.isolating import Apart
from engine.run.matching import Found, find_documents
from engine.run.sent import recall
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


def resolve_doubt(setup: Setup, spec: MappingSpec, rows: Sequence[RecordRow], run: str) -> None:
    """Look each record up by the key it was sent with and decide by what is found.

    Called under the lease, after the window. What is found is compared with what was sent, not with what
    the mapping would send now. One about which the target gives no answer stays in doubt, and says so.
    Raises Unreachable when the target gives no answer at all; nothing is decided then.
    """
    apart: Apart[RecordRow, Decision] = Apart(
        work=lambda part: _looked_up(setup, spec, part),
        alone=lambda row, error: (_not_looked_up(row, error),),
        may_all_fail=True,  # else the only one in doubt, if it is a bad one, would stop all the others' sending
    )
    setup.ledger.decide(apart.do(rows), run, setup.who)


def _looked_up(setup: Setup, spec: MappingSpec, rows: Sequence[RecordRow]) -> list[Decision]:
    sent = {row.id: _as_sent(setup, row) for row in rows}
    documents = [document for document in sent.values() if document is not None]
    found = find_documents(setup.connectors[spec.target.connection], spec, documents)
    decisions = []
    for row in rows:
        document = sent[row.id]
        if document is None:
            reason = "sent without an answer, and what was sent is not in the ledger any more"
            decisions.append(Decision(record_id=row.id, state=State.IN_DOUBT, cause="not_found", reason=reason))
        else:
            decisions.append(_resolved(spec, row, document, found.get(document.claim_text)))
    tries = {row.id: row.attempts for row in rows}
    return [replace(one, was=State.IN_DOUBT, tries=tries[one.record_id]) for one in decisions]


def _not_looked_up(row: RecordRow, error: BadAnswer) -> Decision:
    reason = f"sent without an answer, and it cannot be looked up: {error}"
    return Decision(
        record_id=row.id,
        state=State.IN_DOUBT,
        cause=row.cause,
        reason=reason,
        was=State.IN_DOUBT,
        tries=row.attempts,
    )


def _as_sent(setup: Setup, row: RecordRow) -> Document | None:
    attempts = setup.ledger.attempts(row.id)
    request = setup.ledger.payload(attempts[-1].request_hash) if attempts else None
    if not isinstance(request, dict) or "sent" not in request:
        return None
    return recall(request["sent"], row.key)


def _resolved(spec: MappingSpec, row: RecordRow, document: Document, found: Found | None) -> Decision:
    in_step = spec.in_step
    if found is not None and found.ours and found.equal:
        return entered(spec, row.id, document, row.payload_hash, found.reference)
    if found is not None and not in_step:
        whose = "our document" if found.bears else "another document"
        reason = f"sent without an answer; the target has {whose} {found.reference}: {'; '.join(found.differences)}"
        return decision_for(row.id, document.facts, state=State.IN_DOUBT, cause="differs", reason=reason)
    if spec.dedupe is not None and spec.dedupe.find and (spec.dedupe.not_found == "send" or in_step):
        return decision_for(row.id, document.facts, state=State.READY, cause="", reason="", in_step=in_step)
    first = row.cause != "not_found"
    reason = f"{row.reason}; it is not found in the target after the settle window" if first else row.reason
    return decision_for(
        row.id, document.facts, state=State.IN_DOUBT, cause="not_found", reason=reason, in_step=in_step
    )

"""From an answer to a state: what an attempt proved, and what the record becomes."""

from __future__ import annotations

from typing import Any

from engine.adapters.connectors.port import Answer
from engine.adapters.store.port import Conclusion, Decision
from engine.domain.lifecycle import State
from engine.domain.outcome import Proof, state_after
from engine.language.spec.model import MappingSpec
from engine.language.transform.render import RenderError, Template
from engine.plan.decision import Document, Facts
from engine.words.clock import Instant


def succeeded(spec: MappingSpec, answer: Answer) -> bool:
    """Whether the target's answer means that it did what was asked, by the recipe's own test."""
    if not answer.ok:
        return False
    return spec.target.succeeded is None or _of_answer(spec.target.succeeded, answer) is True


def warning(spec: MappingSpec, answer: Answer) -> str:
    """What the target remarked while it did what was asked; empty when nothing."""
    if spec.target.warning is None or not answer.ok:
        return ""
    text = _of_answer(spec.target.warning, answer)
    return text if isinstance(text, str) else ""


def _of_answer(template: Template, answer: Answer) -> Any:
    try:
        return template.render({"answer": answer.body})
    except RenderError:
        return None  # an answer without the expected part proves nothing, so the record is in doubt


def conclude_answer(
    spec: MappingSpec, row_id: int, document: Document, answer: Answer, *, done: bool, now: Instant
) -> Conclusion:
    """The conclusion of an attempt whose answer alone decides (everything but a document found and read back)."""
    state = state_after(answer.proof, succeeded=done, passing=answer.passing)
    cause, reason = _why(spec, state, answer, done=done)
    decision = decision_for(
        row_id,
        document.facts,
        state=state,
        cause=cause,
        reason=reason,
        in_step=spec.in_step,
        acknowledged="pending" if state is State.REFUSED and _tells(spec, "refused") else "",
    )
    return Conclusion(
        proof=answer.proof.value,
        status=answer.status,
        message=answer.message or reason,
        answer=answer.response,
        decision=decision,
        doubt=now if state is State.IN_DOUBT else None,
    )


def decision_for(row_id: int, facts: Facts, **parts: Any) -> Decision:
    """A decision that carries the facts people know the record by."""
    return Decision(
        record_id=row_id,
        company=facts.company,
        label=facts.label or None,
        amount=facts.amount,
        currency=facts.currency,
        book_date=facts.book_date,
        **parts,
    )


def entered(
    spec: MappingSpec,
    row_id: int,
    document: Document,
    payload_hash: str,
    reference: str | None,
    differences: str = "",
) -> Decision:
    """The decision for a document that is in the target; `differences` says what it kept otherwise. The
    document's warnings are told as the reason, without a cause: nobody has to act for the record to go on.
    """
    return decision_for(
        row_id,
        document.facts,
        state=State.ENTERED,
        cause="differs" if differences else "",
        reason=differences or "; ".join(document.warnings),
        reference=reference,
        namespace=document.namespace,
        dedupe_key=document.key_text,
        document_hash=document.hash,
        entered_payload_hash=payload_hash,
        acknowledged="pending" if _tells(spec, "entered") else "",
        in_step=spec.in_step,
    )


def _tells(spec: MappingSpec, what: str) -> bool:
    return spec.acknowledge is not None and getattr(spec.acknowledge, what) is not None


def _why(spec: MappingSpec, state: State, answer: Answer, *, done: bool) -> tuple[str, str]:
    told = answer.message or (f"status {answer.status}" if answer.status else "no answer")
    if state is State.REFUSED:
        return "refused", f"{spec.target.connection} refused it: {told}"
    if state is State.READY:
        cause = "not_sent" if answer.proof is Proof.NOT_SENT else "not_accepted"
        return cause, f"{spec.target.connection}: {told}"
    if answer.proof is Proof.EFFECT and not done:
        remark = warning(spec, answer)
        return (
            "no_answer",
            f"{spec.target.connection} answered, but not that it was saved{f': {remark}' if remark else ''}",
        )
    return "no_answer", f"{spec.target.connection} gave no proof that it was entered: {told}"

"""Writing the outcome back to the source, after all reading, and never as a reason to send again."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from engine.adapters.connectors.port import Answer, Call
from engine.adapters.store.port import Decision, RecordRow
from engine.domain.lifecycle import State
from engine.domain.outcome import Proof
from engine.language.spec.call_model import CallSpec
from engine.language.spec.model import MappingSpec
from engine.run.budget import Budget
from engine.run.ledger_pages import record_pages
from engine.run.setup import Setup, Tell

BATCH = 40
NOT_SUPPORTED = frozenset({403, 405})


@dataclass(slots=True)
class Acknowledged:
    """How the writing back went."""

    done: int = 0
    failed: int = 0
    warning: str = ""


def acknowledge(setup: Setup, spec: MappingSpec, run: str, tell: Tell) -> Acknowledged:
    """Write back every outcome of this mapping that the source has not heard of yet.

    A failed one stays pending and is tried again by the next run. 403 and 405 mean that the source does
    not support it: then it is asked no more in this run, with a warning. So it is when its budget is spent.

    Raises:
        Stopping: the process was asked to stop; what was written back is known, the rest stays pending.
    """
    result = Acknowledged()
    if spec.acknowledge is None:
        return result
    if not setup.may_acknowledge(spec):
        result.warning = (
            f"nothing is written back, because {spec.source.connection} and {spec.target.connection} "
            "are not both production (environment, in connections.yaml)"
        )
        return result
    budget = Budget(unentered_max=setup.stop_after_refused)
    for rows in record_pages(setup.ledger, mapping=spec.name, unacknowledged=True):
        # What is gone from the target is not told as entered: it stays pending until a person has decided.
        told = [row for row in rows if row.cause != "vanished"]
        for start in range(0, len(told), BATCH):
            setup.stop_if_asked()
            _acknowledge_batch(setup, spec, told[start : start + BATCH], run, result, budget)
        tell("acknowledged", len(rows))
        if budget.stopped and not result.warning:
            result.warning = f"{spec.source.connection} takes nothing back at the moment: {budget.stopped}"
        if result.warning:
            break
    return result


def _acknowledge_batch(
    setup: Setup, spec: MappingSpec, rows: Sequence[RecordRow], run: str, result: Acknowledged, budget: Budget
) -> None:
    def told(row: RecordRow) -> Answer | None:
        if budget.stopped:
            return Answer(proof=Proof.NOT_SENT, status=None)
        answer = _tell_source(setup, spec, row)
        if answer is not None and (answer.passing or answer.status is None):
            budget.count_refusal_of_us(answer)
        elif answer is not None:
            budget.count(answer, taken=True)  # one that is refused keeps no other one from being told
        return answer

    with ThreadPoolExecutor(max_workers=setup.in_flight(spec.source.connection)) as pool:
        answers = list(pool.map(told, rows))
    decisions = []
    for row, answer in zip(rows, answers, strict=True):
        if answer is None or answer.ok:
            result.done += answer is not None
            decisions.append(_mark(spec, row, "done"))
        elif answer.status in NOT_SUPPORTED:
            result.warning = f"{spec.source.connection} does not let us write back: {answer.message}"
        else:
            result.failed += 1
    setup.ledger.decide(decisions, run, setup.who)


def _tell_source(setup: Setup, spec: MappingSpec, row: RecordRow) -> Answer | None:
    call = _call_for(spec, row)
    if call is None:
        return None
    scope = {
        "id": row.key.source_id,
        "reference": row.reference,
        "reason": row.reason,
        "company": row.company,
        "label": row.label,
    }
    return setup.connectors[spec.source.connection].call(
        Call(
            verb=call.verb,
            path=str(call.path.render(scope)),
            company=row.company if spec.source.each_company else None,
            params=tuple((name, str(value.render(scope))) for name, value in call.params),
            body=call.body.render(scope) if call.body else None,
            effect=True,
        )
    )


def _call_for(spec: MappingSpec, row: RecordRow) -> CallSpec | None:
    if spec.acknowledge is None:
        return None
    if row.state is State.REFUSED:
        return spec.acknowledge.refused
    if row.state is State.DISMISSED:
        return spec.acknowledge.entered  # pending only where its document was found in the target at cut-over
    return spec.acknowledge.entered if row.state in (State.ENTERED, State.IN_GL, State.SETTLED) else None


def _mark(spec: MappingSpec, row: RecordRow, acknowledged: str) -> Decision:
    return Decision(
        record_id=row.id,
        state=row.state,
        cause=row.cause,
        reason=row.reason,
        acknowledged=acknowledged,
        in_step=spec.in_step,
        was=row.state,
    )

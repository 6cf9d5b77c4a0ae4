"""Master data kept in step: what changed is upserted in bulk, what is read-only is reported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.adapters.connectors.port import Answer, Call
from engine.adapters.store.port import Attempt, ClaimTaken, Conclusion, Lease, NotReady, RecordRow
from engine.domain.lifecycle import State
from engine.domain.outcome import Proof
from engine.language.spec.call_model import BulkSpec
from engine.language.spec.model import MappingSpec
from engine.plan.decision import Document
from engine.run.budget import Budget
from engine.run.concluding import conclude_answer, decision_for, entered, succeeded
from engine.run.leaving import called
from engine.run.matching import find_documents
from engine.run.sending import hold_second, intent_of
from engine.run.setup import Setup, Tell
from engine.words.errors import CredentialsError, Unreachable
from engine.words.json_value import encode

Batch = Sequence[tuple[Document, RecordRow, Lease]]


def send_in_step(setup: Setup, spec: MappingSpec, run: str, batch: Batch, budget: Budget, tell: Tell) -> None:
    """Upsert the documents: in bulk where the target can, else one by one. Called under the leases.

    When the budget is spent, the rest stays ready.

    Raises:
        LedgerError, TurnLost, Stopping: nothing more is sent.
    """
    bulk = spec.target.bulk
    most = bulk.most if bulk is not None else 1
    by_company: dict[str | None, list[tuple[Document, RecordRow, Lease]]] = {}
    for sent in batch:
        by_company.setdefault(sent[0].company, []).append(sent)
    for company_batch in by_company.values():
        for start in range(0, len(company_batch), most):
            setup.stop_if_asked()
            _send_chunk(setup, spec, run, company_batch[start : start + most], budget, tell)


def _send_chunk(setup: Setup, spec: MappingSpec, run: str, chunk: Batch, budget: Budget, tell: Tell) -> None:
    """One call. Where the target names the refused ones and wrote nothing, the others are sent once more."""
    while chunk and not budget.stopped:
        first = chunk[0][0]
        bodies = [document.body for document, _, _ in chunk]
        call = Call(
            verb=first.verb,
            path=first.path,
            company=first.company,
            params=first.params,
            body={spec.target.bulk.list: bodies} if spec.target.bulk is not None else bodies[0],
            effect=True,
        )
        intents = [
            intent_of(
                spec,
                document,
                row,
                Call(verb=call.verb, path=call.path, company=call.company, body=document.body),
            )
            for document, row, _ in chunk
        ]
        try:
            attempts = setup.ledger.begin_many(intents, chunk[0][2], run, setup.who)
        except NotReady as error:
            chunk = [one for one in chunk if one[1].id != error.record_id]
            continue
        except ClaimTaken as taken:
            second = next(one for one in chunk if one[1].id == taken.record_id)
            hold_second(setup, run, second[0], taken)
            chunk = [one for one in chunk if one is not second]
            continue
        answer = called(setup.connectors[spec.target.connection], call)
        refused = _refused(spec.target.bulk, answer)
        again = _conclude_chunk(setup, spec, run, chunk, attempts, answer, refused)
        budget.count(answer, taken=answer.ok or bool(again))
        if answer.proof is not Proof.NOT_SENT:
            tell("sent", len(chunk) - len(again))
        chunk = again


def _conclude_chunk(
    setup: Setup,
    spec: MappingSpec,
    run: str,
    chunk: Batch,
    attempts: Sequence[Attempt],
    answer: Answer,
    refused: Mapping[int, str],
) -> Batch:
    """Conclude every attempt of a chunk; gives what is to be sent once more."""
    references = _references(spec.target.bulk, answer)
    made_meanwhile = _made_meanwhile(setup, spec, chunk, refused)
    again, ended = [], []
    for index, ((document, row, lease), attempt) in enumerate(zip(chunk, attempts, strict=True)):
        if refused and index not in refused:
            # Refused together with others that are at fault: nothing was written, so it goes again.
            conclusion = _put_back(setup, spec, row, document, answer, "refused together with others in one call")
            again.append((document, row, lease))
        elif index in made_meanwhile:
            told_why = f"it was made there meanwhile, by another runner or a person: {refused[index]}"
            conclusion = _put_back(setup, spec, row, document, answer, told_why)
        elif refused:
            told = Answer(
                proof=Proof.NO_EFFECT, status=answer.status, message=refused[index], response=answer.response
            )
            conclusion = conclude_answer(spec, row.id, document, told, done=False, now=setup.clock.instant())
        else:
            conclusion = _outcome(setup, spec, row, document, answer, references)
        ended.append((attempt, conclusion))
    setup.ledger.conclude_many(ended, run, setup.who)
    return again if len(again) < len(chunk) else []


def _made_meanwhile(setup: Setup, spec: MappingSpec, chunk: Batch, refused: Mapping[int, str]) -> frozenset[int]:
    """Which of the refused were to be made and are there now: the next run finds them and brings them into step.

    One that was to be changed bears the id of what is there; it was refused for what it says.
    """
    asked = {index: document for index, (document, _, _) in enumerate(chunk) if index in refused}
    if not asked:
        return frozenset()
    try:
        there = find_documents(setup.connectors[spec.target.connection], spec, list(asked.values()))
    except (CredentialsError, Unreachable):
        return frozenset()  # not known: the refusal stands, and a person sees it
    return frozenset(
        index
        for index, document in asked.items()
        if (found := there.get(document.claim_text)) and found.reference not in encode(document.body).decode()
    )


def _put_back(
    setup: Setup, spec: MappingSpec, row: RecordRow, document: Document, answer: Answer, why: str
) -> Conclusion:
    """Nothing was written, and it is not the document's own fault: it stays ready."""
    put_back = Answer(
        proof=Proof.NO_EFFECT, status=answer.status, message=why, passing=True, response=answer.response
    )
    return conclude_answer(spec, row.id, document, put_back, done=False, now=setup.clock.instant())


def _outcome(
    setup: Setup,
    spec: MappingSpec,
    row: RecordRow,
    document: Document,
    answer: Answer,
    references: Mapping[str, str] | None,
) -> Conclusion:
    done = succeeded(spec, answer)
    reference = row.reference
    if done and references is not None:
        done = document.key_text in references
        reference = references.get(document.key_text) or row.reference
    if not (answer.ok and done):
        return conclude_answer(spec, row.id, document, answer, done=done, now=setup.clock.instant())
    return Conclusion(
        proof=answer.proof.value,
        status=answer.status,
        message=answer.message,
        answer=answer.response,
        decision=entered(spec, row.id, document, row.payload_hash, reference),
    )


def _references(bulk: BulkSpec | None, answer: Answer) -> dict[str, str] | None:
    """The target's ids by dedupe key, or None when the answer does not list them."""
    if bulk is None or bulk.rows is None or bulk.row_key is None or not answer.ok:
        return None
    rows: Any = bulk.rows(answer.body) or []
    return {
        str(bulk.row_key(row)).strip().casefold(): str(bulk.row_reference(row)) if bulk.row_reference else ""
        for row in rows
    }


def _refused(bulk: BulkSpec | None, answer: Answer) -> dict[int, str]:
    """The refused ones by their position, when the target wrote nothing and names them."""
    if bulk is None or bulk.refused is None or answer.proof is not Proof.NO_EFFECT or answer.passing:
        return {}
    named = bulk.refused(answer.body) or []
    return {
        row["index"]: "; ".join(f"{key}: {value}" for key, value in row.items() if key != "index")
        for row in named
        if isinstance(row, dict) and isinstance(row.get("index"), int)
    }


def report_decision(spec: MappingSpec, row: RecordRow, document: Document, differences: str) -> Any:
    """The decision for a record whose target is read-only and not in step."""
    return decision_for(
        row.id,
        document.facts,
        state=State.HELD,
        cause="report_only",
        reason=differences or f"{spec.target.connection} does not have it",
        in_step=True,
    )

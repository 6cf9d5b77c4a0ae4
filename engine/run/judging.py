"""What would happen to each record now: the plan, held against our claims and against the target itself.

Nothing is written here; `plan` shows the judgements and `run` carries them out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from engine.adapters.store.port import RecordRow
from engine.domain.lifecycle import State
from engine.domain.record import RecordKey, SourceRecord
from engine.language.spec.model import MappingSpec
from engine.plan.batch import plan_batch
from engine.plan.decision import Document, Facts, Put
from engine.plan.world import World
from engine.run.lookalikes import possible_duplicates
from engine.run.matching import Found, find_documents
from engine.run.setup import Setup
from engine.run.twins import Earlier, twins_beside


class Verdict(StrEnum):
    """What is to be done with a record."""

    WAIT = "wait"
    SEND = "send"
    ADOPT = "adopt"
    IN_STEP = "in step"
    REPORT = "report"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A record's verdict; with `document` unless it waits, and with what was found at the target, if anything."""

    record: RecordKey
    verdict: Verdict
    facts: Facts
    put: Put | None = None
    document: Document | None = None
    found: Found | None = None
    reference: str | None = None


def judge(
    setup: Setup,
    spec: MappingSpec,
    records: Sequence[SourceRecord],
    world: World,
    rows: Mapping[RecordKey, RecordRow],
    taken: dict[tuple[str, str], RecordKey],
    earlier: Earlier,
) -> tuple[Judgement, ...]:
    """The verdict on each record of a batch, in the order given.

    `rows` is what the ledger knows of them. `taken` are the dedupe keys of batches that were judged before
    and not sent, to which this one's are added, and `earlier` the documents that may be on their way. Raises
    Unreachable when a system cannot be asked; then nothing is decided.
    """
    planned = plan_batch(spec, records, world)
    documents = [plan for plan in planned if isinstance(plan, Document)]
    held = _same_key(setup, documents, taken)
    free = [document for document in documents if document.record not in held]
    asks_target = spec.dedupe is not None and spec.dedupe.compare == "target" and spec.dedupe.find
    on_their_way = earlier.now()
    beside = None if spec.in_step else twins_beside(setup, spec, free)
    connector = setup.connectors[spec.target.connection]
    found = find_documents(connector, spec, free, beside) if asks_target and free else {}
    new = [document for document in free if document.claim_text not in found]
    if not spec.in_step:
        held |= possible_duplicates(setup, spec, new, world, on_their_way, beside, earlier.spelt) if new else {}
        earlier.add(spec, [document for document in new if document.record not in held])
    return tuple(
        _waiting(plan)
        if isinstance(plan, Put)
        else _waiting(held[plan.record])
        if plan.record in held
        else _on_document(spec, plan, found.get(plan.claim_text), rows.get(plan.record))
        for plan in planned
    )


def _waiting(put: Put) -> Judgement:
    return Judgement(record=put.record, verdict=Verdict.WAIT, facts=put.facts, put=put)


def _same_key(
    setup: Setup, documents: Sequence[Document], taken: dict[tuple[str, str], RecordKey]
) -> dict[RecordKey, Put]:
    by_space: dict[str, dict[str, list[Document]]] = {}
    for document in documents:
        by_space.setdefault(document.namespace, {}).setdefault(document.key_text, []).append(document)
    held: dict[RecordKey, Put] = {}
    for namespace, by_key in by_space.items():
        holders = setup.ledger.holder_of(namespace, tuple(by_key))
        for key, sharing in by_key.items():
            first = holders.get(key) or taken.setdefault((namespace, key), sharing[0].record)
            for document in sharing:
                if document.record != first:
                    held[document.record] = second_of(document, first)
    return held


def second_of(document: Document, first: RecordKey) -> Put:
    """The wait of a record whose dedupe key another record has."""
    return Put(
        record=document.record,
        state=State.HELD,
        cause="same_key",
        reason=f"the record {first.source_id} has the same dedupe key ({', '.join(document.key)})",
        facts=document.facts,
    )


def _on_document(spec: MappingSpec, document: Document, found: Found | None, row: RecordRow | None) -> Judgement:
    if spec.in_step:
        return _in_step(spec, document, found, row)
    facts = document.facts
    if found is None:
        return Judgement(record=document.record, verdict=Verdict.SEND, facts=facts, document=document)
    if found.ours and found.equal:
        return Judgement(
            record=document.record,
            verdict=Verdict.ADOPT,
            facts=facts,
            document=document,
            found=found,
            reference=found.reference,
        )
    return Judgement(
        record=document.record,
        verdict=Verdict.WAIT,
        facts=facts,
        put=already_there(document, found),
        document=document,
        found=found,
    )


def already_there(document: Document, found: Found) -> Put:
    """The wait of a record whose key names a document at the target that says something else."""
    cause = "differs" if found.bears else "number_taken"
    whose = "our own document" if found.bears else "another document"
    return Put(
        record=document.record,
        state=State.HELD,
        cause=cause,
        reason=f"the target has {whose} {found.reference} with this key: {'; '.join(found.differences)}",
        facts=document.facts,
    )


def _in_step(spec: MappingSpec, document: Document, found: Found | None, row: RecordRow | None) -> Judgement:
    by_ledger = spec.dedupe is not None and spec.dedupe.compare == "ledger"
    if by_ledger:
        equal = row is not None and row.state is State.ENTERED and row.document_hash == document.hash
        reference = row.reference if row is not None else None
    else:
        equal = found is not None and found.equal
        reference = found.reference if found is not None else None
    verdict = Verdict.IN_STEP if equal else Verdict.REPORT if spec.target.mode == "report" else Verdict.SEND
    return Judgement(
        record=document.record,
        verdict=verdict,
        facts=document.facts,
        document=document,
        found=found,
        reference=reference,
    )


def wanted(key: RecordKey, label: str, only: Sequence[str]) -> bool:
    """Whether a person who typed these keys means this record: its id or the beginning of it, or its number."""
    return not only or any(
        typed in (str(key), key.source_id)
        or (len(typed) >= 6 and key.source_id.startswith(typed))
        or typed.casefold() == label.casefold()
        for typed in only
    )

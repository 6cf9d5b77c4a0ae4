"""Sending again what the target refused: through the mapping as it is now, and only what a person has seen.

First `propose` says what would be sent and what it says otherwise than the last attempt; then `replay` sends
just that, by the way of every run: look-up before sending, intent, read-back. Nothing is replayed that may
be in the target's books.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from engine.adapters.store.aside import Aside
from engine.adapters.store.port import Attempt, Decision, RecordRow
from engine.domain.lifecycle import State
from engine.domain.record import RecordKey, SourceRecord
from engine.language.spec.model import MappingSpec
from engine.plan.sorting import home
from engine.plan.world import World
from engine.run.document_changes import DocumentChanges, against_last
from engine.run.isolating import judge_apart
from engine.run.judging import Judgement, Verdict
from engine.run.live_world import LiveWorld
from engine.run.reading import feeds_of, kept_records, mappings_of_feed, read_records
from engine.run.recovering import resolve_doubt
from engine.run.result import RunResult
from engine.run.running import run_mapping
from engine.run.setup import Setup, Tell, ignore
from engine.run.similar import Spelt
from engine.run.turns import Turns
from engine.run.twins import Earlier

BATCH = 200
GONE = "it is not in the feed any more: dismiss it, with the number of its document if somebody entered it"
TOLD_MAX = 50
REPLAYED = frozenset({Verdict.SEND, Verdict.ADOPT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What a replay would do with one record; `why_not` is empty when it would be sent or adopted."""

    row: RecordRow
    last: Attempt | None = None
    judgement: Judgement | None = None
    changes: DocumentChanges = field(default_factory=lambda: DocumentChanges(known=False))
    why_not: str = ""

    @property
    def document_hash(self) -> str:
        """The hash of the document that is proposed; empty when there is none."""
        document = self.judgement.document if self.judgement is not None else None
        return document.hash if document is not None and not self.why_not else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """How a replay went; `left` says, by record, why something that was agreed to was not sent."""

    result: RunResult
    left: Mapping[RecordKey, str]


def propose(
    setup: Setup, spec: MappingSpec, rows: Sequence[RecordRow], *, looked_in_target: bool = False
) -> tuple[Proposal, ...]:
    """What would become of each record, in the order given; reads both systems and writes nothing.

    Raises:
        Unreachable: a system cannot be asked.
    """
    reasons = {row.key: _why_never(spec, row, looked_in_target=looked_in_target) for row in rows}
    able = [row for row in rows if not reasons[row.key]]
    there = _as_they_read_now(setup, spec, {row.key for row in able})
    judged = _judged(setup, spec, able, there, LiveWorld(setup))
    return tuple(
        Proposal(row=row, why_not=reasons[row.key])
        if reasons[row.key]
        else _proposal(setup, spec, row, there.get(row.key), judged.get(row.key))
        for row in rows
    )


def replay(
    setup: Setup,
    spec: MappingSpec,
    proposals: Iterable[Proposal],
    *,
    reason: str = "",
    tell: Tell = ignore,
    wait: bool = True,
) -> Replayed:
    """Send what was proposed and agreed to, as a run of the mapping that looks at nothing else.

    A record is left alone when its document is not the one that was proposed any more, or when somebody
    else has dealt with it meanwhile. What was in doubt is looked up once more by the key it was sent with.
    `reason` is the person's own, for the audit trail.
    """
    freeing = _Freeing(setup, spec, {one.row.key: one for one in proposals if not one.why_not}, reason)
    result = run_mapping(setup, spec, tell=tell, wait=wait, free=freeing)
    return Replayed(result=result, left=freeing.left)


class _Freeing:
    """Makes agreed records ready, inside the run and under its turns."""

    def __init__(self, setup: Setup, spec: MappingSpec, agreed: Mapping[RecordKey, Proposal], reason: str) -> None:
        self._setup, self._spec, self._agreed, self._reason = setup, spec, agreed, reason
        self.left: dict[RecordKey, str] = {}

    def __call__(self, turns: Turns, world: World, run: str) -> frozenset[RecordKey]:
        rows = [row for row in self._rows_now() if self._is_ours(turns, row, run)]
        in_doubt = [row for row in rows if row.state is State.IN_DOUBT]
        if in_doubt:
            resolve_doubt(self._setup, self._spec, in_doubt, run)
            rows = [row for row in self._rows_now({row.key for row in rows}) if self._is_open_still(row)]
        records = {one.key: one for one in kept_records(self._setup, self._spec, rows)}
        judged = _judged(self._setup, self._spec, rows, records, world)
        free = [row for row in rows if self._is_as_agreed(row, judged.get(row.key))]
        self._setup.ledger.decide([self._decision(row) for row in free], run, self._setup.who)
        return frozenset(row.key for row in free)

    def _rows_now(self, keys: Iterable[RecordKey] | None = None) -> list[RecordRow]:
        wanted = list(self._agreed if keys is None else keys)
        return [
            row
            for start in range(0, len(wanted), BATCH)
            for row in self._setup.ledger.records(
                keys=[str(key) for key in wanted[start : start + BATCH]], limit=BATCH
            )
        ]

    def _is_ours(self, turns: Turns, row: RecordRow, run: str) -> bool:
        agreed = self._agreed[row.key]
        if row.state is not agreed.row.state or row.cause != agreed.row.cause:
            self.left[row.key] = f"it is {_named(row)} meanwhile"
        elif not self._setup.ledger.records(keys=[str(row.key)], seen_run=run, limit=1):
            self.left[row.key] = GONE
        elif None in [turns.take(company) for company in {row.company, _company(agreed, row)}]:
            self.left[row.key] = "another runner has the turn"
        return row.key not in self.left

    def _is_open_still(self, row: RecordRow) -> bool:
        found = row.state not in (State.REFUSED, State.READY) and row.cause != "not_found"
        if found:
            self.left[row.key] = f"looked up once more, and it is {_named(row)}"
        return not found

    def _is_as_agreed(self, row: RecordRow, judgement: Judgement | None) -> bool:
        agreed = self._agreed[row.key]
        if judgement is None or judgement.verdict not in REPLAYED:
            self.left[row.key] = _waits(judgement)
        elif judgement.document is None or judgement.document.hash != agreed.document_hash:
            self.left[row.key] = "its document is another one than was shown: replay it once more"
        return row.key not in self.left

    def _decision(self, row: RecordRow) -> Decision:
        agreed = self._agreed[row.key]
        told = [*agreed.changes.entries, *(str(one) for one in (*agreed.changes.rules, *agreed.changes.values))]
        return Decision(
            record_id=row.id,
            state=State.READY,
            acknowledged="",
            was=row.state,
            in_step=self._spec.in_step,
            detail={
                "act": "replay",
                "why": self._reason,
                "after_attempt": agreed.last.number if agreed.last is not None else 0,
                "document": agreed.document_hash,
                "changes": told[:TOLD_MAX],
            },
        )


def _why_never(spec: MappingSpec, row: RecordRow, *, looked_in_target: bool) -> str:
    """Why a record may not be replayed at all; empty when it may."""
    if row.state is State.REFUSED:
        return ""
    if row.state is State.IN_DOUBT and row.cause == "not_found":
        if looked_in_target:
            return ""
        return "it may be in the target: look there first, then say --looked-in-target and --reason"
    if row.state is State.IN_DOUBT and row.cause == "differs":
        return "the target has a document with its key: correct or delete it there, then run the mapping"
    if row.state in (State.IN_DOUBT, State.SENDING):
        return f"nobody knows yet whether it was written: `ml-connector run {spec.name}` looks it up"
    if row.state in (State.ENTERED, State.IN_GL, State.SETTLED):
        return f"it is entered as {row.reference}: nothing is sent twice"
    if row.state is State.DISMISSED:
        return "a person has dismissed it"
    return f"it is {_named(row)}, which ends by itself: `ml-connector run {spec.name}`"


def _proposal(
    setup: Setup, spec: MappingSpec, row: RecordRow, record: SourceRecord | None, judgement: Judgement | None
) -> Proposal:
    attempts = setup.ledger.attempts(row.id)
    last = attempts[-1] if attempts else None
    if record is None:
        return Proposal(row=row, last=last, why_not=GONE)
    if judgement is None:
        return Proposal(row=row, last=last, why_not=f"the mapping {spec.name} does not take it any more")
    if judgement.verdict not in REPLAYED or judgement.document is None:
        return Proposal(row=row, last=last, judgement=judgement, why_not=_waits(judgement))
    request = setup.ledger.payload(last.request_hash) if last is not None else None
    return Proposal(row=row, last=last, judgement=judgement, changes=against_last(request, judgement.document))


def _judged(
    setup: Setup,
    spec: MappingSpec,
    rows: Sequence[RecordRow],
    records: Mapping[RecordKey, SourceRecord],
    world: World,
) -> dict[RecordKey, Judgement]:
    """The verdict on each record that the mapping still takes."""
    sharing = mappings_of_feed(setup, spec)
    by_key = {row.key: row for row in rows}
    mine = [records[key] for key in by_key if key in records and home(records[key], sharing) is spec]
    with Aside() as aside:
        earlier = Earlier(spelt=Spelt(aside))
        return {
            one.record: one
            for start in range(0, len(mine), BATCH)
            for one in judge_apart(setup, spec, mine[start : start + BATCH], world, by_key, earlier)
        }


def _as_they_read_now(setup: Setup, spec: MappingSpec, keys: set[RecordKey]) -> dict[RecordKey, SourceRecord]:
    """The records as the source has them now; the reading ends when all were met."""
    found: dict[RecordKey, SourceRecord] = {}
    for company, feed in feeds_of(setup, spec):
        for records in read_records(setup, spec, company, feed) if len(found) < len(keys) else ():
            found |= {record.key: record for record in records if record.key in keys}
            if len(found) == len(keys):
                break
    return found


def _company(agreed: Proposal, row: RecordRow) -> str | None:
    document = agreed.judgement.document if agreed.judgement is not None else None
    return document.company if document is not None else row.company


def _waits(judgement: Judgement | None) -> str:
    if judgement is None:
        return "the mapping does not take it any more"
    if judgement.put is not None:
        return f"it would be {judgement.put.state.value.replace('_', ' ')} now: {judgement.put.reason}"
    return "the target is in step with it already"


def _named(row: RecordRow) -> str:
    return row.state.value.replace("_", " ") + (f" ({row.reason})" if row.reason else "")

"""One run of one mapping: read, settle what is open, plan, send, acknowledge, wait for what is in doubt."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from engine.adapters.store.aside import Aside
from engine.adapters.store.port import ClaimTaken, Decision, Lease, RecordRow, RecordSum
from engine.domain.lifecycle import OPEN, State
from engine.domain.record import RecordKey, SourceRecord
from engine.language.spec.model import MappingSpec
from engine.plan.decision import Document, Put
from engine.plan.sorting import home, homeless
from engine.run.acknowledging import Acknowledged, Acknowledger
from engine.run.budget import Budget
from engine.run.concluding import decision_for, entered
from engine.run.feed_turns import FeedTurns
from engine.run.isolating import judge_apart
from engine.run.judging import Judgement, Verdict, wanted
from engine.run.ledger_pages import record_pages
from engine.run.line_stops import stopped_because
from engine.run.live_world import LiveWorld
from engine.run.reading import feeds_of, kept_records, mappings_of_feed, read_into_ledger
from engine.run.reading_once import reading_once
from engine.run.report_file import write_report
from engine.run.result import RunResult, Tally
from engine.run.sending import Sender
from engine.run.sent import remember
from engine.run.settling import Settling
from engine.run.setup import STOPPING, Setup, Stopping, Tell, ignore
from engine.run.similar import Spelt
from engine.run.stepping import report_decision, send_in_step
from engine.run.turns import KeptLeases, Turns
from engine.run.twins import Earlier

SETTLE_ROUNDS_MAX = 5
HAIR_S = 0.001
"""What is slept beyond a settle window, so that the rounding of a clock leaves nothing of it."""

Free = Callable[[Turns, LiveWorld, str], frozenset[RecordKey]]
"""Frees refused records on a person's word, in a run whose reading is done; gives those the run may send."""


def run_mapping(
    setup: Setup,
    spec: MappingSpec,
    *,
    tell: Tell = ignore,
    limit: int | None = None,
    only: Sequence[str] = (),
    wait: bool = True,
    free: Free | None = None,
) -> RunResult:
    """Run a mapping once, to its end.

    `limit` sends at most so many documents, `only` looks only at records with these keys, `wait=False`
    leaves what is in doubt, and the turn of a runner that died, to a later run, and the result says when. With
    `free` (a replay), only the records that it gives are planned.
    Whatever stops it, the ledger says where every record stands.

    Raises:
        Unreachable: a system could not be asked; what was done stays done, the rest stays as it was.
        LedgerError: our own store failed.
        TurnLost: another runner took over.
    """
    result = RunResult(mapping=spec.name, run=setup.make_id(), in_step=spec.in_step)
    setup.ledger.start_run(result.run, spec.name, setup.who)
    try:
        with KeptLeases(setup, f"{setup.who}, run {result.run[:8]}") as leases, Aside() as aside:
            turns = Turns(setup, spec.name, leases, wait=wait, tell=tell)
            feed = FeedTurns(setup, spec, leases, tell)
            running = _Run(setup, spec, result, turns, feed, tell, limit, tuple(only), free, Spelt(aside))
            running.go(wait=wait)
            result.elsewhere = turns.elsewhere
    except BaseException as error:
        result.broke_off = type(error).__name__
        raise
    finally:
        setup.ledger.end_run(result.run, result.as_json())
    return result


class _Run:
    """The steps of one run, in order."""

    def __init__(
        self,
        setup: Setup,
        spec: MappingSpec,
        result: RunResult,
        turns: Turns,
        feed: FeedTurns,
        tell: Tell,
        limit: int | None,
        only: tuple[str, ...],
        free: Free | None,
        spelt: Spelt,
    ) -> None:
        self.setup, self.spec, self.result, self.turns, self.tell = setup, spec, result, turns, tell
        self.feed, self.limit, self.only, self.free = feed, limit, only, free
        self.freed: frozenset[RecordKey] = frozenset()
        self.judging = setup
        self.world = LiveWorld(setup)
        self.budget = Budget(unentered_max=setup.stop_after_refused)
        self.acknowledger = Acknowledger(setup, spec, result.run, feed, tell)
        self.unwritten = ""
        self.reported: list[Any] = []
        self.stops: dict[str | None, str] = {}
        self.spelt = spelt
        self.settling = Settling(setup, spec, result.run, turns)

    def go(self, *, wait: bool) -> None:
        try:
            self._go(wait=wait)
        except Stopping:
            self.result.stopped = STOPPING
            self._count_acknowledged(self.acknowledger.so_far())
        self._tally()
        self.result.tell_warnings()

    def _go(self, *, wait: bool) -> None:
        with self.feed.reading():
            self.result.read, unread = read_into_ledger(self.setup, self.spec, self.result.run, self.tell)
        self.result.unread = {feed: str(error) for feed, error in unread.items()}
        self._warn_of_orphans()
        self.settling.settle()
        if self.free is not None:
            self.freed = self.free(self.turns, self.world, self.result.run)
        self._plan_and_send()
        self._acknowledge()
        if not wait:
            self.result.settles_in_s = self.settling.soonest_s()
        for _ in range(SETTLE_ROUNDS_MAX if wait else 0):
            seconds = self.settling.soonest_s()
            if seconds is None:
                break
            self.tell("waiting for what is in doubt", 0)
            self.setup.clock.sleep(seconds + HAIR_S)
            if not self.settling.settle():
                break
            self._plan_and_send()
            self._acknowledge()
        if self.spec.target.report is not None and self.free is None and not self.only:
            path = write_report(self.setup.folder, self.spec.target.report, self.reported)
            self.result.report_file = str(path.relative_to(self.setup.folder))

    def _warn_of_orphans(self) -> None:
        """Records that were sent under a mapping that is not there any more: no run looks after them."""
        there = {spec.name for spec in self.setup.specs}
        orphans: dict[str, int] = {}
        for mapping, state, count in self.setup.ledger.numbers():
            if mapping and mapping not in there and state not in OPEN and state is not State.DISMISSED:
                orphans[mapping] = orphans.get(mapping, 0) + count
        for mapping, count in orphans.items():
            self.result.warnings.append(
                f"{count} records were sent by a mapping '{mapping}' that is not there any more: no run settles or "
                "sweeps them; give a mapping that name again"
            )

    def _plan_and_send(self) -> None:
        states = tuple(OPEN | {State.ENTERED}) if self.spec.in_step else tuple(OPEN)
        self.reported.clear()
        self.earlier = Earlier(spelt=self.spelt)
        # What it knows to be there may be gone by the next round: a group is gone once it is posted.
        self.sender = Sender(self.setup, self.spec, self.result.run, self.budget, self._tell_sent, self._concluded)
        with self.acknowledger, self.sender.pool() as self.pool:
            self._plan_all(states)
        self.result.stopped = self.budget.stopped

    def _plan_all(self, states: tuple[State, ...]) -> None:
        if self.spec.in_step:
            self.judging = reading_once(self.setup)
            self.world = LiveWorld(self.judging)
        feeds = [feed for _, feed in feeds_of(self.setup, self.spec) if feed not in self.result.unread]
        for feed in feeds:
            for rows in record_pages(
                self.setup.ledger, feed=(self.spec.source.connection, feed), states=states, seen_run=self.result.run
            ):
                self.setup.stop_if_asked()
                self._batch(rows)
                if self.budget.stopped or self.limit == 0:
                    break

    def _sort_home(self, rows: Sequence[RecordRow]) -> list[SourceRecord]:
        """The records that are this mapping's; the others are noted under the mapping that takes them, or none."""
        sharing = mappings_of_feed(self.setup, self.spec)
        mine, decisions = [], []
        for row, record in zip(rows, kept_records(self.setup, self.spec, rows), strict=True):
            owner = home(record, sharing)
            if owner is None:
                decision = _waiting(row, homeless(record, self.setup.books.not_posted))
                if decision.says_more_than(row):
                    decisions.append(replace(decision, was=row.state))
            elif owner.name != self.spec.name:
                if row.mapping != owner.name:
                    decisions.append(
                        Decision(
                            record_id=row.id,
                            state=row.state,
                            cause=row.cause,
                            reason=row.reason,
                            mapping=owner.name,
                            was=row.state,
                        )
                    )
            else:
                mine.append(record)
        self.setup.ledger.decide(decisions, self.result.run, self.setup.who)
        return mine

    def _judged(self, rows: Mapping[RecordKey, RecordRow]) -> list[Judgement]:
        """The judgements on those that are this mapping's; what the source says of them is let go of here."""
        mine = [one for one in self._sort_home(tuple(rows.values())) if self.free is None or one.key in self.freed]
        judged = judge_apart(self.judging, self.spec, mine, self.world, rows, self.earlier) if mine else ()
        return [self._unless_stopped(one) for one in judged if wanted(one.record, one.facts.label, self.only)]

    def _batch(self, page: Sequence[RecordRow]) -> None:
        rows = {row.key: row for row in page}
        judgements = self._judged(rows)
        if not judgements:
            return
        to_send = [one for one in judgements if one.verdict is Verdict.SEND][: self.limit]
        sending = {one.record for one in to_send}
        told = (
            self._decision(one, rows[one.record])
            for one in judgements
            if one.verdict is not Verdict.SEND or one.record in sending
        )
        self._decide([decision for decision in told if decision is not None])
        self.tell("planned", len(judgements))
        self.result.adopted += sum(one.verdict is Verdict.ADOPT for one in judgements)
        self.result.unchanged += sum(one.verdict is Verdict.IN_STEP for one in judgements)
        for one in judgements:
            if one.document is not None and (one.verdict is Verdict.ADOPT or one.record in sending):
                self.result.warn_of(one.facts.label or one.record.source_id, one.document.warnings)
        self._send(to_send, rows)

    def _unless_stopped(self, one: Judgement) -> Judgement:
        """Nothing is entered where the sweep has stopped the line."""
        if one.verdict is not Verdict.SEND or self.spec.in_step or one.document is None:
            return one
        company = one.document.company
        if company not in self.stops:
            self.stops[company] = stopped_because(self.setup.ledger, self.spec.target.connection, company)
        reason = self.stops[company]
        if not reason:
            return one
        put = Put(record=one.record, state=State.HELD, cause="line_stopped", reason=reason, facts=one.facts)
        return replace(one, verdict=Verdict.WAIT, put=put)

    def _decide(self, decisions: Sequence[Decision]) -> None:
        """All decisions at once; when another runner took one of the claims meanwhile, one by one."""
        try:
            self.setup.ledger.decide(decisions, self.result.run, self.setup.who)
        except ClaimTaken:
            for decision in decisions:
                self._decide_one(decision)

    def _decide_one(self, decision: Decision) -> None:
        try:
            self.setup.ledger.decide([decision], self.result.run, self.setup.who)
        except ClaimTaken as taken:
            reason = f"the record {taken.holder.source_id} has the same dedupe key"
            held = Decision(
                record_id=decision.record_id,
                state=State.HELD,
                cause="same_key",
                reason=reason,
                mapping=decision.mapping,
                was=decision.was,
            )
            self.setup.ledger.decide([held], self.result.run, self.setup.who)

    def _decision(self, one: Judgement, row: RecordRow) -> Decision | None:
        """What the ledger is to say of the record; None when it says so already."""
        decision = self._as_judged(one, row)
        if row.mapping == self.spec.name and not decision.says_more_than(row):
            return None
        detail = None
        if one.document is not None and one.verdict in (Verdict.ADOPT, Verdict.IN_STEP):
            detail = {"adopted": remember(self.spec, one.document)}
        return replace(decision, mapping=self.spec.name, was=row.state, detail=detail)

    def _as_judged(self, one: Judgement, row: RecordRow) -> Decision:
        if one.put is not None:
            return replace(_waiting(row, one.put), in_step=self.spec.in_step)
        document = _document(one)
        if one.verdict is Verdict.SEND:
            return decision_for(row.id, one.facts, state=State.READY, cause="", reason="", in_step=self.spec.in_step)
        if one.verdict is Verdict.REPORT:
            self.reported.append(document.body)
            differences = "; ".join(one.found.differences) if one.found is not None else ""
            decision: Decision = report_decision(self.spec, row, document, differences)
            return decision
        return entered(self.spec, row.id, document, row.payload_hash, one.reference)

    def _send(self, judgements: Sequence[Judgement], rows: dict[Any, RecordRow]) -> None:
        ready: list[tuple[Document, RecordRow, Lease]] = []
        for one in judgements:
            document = _document(one)
            lease = self.turns.take(document.company)
            if lease is not None:
                ready.append((self._with_reference(one, document), rows[one.record], lease))
        if self.spec.in_step:
            send_in_step(self.setup, self.spec, self.result.run, ready, self.budget, self._tell_sent)
        else:
            self.sender.look_ahead([document for document, _, _ in ready])
            for sent in ready:
                self.pool.offer(self.sender.group_of(sent[0]), sent)
        if self.limit is not None:
            self.limit -= len(ready)

    def _concluded(self, row: RecordRow) -> None:
        """What became of one that was sent; from one of the threads that send."""
        if row.state is State.ENTERED:
            self.earlier.forget(row.key)
        if row.acknowledged == "pending":
            self.acknowledger.offer(row)

    def _tell_sent(self, what: str, count: int) -> None:
        self.result.sent += count
        self.tell(what, count)

    def _with_reference(self, one: Judgement, document: Document) -> Document:
        """The document again, now that the target's own id is known (an update instead of a second one)."""
        body = self.spec.target.call.body
        if not one.reference or body is None:
            return document
        scope = {**document.scope, "reference": one.reference}
        return replace(document, scope=scope, body=body.render(scope))

    def _acknowledge(self) -> None:
        self.setup.stop_if_asked()
        self._count_acknowledged(self.acknowledger.finish())

    def _count_acknowledged(self, told: Acknowledged) -> None:
        self.result.acknowledged += told.done
        if told.failed:
            warning = f"{len(told.failed)} could not be written back to the source; tried again next run"
            self.result.warnings = [one for one in self.result.warnings if one != self.unwritten]
            self.result.warnings.append(warning)
            self.unwritten = warning
        if told.warning and told.warning not in self.result.warnings:
            self.result.warnings.append(told.warning)

    def _tally(self) -> None:
        feeds = [(self.spec.source.connection, feed) for _, feed in feeds_of(self.setup, self.spec)]
        for one in self.setup.ledger.sums(self.spec.name, feeds):
            self.result.left_elsewhere += one.number if self._is_left_elsewhere(one) else 0
            tally = self.result.became.setdefault((one.state.value, one.cause), Tally())
            tally.add(one.amount, one.currency, count=one.number)

    def _is_left_elsewhere(self, one: RecordSum) -> bool:
        """Whether they wait for nothing but the runner that has their turn."""
        under_way = one.state in (State.READY, State.SENDING) or one.cause == "no_answer"
        return under_way and self.turns.name_of(one.company) in self.turns.elsewhere


def _waiting(row: RecordRow, put: Put) -> Decision:
    return decision_for(row.id, put.facts, state=put.state, cause=put.cause, reason=put.reason)


def _document(one: Judgement) -> Document:
    if one.document is None:
        raise AssertionError("a verdict other than waiting comes with a document")
    return one.document

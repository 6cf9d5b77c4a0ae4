"""Writing the outcome back to the source, after all reading, and never as a reason to send again."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Self

from engine.adapters.connectors.port import Answer, Call
from engine.adapters.store.port import Decision, RecordRow
from engine.domain.lifecycle import State
from engine.domain.outcome import Proof
from engine.language.spec.call_model import CallSpec
from engine.language.spec.model import MappingSpec
from engine.language.transform.render import RenderError
from engine.run.budget import Budget
from engine.run.feed_turns import LOOK_S, FeedTurns
from engine.run.ledger_pages import record_pages
from engine.run.setup import Setup, Tell

NOT_SUPPORTED = frozenset({403, 405})
BATCH = 40
"""So many outcomes are marked in the ledger at once; between two of them the process may be stopped."""
OFFERED_MAX = 1_000
"""So many outcomes wait in memory; the others wait in the ledger."""


@dataclass(slots=True)
class Acknowledged:
    """How the writing back went; `failed` are the records that the source did not take."""

    done: int = 0
    failed: set[int] = field(default_factory=set)
    warning: str = ""


class Acknowledger:
    """Writes back every outcome of a mapping that its source has not heard of yet.

    In a `with`, what is offered is written back by threads of its own while others send; it may only be entered
    once the feed was read to its end. A failed one stays pending and is tried again by the next run. 403 and 405
    mean that the source does not support it: then it is asked no more in this run, with a warning. So it is when its
    budget is spent.
    """

    def __init__(self, setup: Setup, spec: MappingSpec, run: str, feed: FeedTurns, tell: Tell) -> None:
        self._setup, self._spec, self._run, self._feed, self._tell = setup, spec, run, feed, tell
        self._offered: SimpleQueue[RecordRow | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._failure: Exception | None = None
        self._told = Acknowledged()
        self._budget = Budget(unentered_max=setup.stop_after_refused)
        self._may = spec.acknowledge is not None and setup.may_acknowledge(spec)

    def __enter__(self) -> Self:
        if self._may:
            self._thread = threading.Thread(target=self._work, name="write back", daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._thread is not None:
            self._offered.put(None)
            self._thread.join()
            self._thread = None

    def offer(self, row: RecordRow) -> None:
        """Write this outcome back soon; where too many wait already, when all is sent (`finish`)."""
        if self._may and not _waits(self._spec, row) and self._offered.qsize() < OFFERED_MAX:
            self._offered.put(row)

    def finish(self) -> Acknowledged:
        """Write back all that is left; gives how it went since the last time.

        Raises:
            CredentialsError, LedgerError: what the threads met, or what is met now.
            Stopping: the process was asked to stop; what was written back is known, the rest stays pending.
        """
        if self._failure is not None:
            raise self._failure
        if self._spec.acknowledge is not None and not self._may:
            self._told.warning = (
                f"nothing is written back, because {self._spec.source.connection} and "
                f"{self._spec.target.connection} are not both production (environment, in connections.yaml)"
            )
        elif self._may:
            try:
                self._write_rest()
            finally:
                self._feed.rest()
        return self.so_far()

    def so_far(self) -> Acknowledged:
        """How it went since the last time."""
        told, self._told = self._told, Acknowledged(failed=self._told.failed)
        return told

    def _write_rest(self) -> None:
        for rows in record_pages(self._setup.ledger, mapping=self._spec.name, unacknowledged=True):
            # What is gone from the target is not told as entered: it stays pending until a person has decided.
            left = [row for row in rows if row.cause != "vanished" and row.id not in self._told.failed]
            left = [row for row in left if not _waits(self._spec, row)]
            if self._told.warning:
                break
            with self._pool() as pool:
                for start in range(0, len(left), BATCH):
                    self._setup.stop_if_asked()
                    if not self._feed.may_write():
                        self._told.warning = f"another run of {self._spec.name} writes back what was entered here"
                        return
                    self._write(pool, left[start : start + BATCH])
            self._tell("acknowledged", len(left))

    def _work(self) -> None:
        try:
            with self._pool() as pool:
                while rows := self._next():
                    if self._setup.stopping() or (self._told.warning and not self._budget.stopped):
                        continue
                    if self._feed.may_write():
                        self._write(pool, rows)
            self._feed.rest()
        except Exception as error:  # noqa: BLE001 - `finish` raises it
            self._failure = error

    def _next(self) -> list[RecordRow]:
        """What was offered and is not written back yet, at least one; empty at the end."""
        rows: list[RecordRow] = []
        row = self._first()
        while row is not None:
            rows.append(row)
            if len(rows) == BATCH:
                return rows
            try:
                row = self._offered.get_nowait()
            except Empty:
                return rows
        if rows:
            self._offered.put(None)  # the end was met behind these: meet it again
        return rows

    def _first(self) -> RecordRow | None:
        """The next that is offered, None at the end; who wants to read the feed is not kept waiting for it."""
        while True:
            try:
                return self._offered.get(timeout=LOOK_S)
            except Empty:
                self._feed.give_way()

    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(max_workers=self._setup.in_flight(self._spec.source.connection))

    def _write(self, pool: ThreadPoolExecutor, rows: Sequence[RecordRow]) -> None:
        decisions = []
        for row, answer in zip(rows, pool.map(self._write_one, rows), strict=True):
            if answer is None or answer.ok:
                self._told.done += answer is not None
                decisions.append(_mark(self._spec, row, "done"))
            elif answer.status in NOT_SUPPORTED:
                name = self._spec.source.connection
                self._told.warning = f"{name} does not let us write back: {answer.message}"
            else:
                self._told.failed.add(row.id)
        self._setup.ledger.decide(decisions, self._run, self._setup.who)
        if self._budget.stopped and not self._told.warning:
            name = self._spec.source.connection
            self._told.warning = f"{name} takes nothing back at the moment: {self._budget.stopped}"

    def _write_one(self, row: RecordRow) -> Answer | None:
        if self._budget.stopped:
            return Answer(proof=Proof.NOT_SENT, status=None)
        try:
            answer = _tell_source(self._setup, self._spec, row)
        except RenderError:  # what is to be said cannot be worked out of this one: it stays pending
            return Answer(proof=Proof.NOT_SENT, status=None)
        if answer is not None and (answer.passing or answer.status is None):
            self._budget.count_refusal_of_us(answer)
        elif answer is not None:
            self._budget.count(answer, taken=True)  # one that is refused keeps no other one from being told
        return answer


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


def _waits(spec: MappingSpec, row: RecordRow) -> bool:
    """Whether it is told only once the target has posted it, which the sweep finds out."""
    return spec.acknowledge is not None and spec.acknowledge.when == "in_gl" and row.state is State.ENTERED


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

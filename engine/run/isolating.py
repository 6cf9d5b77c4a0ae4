"""One bad question costs only the record that needs it: what fails together is asked again apart.

An answer such as 400 or 500 to a look-up of many may be the fault of one of them: of a value that the other
system cannot bear, or of a row that it cannot show. A system that gives nobody an answer is another matter: then
nothing is decided.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from engine.adapters.connectors.answers import BadAnswer
from engine.adapters.store.port import RecordRow
from engine.domain.lifecycle import State
from engine.domain.record import RecordKey, SourceRecord
from engine.language.spec.model import MappingSpec
from engine.plan.decision import Facts, Put
from engine.plan.world import World
from engine.run.judging import Judgement, Verdict, judge
from engine.run.setup import Setup
from engine.run.twins import Earlier

FAILED_MAX = 10
"""So many of one batch that get no answer are not at fault themselves: the system is."""
NOT_THEIR_OWN = frozenset({401, 403, 429, 502, 503, 504})
"""About us or the moment, whatever was asked."""

One = TypeVar("One")
Gives = TypeVar("Gives")


def judge_apart(
    setup: Setup,
    spec: MappingSpec,
    records: Sequence[SourceRecord],
    world: World,
    rows: Mapping[RecordKey, RecordRow],
    earlier: Earlier,
    taken: dict[tuple[str, str], RecordKey] | None = None,
) -> tuple[Judgement, ...]:
    """As `judge`, but a record about which a system gives no answer is held alone.

    Raises:
        Unreachable: a system gives no answer at all; then nothing is decided.
    """
    known: dict[tuple[str, str], RecordKey] = {} if taken is None else taken
    apart: Apart[SourceRecord, Judgement] = Apart(
        work=lambda part: judge(setup, spec, part, world, rows, known, earlier),
        alone=lambda record, error: (_unanswered(record, rows.get(record.key), error),),
    )
    return tuple(apart.do(records))


def _unanswered(record: SourceRecord, row: RecordRow | None, error: BadAnswer) -> Judgement:
    facts = Facts()
    if row is not None:
        facts = Facts(
            company=row.company, label=row.label, amount=row.amount, currency=row.currency, book_date=row.book_date
        )
    put = Put(record=record.key, state=State.HELD, cause="lookup_failed", reason=str(error), facts=facts)
    return Judgement(record=record.key, verdict=Verdict.WAIT, facts=facts, put=put)


@dataclass(slots=True)
class Apart(Generic[One, Gives]):
    """Work on many at once; where the answer is bad, on each half, down to the one that it is the fault of.

    `alone` says what becomes of that one. Unless `may_all_fail`, nothing is decided when there is no good one.
    """

    work: Callable[[Sequence[One]], Sequence[Gives]]
    alone: Callable[[One, BadAnswer], Sequence[Gives]]
    may_all_fail: bool = False
    _failed: list[One] = field(default_factory=list)
    _any_good: bool = False

    def do(self, things: Sequence[One]) -> Sequence[Gives]:
        """What the work gives, in order.

        Raises:
            Unreachable: nothing of it could be done.
        """
        given, error = self._do(things)
        if error is not None and not self._any_good and not self.may_all_fail:
            raise error
        return given

    def _do(self, things: Sequence[One]) -> tuple[list[Gives], BadAnswer | None]:
        try:
            given = self.work(things)
        except BadAnswer as error:
            if error.status is None or error.status in NOT_THEIR_OWN:
                raise
            return self._halves(things, error)
        self._any_good = True
        return list(given), None

    def _halves(self, things: Sequence[One], error: BadAnswer) -> tuple[list[Gives], BadAnswer]:
        if len(things) == 1:
            self._failed.append(things[0])
            if len(self._failed) > FAILED_MAX:
                raise error
            return list(self.alone(things[0], error)), error
        half = len(things) // 2
        first, _ = self._do(things[:half])
        second, _ = self._do(things[half:])
        return [*first, *second], error

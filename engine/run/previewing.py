"""`plan`: what a run would do to every record now, with nothing written anywhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.adapters.store.aside import Aside
from engine.adapters.store.port import RecordRow
from engine.domain.lifecycle import OPEN, State
from engine.domain.record import RecordKey, SourceRecord
from engine.language.spec.model import MappingSpec
from engine.plan.decision import Facts, Put
from engine.plan.sorting import home, homeless
from engine.run.isolating import judge_apart
from engine.run.judging import Judgement, Verdict, wanted
from engine.run.live_world import LiveWorld
from engine.run.reading import feeds_of, mappings_of_feed, read_records
from engine.run.setup import Setup
from engine.run.similar import Spelt
from engine.run.twins import Earlier


def preview(setup: Setup, spec: MappingSpec, *, only: Sequence[str] = ()) -> Iterator[Judgement]:
    """The judgement on every record of the mapping's feed as it reads now, and on those without a home.

    Raises:
        Unreachable: a system cannot be asked.
    """
    world, sharing = LiveWorld(setup), mappings_of_feed(setup, spec)
    taken: dict[tuple[str, str], RecordKey] = {}
    with Aside() as aside:
        earlier = Earlier(spelt=Spelt(aside))
        for company, feed in feeds_of(setup, spec):
            for records in read_records(setup, spec, company, feed):
                for one in _page(setup, spec, sharing, records, world, taken, earlier):
                    if wanted(one.record, one.facts.label, only):
                        yield one


def _page(
    setup: Setup,
    spec: MappingSpec,
    sharing: Sequence[MappingSpec],
    records: Sequence[SourceRecord],
    world: LiveWorld,
    taken: dict[tuple[str, str], RecordKey],
    earlier: Earlier,
) -> Iterator[Judgement]:
    known = {row.key: row for row in _known(setup, records)}
    mine = []
    for record in records:
        owner = home(record, sharing)
        row = known.get(record.key)
        if owner is None:
            put = homeless(record, setup.books.not_posted)
            yield Judgement(record=record.key, verdict=Verdict.WAIT, facts=put.facts, put=put)
        elif owner.name == spec.name and row is not None and _is_done(spec, row):
            yield _done(record, row)
        elif owner.name == spec.name:
            mine.append(record)
    if mine:
        yield from judge_apart(setup, spec, mine, world, known, earlier, taken)


def _known(setup: Setup, records: Sequence[SourceRecord]) -> tuple[RecordRow, ...]:
    if not records:
        return ()
    return setup.ledger.records(keys=[str(record.key) for record in records], limit=len(records))


def _is_done(spec: MappingSpec, row: RecordRow) -> bool:
    return row.state not in OPEN and not (spec.in_step and row.state is State.ENTERED)


def _done(record: SourceRecord, row: RecordRow) -> Judgement:
    facts = Facts(
        company=row.company, label=row.label, amount=row.amount, currency=row.currency, book_date=row.book_date
    )
    put = Put(record=record.key, state=row.state, cause=row.cause, reason=row.reason, facts=facts)
    return Judgement(record=record.key, verdict=Verdict.DONE, facts=facts, put=put, reference=row.reference)

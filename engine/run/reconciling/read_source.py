"""Reading the source for the control report: every feed afresh, completed records included."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from engine.adapters.store.aside import Aside, Kept
from engine.domain.record import RecordKey, SourceRecord
from engine.language.spec.model import CrosswalkStep, MappingSpec, ValueStep
from engine.language.transform.render import RenderError, Template
from engine.language.transform.select import SelectError, Selector
from engine.plan.item import Item
from engine.plan.sorting import home
from engine.plan.world import World
from engine.run.live_world import LiveWorld
from engine.run.reading import feeds_of, read_records
from engine.run.reconciling.sides import Reading, SourceFact
from engine.run.setup import Setup
from engine.run.worked_out import worked_out
from engine.words.errors import CredentialsError, Unreachable
from engine.words.money import amount_of


def booking_specs(setup: Setup) -> tuple[MappingSpec, ...]:
    """The mappings that book something; master data is not part of the report."""
    return tuple(spec for spec in setup.specs if not spec.in_step)


def read_source(
    setup: Setup, company: str, aside: Aside
) -> tuple[Kept[RecordKey, SourceFact] | None, tuple[Reading, ...]]:
    """Every record of every feed that is booked; None when a feed could not be read to its end."""
    facts: Kept[RecordKey, SourceFact] = aside.keep(SourceFact, lambda fact: fact.key)
    readings: list[Reading] = []
    world = LiveWorld(setup)
    for specs in _by_feed(setup):
        for of, feed in feeds_of(setup, specs[0]):
            if of in (None, company):
                reading = _read(setup, specs, of, feed, world, facts)
                readings.append(reading)
    whole = all(reading.complete for reading in readings)
    return (facts if whole else None), tuple(readings)


def _read(
    setup: Setup,
    specs: tuple[MappingSpec, ...],
    company: str | None,
    feed: str,
    world: World,
    facts: Kept[RecordKey, SourceFact],
) -> Reading:
    """Read a feed as often as its mappings say, and add what was read; the reading says whether all of it came."""
    what, pages, count = f"{specs[0].source.connection} {feed}", 0, 0
    try:
        for spec in _reads(specs):
            for records in read_records(setup, spec, company, feed):
                pages, count = pages + 1, count + len(records)
                for fact in facts_of(records, specs, world):
                    facts.put(fact)
    except (Unreachable, CredentialsError) as error:
        return Reading(what=what, rows=count, pages=pages, problem=str(error))
    return Reading(what=what, rows=count, pages=pages)


def facts_of(records: Sequence[SourceRecord], specs: Sequence[MappingSpec], world: World) -> Iterator[SourceFact]:
    """What can be read of the records of one feed, without asking the target anything."""
    by_home: dict[str, list[SourceRecord]] = {}
    for record in records:
        spec = home(record, specs)
        if spec is None:
            yield _homeless(record, specs, world)
        else:
            by_home.setdefault(spec.name, []).append(record)
    for spec in specs:
        yield from _facts(spec, by_home.get(spec.name, ()), world, spec.name)


def _by_feed(setup: Setup) -> Iterator[tuple[MappingSpec, ...]]:
    feeds: dict[tuple[str, str], list[MappingSpec]] = {}
    for spec in booking_specs(setup):
        feeds.setdefault((spec.source.connection, spec.source.endpoint), []).append(spec)
    return (tuple(specs) for specs in feeds.values())


def _reads(specs: Sequence[MappingSpec]) -> Iterator[MappingSpec]:
    """The feed's source as it is read for the report: once for each of the parameters that a mapping names."""
    reads = next((one.reconcile.source_reads for one in specs if one.reconcile and one.reconcile.source_reads), ((),))
    for params in reads:
        yield specs[0] if not params else replace(specs[0], source=replace(specs[0].source, params=params))


def _homeless(record: SourceRecord, specs: Sequence[MappingSpec], world: World) -> SourceFact:
    """A record that no mapping takes, read as the first mapping of its feed that finds company and day in it."""
    facts = [fact for spec in specs for fact in _facts(spec, [record], world, None)]
    return next((fact for fact in facts if fact.company and fact.day), facts[0])


def _facts(
    spec: MappingSpec, records: Sequence[SourceRecord], world: World, called: str | None
) -> Iterator[SourceFact]:
    for item in worked_out(spec, records, world, (ValueStep, CrosswalkStep)):
        yield _fact(item, called)


def _fact(item: Item, mapping: str | None) -> SourceFact:
    facts, reconcile = item.facts(), item.spec.reconcile
    day = item.scope.get("date")
    vendor = _asked(reconcile.vendor, item) if reconcile is not None else None
    moved = _asked(reconcile.on_clearing, item) if reconcile is not None else None
    in_base = _asked(reconcile.base_amount, item) if reconcile is not None else None
    return SourceFact(
        key=item.record.key,
        mapping=mapping,
        company=facts.company,
        day=day if isinstance(day, date) else None,
        amount=facts.amount,
        currency=facts.currency,
        label=facts.label or item.record.key.source_id,
        vendor=str(vendor or ""),
        touches_clearing=reconcile is not None and reconcile.on_clearing is not None,
        clearing=str(_asked(reconcile.clearing, item) or "") if reconcile is not None else "",
        on_clearing=amount_of(moved),
        base_amount=amount_of(in_base),
        moment=str(_selected(_date_path(item.spec), item) or ""),
        pays=_pays(item),
        used_for=_used_for(item),
    )


def _asked(template: Template | None, item: Item) -> Any:
    if template is None:
        return None
    try:
        return template.render(item.scope)
    except RenderError:
        return None


def _pays(item: Item) -> str | None:
    found = _selected(item.spec.reconcile.pays, item) if item.spec.reconcile is not None else None
    return found if isinstance(found, str) and found else None


def _used_for(item: Item) -> tuple[str, ...]:
    found = _selected(item.spec.reconcile.used_for, item) if item.spec.reconcile is not None else None
    return tuple(one for one in found if isinstance(one, str)) if isinstance(found, (list, tuple)) else ()


def _date_path(spec: MappingSpec) -> Selector | None:
    """Where the source writes a record's date."""
    return next((field.path for field in spec.fields if field.name == "date"), None)


def _selected(path: Selector | None, item: Item) -> Any:
    if path is None:
        return None
    try:
        return path(item.record.payload)
    except SelectError:
        return None

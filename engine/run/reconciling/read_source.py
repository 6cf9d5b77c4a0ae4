"""Reading the source for the control report: every feed afresh, completed records included."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from engine.domain.record import SourceRecord
from engine.language.spec.model import CrosswalkStep, MappingSpec, ValueStep
from engine.language.transform.render import RenderError
from engine.language.transform.select import SelectError
from engine.plan.extract import UtcMoment, Waits, extract
from engine.plan.item import Item
from engine.plan.sorting import home
from engine.plan.transform import transform
from engine.plan.world import World
from engine.run.live_world import LiveWorld
from engine.run.reading import feeds_of, read_records
from engine.run.reconciling.sides import Reading, SourceFact
from engine.run.setup import Setup
from engine.words.errors import CredentialsError, Unreachable


def booking_specs(setup: Setup) -> tuple[MappingSpec, ...]:
    """The mappings that book something; master data is not part of the report."""
    return tuple(spec for spec in setup.specs if not spec.in_step)


def read_source(setup: Setup, company: str) -> tuple[list[SourceFact] | None, tuple[Reading, ...]]:
    """Every record of every feed that is booked; None when a feed could not be read to its end."""
    facts: list[SourceFact] = []
    readings: list[Reading] = []
    world = LiveWorld(setup)
    for specs in _by_feed(setup):
        spec = _as_reconciled(specs[0])
        for of, feed in feeds_of(setup, spec):
            if of not in (None, company):
                continue
            what, pages, count = f"{spec.source.connection} {feed}", 0, 0
            try:
                for records in read_records(setup, spec, of, feed):
                    pages, count = pages + 1, count + len(records)
                    facts += facts_of(records, specs, world)
            except (Unreachable, CredentialsError) as error:
                readings.append(Reading(what=what, rows=count, pages=pages, problem=str(error)))
                continue
            readings.append(Reading(what=what, rows=count, pages=pages))
    whole = all(reading.complete for reading in readings)
    return (facts if whole else None), tuple(readings)


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


def _as_reconciled(spec: MappingSpec) -> MappingSpec:
    params = spec.reconcile.source_params if spec.reconcile is not None else None
    return spec if params is None else replace(spec, source=replace(spec.source, params=params))


def _homeless(record: SourceRecord, specs: Sequence[MappingSpec], world: World) -> SourceFact:
    """A record that no mapping takes, read as the first mapping of its feed that finds company and day in it."""
    facts = [fact for spec in specs for fact in _facts(spec, [record], world, None)]
    return next((fact for fact in facts if fact.company and fact.day), facts[0])


def _facts(
    spec: MappingSpec, records: Sequence[SourceRecord], world: World, called: str | None
) -> Iterator[SourceFact]:
    items = [_item(spec, record, world) for record in records]
    for step in spec.steps:
        if isinstance(step, (ValueStep, CrosswalkStep)):
            transform(items, (step,), world)
            for item in items:
                item.ended = None  # a step that cannot be worked out leaves only its own value unknown
    for item in items:
        yield _fact(item, called)


def _item(spec: MappingSpec, record: SourceRecord, world: World) -> Item:
    known: dict[str, Any] = {"id": record.key.source_id, "reference": None}
    if record.company is not None:
        known["company"] = record.company
    item = Item(record=record, spec=spec, scope=known.copy())
    try:
        extract(spec, record.payload, item.scope)
    except Waits:
        pass  # what could be read is in the scope
    item.scope |= known
    try:
        item.know_company(world)
    except Waits:
        pass
    item.ended = None
    return item


def _fact(item: Item, mapping: str | None) -> SourceFact:
    facts, reconcile = item.facts(), item.spec.reconcile
    day = item.scope.get("date")
    vendor = _asked(reconcile.vendor, item) if reconcile is not None and reconcile.vendor is not None else None
    moved = _asked(reconcile.on_clearing, item) if reconcile is not None and reconcile.on_clearing is not None else None
    return SourceFact(
        key=item.record.key,
        mapping=mapping,
        company=facts.company,
        day=day if isinstance(day, date) and not isinstance(day, UtcMoment) else None,
        amount=facts.amount,
        currency=facts.currency,
        label=facts.label or item.record.key.source_id,
        vendor=str(vendor or ""),
        on_clearing=Decimal(moved) if isinstance(moved, (int, Decimal)) and not isinstance(moved, bool) else None,
        moment=_moment(item),
        pays=_pays(item),
    )


def _asked(template: Any, item: Item) -> Any:
    try:
        return template.render(item.scope)
    except RenderError:
        return None


def _pays(item: Item) -> str | None:
    if item.spec.reconcile is None or item.spec.reconcile.pays is None:
        return None
    try:
        found = item.spec.reconcile.pays(item.record.payload)
    except SelectError:
        return None
    return found if isinstance(found, str) and found else None


def _moment(item: Item) -> str:
    """The record's date as the source writes it."""
    for field in item.spec.fields:
        if field.name == "date":
            try:
                return str(field.path(item.record.payload) or "")
            except SelectError:
                return ""
    return ""

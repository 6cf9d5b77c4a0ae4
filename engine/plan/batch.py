"""Planning a batch of records of one mapping: pure but for what the world is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from engine.domain.lifecycle import State
from engine.domain.record import SourceRecord
from engine.language.spec.model import MappingSpec
from engine.language.transform.render import RenderError
from engine.plan.decision import Planned, Put
from engine.plan.document import conclude
from engine.plan.extract import Waits, extract
from engine.plan.item import Item
from engine.plan.sorting import waits
from engine.plan.transform import transform
from engine.plan.world import World


def plan_batch(spec: MappingSpec, records: Sequence[SourceRecord], world: World) -> tuple[Planned, ...]:
    """What each record becomes, in the order given. One bad record costs only itself.

    Raises:
        Unreachable: a look-up cannot be asked; nothing is decided then.
    """
    return tuple(planned for _, planned in follow_batch(spec, records, world))


def follow_batch(
    spec: MappingSpec, records: Sequence[SourceRecord], world: World
) -> tuple[tuple[Item, Planned], ...]:
    """As `plan_batch`, with what was worked out for each record on the way, as far as it came.

    Raises:
        Unreachable: a look-up cannot be asked; nothing is decided then.
    """
    items = [_begin(spec, record, world) for record in records]
    transform(items, spec.steps, world)
    return tuple((item, _end(item)) for item in items)


def _begin(spec: MappingSpec, record: SourceRecord, world: World) -> Item:
    item = Item(record=record, spec=spec, scope=_known(record))
    try:
        _read(item, world)
    except (Waits, RenderError) as why:
        item.end(item.held(why))
    sorted_out = waits(record, spec)
    if sorted_out is not None:
        item.end(replace(sorted_out, facts=item.facts()))
    if item.ended is None and not spec.switched_on:
        reason = f"the mapping {spec.name} is switched off"
        item.end(Put(record=record.key, state=State.HELD, cause="switched_off", reason=reason, facts=item.facts()))
    return item


def _known(record: SourceRecord) -> dict[str, Any]:
    """What is known of a record before it is read, whatever it says itself."""
    known: dict[str, Any] = {"id": record.key.source_id, "reference": None}
    return known if record.company is None else {**known, "company": record.company}


def _read(item: Item, world: World) -> None:
    known = item.scope
    item.scope = known.copy()
    try:
        extract(item.spec, item.record.payload, item.scope)
    finally:
        item.scope |= known
    item.know_company(world)


def _end(item: Item) -> Planned:
    if item.ended is not None:
        return item.ended
    try:
        planned = conclude(item)
    except (Waits, RenderError) as why:
        planned = item.held(why)
    if isinstance(planned, Put):
        item.end(planned)
    return planned

"""What can be worked out of records that wait or were closed: each value that can be, whatever holds the record."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from engine.domain.record import SourceRecord
from engine.language.spec.model import MappingSpec, Step
from engine.plan.extract import Waits, extract
from engine.plan.item import Item
from engine.plan.transform import transform
from engine.plan.world import World


def worked_out(
    spec: MappingSpec, records: Sequence[SourceRecord], world: World, kinds: tuple[type[Step], ...]
) -> list[Item]:
    """The records with what the mapping's steps of these kinds make of them; what cannot be known is left out.

    Raises:
        Unreachable: a look-up cannot be asked.
    """
    items = [_begun(spec, record, world) for record in records]
    for step in spec.steps:
        if isinstance(step, kinds):
            transform(items, (step,), world)
            for item in items:
                item.ended = None  # a step that cannot be worked out leaves only its own value unknown
    return items


def _begun(spec: MappingSpec, record: SourceRecord, world: World) -> Item:
    """The record with what can be read of it in its scope; what cannot is left out."""
    known: dict[str, Any] = {"id": record.key.source_id, "reference": None}
    if record.company is not None:
        known["company"] = record.company
    item = Item(record=record, spec=spec, scope=known.copy())
    with suppress(Waits):
        extract(spec, record.payload, item.scope)
    item.scope |= known
    with suppress(Waits):
        item.know_company(world)
    item.ended = None
    return item

"""The values that the source must show as they were at entry: `reconcile: unchanged` of a mapping."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from engine.language.spec.model import MappingSpec
from engine.plan.extract import Waits, extract
from engine.run.source_changes import plain
from engine.words.json_changes import Change, changes
from engine.words.json_value import decode, encode


def unchanged_of(spec: MappingSpec, payload: Any) -> str:
    """These values of a record, as JSON; empty when the mapping names none, or the payload was purged."""
    names = spec.reconcile.unchanged if spec.reconcile is not None else ()
    if not names or not isinstance(payload, dict):
        return ""
    read: dict[str, Any] = {}
    with suppress(Waits):  # what can be read of it is there
        extract(spec, payload, read)
    kept = {name: value for name, value in read.items() if name in names}
    for group in spec.groups:
        inner = [field.name for field in group.fields if f"{group.name}.{field.name}" in names]
        if inner and group.name in read:
            kept[group.name] = [{name: item[name] for name in inner} for item in read[group.name]]
    return encode(plain(kept)).decode()


def changed(before: str, after: str) -> tuple[Change, ...]:
    """What differs; nothing where one side is not known."""
    return changes(decode(before.encode()), decode(after.encode())) if before and after and before != after else ()

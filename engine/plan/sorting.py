"""Whose record it is: every record of a feed has one home."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.domain.lifecycle import State
from engine.domain.record import SourceRecord
from engine.language.spec.books import NotPosted
from engine.language.spec.model import MappingSpec
from engine.language.transform.select import SelectError, Selector
from engine.plan.decision import Put
from engine.words.json_value import shown


def home(record: SourceRecord, specs: Sequence[MappingSpec]) -> MappingSpec | None:
    """The mapping that takes the record, by its routing filters; None when no mapping does.

    `specs` are the mappings of the record's feed; that two take one record is refused by `validate`.
    """
    for spec in specs:
        if all(_in(_value(entry.path, record), entry.take) for entry in spec.filters if entry.routes):
            return spec
    return None


def homeless(record: SourceRecord, not_posted: Sequence[NotPosted]) -> Put:
    """What becomes of a record no mapping takes: not posted with finance's reason, or unclaimed."""
    for rule in not_posted:
        if (rule.connection, rule.feed) == (record.key.connection, record.key.feed) and all(
            _in(_value(path, record), values) for path, values in rule.when
        ):
            return Put(record=record.key, state=State.NOT_POSTED, cause="not_posted", reason=rule.reason)
    kind = record.payload.get("type")
    named = f" of type {kind}" if isinstance(kind, str) and kind else ""
    return Put(
        record=record.key,
        state=State.UNCLAIMED,
        cause="unclaimed",
        reason=f"no mapping takes this record{named}, and books.yaml does not say why it is not posted",
    )


def waits(record: SourceRecord, spec: MappingSpec) -> Put | None:
    """Why a record of this mapping is not to be looked at now, by its sorting filters."""
    for entry in spec.filters:
        if entry.routes:
            continue
        value = _value(entry.path, record)
        if _in(value, entry.take):
            continue
        name = entry.path.text
        if entry.skip is not None and _in(value, entry.skip):
            return Put(record=record.key, state=State.SKIPPED, cause="not_yet", reason=f"{name} is {_shown(value)}")
        return Put(
            record=record.key,
            state=State.HELD,
            cause="status_unknown",
            reason=f"{name} is {_shown(value)}, which the mapping {spec.name} does not know",
        )
    return None


def _value(path: Selector, record: SourceRecord) -> Any:
    """What the path takes out of the record; what does not fit is no known value, so it is held or unclaimed."""
    try:
        return path(record.payload)
    except SelectError as error:
        return error


def _in(value: Any, values: Sequence[Any]) -> bool:
    return any(type(value) is type(known) and value == known for known in values)


def _shown(value: Any) -> str:
    return "missing" if value is None or value == "" else shown(value)

"""What changed at the source after a record was entered or dismissed: by field, without what we wrote there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from engine.adapters.store.port import RecordRow
from engine.language.spec.model import MappingSpec
from engine.plan.extract import UtcMoment, Waits, extract, selected
from engine.run.setup import Setup
from engine.wire.masking import mask_links
from engine.words.json_changes import Change, changes
from engine.words.json_value import digest


def changed_since(
    setup: Setup, specs: Mapping[str, MappingSpec], rows: Sequence[RecordRow]
) -> dict[int, tuple[Change, ...]]:
    """By the id of each ended record: the values its mapping reads that are not what they were then.

    Without those that did not change, master data, which is sent again by itself, and those whose payload is
    not there. The payloads of a page of records are read at once.
    """
    other = [
        (row, spec)
        for row in rows
        if row.entered_payload_hash not in (None, row.payload_hash)
        and (spec := specs.get(row.mapping or "")) is not None
        and not spec.in_step
    ]
    hashes = {one for row, _ in other for one in (str(row.entered_payload_hash), row.payload_hash)}
    payloads = setup.ledger.payloads(tuple(hashes)) if hashes else {}
    found = {}
    for row, spec in other:
        before, after = payloads.get(str(row.entered_payload_hash)), payloads.get(row.payload_hash)
        if isinstance(before, dict) and isinstance(after, dict):
            found[row.id] = _changes(spec, row, before, after)
    return {record_id: told for record_id, told in found.items() if told}


def _changes(spec: MappingSpec, row: RecordRow, before: dict[str, Any], after: dict[str, Any]) -> tuple[Change, ...]:
    expected = {**before, **_written_back(spec, row, after)}
    if digest(expected) == row.payload_hash:
        return ()
    # A link may be signed anew at every read, which is no change.
    was, now = _read(spec, expected), _read(spec, after)
    return changes(mask_links(was), mask_links(now))


def _written_back(spec: MappingSpec, row: RecordRow, after: Mapping[str, Any]) -> dict[str, Any]:
    """What stands at the source because the mapping's own `acknowledge` wrote it there."""
    call = spec.acknowledge.entered if spec.acknowledge is not None else None
    if call is None or call.body is None:
        return {}
    body = call.body.render(
        {
            "id": row.key.source_id,
            "reference": row.reference,
            "reason": row.reason,
            "company": row.company,
            "label": row.label,
        }
    )
    return {name: value for name, value in body.items() if after.get(name) == value} if isinstance(body, dict) else {}


def _read(spec: MappingSpec, payload: dict[str, Any]) -> dict[str, Any]:
    """What the mapping reads of a payload: the values of its filters, fields and lists."""
    values: dict[str, Any] = {}
    for entry in spec.filters:
        try:
            values[entry.path.text] = selected(entry.path, payload)
        except Waits as waits:
            values[entry.path.text] = waits.reason
    read: dict[str, Any] = {}
    try:
        extract(spec, payload, read)
    except Waits as waits:
        read["what is wrong with it"] = waits.reason
    return {**values, **{name: _plain(value) for name, value in read.items()}}


def _plain(value: Any) -> Any:
    if isinstance(value, UtcMoment):
        return value.moment.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return {name: _plain(inner) for name, inner in value.items()} if isinstance(value, dict) else value

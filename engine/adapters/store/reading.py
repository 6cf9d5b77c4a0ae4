"""What is asked of the ledger without changing it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, Inexact, localcontext

from sqlalchemy import ColumnElement, Connection, and_, func, select

from engine.adapters.store import run_rows
from engine.adapters.store.port import Attempt, RecordRow
from engine.adapters.store.rows import attempt_of, record_of, rows_of
from engine.adapters.store.tables import attempts, fold_label, records
from engine.adapters.store.transaction import parts_of
from engine.domain.lifecycle import State

PREFIX_MIN = 6
LAST_LETTER = "\U0010ffff"
SUM_DIGITS = 60


def find_records(
    connection: Connection,
    *,
    mapping: str | None,
    states: Sequence[State],
    feed: tuple[str, str] | None,
    seen_run: str | None,
    keys: Sequence[str],
    labels: Sequence[str],
    unacknowledged: bool,
    after_id: int,
    limit: int,
) -> tuple[RecordRow, ...]:
    """Records by id, from `after_id` on."""
    wanted: list[ColumnElement[bool]] = [records.c.id > after_id]
    if mapping is not None:
        wanted.append(records.c.mapping == mapping)
    if states:
        wanted.append(records.c.state.in_([str(state) for state in states]))
    if feed is not None:
        wanted.append(and_(records.c.connection == feed[0], records.c.feed == feed[1]))
    if seen_run is not None:
        wanted.append(run_rows.seen_since(seen_run))
    if unacknowledged:
        wanted.append(records.c.acknowledged == "pending")
    if keys or labels:
        named = _ids_of(connection, keys) | _ids_by_label(connection, labels)
        ids = sorted(record_id for record_id in named if record_id > after_id)
        found = [
            row for part in parts_of(ids) for row in _select(connection, [*wanted, records.c.id.in_(part)], limit)
        ]
        return tuple(found[:limit])
    return tuple(_select(connection, wanted, limit))


def _select(connection: Connection, wanted: Sequence[ColumnElement[bool]], limit: int) -> list[RecordRow]:
    query = select(records).where(*wanted).order_by(records.c.id).limit(limit)
    return [record_of(row) for row in rows_of(connection.execute(query))]


def _ids_of(connection: Connection, keys: Sequence[str]) -> set[int]:
    """The records that people mean by these keys; a key that names one exactly is not taken as a beginning."""
    ids: set[int] = set()
    left = set(keys)
    for find in (_by_record_key, _by_source_id_or_label, _by_beginning):
        found = find(connection, sorted(left))
        ids.update(found)
        left -= set(found.values())
    return ids


def _by_record_key(connection: Connection, keys: Sequence[str]) -> dict[int, str]:
    """By `connection:feed:source id`; each part but the first may hold colons, so every reading is tried."""
    by_feed: dict[tuple[str, str], dict[str, str]] = {}
    for key in keys:
        name, _, rest = key.partition(":")
        parts = rest.split(":")
        for cut in range(1, len(parts)):
            feed, source_id = ":".join(parts[:cut]), ":".join(parts[cut:])
            by_feed.setdefault((name, feed), {})[source_id] = key
    found = {}
    for (name, feed), by_source_id in by_feed.items():
        for part in parts_of(sorted(by_source_id)):
            query = select(records.c.id, records.c.source_id).where(
                records.c.connection == name, records.c.feed == feed, records.c.source_id.in_(part)
            )
            found.update({row.id: by_source_id[row.source_id] for row in connection.execute(query)})
    return found


def _by_source_id_or_label(connection: Connection, keys: Sequence[str]) -> dict[int, str]:
    by_folded = {fold_label(key): key for key in keys if key.strip()}
    columns = select(records.c.id, records.c.source_id, records.c.label_folded)
    found = {}
    for part in parts_of(keys):
        rows = connection.execute(columns.where(records.c.source_id.in_(part)))
        found.update({row.id: row.source_id for row in rows})
    for part in parts_of(sorted(by_folded)):
        rows = connection.execute(columns.where(records.c.label_folded.in_(part)))
        found.update({row.id: by_folded[row.label_folded] for row in rows})
    return found


def _ids_by_label(connection: Connection, labels: Sequence[str]) -> set[int]:
    folded = sorted({fold_label(label) for label in labels})
    return {
        record_id
        for part in parts_of(folded)
        for record_id in connection.execute(select(records.c.id).where(records.c.label_folded.in_(part))).scalars()
    }


def _by_beginning(connection: Connection, keys: Sequence[str]) -> dict[int, str]:
    found = {}
    for key in keys:
        if len(key) >= PREFIX_MIN:
            query = select(records.c.id).where(
                records.c.source_id >= key,
                records.c.source_id < key + LAST_LETTER,
                func.substr(records.c.source_id, 1, len(key)) == key,
            )
            found.update(dict.fromkeys(connection.execute(query).scalars(), key))
    return found


def interrupted(connection: Connection, mapping: str, company: str) -> tuple[RecordRow, ...]:
    """Records of a mapping and company that are still `sending`; an empty company is that of none."""
    query = (
        select(records)
        .where(
            records.c.mapping == mapping,
            records.c.state == State.SENDING,
            func.coalesce(records.c.company, "") == company,
        )
        .order_by(records.c.id)
    )
    return tuple(record_of(row) for row in rows_of(connection.execute(query)))


def attempts_of(connection: Connection, record_id: int) -> tuple[Attempt, ...]:
    """The attempts of a record, oldest first."""
    query = select(attempts).where(attempts.c.record_id == record_id).order_by(attempts.c.number)
    return tuple(attempt_of(row) for row in rows_of(connection.execute(query)))


def counts(connection: Connection) -> tuple[tuple[str, State, str, int, Decimal], ...]:
    """Mapping, state, currency, number and amount; summed here, because the database has no exact sum."""
    query = select(records.c.mapping, records.c.state, records.c.currency, records.c.amount)
    totals: dict[tuple[str, str, str], tuple[int, Decimal]] = {}
    with localcontext(prec=SUM_DIGITS) as context:
        context.traps[Inexact] = True
        for mapping, state, currency, amount in connection.execute(query):
            group = (mapping or "", state, currency or "")
            number, total = totals.get(group, (0, Decimal(0)))
            totals[group] = (number + 1, total + (amount or Decimal(0)))
    return tuple(
        (mapping, State(state), currency, number, total)
        for (mapping, state, currency), (number, total) in sorted(totals.items())
    )

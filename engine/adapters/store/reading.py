"""What is asked of the ledger without changing it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, Inexact, localcontext
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from engine.adapters.store import run_rows
from engine.adapters.store.port import Attempt, RecordRow, RecordSum
from engine.adapters.store.rows import attempt_of, record_of, rows_of
from engine.adapters.store.tables import attempts, fold_label, records, storable
from engine.adapters.store.transaction import parts_of
from engine.domain.lifecycle import State

PREFIX_MIN = 6
LAST_LETTER = "\U0010ffff"
SUM_DIGITS = 60
SUMMED_AT_ONCE = 1_000


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
    for find in (by_record_key, _by_source_id_or_label, _by_beginning):
        found = find(connection, sorted(left))
        ids.update(found)
        left -= set(found.values())
    return ids


def by_record_key(connection: Connection, keys: Sequence[str]) -> dict[int, str]:
    """By `connection:feed:source id`; each part but the first may hold colons, so every reading is tried."""
    by_feed: dict[tuple[str, str], dict[str, str]] = {}
    for key in keys:
        name, _, rest = key.partition(":")
        parts = rest.split(":")
        for cut in range(1, len(parts)):
            feed, source_id = ":".join(parts[:cut]), ":".join(parts[cut:])
            by_feed.setdefault((name, feed), {})[storable(source_id)] = key
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


def numbers(connection: Connection) -> tuple[tuple[str, State, int], ...]:
    """Mapping, state and number of records, out of an index alone."""
    group = func.coalesce(records.c.mapping, ""), records.c.state
    query = select(*group, func.count()).group_by(*group).order_by(*group)
    return tuple((mapping, State(state), number) for mapping, state, number in connection.execute(query))


def counts(connection: Connection) -> tuple[tuple[str, State, str, int, Decimal], ...]:
    """Mapping, state, currency, number and amount."""
    return tuple(
        (mapping, State(state), currency, number, amount or Decimal(0))
        for (mapping, state, currency), number, amount in _sums(
            connection, (records.c.mapping, records.c.state, records.c.currency)
        )
    )


def sums(connection: Connection, mapping: str, feeds: Sequence[tuple[str, str]]) -> tuple[RecordSum, ...]:
    """Where the records of a mapping stand in these feeds, and those of the feeds that no mapping takes."""
    wanted = (
        or_(*(and_(records.c.connection == name, records.c.feed == feed) for name, feed in feeds)),
        or_(records.c.mapping == mapping, records.c.state == State.UNCLAIMED),
    )
    group = (records.c.company, records.c.state, records.c.cause, records.c.currency)
    return tuple(
        RecordSum(company=company, state=State(state), cause=cause, currency=currency, number=number, amount=amount)
        for (company, state, cause, currency), number, amount in _sums(connection, group, *wanted)
    )


def _sums(
    connection: Connection, by: Sequence[ColumnElement[Any]], *wanted: ColumnElement[bool]
) -> list[tuple[tuple[str, ...], int, Decimal | None]]:
    """Number and amount by group, in order; added up here, because the database has no exact sum."""
    totals: dict[tuple[str, ...], tuple[int, Decimal | None]] = {}
    query = select(*by, records.c.amount).where(*wanted).execution_options(yield_per=SUMMED_AT_ONCE)
    with localcontext(prec=SUM_DIGITS) as context:
        context.traps[Inexact] = True
        for *parts, amount in connection.execute(query):
            group = tuple(part or "" for part in parts)
            number, total = totals.get(group, (0, None))
            totals[group] = (number + 1, total if amount is None else amount + (total or 0))
    return [(group, number, amount) for group, (number, amount) in sorted(totals.items(), key=lambda one: one[0])]

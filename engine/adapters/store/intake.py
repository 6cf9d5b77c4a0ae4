"""What a read of a feed does to the ledger: new, changed, seen again, gone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, bindparam, not_, select, update

from engine.adapters.store import claims, payloads, run_rows
from engine.adapters.store.many import InsertMany, UpdateMany
from engine.adapters.store.payload_seal import PayloadSeal
from engine.adapters.store.rows import Record, key_of, rows_of
from engine.adapters.store.tables import records, storable
from engine.adapters.store.transaction import Transaction, parts_of
from engine.domain.audit_event import AuditEvent
from engine.domain.lifecycle import OPEN, State
from engine.domain.record import RecordKey, SourceRecord

_MAY_BE_IN_TARGET = frozenset({State.SENDING, State.IN_DOUBT, State.ENTERED, State.IN_GL, State.SETTLED})
_WITHDRAWN_WHEN_GONE = tuple(sorted(OPEN - {State.WITHDRAWN}))

_NAMES = (records.c.id, records.c.connection, records.c.feed, records.c.source_id)
_IDS = select(*_NAMES).where(
    records.c.connection == bindparam("connection"),
    records.c.feed == bindparam("feed"),
    records.c.source_id.in_(bindparam("source_ids", expanding=True)),
)
_KNOWN = _IDS.with_only_columns(
    *_NAMES,
    *(records.c.payload_hash, records.c.state, records.c.cause, records.c.reason, records.c.seen_run),
)
_UNTOUCHED: Mapping[str, Any] = {
    **dict.fromkeys(("cause", "reason", "label", "label_folded", "acknowledged"), ""),
    "attempts": 0,
    "may_be_entered": False,
}
"""How a record begins that nobody has looked at yet."""
_INSERT = InsertMany(
    records,
    (
        *("connection", "feed", "source_id", "company", "state", "payload_hash"),
        *("seen_run", "first_seen_at", "updated_at"),
        *_UNTOUCHED,
    ),
)
_CHANGE = UpdateMany(records, ("payload_hash", "state", "cause", "reason", "updated_at"))

Intake = Mapping[RecordKey, tuple[SourceRecord, payloads.Packed]]
"""A page of a feed: each record once, with its payload as it is kept."""


def taken_in(seal: PayloadSeal, page: Sequence[SourceRecord]) -> Intake:
    """A page under the names of its payloads; of a record that stands twice in it, the later one counts."""
    latest = {_storable(record.key): record for record in page}
    return {key: (record, payloads.Packed(seal, record.payload)) for key, record in latest.items()}


def pack_new(connection: Connection, page: Intake) -> None:
    """Make ready what of a page is not kept yet, before the transaction that keeps it."""
    payloads.pack_new(connection, [packed for _, packed in page.values()])


def register(transaction: Transaction, page: Intake, run: str) -> None:
    """Keep one page of a feed."""
    latest = {key: record for key, (record, _) in page.items()}
    hashes = {key: packed.name for key, (_, packed) in page.items()}
    payloads.keep(transaction, (packed for _, packed in page.values()))
    known = {key_of(row): row for row in _rows(transaction, _KNOWN, list(latest))}
    events: list[AuditEvent] = []
    _insert(transaction, {key: latest[key] for key in latest if key not in known}, hashes, run, events)
    changed = (_changed(transaction, row, hashes[key], events) for key, row in known.items())
    _CHANGE.run(transaction.connection, [row for row in changed if row is not None])
    _mark_seen(transaction, [row["id"] for row in known.values() if row["seen_run"] != run], run)
    transaction.note(events)


def _storable(key: RecordKey) -> RecordKey:
    return RecordKey(connection=key.connection, feed=key.feed, source_id=storable(key.source_id))


def _rows(transaction: Transaction, query: Select[Any], keys: Sequence[RecordKey]) -> Iterator[Record]:
    """What a query says of records."""
    by_feed: dict[tuple[str, str], list[str]] = {}
    for key in keys:
        by_feed.setdefault((key.connection, key.feed), []).append(key.source_id)
    for (connection, feed), source_ids in by_feed.items():
        for part in parts_of(source_ids):
            keys_of_part = {"connection": connection, "feed": feed, "source_ids": part}
            yield from rows_of(transaction.connection.execute(query, keys_of_part))


def _insert(
    transaction: Transaction,
    new: Mapping[RecordKey, SourceRecord],
    hashes: dict[RecordKey, str],
    run: str,
    events: list[AuditEvent],
) -> None:
    rows = [
        {
            "connection": key.connection,
            "feed": key.feed,
            "source_id": key.source_id,
            "company": record.company,
            "state": State.SEEN.value,
            **_UNTOUCHED,
            "payload_hash": hashes[key],
            "seen_run": run,
            "first_seen_at": transaction.now,
            "updated_at": transaction.now,
        }
        for key, record in new.items()
    ]
    _INSERT.run(transaction.connection, rows)
    ids = {key_of(row): row["id"] for row in _rows(transaction, _IDS, list(new))}
    events += [transaction.event("seen", str(key), {"payload": hashes[key]}, ids[key]) for key in new]


def _changed(
    transaction: Transaction, row: Record, payload_hash: str, events: list[AuditEvent]
) -> dict[str, Any] | None:
    """What becomes of a record that is seen again; None when it is as it was."""
    changes: dict[str, Any] = {}
    if row["payload_hash"] != payload_hash:
        changes["payload_hash"] = payload_hash
        if row["state"] in _MAY_BE_IN_TARGET:
            detail = {"state": row["state"], "from": row["payload_hash"], "to": payload_hash}
            events.append(transaction.event_of("changed", row, detail))
    if row["state"] == State.WITHDRAWN:
        changes |= {"state": State.SEEN.value, "cause": "", "reason": ""}
        detail = {"from": row["state"], "to": State.SEEN, "reason": "it is in the feed again"}
        events.append(transaction.event_of("moved", row, detail))
    return {**row, **changes, "updated_at": transaction.now} if changes else None


def _mark_seen(transaction: Transaction, ids: Sequence[int], run: str) -> None:
    for part in parts_of(ids):
        unmarked = records.c.id.in_(part), not_(run_rows.seen_since(run))
        transaction.connection.execute(update(records).where(*unmarked).values(seen_run=run))


def withdraw_unseen(transaction: Transaction, connection: str, feed: str, run: str) -> int:
    """Withdraw the undecided records of a feed that the run did not see; gives their number."""
    query = select(records).where(
        records.c.connection == connection,
        records.c.feed == feed,
        records.c.state.in_(_WITHDRAWN_WHEN_GONE),
        not_(run_rows.seen_since(run)),
    )
    gone = rows_of(transaction.connection.execute(query))
    reason = "it is not in the feed any more"
    new = {"state": State.WITHDRAWN, "cause": "withdrawn", "reason": reason}
    for part in parts_of([row["id"] for row in gone]):
        transaction.connection.execute(
            update(records).where(records.c.id.in_(part)).values(**new, updated_at=transaction.now)
        )
    claims.give_back(transaction, [row["id"] for row in gone if not row["may_be_entered"]])
    transaction.note(
        [
            transaction.event_of(
                "moved",
                row,
                {"from": row["state"], "to": State.WITHDRAWN, "cause": "withdrawn", "reason": reason},
            )
            for row in gone
        ]
    )
    return len(gone)

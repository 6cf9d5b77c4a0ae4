"""What a read of a feed does to the ledger: new, changed, seen again, gone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, insert, not_, select, update

from engine.adapters.store import claims, payloads, run_rows
from engine.adapters.store.payload_seal import PayloadSeal
from engine.adapters.store.rows import Record, key_of, rows_of
from engine.adapters.store.tables import records, storable
from engine.adapters.store.transaction import Transaction, parts_of
from engine.domain.audit_event import AuditEvent
from engine.domain.lifecycle import OPEN, State
from engine.domain.record import RecordKey, SourceRecord

_MAY_BE_IN_TARGET = frozenset({State.SENDING, State.IN_DOUBT, State.ENTERED, State.IN_GL, State.SETTLED})
_WITHDRAWN_WHEN_GONE = tuple(sorted(OPEN - {State.WITHDRAWN}))


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
    known = _known(transaction, list(latest))
    events: list[AuditEvent] = []
    _insert(transaction, {key: latest[key] for key in latest if key not in known}, hashes, run, events)
    for key, row in known.items():
        _update_known(transaction, row, hashes[key], events)
    _mark_seen(transaction, [row["id"] for row in known.values() if row["seen_run"] != run], run)
    transaction.note(events)


def _storable(key: RecordKey) -> RecordKey:
    return RecordKey(connection=key.connection, feed=key.feed, source_id=storable(key.source_id))


def _known(transaction: Transaction, keys: Sequence[RecordKey]) -> dict[RecordKey, Record]:
    by_feed: dict[tuple[str, str], list[str]] = {}
    for key in keys:
        by_feed.setdefault((key.connection, key.feed), []).append(key.source_id)
    known = {}
    for (connection, feed), source_ids in by_feed.items():
        for part in parts_of(source_ids):
            query = select(records).where(
                records.c.connection == connection, records.c.feed == feed, records.c.source_id.in_(part)
            )
            known.update({key_of(row): row for row in rows_of(transaction.connection.execute(query))})
    return known


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
            "state": State.SEEN,
            "payload_hash": hashes[key],
            "seen_run": run,
            "first_seen_at": transaction.now,
            "updated_at": transaction.now,
        }
        for key, record in new.items()
    ]
    if rows:
        transaction.connection.execute(insert(records), rows)
    events += [transaction.event("seen", str(key), {"payload": hashes[key]}) for key in new]


def _update_known(transaction: Transaction, row: Record, payload_hash: str, events: list[AuditEvent]) -> None:
    changes: dict[str, Any] = {}
    if row["payload_hash"] != payload_hash:
        changes["payload_hash"] = payload_hash
        if row["state"] in _MAY_BE_IN_TARGET:
            detail = {"state": row["state"], "from": row["payload_hash"], "to": payload_hash}
            events.append(transaction.event("changed", str(key_of(row)), detail))
    if row["state"] == State.WITHDRAWN:
        changes |= {"state": State.SEEN, "cause": "", "reason": ""}
        detail = {"from": row["state"], "to": State.SEEN, "reason": "it is in the feed again"}
        events.append(transaction.event("moved", str(key_of(row)), detail))
    if changes:
        transaction.connection.execute(
            update(records).where(records.c.id == row["id"]).values(**changes, updated_at=transaction.now)
        )


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
    for row in gone:
        if not row["may_be_entered"]:
            claims.release(transaction, row["id"])
    transaction.note(
        [
            transaction.event(
                "moved",
                str(key_of(row)),
                {"from": row["state"], "to": State.WITHDRAWN, "cause": "withdrawn", "reason": reason},
            )
            for row in gone
        ]
    )
    return len(gone)

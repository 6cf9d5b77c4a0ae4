"""Claims: which record may enter a document under a dedupe key."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select

from engine.adapters.store.many import Many
from engine.adapters.store.port import ClaimTaken
from engine.adapters.store.rows import Record, key_of, rows_of
from engine.adapters.store.tables import claims, records, storable
from engine.adapters.store.transaction import Transaction, parts_of
from engine.domain.record import RecordKey

Claim = Mapping[str, Any]
"""The row of a claim, without its time."""

KEY_MAX = 400
"""Letters of a key that are compared as they are; PostgreSQL has no index of much longer ones."""

_HELD = (
    select(claims.c.key_folded, claims.c.record_id, records.c.connection, records.c.feed, records.c.source_id)
    .join(records, records.c.id == claims.c.record_id)
    .where(claims.c.namespace == bindparam("space"), claims.c.key_folded.in_(bindparam("keys", expanding=True)))
)
_INSERT = Many(insert(claims), claims.c.keys())
_RELEASE = delete(claims).where(claims.c.record_id == bindparam("id"), claims.c.in_step.is_(False))


def fold(dedupe_key: str) -> str:
    """The key as it is compared: without outer blanks, in one case; a very long one by its beginning and digest."""
    folded = storable(dedupe_key.strip().casefold())
    if len(folded) <= KEY_MAX:
        return folded
    return folded[:KEY_MAX] + hashlib.sha256(folded.encode()).hexdigest()


def claim(transaction: Transaction, record_id: int, namespace: str, dedupe_key: str, *, in_step: bool) -> None:
    """Claim the key for the record; does nothing when the record holds it already.

    Raises:
        ClaimTaken: another record holds it.
    """
    held = _held(transaction.connection, namespace, [fold(dedupe_key)])
    for row in held:
        if row["record_id"] != record_id:
            raise ClaimTaken(key_of(row), record_id)
    if not held:
        insert_all(transaction, [claim_of(record_id, namespace, dedupe_key, in_step=in_step)])


def held_by(connection: Connection, pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Record]:
    """The holders of claims by namespace and folded key, out of these."""
    by_space: dict[str, set[str]] = {}
    for namespace, folded in pairs:
        by_space.setdefault(namespace, set()).add(folded)
    return {
        (namespace, row["key_folded"]): row
        for namespace, keys in by_space.items()
        for part in parts_of(sorted(keys))
        for row in _held(connection, namespace, part)
    }


def insert_all(transaction: Transaction, new: Sequence[Claim]) -> None:
    """Claims of keys that nobody holds."""
    _INSERT.run(transaction.connection, [{**one, "claimed_at": transaction.now} for one in new])


def claim_of(record_id: int, namespace: str, dedupe_key: str, *, in_step: bool) -> Claim:
    """The row of a claim."""
    return {
        "namespace": namespace,
        "key_folded": fold(dedupe_key),
        "dedupe_key": dedupe_key,
        "record_id": record_id,
        "in_step": in_step,
    }


def release(transaction: Transaction, record_id: int) -> None:
    """Give back what the record claims, except for master data kept in step."""
    transaction.connection.execute(delete(claims).where(claims.c.record_id == record_id, claims.c.in_step.is_(False)))


def holders(connection: Connection, namespace: str, dedupe_keys: Sequence[str]) -> Mapping[str, RecordKey]:
    """The holder of each key that is claimed, by the key as it was asked."""
    folded = {fold(key) for key in dedupe_keys}
    found = {
        row["key_folded"]: key_of(row)
        for part in parts_of(sorted(folded))
        for row in _held(connection, namespace, part)
    }
    return {key: found[fold(key)] for key in dedupe_keys if fold(key) in found}


def _held(connection: Connection, namespace: str, folded: Sequence[str]) -> Sequence[Record]:
    return rows_of(connection.execute(_HELD, {"space": namespace, "keys": folded}))

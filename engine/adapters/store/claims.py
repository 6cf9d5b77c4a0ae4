"""Claims: which record may enter a document under a dedupe key."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select

from engine.adapters.store.knowing import ClaimKey
from engine.adapters.store.many import InsertMany
from engine.adapters.store.port import ClaimTaken
from engine.adapters.store.rows import Record, key_of, rows_of
from engine.adapters.store.tables import claims, records, storable
from engine.adapters.store.transaction import Transaction, parts_of
from engine.domain.record import RecordKey

KEY_MAX = 400
"""Letters of a key that are compared as they are; PostgreSQL has no index of much longer ones."""

_HELD = (
    select(claims.c.key_folded, records.c.connection, records.c.feed, records.c.source_id)
    .join(records, records.c.id == claims.c.record_id)
    .where(claims.c.namespace == bindparam("space"), claims.c.key_folded.in_(bindparam("keys", expanding=True)))
)
_INSERT = InsertMany(claims)
_RELEASE = delete(claims).where(claims.c.record_id.in_(bindparam("ids", expanding=True)), claims.c.in_step.is_(False))


def fold(dedupe_key: str) -> str:
    """The key as it is compared: without outer blanks, in one case; a very long one by its beginning and digest."""
    folded = storable(dedupe_key.strip().casefold())
    if len(folded) <= KEY_MAX:
        return folded
    return folded[:KEY_MAX] + hashlib.sha256(folded.encode()).hexdigest()


def claim_key(namespace: str, dedupe_key: str) -> ClaimKey:
    """What a claim is known by."""
    return namespace, fold(dedupe_key)


class Claims:
    """The claims that one transaction takes and gives back; nothing is written before `write`."""

    def __init__(self, transaction: Transaction, holders: Mapping[ClaimKey, Record]) -> None:
        """`holders` are those of every claim that may be taken."""
        self._transaction = transaction
        self._holders: dict[ClaimKey, Record] = dict(holders)
        self._new: dict[ClaimKey, dict[str, Any]] = {}
        self._released: set[int] = set()

    def take(self, record: Record, key: ClaimKey, dedupe_key: str, *, in_step: bool) -> None:
        """Claim the key for the record; does nothing when the record holds it already.

        Raises:
            ClaimTaken: another record holds it.
        """
        holder = self._holders.get(key)
        if holder is None:
            self._holders[key] = {**record, "record_id": record["id"], "in_step": in_step}
            self._new[key] = {
                "namespace": key[0],
                "key_folded": key[1],
                "dedupe_key": dedupe_key,
                "record_id": record["id"],
                "in_step": in_step,
                "claimed_at": self._transaction.now,
            }
        elif holder["record_id"] != record["id"]:
            raise ClaimTaken(key_of(holder), record["id"])

    def release(self, record_id: int) -> None:
        """Give back what the record claims, except for master data kept in step."""
        self._released.add(record_id)
        for key, holder in list(self._holders.items()):
            if holder["record_id"] == record_id and not holder["in_step"]:
                del self._holders[key]
                self._new.pop(key, None)

    def write(self) -> None:
        """Write what was taken and given back."""
        give_back(self._transaction, sorted(self._released))
        _INSERT.run(self._transaction.connection, list(self._new.values()))


def give_back(transaction: Transaction, record_ids: Sequence[int]) -> None:
    """Give back what these records claim, except for master data kept in step."""
    for part in parts_of(record_ids):
        transaction.connection.execute(_RELEASE, {"ids": part})


def holders(connection: Connection, namespace: str, dedupe_keys: Sequence[str]) -> Mapping[str, RecordKey]:
    """The holder of each key that is claimed, by the key as it was asked."""
    folded = {fold(key) for key in dedupe_keys}
    found = {
        row["key_folded"]: key_of(row)
        for part in parts_of(sorted(folded))
        for row in rows_of(connection.execute(_HELD, {"space": namespace, "keys": part}))
    }
    return {key: found[fold(key)] for key in dedupe_keys if fold(key) in found}

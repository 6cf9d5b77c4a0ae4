"""Payloads, kept once under the digest of their content, compressed and sealed.

A purge empties a payload and keeps its row, so that one that was taken away by hand is told from it.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, bindparam, or_, select, union, update

from engine.adapters.store.many import InsertMany
from engine.adapters.store.payload_seal import PayloadSeal
from engine.adapters.store.tables import attempts, payloads, records
from engine.adapters.store.transaction import Transaction, parts_of
from engine.domain.lifecycle import State
from engine.words.errors import LedgerError, ProgramError
from engine.words.json_value import Kept, NotJson, decode, digest

_LEVEL = 3
"""Of the compression: a higher one takes twice the time for a tenth less."""
_WINDOW_BITS = 14
"""Of the compression: enough for a payload with the words in front of it, and less to copy than is usual."""
PURGED = b""
CLOSED = (State.SETTLED, State.DISMISSED)
"""States that no record ever leaves: only their payloads may be purged."""

_KNOWN = select(payloads.c.hash).where(
    payloads.c.hash.in_(bindparam("hashes", expanding=True)), payloads.c.body != PURGED
)
_BODIES = select(payloads.c.hash, payloads.c.body).where(payloads.c.hash.in_(bindparam("hashes", expanding=True)))
_KEEP = InsertMany(
    payloads,
    behind="ON CONFLICT (hash) DO UPDATE SET body = excluded.body, kept_at = excluded.kept_at"
    " WHERE length(payloads.body) = 0",
)
"""One that is there already stays as it is, unless it was purged."""


class Packed:
    """A payload under its name, compressed and sealed when that is first asked for.

    That should be before the transaction, so that the one writer does not wait for it; one that is kept already
    need not be packed at all.
    """

    __slots__ = ("_body", "_payload", "_seal", "name")

    def __init__(self, seal: PayloadSeal, payload: Mapping[str, Any]) -> None:
        """Raises ProgramError where the payload is not JSON."""
        try:
            self._payload = Kept(payload)
            self.name = self._payload.digest()
        except TypeError as error:
            raise ProgramError(f"a payload cannot be kept: {error}") from error
        self._seal, self._body = seal, b""

    @property
    def is_packed(self) -> bool:
        """Whether that was asked for."""
        return bool(self._body)

    def pack(self) -> bytes:
        """What is kept of it."""
        if not self._body:
            self._body = _packed(self._seal, self.name, self._payload.exact())
        return self._body


def packed(seal: PayloadSeal, payload: Mapping[str, Any]) -> Packed:
    """A payload that is packed now. Raises as `Packed` does."""
    made = Packed(seal, payload)
    made.pack()
    return made


def pack_new(connection: Connection, all_packed: Sequence[Packed]) -> None:
    """Pack those that are not kept, or not any more."""
    kept = _kept(connection, all_packed)
    for one in all_packed:
        if one.name not in kept:
            one.pack()


def keep(transaction: Transaction, all_packed: Iterable[Packed]) -> None:
    """Keep payloads that are not kept yet, or not any more."""
    keep_at(transaction.connection, transaction.now, all_packed)


def keep_at(connection: Connection, now: datetime, all_packed: Iterable[Packed]) -> None:
    """`keep` outside the ledger's own transactions, for what is not a record's."""
    by_name = {one.name: one for one in all_packed}
    kept = _kept(connection, [one for one in by_name.values() if not one.is_packed])
    rows = [{"hash": name, "body": one.pack(), "kept_at": now} for name, one in by_name.items() if name not in kept]
    _KEEP.run(connection, rows)


def _kept(connection: Connection, all_packed: Sequence[Packed]) -> set[str]:
    """The names of those that are kept, and were not purged."""
    parts = parts_of([one.name for one in all_packed])
    return {name for part in parts for name in connection.execute(_KNOWN, {"hashes": part}).scalars()}


def read(connection: Connection, seal: PayloadSeal, names: Sequence[str]) -> dict[str, Any]:
    """Payloads as JSON by their names, without those that are not kept.

    Raises:
        LedgerError: what is kept is damaged, or is not what was kept under that name.
    """
    found: dict[str, Any] = {}
    for part in parts_of(sorted(set(names))):
        for row in connection.execute(_BODIES, {"hashes": part}):
            if row.body != PURGED:
                found[row.hash] = _content(seal, row.hash, row.body)
    return found


def _content(seal: PayloadSeal, name: str, body: bytes) -> Any:
    content, fits = opened(seal, name, body)
    if not fits:
        raise LedgerError(
            f"the payload {name[:12]} in the ledger is damaged: restore the ledger from a backup, "
            "and look with `ml-connector audit verify` at what else was changed"
        )
    return content


def _packed(seal: PayloadSeal, name: str, json: bytes) -> bytes:
    packer = _packer().copy()
    text = packer.compress(json) + packer.flush()
    return seal.closed(name, text)


def _unpacked(body: bytes) -> bytes:
    """The text of a payload; one that was kept without the words is told by its first bytes, and read as well."""
    unpacker = zlib.decompressobj(zdict=_words())
    text = unpacker.decompress(body)
    if not unpacker.eof or unpacker.unused_data:
        raise ValueError("a payload that breaks off, or goes on behind its end")
    return text


@cache
def _packer() -> zlib._Compress:
    """One that has read the words already: a copy of it is made faster than a new one."""
    return zlib.compressobj(_LEVEL, wbits=_WINDOW_BITS, zdict=_words())


@cache
def _words() -> bytes:
    """What payloads have in common, which is not kept with each of them. It never changes."""
    return (Path(__file__).parent / "payload_words.txt").read_bytes()


def opened(seal: PayloadSeal, name: str, body: Any) -> tuple[Any, bool]:
    """The content of a payload, and whether it is the one that its name was taken of."""
    try:
        content = decode(_unpacked(seal.opened(name, bytes(body))))
        return content, digest(content) == name
    except (zlib.error, NotJson, TypeError, ValueError):
        return None, False


def purge(transaction: Transaction, older_than: datetime) -> int:
    """Empty payloads kept before then that no record needs any more; gives their number, and notes it.

    Needed is what belongs to a record, or to an attempt of a record, that is not closed or was changed since.
    """
    needed = or_(records.c.state.not_in(CLOSED), records.c.updated_at >= older_than)
    of_record = [select(column).where(needed) for column in (records.c.payload_hash, records.c.entered_payload_hash)]
    of_attempt = [
        select(column).join(records, records.c.id == attempts.c.record_id).where(needed)
        for column in (attempts.c.request_hash, attempts.c.answer_hash)
    ]
    kept = union(*of_record, *of_attempt).subquery()
    hashes = select(kept.c[0]).where(kept.c[0].is_not(None))
    done = transaction.connection.execute(
        update(payloads)
        .where(payloads.c.kept_at < older_than, payloads.c.body != PURGED, payloads.c.hash.not_in(hashes))
        .values(body=PURGED)
    )
    detail = {"older_than": older_than.isoformat(), "payloads": done.rowcount}
    transaction.note([transaction.event("purged", None, detail)])
    return done.rowcount

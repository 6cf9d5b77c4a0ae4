"""Payloads, kept once under the digest of their content, compressed and sealed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select

from engine.adapters.store.many import InsertMany
from engine.adapters.store.packing import pack, unpack
from engine.adapters.store.payload_seal import PayloadSeal
from engine.adapters.store.tables import payloads
from engine.adapters.store.transaction import Transaction, parts_of
from engine.words.errors import LedgerError, ProgramError
from engine.words.json_value import Kept, decode, digest

_KNOWN = select(payloads.c.hash).where(payloads.c.hash.in_(bindparam("hashes", expanding=True)))
_BODIES = select(payloads.c.hash, payloads.c.body).where(payloads.c.hash.in_(bindparam("hashes", expanding=True)))
_KEEP = InsertMany(payloads, behind="ON CONFLICT (hash) DO NOTHING")


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
            self._body = self._seal.closed(self.name, pack(self._payload.exact()))
        return self._body


def packed(seal: PayloadSeal, payload: Mapping[str, Any]) -> Packed:
    """A payload that is packed now. Raises as `Packed` does."""
    made = Packed(seal, payload)
    made.pack()
    return made


def pack_new(connection: Connection, all_packed: Sequence[Packed]) -> None:
    """Pack those that are not kept."""
    kept = _kept(connection, all_packed)
    for one in all_packed:
        if one.name not in kept:
            one.pack()


def keep(transaction: Transaction, all_packed: Iterable[Packed]) -> None:
    """Keep payloads that are not kept yet."""
    keep_at(transaction.connection, transaction.now, all_packed)


def keep_at(connection: Connection, now: datetime, all_packed: Iterable[Packed]) -> None:
    """`keep` outside the ledger's own transactions, for what is not a record's."""
    by_name = {one.name: one for one in all_packed}
    kept = _kept(connection, [one for one in by_name.values() if not one.is_packed])
    rows = [{"hash": name, "body": one.pack(), "kept_at": now} for name, one in by_name.items() if name not in kept]
    _KEEP.run(connection, rows)


def _kept(connection: Connection, all_packed: Sequence[Packed]) -> set[str]:
    """The names of those that are kept."""
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


def opened(seal: PayloadSeal, name: str, body: Any) -> tuple[Any, bool]:
    """The content of a payload, and whether it is the one that its name was taken of."""
    try:
        content = decode(unpack(seal.opened(name, bytes(body))))
        return content, digest(content) == name
    except (TypeError, ValueError):
        return None, False

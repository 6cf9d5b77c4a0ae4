"""Payloads, kept once under the digest of their content, compressed."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select

from engine.adapters.store.tables import payloads
from engine.adapters.store.transaction import Transaction, parts_of
from engine.words.errors import LedgerError, ProgramError
from engine.words.json_value import NotJson, decode, digest, encode

_KNOWN = select(payloads.c.hash).where(payloads.c.hash.in_(bindparam("hashes", expanding=True)))
_BODY = select(payloads.c.body).where(payloads.c.hash == bindparam("name"))
_INSERT = insert(payloads)


def hash_of(payload: object) -> str:
    """The name of a payload.

    Raises:
        ProgramError: it is not JSON.
    """
    try:
        return digest(payload)
    except TypeError as error:
        raise ProgramError(f"a payload cannot be kept: {error}") from error


def keep(transaction: Transaction, by_hash: Mapping[str, object]) -> None:
    """Keep payloads that are not kept yet."""
    missing = dict(by_hash)
    for hashes in parts_of(list(by_hash)):
        for known in transaction.connection.execute(_KNOWN, {"hashes": hashes}).scalars():
            del missing[known]
    rows = [
        {"hash": name, "body": zlib.compress(encode(payload)), "kept_at": transaction.now}
        for name, payload in missing.items()
    ]
    if rows:
        transaction.connection.execute(_INSERT, rows)


def keep_one(transaction: Transaction, payload: Mapping[str, Any]) -> str:
    """Keep one payload, and give its name."""
    content = dict(payload)
    name = hash_of(content)
    keep(transaction, {name: content})
    return name


def read(connection: Connection, name: str) -> Any:
    """A payload as JSON; None when it is not kept.

    Raises:
        LedgerError: what is kept is damaged.
    """
    body = connection.execute(_BODY, {"name": name}).scalar_one_or_none()
    if body is None:
        return None
    try:
        return decode(zlib.decompress(body))
    except (zlib.error, NotJson) as error:
        raise LedgerError(
            f"the payload {name[:12]} in the ledger is damaged: restore the ledger from a backup"
        ) from error

"""One event of the audit trail, and the chain that makes a change of the past visible."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.words.json_value import canonical

GENESIS = "0" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """What happened: when (UTC), by whom, to which record or credential, in which run, and the detail as JSON.

    `record_id` is the ledger's number of the record, by which its events are found; no hash covers it.
    """

    at: datetime
    who: str
    kind: str
    record: str | None
    run: str | None
    detail: dict[str, Any]
    record_id: int | None = None


def chain_of(key: bytes) -> hmac.HMAC:
    """What the hashes of a chain begin with, worked out once for all of them."""
    return hmac.new(key, digestmod="sha256")


def link_row(previous: str, row: Sequence[int | str | None], detail: bytes, chain: hmac.HMAC) -> str:
    """An event's hash: HMAC-SHA256 over the previous hash, the sequence number and the event.

    The message is `previous`, a newline, and the canonical JSON (keys sorted, no spaces) of
    `[sequence, at, who, kind, record, run, detail]`, `at` in ISO 8601; so anyone with the key can
    compute it again. `row` is that list without the detail, which is canonical JSON already.
    """
    mac = chain.copy()
    mac.update(b"".join((previous.encode(), b"\n", canonical(row)[:-1], b",", detail, b"]")))
    return mac.hexdigest()

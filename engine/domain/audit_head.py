"""The signed head of the audit trail: what somebody outside keeps, so that a rewritten past is noticed."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.words.errors import InputError
from engine.words.json_value import NotJson, canonical, decode

_PURPOSE = b"ml-connector audit head\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditHead:
    """Number and hash of the last event at a moment, under the audit key.

    `hmac` is HMAC-SHA256 over "ml-connector audit head", a newline, and the canonical JSON of
    `[seq, hash, at, key_id]`.
    """

    seq: int
    hash: str
    at: str
    key_id: str
    hmac: str

    def as_json(self) -> dict[str, Any]:
        """The head as it is kept."""
        return {"seq": self.seq, "hash": self.hash, "at": self.at, "key_id": self.key_id, "hmac": self.hmac}

    def is_genuine(self, key: bytes) -> bool:
        """Whether it was made with this key and not edited since."""
        return hmac.compare_digest(_signed(self.seq, self.hash, self.at, self.key_id, key), self.hmac)


def sign_head(seq: int, last_hash: str, key_id: str, at: datetime, key: bytes) -> AuditHead:
    """The head of a trail at a moment."""
    moment = at.isoformat(timespec="seconds")
    return AuditHead(
        seq=seq, hash=last_hash, at=moment, key_id=key_id, hmac=_signed(seq, last_hash, moment, key_id, key)
    )


def read_head(content: bytes, where: str) -> AuditHead:
    """A head out of a file.

    Raises:
        InputError: it is something else.
    """
    try:
        told = decode(content)
        head = AuditHead(**told)
    except (NotJson, TypeError):
        raise InputError(f"{where} is not a head that `audit head` wrote") from None
    if not isinstance(head.seq, int) or not all(
        isinstance(text, str) for text in (head.hash, head.at, head.key_id, head.hmac)
    ):
        raise InputError(f"{where} is not a head that `audit head` wrote")
    return head


def _signed(seq: int, last_hash: str, at: str, key_id: str, key: bytes) -> str:
    return hmac.new(key, _PURPOSE + canonical([seq, last_hash, at, key_id]), hashlib.sha256).hexdigest()

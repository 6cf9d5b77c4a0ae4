"""Sealing payloads: what lies in the database cannot be read without the key, which is not in the database.

Payloads are the only place where a signed receipt link stands whole, since it has to be sent so.
"""

from __future__ import annotations

import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_MARK = b"\x01"
"""In front of a sealed payload; one of a ledger begun before payloads were sealed begins otherwise."""
_NONCE_BYTES = 12


class PayloadSeal:
    """AES-256-GCM with a key derived from that of the audit trail; a payload opens under its own name only."""

    def __init__(self, audit_key: bytes) -> None:
        self._cipher = AESGCM(hmac.new(audit_key, b"ml-connector payloads", hashlib.sha256).digest())

    def closed(self, name: str, content: bytes) -> bytes:
        """The content as it is kept."""
        nonce = os.urandom(_NONCE_BYTES)
        return _MARK + nonce + self._cipher.encrypt(nonce, content, name.encode())

    def opened(self, name: str, body: bytes) -> bytes:
        """The content.

        Raises:
            ValueError: it was changed, or kept under another name.
        """
        if body[:1] != _MARK:
            return body
        nonce, sealed = body[1 : 1 + _NONCE_BYTES], body[1 + _NONCE_BYTES :]
        try:
            return self._cipher.decrypt(nonce, sealed, name.encode())
        except InvalidTag:
            raise ValueError("the payload does not open") from None

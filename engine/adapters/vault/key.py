"""The key that opens a vault, kept elsewhere, and what is derived from it for each purpose."""

from __future__ import annotations

import base64
import binascii
import os
import re

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from engine.words.errors import CredentialsError

LENGTH = 32
HOW = "32 bytes in base64 or hex"

_HEX = re.compile(r"[0-9a-fA-F]{64}")


class VaultKey:
    """The key itself is not kept: only what is derived from it, each for one purpose. Nothing of it prints."""

    __slots__ = ("_audit", "_check", "_seal", "_wrap", "id")

    def __init__(self, key: bytes) -> None:
        self.id = _derived(key, "key id")[:4].hex()
        self._check = _derived(key, "key check")
        self._seal = _derived(key, "credentials")
        self._wrap = _derived(key, "wrapping keys")
        self._audit = _derived(key, "audit trail")

    @property
    def check(self) -> str:
        """A value that only this key gives, and that gives nothing of the key: tells a wrong key from damage."""
        return self._check.hex()

    @property
    def for_wrapping(self) -> bytes:
        """The key that wraps the workspace's own keys."""
        return self._wrap

    @property
    def for_credentials(self) -> bytes:
        """The key that sealed the credentials of a file of format 1."""
        return self._seal

    @property
    def for_audit(self) -> bytes:
        """The key of the audit trail's hashes in a workspace that was begun with this key."""
        return self._audit

    def __repr__(self) -> str:
        return f"VaultKey({self.id})"


def new_key_text() -> str:
    """A new random key, in base64, as it stands in a key file."""
    return base64.b64encode(os.urandom(LENGTH)).decode() + "\n"


def parse_key(text: str, where: str) -> VaultKey:
    """The key that is written out in a text.

    Raises:
        CredentialsError: it is not 32 bytes; `where` says in the message where the text stood.
    """
    text = text.strip()
    if _HEX.fullmatch(text):
        return VaultKey(bytes.fromhex(text))
    try:
        key = base64.b64decode(
            text + "=" * (-len(text) % 4), altchars=b"-_" if {"-", "_"} & set(text) else None, validate=True
        )
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != LENGTH:
        raise CredentialsError(f"{where} does not hold a key: it must be {HOW}") from None
    return VaultKey(key)


def _derived(key: bytes, purpose: str) -> bytes:
    info = f"ml-connector:v1|{purpose}".encode()
    return HKDF(algorithm=SHA256(), length=LENGTH, salt=None, info=info).derive(key)

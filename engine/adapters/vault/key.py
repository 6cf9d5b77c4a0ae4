"""The vault's key: where it comes from, and the keys that are derived from it for each purpose."""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from engine.adapters.vault.private_file import read_private
from engine.words.errors import CredentialsError

VARIABLE = "ML_CONNECTOR_KEY"
FILE_VARIABLE = "ML_CONNECTOR_KEY_FILE"
LENGTH = 32
HOW = "32 bytes in base64 or hex"

_HEX = re.compile(r"[0-9a-fA-F]{64}")


class VaultKey:
    """The key itself is not kept: only what is derived from it, each for one purpose. Nothing of it prints."""

    __slots__ = ("_audit", "_check", "_seal", "id")

    def __init__(self, key: bytes) -> None:
        self.id = _derived(key, "key id")[:4].hex()
        self._check = _derived(key, "key check")
        self._seal = _derived(key, "credentials")
        self._audit = _derived(key, "audit trail")

    @property
    def check(self) -> str:
        """A value that only this key gives, and that gives nothing of the key: tells a wrong key from damage."""
        return self._check.hex()

    @property
    def for_credentials(self) -> bytes:
        """The key that seals credentials."""
        return self._seal

    @property
    def for_audit(self) -> bytes:
        """The key of the audit trail's hashes."""
        return self._audit

    def __repr__(self) -> str:
        return f"VaultKey({self.id})"


def key_path(folder: Path, environ: Mapping[str, str]) -> Path:
    """Where the key file is, when the key is not in the environment itself."""
    named = environ.get(FILE_VARIABLE, "")
    return Path(named) if named else folder / "key"


def find_key(folder: Path, environ: Mapping[str, str]) -> VaultKey:
    """The key from the environment, or from its file.

    Raises:
        CredentialsError: there is none, it is not 32 bytes, or others may read its file.
    """
    text = environ.get(VARIABLE, "")
    if text:
        return VaultKey(_parse(text, f"the environment variable {VARIABLE}"))
    path = key_path(folder, environ)
    content = read_private(path)
    if content is None:
        raise CredentialsError(
            f"there is no key: set the environment variable {VARIABLE} to {HOW}, or put back the key file {path}"
        )
    return VaultKey(_parse(content.decode("ascii", "replace"), str(path)))


def new_key_text() -> str:
    """A new random key, in base64, as it stands in a key file."""
    return base64.b64encode(os.urandom(LENGTH)).decode() + "\n"


def _parse(text: str, where: str) -> bytes:
    text = text.strip()
    if _HEX.fullmatch(text):
        return bytes.fromhex(text)
    try:
        key = base64.b64decode(
            text + "=" * (-len(text) % 4), altchars=b"-_" if {"-", "_"} & set(text) else None, validate=True
        )
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != LENGTH:
        raise CredentialsError(f"{where} does not hold a key: it must be {HOW}") from None
    return key


def _derived(key: bytes, purpose: str) -> bytes:
    info = f"ml-connector:v1|{purpose}".encode()
    return HKDF(algorithm=SHA256(), length=LENGTH, salt=None, info=info).derive(key)

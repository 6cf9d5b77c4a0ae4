"""Sealing one credential: AES-256-GCM, bound to the place it is for, so that it opens nowhere else."""

from __future__ import annotations

import base64
import binascii
import os
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from engine.adapters.vault.key import VaultKey
from engine.words.errors import InputError
from engine.words.secret import Secret

NONCE_BYTES = 12


class Broken(Exception):
    """The sealed text was changed, cut, or stands in a place it was not sealed for."""


def place(workspace: str, connection: str, field: str, origin: str, key_id: str) -> bytes:
    """What a credential is bound to."""
    return f"ml-connector:v1|{workspace}|{connection}|{field}|{origin}|{key_id}".encode()


def seal(key: VaultKey, where: bytes, text: str) -> str:
    """The credential, encrypted, in base64: nonce, then text with its tag."""
    nonce = os.urandom(NONCE_BYTES)
    sealed = AESGCM(key.for_credentials).encrypt(nonce, text.encode(), where)
    return base64.b64encode(nonce + sealed).decode()


def unseal(key: VaultKey, where: bytes, sealed: str) -> Secret:
    """The credential.

    Raises:
        Broken: it does not open in this place.
    """
    try:
        content = base64.b64decode(sealed, validate=True)
        nonce, text = content[:NONCE_BYTES], content[NONCE_BYTES:]
        return Secret(AESGCM(key.for_credentials).decrypt(nonce, text, where).decode())
    except (binascii.Error, ValueError, InvalidTag):
        raise Broken from None


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL: where a credential may be sent.

    Raises:
        InputError: it is not a URL with a host.
    """
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = -1
    if not parts.scheme or not parts.hostname or port == -1 or "|" in parts.netloc:
        raise InputError(f"'{url}' is not a URL such as https://erp.example.com")
    usual = {"https": 443, "http": 80}.get(parts.scheme)
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{port}" if port is not None and port != usual else "")

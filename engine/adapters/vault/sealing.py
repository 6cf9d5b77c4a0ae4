"""Sealing: AES-256-GCM, bound to the place a text or a key is for, so that it opens nowhere else."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Sequence
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from engine.words.errors import InputError

NONCE_BYTES = 12
KEY_BYTES = 32


class Broken(Exception):
    """The sealed text was changed, cut, or stands in a place it was not sealed for."""


def first_place(workspace: str, connection: str, field: str, origin: str, key_id: str) -> bytes:
    """What a credential is bound to in a file of format 1."""
    return f"ml-connector:v1|{workspace}|{connection}|{field}|{origin}|{key_id}".encode()


def place(workspace: str, connection: str, field: str, origin: str, key_id: str, when: str) -> bytes:
    """What a credential is bound to: where it may be used, the data key, and when it was set and ends."""
    return f"ml-connector:v2|{workspace}|{connection}|{field}|{origin}|{key_id}|{when}".encode()


def key_place(workspace: str, purpose: str, data_key_id: str, key_id: str) -> bytes:
    """What a wrapped key is bound to."""
    return f"ml-connector:v2|{workspace}|{purpose}|{data_key_id}|{key_id}".encode()


def seal(key: bytes, where: bytes, content: bytes) -> str:
    """The content, encrypted, in base64: nonce, then text with its tag."""
    nonce = os.urandom(NONCE_BYTES)
    return base64.b64encode(nonce + AESGCM(key).encrypt(nonce, content, where)).decode()


def unseal(key: bytes, where: bytes, sealed: str) -> bytes:
    """The content.

    Raises:
        Broken: it does not open with this key in this place.
    """
    try:
        content = base64.b64decode(sealed, validate=True)
        return AESGCM(key).decrypt(content[:NONCE_BYTES], content[NONCE_BYTES:], where)
    except (binascii.Error, ValueError, InvalidTag):
        raise Broken from None


def new_key() -> bytes:
    """A new random key."""
    return os.urandom(KEY_BYTES)


def origins_of(urls: Sequence[str]) -> str:
    """Every origin that a credential may be sent to, each once, in the order of the URLs. Raises as `origin_of`."""
    return " and ".join(dict.fromkeys(origin_of(url) for url in urls))


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

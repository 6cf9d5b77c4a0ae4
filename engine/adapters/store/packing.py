"""How a payload is compressed: with Zstandard, behind the words that payloads have in common.

Ledgers of the versions before were compressed with zlib, which took three times as long; what they hold is read, and
is not packed anew.
"""

from __future__ import annotations

import sys
import zlib
from functools import cache
from pathlib import Path
from threading import Lock

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_LEVEL = 3
"""A higher one takes half as much time again for a twentieth less."""
_FRAME = b"\x28\xb5\x2f\xfd"
"""What Zstandard begins with (RFC 8878, 3.1.1); zlib never does."""

_one_at_a_time = Lock()


def pack(text: bytes) -> bytes:
    """A text, compressed."""
    with _one_at_a_time:
        packer = _packer()
        return packer.compress(text, packer.FLUSH_FRAME)


def unpack(packed: bytes) -> bytes:
    """The text.

    Raises:
        ValueError: it breaks off, goes on behind its end, or is something else.
    """
    try:
        unpacker = _unpacker(packed)
        text = unpacker.decompress(packed)
    except (zstd.ZstdError, zlib.error) as error:
        raise ValueError(f"a payload that cannot be unpacked: {error}") from None
    if not unpacker.eof or unpacker.unused_data:
        raise ValueError("a payload that breaks off, or goes on behind its end")
    return text


@cache
def _packer() -> zstd.ZstdCompressor:
    """One for all: a new one takes longer than to compress a payload."""
    return zstd.ZstdCompressor(level=_LEVEL, zstd_dict=_dictionary())


def _unpacker(packed: bytes) -> zstd.ZstdDecompressor | zlib._Decompress:
    if packed.startswith(_FRAME):
        return zstd.ZstdDecompressor(zstd_dict=_dictionary())
    return zlib.decompressobj(zdict=_words())


@cache
def _dictionary() -> zstd.ZstdDict:
    return zstd.ZstdDict(_words(), is_raw=True)


@cache
def _words() -> bytes:
    """What payloads have in common, which is not kept with each of them. It never changes."""
    return (Path(__file__).parent / "payload_words.txt").read_bytes()

"""Filters of text."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from engine.language.transform.failure import TransformError
from engine.language.transform.operators import LIST_LENGTH_MAX, TEXT_LENGTH_MAX, as_text, equal, kind_of
from engine.language.transform.wanted import wanted_count, wanted_list, wanted_text

PAD_MAX = 1000
HASH_LENGTH_MAX = 64


def short_hash(value: Any, length: Any = 12) -> str:
    """The first hex digits, in upper case, of the text's SHA-256."""
    digits = hashlib.sha256(as_text(value, "the value").encode()).hexdigest().upper()
    return digits[: wanted_count(length, HASH_LENGTH_MAX)]


def length(value: Any) -> int:
    """How many characters or items there are; 0 of nothing."""
    if value is None:
        return 0
    if not isinstance(value, (str, list, tuple, Mapping)):
        raise TransformError(f"wants text or a list, not what is {kind_of(value)}")
    return len(value)


def join(value: Any, separator: Any) -> str:
    """The texts and whole numbers of a list, joined."""
    return wanted_text(separator).join(as_text(item, "an item") for item in wanted_list(value))


def text(value: Any) -> str:
    """A number written out as text."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    return as_text(value, "the value")


def left(value: Any, count: Any) -> str:
    """The first characters of a text."""
    return wanted_text(value)[: wanted_count(count, TEXT_LENGTH_MAX)]


def right(value: Any, count: Any) -> str:
    """The last characters of a text."""
    whole = wanted_text(value)
    return whole[max(0, len(whole) - wanted_count(count, TEXT_LENGTH_MAX)) :]


def replace(value: Any, old: Any, new: Any) -> str:
    """The text with every `old` replaced by `new`."""
    whole, gone, come = wanted_text(value), wanted_text(old), wanted_text(new)
    if not gone:
        raise TransformError("wants a text to look for, not an empty one")
    if len(whole) + whole.count(gone) * len(come) > TEXT_LENGTH_MAX:
        raise TransformError(f"gives a text of more than {TEXT_LENGTH_MAX} characters")
    return whole.replace(gone, come)


def pad_left(value: Any, count: Any, fill: Any = "0") -> str:
    """The text, filled up on the left to a length."""
    if len(wanted_text(fill)) != 1:
        raise TransformError("wants one character to fill with")
    return as_text(value, "the value").rjust(wanted_count(count, PAD_MAX), fill)


def split(value: Any, separator: Any) -> list[str]:
    """The parts of a text between separators, trimmed."""
    if not wanted_text(separator):
        raise TransformError("wants a separator, not an empty text")
    parts = wanted_text(value).split(separator, LIST_LENGTH_MAX)
    return [part.strip() for part in parts]


def contains(value: Any, part: Any) -> bool:
    """Whether the text holds another text, or the list an item."""
    if isinstance(value, (list, tuple)):
        return any(equal(item, part, "an item", "the wanted value") for item in value)
    return wanted_text(part) in wanted_text(value)

"""What an unquoted word or number means here: only spellings that every YAML reader agrees on.

YAML 1.1 readers take `010` for 8, `1:30` for 90 and `NO` for false, YAML 1.2 readers do not; so these are
refused instead of guessed. A number with a fraction is an exact Decimal. A date is text.
"""

from __future__ import annotations

import re
from decimal import Decimal

DIGITS_MAX = 18

_WHOLE = re.compile(r"-?(0|[1-9][0-9]*)\Z")
_FRACTION = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+\Z")
_NULL = {"", "~", "null"}
_WORDS = {"true": True, "false": False}
_BEGINS_NUMBER = frozenset("+-.0123456789")
_DISPUTED_WORDS = {"yes", "no", "on", "off", "true", "false", "null"}
_MEANT = {"yes": "true", "on": "true", "true": "true", "null": "null"}
_DISPUTED_NUMBERS = tuple(
    re.compile(pattern)
    for pattern in (
        r"[-+]?[0-9][0-9_]*\Z",
        r"[-+]?0[xX][0-9a-fA-F_]+\Z",
        r"[-+]?0[oO][0-7_]+\Z",
        r"[-+]?0[bB][01_]+\Z",
        r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?\Z",
        r"[-+]?(\.[0-9][0-9_]*|[0-9][0-9_]*\.[0-9_]*)([eE][-+]?[0-9]+)?\Z",
        r"[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+\Z",
        r"[-+]?\.(inf|Inf|INF)\Z",
        r"\.(nan|NaN|NAN)\Z",
    )
)


class Disputed(ValueError):
    """YAML readers disagree about this spelling; the message is the hint what to write instead."""


def read_scalar(text: str) -> None | bool | int | Decimal | str:
    """The value of an unquoted scalar.

    Raises:
        Disputed: readers disagree about it, or it has more than 18 digits.
    """
    if text in _NULL:
        return None
    if text in _WORDS:
        return _WORDS[text]
    if text[0] in _BEGINS_NUMBER and sum(char.isdigit() for char in text) <= DIGITS_MAX:
        if _WHOLE.match(text):
            return int(text)
        if _FRACTION.match(text):
            return Decimal(text)
    if text.casefold() in _DISPUTED_WORDS:
        raise Disputed(_word_hint(text))
    if is_number_like(text):
        raise Disputed(f'write "{text}" in quotes if it is text, or the plain number')
    return text


def is_number_like(text: str) -> bool:
    """Whether some YAML reader takes this unquoted text for a number."""
    return text[:1] in _BEGINS_NUMBER and any(pattern.match(text) for pattern in _DISPUTED_NUMBERS)


def _word_hint(text: str) -> str:
    word = _MEANT.get(text.casefold(), "false")
    return f'write {word}, or "{text}" in quotes if it is text'

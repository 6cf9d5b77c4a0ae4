"""JSON without floats: numbers with a fraction are Decimal on the way in and on the way out."""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec

EXPONENT_MAX = 100
"""The largest power of ten of a number: beyond it, writing the number out would fill the memory."""

_PLAIN = frozenset({str, int, bool, type(None), date})
"""Types whose values are written as they are; most values are of these very types, and need no closer look."""

_encoder = msgspec.json.Encoder(decimal_format="number")
_canonical = msgspec.json.Encoder(decimal_format="string", order="deterministic")


class NotJson(ValueError):
    """The bytes are not one JSON value; the message says what stands where."""


def _exact(text: str) -> Decimal:
    number = Decimal(text)
    if abs(number.adjusted()) > EXPONENT_MAX or len(text) > 2 * EXPONENT_MAX:
        raise ValueError(f"the number {text[:30]} is too large or too small")
    return number


_decoder = msgspec.json.Decoder(float_hook=_exact)


def decode(body: bytes | str) -> Any:
    """One JSON value; numbers with a fraction or an exponent become Decimal.

    Raises:
        NotJson: the text is empty, cut short, or something else, such as HTML.
    """
    try:
        return _decoder.decode(body)
    except (msgspec.DecodeError, ValueError, ArithmeticError, RecursionError) as error:
        raise NotJson(str(error)) from error


def encode(value: object) -> bytes:
    """JSON for the wire; Decimal as a plain number without exponent, dates as `YYYY-MM-DD`.

    Raises:
        TypeError: the value holds something JSON does not have, a float included.
    """
    return _encoder.encode(value if _is_plain(value) else _plain(value))


def canonical(value: object) -> bytes:
    """One spelling for one value: keys sorted, Decimal as text. What hashes are taken of."""
    return _canonical.encode(value if _is_plain(value) else _plain(value))


def indented(value: object) -> str:
    """JSON for a person to read, over several lines."""
    return msgspec.json.format(encode(value), indent=2).decode()


def shown(value: object) -> str:
    """A value inside a sentence: true, false, null, lists and objects as JSON has them, all else as plain text."""
    if value is None or isinstance(value, (bool, dict, list)):
        return encode(value).decode()
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def digest(value: object) -> str:
    """SHA-256 of the canonical spelling, in hex."""
    return hashlib.sha256(canonical(value)).hexdigest()


class Kept:
    """A value to be kept: its digest, and the JSON that it is read from again.

    What it consists of is asked once for both, which costs more than either.

    Raises:
        TypeError: the value holds something JSON does not have, a float included.
    """

    __slots__ = ("_is_plain", "_value")

    def __init__(self, value: object) -> None:
        self._is_plain = _is_plain(value)
        self._value = value if self._is_plain else _plain(value)

    def digest(self) -> str:
        """What `digest` gives."""
        return hashlib.sha256(_canonical.encode(self._value)).hexdigest()

    def exact(self) -> bytes:
        """JSON that `decode` reads as the very same numbers: a Decimal without a fraction is no int then either.

        Dates become text.
        """
        return _encoder.encode(self._value if self._is_plain else _marked(self._value))


def _is_plain(value: Any) -> bool:
    """Whether it is JSON as the encoders take it, as most is; else `_plain` makes it so, or refuses it."""
    kind = type(value)
    if kind is dict:
        inside = value.values()
    elif kind is list or kind is tuple:
        inside = value
    elif kind is Decimal:
        text = str(value)
        return "." in text and "E" not in text and len(text) <= EXPONENT_MAX
    else:
        return kind in _PLAIN
    for inner in inside:  # noqa: SIM110  a generator would cost as much as all the rest
        if type(inner) not in _PLAIN and not _is_plain(inner):
            return False
    return True


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {key: inner if type(inner) in _PLAIN else _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [inner if type(inner) in _PLAIN else _plain(inner) for inner in value]
    if isinstance(value, Decimal):
        if not value.is_finite() or abs(value.adjusted()) > EXPONENT_MAX:
            raise TypeError(f"{value} is not a number that can be sent")
        return Decimal(f"{value:f}") if "E" in str(value) else value
    if value is None:
        return value
    if isinstance(value, (str, int)):
        return value
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is not part of JSON here")


def _marked(value: object) -> object:
    """The plain value, with an exponent behind every Decimal that would else be written as an int is."""
    if isinstance(value, Decimal):
        text = f"{value:f}"
        return msgspec.Raw((text if "." in text else f"{text}E0").encode())
    if isinstance(value, dict):
        return {key: _marked(inner) for key, inner in value.items()}
    return [_marked(inner) for inner in value] if isinstance(value, list) else value

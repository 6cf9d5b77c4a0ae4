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
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise NotJson(str(error)) from error


def encode(value: object) -> bytes:
    """JSON for the wire; Decimal as a plain number without exponent, dates as `YYYY-MM-DD`.

    Raises:
        TypeError: the value holds something JSON does not have, a float included.
    """
    return _encoder.encode(_plain(value))


def canonical(value: object) -> bytes:
    """One spelling for one value: keys sorted, Decimal as text. What hashes are taken of."""
    return _canonical.encode(_plain(value))


def indented(value: object) -> str:
    """JSON for a person to read, over several lines."""
    return msgspec.json.format(encode(value), indent=2).decode()


def digest(value: object) -> str:
    """SHA-256 of the canonical spelling, in hex."""
    return hashlib.sha256(canonical(value)).hexdigest()


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

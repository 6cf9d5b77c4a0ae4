"""Ids and amounts as the seeded systems write them."""

from __future__ import annotations

import uuid
from decimal import Decimal

_SPACE = uuid.UUID("6f9d2c1e-0000-5000-8000-5ead5ead5ead")


def airbase_id(label: str) -> str:
    """The id of something in the seeded Airbase: one label always gives the same 36 characters."""
    return str(uuid.uuid5(_SPACE, label))


def plain(amount: Decimal) -> str:
    """An amount as Airbase writes it: a string without padding zeros, `5` and not `5.00`."""
    text = f"{amount:f}"
    short = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if short in {"-0", ""} else short


def cents(number: int) -> Decimal:
    """An amount from whole cents."""
    return Decimal(number).scaleb(-2)

"""Money that moves without being spend: loads, unloads, transfers, fees, and types nobody has identified."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

from engine.faces.sandbox.seed.chart import BANK, CARD_FEES, CLEARING
from engine.faces.sandbox.seed.companies import EPIC06, CompanySeed
from engine.faces.sandbox.seed.entry import Line, ledger_entry
from engine.faces.sandbox.seed.labels import cents
from engine.faces.sandbox.seed.people import PEOPLE
from engine.faces.sandbox.seed.vendors import ORDINARY

LOAD, UNLOAD, TRANSFER, FEE = "bill_payment_load", "bill_payment_unload", "transfer", "operational_fee"
UNIDENTIFIED = ("cashback", "card_rebates")
"""Invented names for the recorded types of 8 and 12 characters that nobody has identified."""

_COUNTS = {LOAD: 8, UNLOAD: 3, TRANSFER: 3, FEE: 4, **dict.fromkeys(UNIDENTIFIED, 2)}


def cash_movements() -> list[dict[str, Any]]:
    """All of them, in both months; a load lists its total on clearing, an unload on the bank."""
    return [_movement(kind, position) for kind, count in _COUNTS.items() for position in range(count)]


def _movement(kind: str, position: int) -> dict[str, Any]:
    label = f"{kind}:{position}"
    chance = random.Random(label)  # noqa: S311 - repeatable, not secret
    amount = cents(chance.randint(100, 900) if kind in {FEE, *UNIDENTIFIED} else chance.randint(100_000, 9_000_000))
    vendor = chance.choice(ORDINARY[EPIC06.code]) if kind not in {TRANSFER, FEE} else None
    company: CompanySeed | None = None if kind in UNIDENTIFIED else EPIC06
    owner = None if kind in {TRANSFER, FEE, *UNIDENTIFIED} else PEOPLE[position]
    return ledger_entry(
        label=label,
        type=kind,
        company=company,
        vendor=vendor.on_entry() if vendor else None,
        owner=owner,
        date=f"2026-{10 + position % 2:02d}-{chance.randint(3, 19):02d}T09:00:01.000120",
        lines=_sides(kind, amount),
        total=amount,
        settled=True,
    )


def _sides(kind: str, amount: Decimal) -> tuple[Line, Line]:
    none = Decimal(0)
    if kind == FEE:
        return Line(account=CARD_FEES, amount=amount), Line(account=CLEARING, amount=none)
    if kind in UNIDENTIFIED:
        tagged = Line(account=CARD_FEES, amount=amount, department="10")
        return tagged, Line(account=CLEARING, amount=none, department="10")
    on_clearing = kind != UNLOAD
    return (
        Line(account=CLEARING, amount=amount if on_clearing else none),
        Line(account=BANK, amount=none if on_clearing else amount),
    )

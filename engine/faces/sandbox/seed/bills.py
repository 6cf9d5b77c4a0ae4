"""Ordinary bills, and their payments."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from engine.faces.sandbox.seed.chart import AP_AIRBASE, is_open
from engine.faces.sandbox.seed.companies import EPIC06, EPIC07, CompanySeed
from engine.faces.sandbox.seed.entry import Line, applied, ledger_entry
from engine.faces.sandbox.seed.labels import cents
from engine.faces.sandbox.seed.orders import REFERABLE, WITH_RECEIPTS
from engine.faces.sandbox.seed.people import PEOPLE
from engine.faces.sandbox.seed.vendors import ORDINARY, VendorSeed

BILLS = 170
PAID = 60

_TEXTS = ("Monthly service", "Delivery", "Materials as ordered", "Annual check", "Consumables", "Call-out", None)
_LOCATIONS = {EPIC06.code: ("CHI", "PEO"), EPIC07.code: ("HAM",)}
_DEPARTMENTS = ("10", "20", "20", "30")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bill:
    label: str
    company: CompanySeed
    vendor: VendorSeed
    number: str
    month: int
    day: int
    lines: tuple[Line, ...]


def spend_line(chance: random.Random, company: CompanySeed, naturals: Sequence[str], amount: Decimal) -> Line:
    """An ordinary line: an open account, a department, often a location and a text."""
    pairs = [(n, d) for n in naturals for d in _DEPARTMENTS if is_open(n, d)]
    natural, department = chance.choice(pairs)
    return Line(
        account=natural,
        amount=amount,
        department=department,
        location=chance.choice((None, *_LOCATIONS[company.code])),
        description=chance.choice(_TEXTS),
    )


def company_of(position: int) -> CompanySeed:
    """One record in eight belongs to the Canadian company."""
    return EPIC07 if position % 8 == 5 else EPIC06


def month_of(position: int) -> int:
    """October and November by turns."""
    return 10 + position % 2


def _bill(position: int) -> _Bill:
    label = f"bill:{position}"
    chance = random.Random(label)  # noqa: S311 - repeatable, not secret
    company = company_of(position)
    vendor = chance.choice([one for one in ORDINARY[company.code] if one.id not in WITH_RECEIPTS])
    count = chance.choice((1, 1, 1, 2, 2, 3, 4, 6, 12))
    lines = [spend_line(chance, company, vendor.naturals, cents(chance.randint(150, 480_000))) for _ in range(count)]
    return _Bill(
        label=label,
        company=company,
        vendor=vendor,
        number=f"{chance.choice(('INV-', 'R', '', 'A/'))}{20_000 + position}",
        month=month_of(position),
        day=chance.randint(2, 20),
        lines=tuple(_with_order(line, vendor) if position % 3 == 0 else line for line in lines),
    )


def _with_order(line: Line, vendor: VendorSeed) -> Line:
    order = REFERABLE.get(vendor.id)
    if order is None:
        return line
    return Line(
        account=line.account,
        amount=line.amount,
        department=line.department,
        location=line.location,
        po=order.tag,
        description=line.description,
    )


def bills(scale: int) -> list[dict[str, Any]]:
    """The ordinary bills: every one balances, and all its codes are open in Epicor."""
    rows = []
    for position in range(BILLS * scale):
        bill = _bill(position)
        rows.append(
            ledger_entry(
                label=bill.label,
                type="bill",
                company=bill.company,
                vendor=bill.vendor.on_entry(),
                owner=PEOPLE[position % len(PEOPLE)],
                date=f"2026-{bill.month:02d}-{bill.day:02d}T00:00:00",
                lines=bill.lines,
                invoice_number=bill.number,
                ap_account=AP_AIRBASE,
                notes=bill.lines[0].description,
            )
        )
    return rows


def bill_payments(scale: int) -> list[dict[str, Any]]:
    """Payments of some ordinary bills by Airbase, a few days later; shaped as reimbursement payments are."""
    rows = []
    for position in range(PAID * scale):
        bill = _bill(position)
        rows.append(
            ledger_entry(
                label=f"bill_payment:{position}",
                type="bill_payment",
                company=bill.company,
                vendor=bill.vendor.on_entry(),
                owner=PEOPLE[position % len(PEOPLE)],
                date=f"2026-{bill.month:02d}-{bill.day + 3:02d}T16:20:05.118{position % 1000:03d}",
                lines=bill.lines,
                ap_account=AP_AIRBASE,
                applied_to=[applied(bill.label, "bill")],
                notes=f"ACH for {bill.number}",
            )
        )
    return rows

"""Ordinary reimbursements and their payouts, and card transactions."""

from __future__ import annotations

import random
from typing import Any

from engine.faces.sandbox.seed.bills import company_of, month_of, spend_line
from engine.faces.sandbox.seed.chart import AP_EMPLOYEES, CLEARING
from engine.faces.sandbox.seed.entry import Line, applied, ledger_entry
from engine.faces.sandbox.seed.labels import cents
from engine.faces.sandbox.seed.people import PEOPLE, Person
from engine.faces.sandbox.seed.vendors import EMPLOYEES, ORDINARY

REIMBURSEMENTS = 60
CARDS = 150

VIRTUAL = "virtual_card_payment"
PHYSICAL = "physical_card_payment"


def reimbursements(scale: int) -> list[dict[str, Any]]:
    """What employees paid themselves; the vendor is the employee, without an ERP id."""
    return [_reimbursement(position, paid=False) for position in range(REIMBURSEMENTS * scale)]


def reimbursement_payments(scale: int) -> list[dict[str, Any]]:
    """One payout for each of them."""
    return [_reimbursement(position, paid=True) for position in range(REIMBURSEMENTS * scale)]


def _reimbursement(position: int, *, paid: bool) -> dict[str, Any]:
    label = f"reimbursement:{position}"
    chance = random.Random(label)  # noqa: S311 - repeatable, not secret
    company = company_of(position)
    vendor = chance.choice(EMPLOYEES[company.code])
    lines = [
        spend_line(chance, company, vendor.naturals, cents(chance.randint(300, 60_000)))
        for _ in range(chance.choice((1, 1, 2, 3)))
    ]
    day = chance.randint(2, 18) + (2 if paid else 0)
    date = f"2026-{month_of(position):02d}-{day:02d}T00:00:00"
    return ledger_entry(
        label=f"reimbursement_payment:{position}" if paid else label,
        type="reimbursement_payment" if paid else "reimbursement",
        company=company,
        vendor=vendor.on_entry(),
        owner=Person(name=vendor.name, email=vendor.email),
        date=date,
        lines=lines,
        ap_account=AP_EMPLOYEES,
        applied_to=[applied(label, "reimbursement")] if paid else None,
        payment_entry_date=None if paid else date,
        notes="Payout" if paid else "Site visit",
    )


def cards(scale: int) -> list[dict[str, Any]]:
    """Settled card transactions, one in fifteen a refund with every amount below zero."""
    return [_card(position) for position in range(CARDS * scale)]


def _card(position: int) -> dict[str, Any]:
    label = f"card:{position}"
    chance = random.Random(label)  # noqa: S311 - repeatable, not secret
    company = company_of(position)
    vendor = chance.choice(ORDINARY[company.code])
    sign = -1 if position % 15 == 7 else 1
    lines: list[Line] = [
        spend_line(chance, company, vendor.naturals, sign * cents(chance.randint(99, 120_000)))
        for _ in range(chance.choice((1, 1, 1, 2, 3)))
    ]
    time = f"{chance.randint(14, 22):02d}:{chance.randint(0, 59):02d}:{chance.randint(0, 59):02d}"
    moment = f"2026-{month_of(position):02d}-{chance.randint(2, 20):02d}T{time}"
    virtual = position % 3 != 0
    return ledger_entry(
        label=label,
        type=VIRTUAL if virtual else PHYSICAL,
        company=company,
        vendor=vendor.on_entry(),
        owner=PEOPLE[position % len(PEOPLE)],
        date=f"{moment}.{chance.randint(1, 999_999):06d}" if virtual else moment,
        lines=lines,
        bank_account=CLEARING,
        notes="Refund" if sign < 0 else ("Subscription" if virtual else None),
        settled=True,
    )

"""The day a record is booked on: its own when that is open, a later one only where finance allows it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from engine.language.spec.books import Company
from engine.plan.extract import Waits
from engine.words.money import show_money


def booked_on(company: Company, day: date, *, moves: bool, amount: Decimal | None, currency: str | None) -> date:
    """The day itself when it may be posted into; else, where the mapping `moves`, the next open day.

    Only a record of a period that is signed off is moved, up to the company's `prior_period_limit`, and never
    into another fiscal year.

    Raises:
        Waits: the record is to be held, with the reason.
    """
    if company.is_open(day):
        return day
    if not company.is_signed(day):
        raise Waits("period_closed", f"the period of {day} is not open in {company.code} (books.yaml, open_periods)")
    later = company.next_open(day) if moves else None
    if later is None:
        raise Waits("period_signed", f"the period of {day} is signed off in {company.code}")
    why = _why_not(company, day, later, amount, currency)
    if why:
        raise Waits("not_moved", f"the period of {day} is signed off in {company.code}, and {why}")
    return later


def _why_not(company: Company, day: date, later: date, amount: Decimal | None, currency: str | None) -> str:
    """Why the record is not moved by itself; empty when it may be."""
    if company.fiscal_year(day) != company.fiscal_year(later):
        return f"the next open day, {later}, is in another fiscal year: no record is moved there by itself"
    limit = company.settings["prior_period_limit"]
    if limit is None:
        return "books.yaml does not say up to which amount a record moves on (prior_period_limit)"
    if amount is None or currency != company.settings["currency"]:
        return (
            f"what it is worth in {company.settings['currency']} is not known, to hold it against prior_period_limit"
        )
    if abs(amount) > limit:
        return (
            f"{show_money(abs(amount))} is above the prior_period_limit of {show_money(Decimal(limit))} in books.yaml"
        )
    return ""

"""Currencies, exchange rates and payment terms of a company."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from engine.faces.sandbox.epicor.errors import refused
from engine.faces.sandbox.epicor.rows import as_date
from engine.faces.sandbox.epicor.session import Session


def base_currency(session: Session) -> str:
    """The company's own currency."""
    company = session.store.get("Company", session.company)
    return str((company or {}).get("BaseCurrCode") or "USD")


def check_currency(session: Session, code: str, table: str) -> None:
    """Refuse a currency the company does not have; its base currency is always there."""
    row = session.get("Currency", code)
    if code != base_currency(session) and (row is None or row.get("Inactive")):
        raise refused(f"Currency {code} is not valid.", table, "CurrencyCode")


def rate_on(session: Session, code: str, group: str, on: date, table: str) -> Decimal:
    """How many units of base currency one unit was worth on a day, by the rate group.

    Raises:
        EpicorError: no rate of that day or before.
    """
    base = base_currency(session)
    if code == base:
        return Decimal("1.0")
    dated = [
        (as_date(row["EffectiveDate"]), Decimal(row["CurrentRate"]))
        for row in session.find("CurrExRate", SourceCurrCode=code, TargetCurrCode=base)
        if not group or row.get("RateGrpCode") == group
    ]
    known = [pair for pair in dated if pair[0] <= on]
    if not known:
        raise refused(f"No exchange rate from {code} to {base} exists on {on}.", table, "ExchangeRate")
    return max(known)[1]


def due_date(session: Session, terms: str, invoiced: date, table: str) -> date:
    """When an invoice of these terms falls due.

    Raises:
        EpicorError: the terms do not exist.
    """
    row = session.get("PurTerms", terms)
    if row is None:
        raise refused(f"Terms {terms!r} is not valid.", table, "TermsCode")
    return invoiced + timedelta(days=int(row.get("DueDays") or 0))

"""The two companies and what Epicor holds about them besides accounts, vendors and orders."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from engine.faces.sandbox.seed.chart import AP_AIRBASE, AP_CONTROL, AP_EMPLOYEES, BANK, CLEARING, COA, SALES_TAX

FISCAL_YEAR = 2026
FISCAL_CALENDAR = "CAL"
BOOK = "MAIN"
RATE_GROUP = "MAIN"
JOURNAL_CODE = "GJ"
EARLIEST_APPLY_DATE = {"EPIC06": "2026-10-01", "EPIC07": "2026-10-02"}
"""In AP: the first day that Epicor still takes; in EPIC07 a day later than books.yaml says."""
EARLIEST_JOURNAL_DATE = "2026-10-01"

AP_CONTROL_TYPE = "APAcct"
CONTROL_CODES = {"AP": AP_CONTROL, "AB-AP": AP_AIRBASE, "AB-EMP": AP_EMPLOYEES}
PAY_BY_CHECK, PAY_BY_ACH, PAY_BY_AIRBASE = 1, 2, 9
DISCOUNT_TERMS = "2N10"
TAX_REGION = "LOCAL"


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanySeed:
    """One company of the group."""

    code: str
    name: str
    currency: str
    country: str
    zone: str


EPIC06 = CompanySeed(
    code="EPIC06", name="Example Manufacturing", currency="USD", country="US", zone="America/Chicago"
)
EPIC07 = CompanySeed(
    code="EPIC07", name="Example Manufacturing Canada", currency="CAD", country="CA", zone="America/Toronto"
)
COMPANIES = {one.code: one for one in (EPIC06, EPIC07)}

_RATES = {
    ("EUR", "USD"): ("1.0830", "1.0910"),
    ("CAD", "USD"): ("0.7310", "0.7285"),
    ("EUR", "CAD"): ("1.4815", "1.4976"),
    ("USD", "CAD"): ("1.3680", "1.3727"),
}


def rate(currency: str, base: str, month: int) -> Decimal:
    """What one unit of a currency is worth in another in October (10) or November (11) 2026."""
    if currency == base:
        return Decimal(1)
    october, november = _RATES[currency, base]
    return Decimal(november if month >= 11 else october)


def setup(company: CompanySeed) -> dict[str, list[dict[str, Any]]]:
    """The company's rows of Epicor's set-up tables."""
    named: dict[str, list[dict[str, Any]]] = {
        "Currency": [
            {"CurrencyCode": code, "CurrDesc": code, "CurrencyID": code, "BaseCurr": code == company.currency}
            for code in ("USD", "CAD", "EUR")
        ],
        "CurrExRate": _exchange_rates(company.currency),
        "PurTerms": _terms(),
        "FiscalPer": [_period(month) for month in range(1, 13)],
        "EADType": [
            {"EADType": "AP", "EarliestApplyDate": EARLIEST_APPLY_DATE[company.code]},
            {"EADType": "GL", "EarliestApplyDate": EARLIEST_JOURNAL_DATE},
        ],
        "GLBook": [
            {
                "BookID": BOOK,
                "COACode": COA,
                "CurrencyCode": company.currency,
                "FiscalCalendarID": FISCAL_CALENDAR,
                "JournalCode": JOURNAL_CODE,
            }
        ],
        "GLCntrlAcct": [
            {
                "GLControlType": AP_CONTROL_TYPE,
                "GLControlCode": code,
                "GLAcctContext": "Accounts Payable",
                "BookID": BOOK,
                "COACode": COA,
                "GLAccount": f"{natural}|00",
            }
            for code, natural in CONTROL_CODES.items()
        ],
        "PayMethod": [
            {"PMUID": PAY_BY_CHECK, "Name": "Check", "Type": 2, "PMSource": 0, "Inactive": False},
            {"PMUID": PAY_BY_ACH, "Name": "ACH", "Type": 1, "PMSource": 0, "Inactive": False},
            {"PMUID": PAY_BY_AIRBASE, "Name": "AIRBASE", "Type": 0, "PMSource": 0, "Inactive": False},
        ],
        "BankAcct": [
            _bank("OPER", "Operating account", company.currency, BANK),
            _bank("AIRB", "Airbase clearing", company.currency, CLEARING),
        ],
        "TaxRgn": [
            {
                "TaxRegionCode": TAX_REGION,
                "Description": "Local sales tax",
                "Percent": Decimal("8.25"),
                "GLAccount": f"{SALES_TAX}|00",
            }
        ],
    }
    rows = {table: [{"Company": company.code, **row} for row in held] for table, held in named.items()}
    return {"Company": [_company(company)], **rows}


def _company(company: CompanySeed) -> dict[str, Any]:
    return {
        "Company1": company.code,
        "Name": company.name,
        "LegalName": company.name,
        "BaseCurrCode": company.currency,
        "FiscalCalendarID": FISCAL_CALENDAR,
        "CurrentFiscalYear": FISCAL_YEAR,
    }


def _bank(bank_id: str, description: str, currency: str, natural: str) -> dict[str, Any]:
    return {
        "BankAcctID": bank_id,
        "Description": description,
        "CurrencyCode": currency,
        "GLAccount": f"{natural}|00",
        "Closed": False,
    }


def _terms() -> list[dict[str, Any]]:
    plain = {"NET0": 0, "N15": 15, "N30": 30, "N60": 60}
    rows: list[dict[str, Any]] = [
        {"TermsCode": code, "Description": f"Net {days} days", "DueDays": days} for code, days in plain.items()
    ]
    discounted = {
        "TermsCode": DISCOUNT_TERMS,
        "Description": "2% 10 days, net 30",
        "DueDays": 30,
        "DiscountDays": 10,
        "DiscountPercent": Decimal(2),
    }
    return [*rows, discounted]


def _period(month: int) -> dict[str, Any]:
    last = calendar.monthrange(FISCAL_YEAR, month)[1]
    return {
        "FiscalCalendarID": FISCAL_CALENDAR,
        "FiscalYear": FISCAL_YEAR,
        "FiscalYearSuffix": "",
        "FiscalPeriod": month,
        "StartDate": date(FISCAL_YEAR, month, 1).isoformat(),
        "EndDate": date(FISCAL_YEAR, month, last).isoformat(),
    }


def _exchange_rates(base: str) -> list[dict[str, Any]]:
    return [
        {
            "RateGrpCode": RATE_GROUP,
            "SourceCurrCode": currency,
            "TargetCurrCode": base,
            "EffectiveDate": since,
            "CurrentRate": rate(currency, base, month),
        }
        for currency, target in _RATES
        if target == base
        for since, month in (("2026-01-01", 1), ("2026-11-01", 11))
    ]

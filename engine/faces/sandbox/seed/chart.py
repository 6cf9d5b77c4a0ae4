"""The chart of accounts: naturals and departments, joined by `|` in Epicor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

COA = "MAIN"
DEPARTMENTS = {"00": "Balance sheet and general", "10": "Administration", "20": "Production", "30": "Sales"}

BANK = "1010"
CLEARING = "1090"
INVENTORY = "1300"
PREPAID = "1400"
DEPOSITS = "1450"
AP_CONTROL = "2100"
AP_AIRBASE = "2105"
AP_EMPLOYEES = "2110"
SALES_TAX = "2300"
CARD_FEES = "6960"
INACTIVE = "6790"
EXPIRED = "6795"
NOT_IN_EPICOR = "6999"
NOT_BEGUN = "6797"
EXPIRED_ON, BEGINS_ON = "2026-09-30", "2026-11-15"


@dataclass(frozen=True, slots=True, kw_only=True)
class Natural:
    """One natural account; `kind` is what Airbase calls its type."""

    number: str
    name: str
    kind: str
    active: bool = True
    begins: str = "2020-01-01"
    ends: str | None = None


_NAMES = {
    "asset": (
        "1010 Operating bank|1020 Payroll bank|1090 Airbase clearing|1100 Trade receivables|"
        "1300 Inventory, raw material|1310 Inventory, work in process|1320 Inventory, finished goods|"
        "1400 Prepaid expenses|1410 Prepaid insurance|1450 Vendor deposits|1500 Machinery|1510 Tooling|"
        "1520 Vehicles|1590 Accumulated depreciation"
    ),
    "liability": (
        "2100 Accounts payable|2105 Accounts payable, Airbase|2110 Employee payables|"
        "2150 Goods received not invoiced|2200 Accrued expenses|2300 Sales tax payable|2400 Payroll liabilities"
    ),
    "equity": "3000 Share capital|3900 Retained earnings",
    "revenue": "4000 Product sales|4100 Spare parts sales|4900 Discounts allowed",
    "cost": (
        "5000 Material|5010 Shop supplies|5020 Tooling consumables|5100 Subcontract machining|"
        "5110 Heat treatment and plating|5200 Freight in|5300 Scrap and rework|5400 Calibration"
    ),
    "expense": (
        "6010 Wages|6020 Contract labour|6100 Software|6110 Cloud hosting|6120 IT equipment|"
        "6200 Office supplies|6210 Printing|6220 Postage|6300 Travel, air|6305 Travel, lodging|"
        "6310 Meals|6320 Ground transport|6330 Mileage|6400 Freight out|6410 Customs brokerage|"
        "6500 Repairs, machines|6510 Repairs, building|6520 Cleaning|6530 Waste disposal|"
        "6600 Electricity|6610 Gas and water|6620 Telephone and data|6700 Legal fees|6710 Audit and tax advice|"
        "6720 Consulting|6730 Recruiting|6740 Training|6800 Advertising|6810 Trade fairs|6900 Insurance|"
        "6910 Bank charges|6950 Dues and subscriptions|6960 Card programme fees"
    ),
}

NATURALS: tuple[Natural, ...] = (
    *(
        Natural(number=entry[:4], name=entry[5:], kind=kind)
        for kind, names in _NAMES.items()
        for entry in names.split("|")
    ),
    Natural(number=INACTIVE, name="Entertainment (closed)", kind="expense", active=False),
    Natural(number=EXPIRED, name="Project Lantern", kind="expense", ends=EXPIRED_ON),
    Natural(number=NOT_BEGUN, name="Project Meridian", kind="expense", begins=BEGINS_ON),
)
BY_NUMBER = {natural.number: natural for natural in NATURALS}

SPEND = tuple(
    natural.number
    for natural in NATURALS
    if natural.kind in {"cost", "expense"} and natural.active and natural.number not in {EXPIRED, NOT_BEGUN}
)
"""The naturals that ordinary spend is coded to."""

_CLOSED_PAIRS = frozenset({("5300", "30"), ("5400", "30"), ("6800", "20"), ("6810", "20")})
"""Combinations that exist but are inactive; no ordinary line uses them."""


def is_open(natural: str, department: str) -> bool:
    """Whether ordinary spend may be coded to this combination."""
    return natural in SPEND and department in DEPARTMENTS and (natural, department) not in _CLOSED_PAIRS


def epicor_accounts(company: str) -> list[dict[str, Any]]:
    """Every combination as a row of Epicor's GLAccount."""
    return [_account(company, natural, department) for natural in NATURALS for department in DEPARTMENTS]


def _account(company: str, natural: Natural, department: str) -> dict[str, Any]:
    description = natural.name if department == "00" else f"{natural.name} - {DEPARTMENTS[department]}"
    return {
        "Company": company,
        "COACode": COA,
        "GLAccount1": f"{natural.number}|{department}",
        "AccountDesc": description,
        "SegValue1": natural.number,
        "SegValue2": department,
        "Active": natural.active and (natural.number, department) not in _CLOSED_PAIRS,
        "EffFrom": natural.begins,
        "EffTo": natural.ends,
        "GLAcctDispGLAcctDisp": f"{natural.number}-{department}",
        "GLAcctDispGLShortAcct": f"{natural.number}-{department}",
        "GLAcctDispAccountDesc": description,
    }

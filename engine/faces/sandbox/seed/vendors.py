"""Vendors as Epicor and Airbase each know them: suppliers, employees, and those that only one side has."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from engine.faces.sandbox.seed.companies import (
    AP_CONTROL_TYPE,
    COMPANIES,
    DISCOUNT_TERMS,
    EPIC06,
    EPIC07,
    PAY_BY_ACH,
    PAY_BY_CHECK,
    TAX_REGION,
    CompanySeed,
)
from engine.faces.sandbox.seed.labels import airbase_id
from engine.faces.sandbox.seed.people import PEOPLE, firm

SUPPLIERS = 80
CANADIAN_SUPPLIERS = 20
EMPLOYEES_IN_CANADA = 4
ONLY_EPICOR = 6
NAMESAKES = 3
UNLINKED = 10

INACTIVE, ON_HOLD, TAXED, CENTRALLY_PAID, DISCOUNTED, EUROPEAN, RENAMED = range(7)
"""Positions of the suppliers that each have one peculiarity."""
_PECULIAR: dict[int, dict[str, Any]] = {
    INACTIVE: {"inactive": True},
    ON_HOLD: {"pay_hold": True},
    TAXED: {"tax_region": TAX_REGION},
    CENTRALLY_PAID: {"cpay": True},
    DISCOUNTED: {"terms": DISCOUNT_TERMS},
    EUROPEAN: {"currency": "EUR", "country": "Germany"},
    RENAMED: {"airbase_name": "Kestrelby Supplies (old name)"},
    7: {"inactive": True},
    8: {"inactive": True},
    9: {"code_1099": "NEC"},
}
_ORDINARY_FROM = len(_PECULIAR)
_TERMS = ("N30", "N30", "N60", "N15")
_EMPLOYEE_TRADE = ("6300", "6305", "6310", "6320", "6330")


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorSeed:
    """One vendor; `id` is empty for one that Epicor does not have, `in_airbase` off for the opposite."""

    company: CompanySeed
    id: str
    number: int
    name: str
    naturals: tuple[str, ...]
    airbase_name: str = ""
    currency: str = "USD"
    country: str = "USA"
    group: str = "TRADE"
    control: str = "AP"
    terms: str = "N30"
    email: str = ""
    inactive: bool = False
    pay_hold: bool = False
    tax_region: str = ""
    cpay: bool = False
    code_1099: str = ""
    in_airbase: bool = True
    linked: bool = True

    @property
    def airbase_id(self) -> str:
        """Its id in Airbase."""
        return airbase_id(f"vendor:{self.id or self.name}")

    @property
    def _reference(self) -> str:
        return self.id if self.linked else ""

    def on_entry(self) -> dict[str, Any]:
        """The vendor as a ledger entry names it."""
        born = not self._reference
        return {
            "id": self.airbase_id,
            "airbase_id": self.airbase_id,
            "name": self.airbase_name or self.name,
            "erp_reference_id": self._reference,
            "created_in_platform": born,
            "created_in_airbase": born,
        }

    def airbase_row(self) -> dict[str, Any]:
        """The vendor as Airbase lists it."""
        return {
            "id": self.airbase_id,
            "airbase_id": self.airbase_id,
            "erp_reference_id": self._reference,
            "erp_parent_reference_id": None,
            "name": self.airbase_name or self.name,
            "is_active": not self.inactive,
            "email": self.email or None,
            "subsidiary_reference_ids": [],
        }

    def epicor_row(self) -> dict[str, Any]:
        """The vendor as a row of Epicor's Vendor."""
        return {
            "Company": self.company.code,
            "VendorID": self.id,
            "VendorNum": self.number,
            "Name": self.name,
            "Inactive": self.inactive,
            "Approved": True,
            "PayHold": self.pay_hold,
            "Address1": f"{self.number} Sample Street",
            "City": "Exampleton",
            "State": "IL" if self.country == "USA" else "",
            "ZIP": f"{60000 + self.number % 900:05d}",
            "Country": self.country,
            "EMailAddress": self.email,
            "TermsCode": self.terms,
            "CurrencyCode": self.currency,
            "TaxRegionCode": self.tax_region,
            "TaxPayerID": f"00-{self.number:07d}" if self.group == "TRADE" else "",
            "Print1099": bool(self.code_1099),
            "Code1099ID": self.code_1099,
            "GroupCode": self.group,
            "PMUID": PAY_BY_CHECK if self.number % 3 == 0 else PAY_BY_ACH,
            "CPay": self.cpay,
        }

    def control_row(self) -> dict[str, Any]:
        """The vendor's GL control, as a row of Epicor's EntityGLC."""
        return {
            "Company": self.company.code,
            "RelatedToFile": "Vendor",
            "Key1": str(self.number),
            "Key2": "",
            "Key3": "",
            "Key4": "",
            "Key5": "",
            "Key6": "",
            "GLControlType": AP_CONTROL_TYPE,
            "GLControlCode": self.control,
        }


def _suppliers() -> tuple[VendorSeed, ...]:
    made = []
    for position in range(SUPPLIERS):
        name, trade = firm(position)
        plain = VendorSeed(
            company=EPIC06,
            id=f"V{100 + position:05d}",
            number=100 + position,
            name=name,
            naturals=trade.naturals,
            terms=_TERMS[position % len(_TERMS)],
            email=f"billing{position}@vendor.example.test",
        )
        only_epicor = position >= SUPPLIERS - ONLY_EPICOR
        changes: dict[str, Any] = {**_PECULIAR.get(position, {}), "in_airbase": not only_epicor}
        made.append(replace(plain, **changes))
    return tuple(made)


def _canadian_suppliers() -> tuple[VendorSeed, ...]:
    named = [firm(SUPPLIERS + position) for position in range(CANADIAN_SUPPLIERS)]
    return tuple(
        VendorSeed(
            company=EPIC07,
            id=f"C{100 + position:05d}",
            number=500 + position,
            name=name,
            naturals=trade.naturals,
            currency="CAD",
            country="Canada",
            email=f"accounts{position}@vendor.example.test",
        )
        for position, (name, trade) in enumerate(named)
    )


def _employees() -> tuple[VendorSeed, ...]:
    made = []
    for position, person in enumerate(PEOPLE):
        company = EPIC07 if position >= len(PEOPLE) - EMPLOYEES_IN_CANADA else EPIC06
        made.append(
            VendorSeed(
                company=company,
                id=f"E{position + 1:04d}",
                number=800 + position,
                name=person.name,
                naturals=_EMPLOYEE_TRADE,
                currency=company.currency,
                country="USA" if company is EPIC06 else "Canada",
                group="EMPL",
                control="AB-EMP",
                terms="NET0",
                email=person.email,
                linked=False,
            )
        )
    return tuple(made)


def _unlinked() -> tuple[VendorSeed, ...]:
    """Vendors born in Airbase; the first few have a namesake that only Epicor has."""
    twins = SUPPLIER_LIST[-ONLY_EPICOR:][:NAMESAKES]
    others = [firm(SUPPLIERS + CANADIAN_SUPPLIERS + position) for position in range(UNLINKED - NAMESAKES)]
    named = [(twin.name, twin.naturals) for twin in twins] + [(name, trade.naturals) for name, trade in others]
    return tuple(
        VendorSeed(company=EPIC06, id="", number=0, name=name, naturals=naturals, linked=False)
        for name, naturals in named
    )


SUPPLIER_LIST = _suppliers()
CANADIAN_LIST = _canadian_suppliers()
EMPLOYEE_LIST = _employees()
UNLINKED_LIST = _unlinked()

ORDINARY = {
    EPIC06.code: tuple(one for one in SUPPLIER_LIST[_ORDINARY_FROM:] if one.in_airbase),
    EPIC07.code: CANADIAN_LIST,
}
"""Suppliers without peculiarities, by company: ordinary spend uses only these."""

EMPLOYEES = {code: tuple(one for one in EMPLOYEE_LIST if one.company.code == code) for code in COMPANIES}


def in_epicor(company: str) -> tuple[VendorSeed, ...]:
    """Every vendor of a company in Epicor."""
    everyone = (*SUPPLIER_LIST, *CANADIAN_LIST, *EMPLOYEE_LIST)
    return tuple(one for one in everyone if one.company.code == company)


def in_airbase() -> tuple[VendorSeed, ...]:
    """Every vendor in Airbase."""
    everyone = (*SUPPLIER_LIST, *CANADIAN_LIST, *UNLINKED_LIST, *EMPLOYEE_LIST)
    return tuple(one for one in everyone if one.in_airbase)

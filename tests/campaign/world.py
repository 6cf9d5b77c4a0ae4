"""A small world for one schedule: records in Airbase, and what plain arithmetic says must come of each."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from typing import Any

from engine.faces.sandbox.seed import Seed, build
from engine.faces.sandbox.seed.chart import AP_AIRBASE, AP_EMPLOYEES, CLEARING
from engine.faces.sandbox.seed.companies import EPIC06, EPIC07, CompanySeed
from engine.faces.sandbox.seed.entry import Line, ledger_entry
from engine.faces.sandbox.seed.orders import WITH_RECEIPTS
from engine.faces.sandbox.seed.people import Person
from engine.faces.sandbox.seed.vendors import EMPLOYEES, ORDINARY, VendorSeed

NATURALS = ("5000", "6100", "6200", "6300", "6310", "6320")
"""Coded as they are: account and department become Epicor's account, by the shipped crosswalk."""
NEW_NATURALS = ("6610", "6730")
"""Epicor has them and Airbase does not yet: they are upserted."""
UNKNOWN_NATURAL = "8888"
DEPARTMENTS = ("10", "20", "30")
DAYS = ("2026-10-15", "2026-11-03", "2026-11-04")
SUPPLIERS = {code: tuple(one for one in vendors if one.id not in WITH_RECEIPTS) for code, vendors in ORDINARY.items()}
EMPLOYEE_GROUP = "EMPL"
ORDERS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What must come of one record: its document, line by line, or the cause for which it waits.

    `number` is the invoice number, empty for a journal. `twin` is the id of an earlier record that has
    the same number: exactly one of the two is entered.
    """

    id: str
    flow: str
    company: str
    vendor: str
    vendor_num: int
    number: str
    day: str
    lines: tuple[tuple[str, Decimal], ...]
    total: Decimal
    waits: str = ""
    twin: str = ""

    @property
    def stamp(self) -> str:
        """What the document bears."""
        return f"AB-{digits(self.id)}"

    @property
    def is_journal(self) -> bool:
        """Whether it becomes a GL journal instead of an AP invoice."""
        return self.flow == "card"

    @property
    def booked(self) -> Counter[tuple[str, Decimal]]:
        """Every line the document must have; a journal has its credit too."""
        lines = [(account, amount) for account, amount in self.lines if amount]
        return Counter([*lines, (f"{CLEARING}|00", -self.total)] if self.is_journal else lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What Airbase and Epicor hold when a schedule begins, and what must come of the records."""

    seed: Seed
    wanted: tuple[Wanted, ...]


def digits(text: str) -> str:
    """The twelve digits that a stamp is made of, worked out here once more."""
    return hashlib.sha256(text.encode()).hexdigest().upper()[:12]


def draw_world(chance: random.Random) -> World:
    """Eight to fourteen records over every flow, with the master data they need."""
    made = [_Draft(chance, number, flow) for number, flow in enumerate(_flows(chance))]
    drawn = [one.drawn() for one in made]
    bills = [one for one in made if one.flow == "bill"]
    if chance.random() < 0.4:
        drawn.append(bills[0].twin())
    if chance.random() < 0.3:
        drawn.append(_Draft(chance, len(drawn), "bill").off_by_a_cent())
    if chance.random() < 0.3:
        drawn.append(_Draft(chance, len(drawn), "card").with_an_unknown_account())
    entries = [entry for entry, _ in drawn]
    wanted = tuple(one for _, one in drawn)
    return World(seed=_seed(chance, entries, wanted), wanted=wanted)


def _flows(chance: random.Random) -> list[str]:
    certain = ["bill", "bill", "bill", "card", "card", "reimbursement", "credit"]
    more = chance.choices(["bill", "card", "reimbursement", "credit"], weights=[3, 3, 1, 1], k=chance.randint(1, 5))
    flows = [*certain, *more]
    chance.shuffle(flows)
    return flows


class _Draft:
    """One record as it is drawn."""

    def __init__(self, chance: random.Random, number: int, flow: str) -> None:
        self.flow = flow
        self.label = f"campaign {number} {chance.random()}"
        self.company: CompanySeed = EPIC07 if chance.random() < 0.2 else EPIC06
        sign = -1 if flow == "credit" or (flow == "card" and chance.random() < 0.2) else 1
        self.lines = [
            (
                chance.choice(NATURALS),
                chance.choice(DEPARTMENTS),
                sign * Decimal(chance.randint(1, 250_000)).scaleb(-2),
            )
            for _ in range(chance.choice((1, 1, 2, 3)))
        ]
        self.day = chance.choice(DAYS)
        everyone = EMPLOYEES if flow == "reimbursement" else SUPPLIERS
        self.vendor: VendorSeed = chance.choice(everyone[self.company.code][:6])
        self.number = f"N-{number}-{chance.randint(100, 999)}"

    def drawn(self, **changes: Any) -> tuple[dict[str, Any], Wanted]:
        """The entry and what must come of it."""
        entry = {**self._entry(), **changes}
        return entry, self._wanted(entry)

    def twin(self) -> tuple[dict[str, Any], Wanted]:
        """A second record of the same bill."""
        first = self._entry()["airbase_id"]
        self.label += " again"
        entry = self._entry()
        return entry, replace(self._wanted(entry), waits="same_key", twin=first)

    def off_by_a_cent(self) -> tuple[dict[str, Any], Wanted]:
        """A bill whose lines do not add up."""
        entry = self._entry()
        entry["total_amount"] = str(Decimal(entry["total_amount"]) + Decimal("0.01"))
        return entry, replace(self._wanted(entry), waits="unbalanced")

    def with_an_unknown_account(self) -> tuple[dict[str, Any], Wanted]:
        """A record with a code that no crosswalk row knows: the last row holds it."""
        self.lines[0] = (UNKNOWN_NATURAL, *self.lines[0][1:])
        entry = self._entry()
        return entry, replace(self._wanted(entry), waits="crosswalk_hold")

    def _entry(self) -> dict[str, Any]:
        card = self.flow == "card"
        employee = self.flow == "reimbursement"
        types = {"bill": "bill", "credit": "vendor_credit", "reimbursement": "reimbursement"}
        return ledger_entry(
            label=self.label,
            type=types.get(self.flow, "virtual_card_payment"),
            company=self.company,
            vendor=self.vendor.on_entry(),
            owner=Person(name=self.vendor.name, email=self.vendor.email or "someone@example.test"),
            date=f"{self.day}T{'18' if card else '00'}:00:00",
            lines=[
                Line(account=account, amount=amount, department=department)
                for account, department, amount in self.lines
            ],
            invoice_number=self.number if self.flow in ("bill", "credit") else None,
            ap_account=None if card else AP_EMPLOYEES if employee else AP_AIRBASE,
            bank_account=CLEARING if card else None,
            settled=card,
        )

    def _wanted(self, entry: Mapping[str, Any]) -> Wanted:
        numbers = {"reimbursement": f"AB-R-{digits(entry['airbase_id'])}", "card": ""}
        return Wanted(
            id=entry["airbase_id"],
            flow=self.flow,
            company=self.company.code,
            vendor=self.vendor.id,
            vendor_num=self.vendor.number,
            number=numbers.get(self.flow, self.number),
            day=self.day,
            lines=tuple((f"{account}|{department}", amount) for account, department, amount in self.lines),
            total=sum((amount for _, _, amount in self.lines), Decimal(0)),
        )


@cache
def _whole() -> Seed:
    return build()


def _seed(chance: random.Random, entries: Sequence[dict[str, Any]], wanted: Sequence[Wanted]) -> Seed:
    """The demonstration's seed, cut down to what the records need and a little to upsert."""
    whole = _whole()
    vendors = {(one.company, one.vendor) for one in wanted}
    for code, suppliers in SUPPLIERS.items():
        vendors |= {(code, one.id) for one in suppliers[-2:]}
    ids = {vendor for _, vendor in vendors}
    airbase = {**whole.airbase, "ledger_entries": list(entries)}
    airbase["vendors"] = [
        {**row, "name": f"{row['name']} (old)"} if chance.random() < 0.2 else row
        for row in whole.airbase["vendors"]
        if (row["erp_reference_id"] in ids and chance.random() < 0.9) or _on_an_entry(row, entries)
    ]
    airbase["accounts"] = [row for row in whole.airbase["accounts"] if row["erp_reference_id"] in NATURALS]
    airbase["tags"] = []
    return Seed(airbase=airbase, epicor={code: _company(whole, code, vendors) for code in whole.epicor})


def _on_an_entry(row: Mapping[str, Any], entries: Sequence[Mapping[str, Any]]) -> bool:
    return any(entry["vendor"]["airbase_id"] == row["airbase_id"] for entry in entries)


def _company(whole: Seed, code: str, vendors: set[tuple[str, str]]) -> dict[str, list[dict[str, Any]]]:
    tables = dict(whole.epicor[code])
    kept = {row["VendorNum"] for row in tables["Vendor"] if (code, row["VendorID"]) in vendors}
    tables["Vendor"] = [row for row in tables["Vendor"] if row["VendorNum"] in kept]
    tables["EntityGLC"] = [row for row in tables["EntityGLC"] if int(row["Key1"]) in kept]
    naturals = {*NATURALS, *NEW_NATURALS, CLEARING, AP_AIRBASE, AP_EMPLOYEES, "2100"}
    tables["GLAccount"] = [row for row in tables["GLAccount"] if row["SegValue1"] in naturals]
    tables["POHeader"] = tables["POHeader"][:ORDERS]
    numbers = {row["PONum"] for row in tables["POHeader"]}
    for table, name in (("PODetail", "PONUM"), ("PORel", "PONum"), ("APUninvoicedRcptLines", "PONum")):
        tables[table] = [row for row in tables[table] if row[name] in numbers]
    return tables

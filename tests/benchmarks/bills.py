"""The work of the benchmark: approved bills with three lines, and the master data they need, all by number.

Nothing is drawn by chance: bill 17 is the same in every run, so that two runs do the same work.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

COMPANY = "EPIC06"
FIRST_DAY, DAYS = date(2026, 10, 1), 61
"""Bills fall on so many days: Epicor takes the writes of one day, which go into one group, one after another."""

VENDORS = 500
VENDOR_NUM_FIRST = 1000
NATURALS = ("5000", "5010", "5020", "5100", "6100", "6110", "6200", "6210", "6300", "6500")
DEPARTMENTS = ("10", "20", "30")
LINES = 3


@dataclass(frozen=True, slots=True)
class Bill:
    """One approved bill: amounts in cents, `lines` as natural account, department and amount."""

    number: int
    id: str
    invoice_number: str
    vendor: int
    day: date
    lines: tuple[tuple[str, str, int], ...]

    @property
    def cents(self) -> int:
        """The total."""
        return sum(cents for _, _, cents in self.lines)


def bill(number: int) -> Bill:
    """The bill of that number."""
    mixed = hashlib.blake2b(number.to_bytes(8, "big"), digest_size=16).digest()
    lines = tuple(
        (
            NATURALS[mixed[line] % len(NATURALS)],
            DEPARTMENTS[mixed[3 + line] % len(DEPARTMENTS)],
            1000 + int.from_bytes(mixed[6 + line : 9 + line], "big") % 400_000,
        )
        for line in range(LINES)
    )
    hexed = mixed.hex()
    return Bill(
        number=number,
        id=f"{hexed[:8]}-{hexed[8:12]}-4{hexed[13:16]}-8{hexed[17:20]}-{number:012x}",
        invoice_number=f"INV-{number:06d}",
        vendor=int.from_bytes(mixed[12:14], "big") % VENDORS,
        day=FIRST_DAY + timedelta(days=int.from_bytes(mixed[14:16], "big") % DAYS),
        lines=lines,
    )


def number_of(bill_id: str) -> int:
    """The number of the bill with that id."""
    return int(bill_id.rpartition("-")[2], 16)


def money(cents: int) -> str:
    """An amount as JSON writes it."""
    return f"{cents // 100}.{cents % 100:02d}"


def entry_json(one: Bill, status: str) -> str:
    """The bill as Airbase's feed has it, about 2 KB."""
    total, link = money(one.cents), f"https://airbase.example.test/ledger/{one.id}"
    currency = '{"erp_reference_id":"USD","iso_code":"USD"}'
    amount = f'{{"amount":"{total}","currency":{currency}}}'
    lines = ",".join(
        f'{{"line_number":{index},"account":{{"erp_reference_id":"{natural}","name":"Account {natural}"}},'
        f'"amount":"{money(cents)}","description":"Part {index} of delivery {one.number}",'
        f'"tags":[{{"erp_reference_id":"{department}","type_label":"Department","name":"Department {department}"}}],'
        f'"amortization_start_date":null,"amortization_end_date":null}}'
        for index, (natural, department, cents) in enumerate(one.lines, 1)
    )
    return (
        f'{{"id":"{one.id}","airbase_id":"{one.id}","erp_reference_id":null,"erp_url":null,"url":"{link}",'
        f'"airbase_url":"{link}","type":"bill","status":"{status}","error_message":"",'
        f'"spend_owner":{{"name":"Ada Alderwick","email":"ada.alderwick@example.test"}},'
        f'"subsidiary":{{"erp_reference_id":"{COMPANY}","name":"Example Manufacturing"}},"credit_mode":"none",'
        f'"vendor":{{"airbase_id":"vendor-{one.vendor}","name":"{vendor_name(one.vendor)}",'
        f'"erp_reference_id":"{vendor_id(one.vendor)}"}},"employee":null,"invoice_number":"{one.invoice_number}",'
        f'"bank_account":null,"ap_account":{{"erp_reference_id":"2105","name":"Accounts payable, Airbase"}},'
        f'"applied_to":null,"receipt_link":"https://files.example.test/receipts/{one.id}",'
        f'"entry_date":"{one.day}T00:00:00","payment_entry_date":null,"updated_at":"{one.day}T08:00:00Z",'
        f'"currency":{currency},"total_amount":"{total}","transaction_tags":[],"notes":"Delivery {one.number}",'
        f'"is_amortized":false,"amortization_account":null,"amortization_start_date":null,'
        f'"amortization_end_date":null,"expense_list":[{lines}],'
        f'"amounts":{{"amount":{amount},"transaction_amount":{amount},"settlement_amount":null,'
        f'"subsidiary_amount":{amount}}}}}'
    )


def vendor_id(number: int) -> str:
    """A vendor's id in Epicor."""
    return f"V{number:05d}"


def vendor_name(number: int) -> str:
    """A vendor's name."""
    return f"Supplier {number:05d} Incorporated"


@cache
def accounts() -> tuple[str, ...]:
    """Every GL account a line can be coded to."""
    return tuple(f"{natural}|{department}" for natural in NATURALS for department in DEPARTMENTS)

"""Odd reimbursements and card transactions."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from engine.faces.sandbox.seed.chart import AP_AIRBASE, AP_EMPLOYEES, BANK, CLEARING
from engine.faces.sandbox.seed.companies import EPIC06
from engine.faces.sandbox.seed.entry import Line, applied, ledger_entry
from engine.faces.sandbox.seed.labels import airbase_id
from engine.faces.sandbox.seed.odd import ENTERED, HELD, UNCLAIMED, OddRecord, odd_label
from engine.faces.sandbox.seed.people import PEOPLE, Person
from engine.faces.sandbox.seed.spend import PHYSICAL, VIRTUAL
from engine.faces.sandbox.seed.vendors import EMPLOYEES, ORDINARY

_VENDOR = ORDINARY[EPIC06.code][30]
_EMPLOYEE = EMPLOYEES[EPIC06.code][0]
_LINE = Line(account="6300", amount=Decimal("48.2"), department="30")


def _odd(name: str, state: str, reason: str, **more: Any) -> OddRecord:
    entry = ledger_entry(
        **{
            "label": odd_label(name),
            "type": VIRTUAL,
            "company": EPIC06,
            "vendor": _VENDOR.on_entry(),
            "owner": PEOPLE[1],
            "date": "2026-10-16T17:05:44.120031",
            "lines": [_LINE],
            "bank_account": CLEARING,
            "settled": True,
            **more,
        }
    )
    return OddRecord(name=name, state=state, reason=reason, entry=entry)


def _cards() -> list[OddRecord]:
    paid_bill = {
        "lines": [Line(account="6200", amount=Decimal("640"), department="10")],
        "date": "2026-10-12T00:00:00",
    }
    other_side = {"type": "bill", "bank_account": None, "settled": False, "ap_account": AP_AIRBASE}
    return [
        _odd("card_pending", HELD, "not settled", settled=False),
        _odd("card_pending_physical", HELD, "not settled", type=PHYSICAL, settled=False),
        _odd("card_wrong_bank", HELD, "not a clearing account", bank_account=BANK),
        _odd(
            "card_refund", ENTERED, "a refund", lines=[Line(account="6300", amount=Decimal("-48.2"), department="30")]
        ),
        _odd("card_off_by_a_cent", HELD, "does not balance", total=Decimal("48.21")),
        _odd("card_reversal", UNCLAIMED, "a type nobody has seen", type="card_chargeback"),
        _odd("card_no_vendor", ENTERED, "a merchant without a vendor", vendor=None),
        _odd("bill_by_card", ENTERED, "a bill paid by card", invoice_number="ODD-BY-CARD", **paid_bill, **other_side),
        _odd("card_like_bill", HELD, "vendor and amount of a bill of ours, and no word that it paid it", **paid_bill),
        _odd("card_in_euro", HELD, "settled in another currency than the books'", currency="EUR"),
        _odd(
            "card_for_bill",
            HELD,
            "the payment of a bill, not an expense",
            applied_to=[applied(odd_label("bill_by_card"), "bill")],
            **paid_bill,
        ),
    ]


def _reimbursements() -> list[OddRecord]:
    stranger = Person(name="Zed Unlisted", email="zed.unlisted@example.test")
    stranger_id = airbase_id("vendor:Zed Unlisted")
    of_stranger = {**_EMPLOYEE.on_entry(), "id": stranger_id, "airbase_id": stranger_id, "name": stranger.name}
    of_employee: dict[str, Any] = {
        "type": "reimbursement",
        "bank_account": None,
        "settled": False,
        "ap_account": AP_EMPLOYEES,
        "vendor": _EMPLOYEE.on_entry(),
        "owner": Person(name=_EMPLOYEE.name, email=_EMPLOYEE.email),
        "date": "2026-10-16T00:00:00",
        "payment_entry_date": "2026-10-16T00:00:00",
    }
    return [
        _odd(
            "unknown_employee",
            HELD,
            "the employee is no vendor in Epicor",
            **{**of_employee, "vendor": of_stranger, "owner": stranger},
        ),
        _odd("reimbursement_off_by_a_cent", HELD, "does not balance", total=Decimal("48.19"), **of_employee),
        _odd(
            "employee_in_capitals",
            ENTERED,
            "the address is written in another case",
            **{**of_employee, "owner": Person(name=_EMPLOYEE.name, email=_EMPLOYEE.email.upper())},
        ),
    ]


def odd_spend() -> tuple[OddRecord, ...]:
    """Every odd reimbursement and card transaction, in a fixed order."""
    return (*_cards(), *_reimbursements())

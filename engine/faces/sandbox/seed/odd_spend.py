"""Odd reimbursements and card transactions."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from engine.faces.sandbox.seed.chart import AP_AIRBASE, AP_CONTROL, AP_EMPLOYEES, BANK, CLEARING, EXPIRED, PREPAID
from engine.faces.sandbox.seed.companies import EPIC06, EPIC07
from engine.faces.sandbox.seed.entry import Line, applied, entity_tag, ledger_entry
from engine.faces.sandbox.seed.labels import airbase_id
from engine.faces.sandbox.seed.odd import ENTERED, HELD, UNCLAIMED, OddRecord, odd_label
from engine.faces.sandbox.seed.orders import REFERABLE
from engine.faces.sandbox.seed.people import PEOPLE, Person
from engine.faces.sandbox.seed.spend import PHYSICAL, VIRTUAL
from engine.faces.sandbox.seed.vendors import CANADIAN_LIST, EMPLOYEES, ORDINARY

_VENDOR = ORDINARY[EPIC06.code][30]
_BILLED = tuple(one for one in ORDINARY[EPIC06.code] if one.id not in REFERABLE)[43]
_EMPLOYEE = EMPLOYEES[EPIC06.code][0]
_YEAR = ("2026-11-01T00:00:00", "2027-10-31T00:00:00")
_LINE = Line(account="6300", amount=Decimal("48.2"), department="30")


def _odd(name: str, state: str, reason: str, *, change: dict[str, Any] | None = None, **more: Any) -> OddRecord:
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
    return OddRecord(name=name, state=state, reason=reason, entry={**entry, **(change or {})})


def _of(account: str = "6300", amount: str = "48.2", department: str = "30") -> list[Line]:
    return [Line(account=account, amount=Decimal(amount), department=department)]


def _cards() -> list[OddRecord]:
    paid_bill: dict[str, Any] = {
        "lines": [Line(account="6200", amount=Decimal("640"), department="10")],
        "date": "2026-10-12T00:00:00",
    }
    other_side: dict[str, Any] = {"type": "bill", "bank_account": None, "settled": False, "ap_account": AP_AIRBASE}
    elsewhere = {**_LINE.shown(1), "tags": [entity_tag(EPIC07)]}
    in_euro = {"amount": "48.2", "currency": {"erp_reference_id": "EUR", "iso_code": "EUR"}}
    in_dollars = {"amount": "52.6", "currency": {"erp_reference_id": "USD", "iso_code": "USD"}}
    settled = {"settlement_amount": in_dollars, "subsidiary_amount": in_dollars}
    before_bill: dict[str, Any] = {"vendor": _BILLED.on_entry(), "date": "2026-10-13T15:20:11"}
    canadian: dict[str, Any] = {"company": EPIC07, "vendor": CANADIAN_LIST[1].on_entry()}
    return [
        _odd("card_of_nothing", HELD, "a charge over nothing", lines=_of(amount="0")),
        _odd(
            "card_spent_in_euro",
            HELD,
            "spent in EUR, settled in USD",
            currency="EUR",
            change={"amounts": {"amount": in_euro, "transaction_amount": in_euro, **settled}},
        ),
        _odd("card_amortised", HELD, "a charge with a schedule", amortization=(PREPAID, *_YEAR)),
        _odd("card_other_entity", HELD, "a line of another company", change={"expense_list": [elsewhere]}),
        _odd("card_guarded_account", HELD, "a control account", lines=_of(AP_CONTROL, department="00")),
        _odd("card_expired_account", HELD, "the account ended in September", lines=_of(EXPIRED)),
        _odd("card_above_the_limit", HELD, "a second person approves", lines=_of(amount="80000"), **canadian),
        _odd("card_before_bill", ENTERED, "its bill comes later", lines=_of("6200", "512.34"), **before_bill),
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
    elsewhere = {"expense_list": [{**_LINE.shown(1), "tags": [entity_tag(EPIC07)]}]}
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
        _odd("employee_pays_back", HELD, "below zero", **{**of_employee, "lines": _of("6320", "-47.25", "10")}),
        _odd("report_other_entity", HELD, "a line of another company", change=elsewhere, **of_employee),
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

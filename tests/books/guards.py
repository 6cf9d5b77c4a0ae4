"""Every guard of the books: the odd record that trips it, how it is held, and the next step that frees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from engine.faces.sandbox.seed.vendors import ORDINARY

Act = Literal["", "dismiss", "not a duplicate", "employee", "link", "vendor", "earliest day"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """How one odd record is held, and what is done about it: at the source (`change`), or by an act of a person."""

    cause: str
    says: str
    change: Mapping[str, Any] = field(default_factory=dict)
    act: Act = ""

    @property
    def ends(self) -> str:
        """Where the record stands after the next step."""
        return "dismissed" if self.act == "dismiss" else "entered"


def _held(cause: str, says: str, change: Mapping[str, Any]) -> Guard:
    """Freed by a change at the source: values by their dotted paths."""
    return Guard(cause=cause, says=says, change=change)


def _acted(cause: str, says: str, act: Act) -> Guard:
    return Guard(cause=cause, says=says, act=act)


def _coded(account: str) -> dict[str, str]:
    return {"erp_reference_id": account, "name": "recoded"}


_DEPARTMENT = [{"type_label": "Department", "erp_reference_id": "10", "name": "Administration"}]
_OFFICE = _coded("6200")
_CHECK, _NO_ROW, _ROW_HOLDS, _UNBALANCED = "check_failed", "crosswalk_no_row", "crosswalk_hold", "unbalanced"
_USD = {"erp_reference_id": "USD", "iso_code": "USD"}
_NOT_VALID = "which is not valid in Epicor on 2026-10"

GUARDS: dict[str, Guard] = {
    # 1.2 and 1.3: cards
    "card_for_bill": _acted(_CHECK, "would book the expense twice", "dismiss"),
    "card_like_bill": _acted(
        "possible_duplicate", "/ODD-BY-CARD (2026-10-12), an invoice of this", "not a duplicate"
    ),
    "card_pending": _held(
        _CHECK, "is not settled", {"amounts.settlement_amount": {"amount": "48.2", "currency": _USD}}
    ),
    "card_pending_physical": _held(
        _CHECK, "is not settled", {"amounts.settlement_amount": {"amount": "48.2", "currency": _USD}}
    ),
    "card_wrong_bank": _held(_NO_ROW, "no row of clearing-accounts", {"bank_account": _coded("1090")}),
    "card_in_euro": _held(
        _CHECK,
        "not the currency of company EPIC06",
        {"currency.iso_code": "USD", "amounts.settlement_amount.currency.iso_code": "USD"},
    ),
    "card_spent_in_euro": _acted(_CHECK, "spent in EUR and settled in USD", "dismiss"),
    "card_off_by_a_cent": _held(_UNBALANCED, "out by 0.01", {"amounts.settlement_amount.amount": "48.2"}),
    "card_of_nothing": _acted(_CHECK, "a card charge of zero books nothing", "dismiss"),
    "card_amortised": _held(
        _CHECK,
        "take the schedule off in Airbase",
        {"amortization_account": None, "amortization_start_date": None, "amortization_end_date": None},
    ),
    "card_other_entity": _held(_CHECK, "belongs to another company", {"expense_list.0.tags": _DEPARTMENT}),
    "card_guarded_account": _held(_ROW_HOLDS, "a control account", {"expense_list.0.account": _OFFICE}),
    "card_expired_account": _held(_CHECK, f"account 6795|30, {_NOT_VALID}-16", {"expense_list.0.account": _OFFICE}),
    "card_above_the_limit": _acted(_CHECK, "above the approval_limit of company EPIC07", "dismiss"),
    # 1.5: reimbursements
    "unknown_employee": _acted(_NO_ROW, "no row of employees", "employee"),
    "employee_pays_back": _acted(_CHECK, "not above zero", "dismiss"),
    "report_other_entity": _held(_CHECK, "belongs to another company", {"expense_list.0.tags": _DEPARTMENT}),
    "reimbursement_off_by_a_cent": _held(_UNBALANCED, "out by 0.01", {"total_amount": "48.2"}),
    # 1.6: amortised
    "amortised_line": _held(_CHECK, "no prepaid account", {"expense_list.0.amortization_start_date": None}),
    "amortised_in_epicor": _acted(_CHECK, "with its amortisation code, then dismiss it here", "dismiss"),
    # 1.7: purchase orders and receipts
    "received_order": _acted(_ROW_HOLDS, "needs receipt matching in Epicor", "dismiss"),
    "receipts_waiting": _acted(_CHECK, "has receipts that are not invoiced", "dismiss"),
    "closed_order": _held(_CHECK, "is closed or void in Epicor", {"expense_list.0.tags": _DEPARTMENT}),
    "order_of_another": _held(_CHECK, "is another vendor's in Epicor", {"expense_list.0.tags": _DEPARTMENT}),
    "order_in_dollars": _held(_CHECK, "in another currency than the bill", {"currency": _USD}),
    "unknown_order": _held(_CHECK, "49999 is not in Epicor company EPIC06", {"expense_list.0.tags": _DEPARTMENT}),
    "two_orders": _held(_CHECK, "name several purchase orders", {"expense_list.1.tags": _DEPARTMENT}),
    # 1.8: credits and deposits
    "negative_bill": _held(_CHECK, "not above zero", {"total_amount": "75", "expense_list.0.amount": "75"}),
    "zero_total": _held(_CHECK, "not above zero", {"total_amount": "9", "expense_list.0.amount": "9"}),
    "positive_credit": _held(_CHECK, "sign of this credit", {"total_amount": "-60", "expense_list.0.amount": "-60"}),
    "credit_over_nothing": _acted(_CHECK, "a credit of zero books nothing", "dismiss"),
    "deposit": _held(_ROW_HOLDS, "whether it is a prepayment", {"expense_list.0.account": _OFFICE}),
    # 1.9: dates
    "period_not_open": _held("period_closed", "is not open in EPIC06", {"entry_date": "2026-11-15T00:00:00"}),
    "before_earliest_apply_date": _acted("not_prepared", "before the Earliest Apply Date 2026-10-02", "earliest day"),
    # 1.10: currency
    "wrong_currency": _held(_CHECK, "is kept in USD", {"currency": _USD}),
    # 1.13: accounts
    "other_ap_account": _held(_CHECK, "books it to AP account 2100", {"ap_account": _coded("2105")}),
    "guarded_account": _held(_ROW_HOLDS, "belongs to its sub-ledger", {"expense_list.0.account": _OFFICE}),
    "unknown_account": _held(_ROW_HOLDS, "account '6999'", {"expense_list.0.account": _OFFICE}),
    "inactive_account": _held(_CHECK, f"account 6790|10, {_NOT_VALID}-15", {"expense_list.0.account": _OFFICE}),
    "expired_account": _held(_CHECK, f"account 6795|10, {_NOT_VALID}-15", {"expense_list.0.account": _OFFICE}),
    "account_not_begun": _held(_CHECK, f"account 6797|10, {_NOT_VALID}-15", {"entry_date": "2026-11-20T00:00:00"}),
    "closed_combination": _held(_CHECK, f"account 6800|20, {_NOT_VALID}-15", {"expense_list.0.tags": _DEPARTMENT}),
    "unknown_department": _held(_CHECK, f"account 6200|77, {_NOT_VALID}-15", {"expense_list.0.tags": _DEPARTMENT}),
    "above_the_limit": _acted(_CHECK, "above the approval_limit of company EPIC07", "dismiss"),
    # 1.14: vendors, numbers and duplicates
    "inactive_vendor": _acted(_CHECK, "is inactive in Epicor", "vendor"),
    "unlinked_vendor": _acted(_CHECK, "is not linked to Epicor: create it there", "link"),
    "namesake": _acted(_CHECK, "is not linked to Epicor: create it there", "link"),
    "other_company_s_vendor": _held(
        _CHECK, "is not in Epicor company EPIC06", {"vendor": ORDINARY["EPIC06"][50].on_entry()}
    ),
    "sixty_characters": _held("value_wrong", "60 characters, at most 50", {"invoice_number": "L-60"}),
    "no_number": _held("value_missing", "invoice_number is missing", {"invoice_number": "N-1"}),
    "empty_number": _held("value_missing", "invoice_number is missing", {"invoice_number": "N-2"}),
    "twice_2": _held("same_key", "has the same dedupe key", {"invoice_number": "TWICE-2"}),
    "case_2": _held("same_key", "has the same dedupe key", {"invoice_number": "CASE-101"}),
    "other_vendor_2": _acted("possible_duplicate", "under another vendor", "not a duplicate"),
    "other_company_2": _acted("possible_duplicate", "in another company", "not a duplicate"),
    # 1.15: companies
    "other_entity": _held(_CHECK, "belongs to another company", {"expense_list.0.tags": _DEPARTMENT}),
    "unknown_subsidiary": _held(_NO_ROW, "EPIC99", {"subsidiary.erp_reference_id": "EPIC06"}),
    # 1.17: amounts
    "off_by_a_cent": _held(_UNBALANCED, "out by 0.01", {"total_amount": "125.5"}),
    "three_decimals": _held(
        "value_wrong", "more than 2 decimals", {"total_amount": "10.01", "expense_list.0.amount": "10.01"}
    ),
}

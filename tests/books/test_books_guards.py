"""Each guard has a record in the sandbox that trips it: held in plain words, and freed by the next step it names."""

from __future__ import annotations

from typing import Any

import pytest

from engine.domain.causes import CAUSES
from engine.faces.sandbox.seed import ODD
from tests.acts.desk import Desk
from tests.books.conftest import MakeDesk

GUARDS = {
    "card_for_bill": ("check_failed", "would book the expense twice"),
    "card_like_bill": ("check_failed", "invoice ODD-BY-CARD of this vendor in Epicor has the same amount"),
    "card_pending": ("check_failed", "is not settled"),
    "card_wrong_bank": ("crosswalk_no_row", "clearing-accounts"),
    "card_in_euro": ("check_failed", "not the currency of company EPIC06"),
    "card_off_by_a_cent": ("unbalanced", "out by 0.01"),
    "unknown_employee": ("crosswalk_no_row", "employees"),
    "amortised_line": ("check_failed", "no prepaid account"),
    "received_order": ("crosswalk_hold", "needs receipt matching in Epicor"),
    "negative_bill": ("check_failed", "not above zero"),
    "positive_credit": ("check_failed", "the sign of this credit"),
    "deposit": ("crosswalk_hold", "a prepayment"),
    "wrong_currency": ("check_failed", "is kept in USD"),
    "period_not_open": ("period_closed", "is not open"),
    "other_ap_account": ("check_failed", "Airbase books it to AP account 2100"),
    "expired_account": ("crosswalk_hold", "account '6795'"),
    "inactive_account": ("crosswalk_hold", "account '6790'"),
    "inactive_vendor": ("check_failed", "inactive"),
    "unlinked_vendor": ("check_failed", "is not linked to Epicor"),
    "sixty_characters": ("value_wrong", "50"),
    "other_entity": ("check_failed", "a line belongs to another company"),
    "unknown_subsidiary": ("crosswalk_no_row", "EPIC99"),
    "twice_2": ("same_key", "has the same dedupe key"),
}
NEXT_STEP: dict[str, dict[str, Any]] = {
    "card_in_euro": {"currency.iso_code": "USD", "amounts.settlement_amount.currency.iso_code": "USD"},
    "amortised_line": {"expense_list.0.amortization_start_date": None},
    "other_ap_account": {"ap_account.erp_reference_id": "2105"},
    "expired_account": {"expense_list.0.account.erp_reference_id": "6200"},
    "other_entity": {"expense_list.0.tags": [{"type_label": "Department", "erp_reference_id": "10", "name": "x"}]},
    "negative_bill": {"total_amount": "75", "expense_list.0.amount": "75"},
    "period_not_open": {"entry_date": "2026-11-15T00:00:00"},
    "deposit": {"expense_list.0.account.erp_reference_id": "6200"},
    "sixty_characters": {"invoice_number": "L-60"},
    "card_off_by_a_cent": {"amounts.settlement_amount.amount": "48.2"},
}


def test_every_odd_record_stands_where_it_should(whole: Desk) -> None:
    rows = {row.key.source_id: row for row in whole.house.rows()}
    wrong = {
        name: (record.state, row.state.value, row.reason)
        for name, record in ODD.items()
        if (row := rows.get(record.airbase_id)) is not None and row.state != record.state
    }
    assert wrong == {}


@pytest.mark.parametrize("name", GUARDS)
def test_a_guard_holds_with_the_reason_a_finance_person_understands(whole: Desk, name: str) -> None:
    cause, words = GUARDS[name]
    row = whole.house.row(ODD[name].airbase_id)
    assert (row.state, row.cause) == ("held", cause), row.reason
    assert words in row.reason
    assert CAUSES[cause].advice


@pytest.mark.parametrize("name", NEXT_STEP)
def test_the_next_step_frees_it(make_desk: MakeDesk, name: str) -> None:
    entry = dict(ODD[name].entry)
    desk = make_desk(entry)
    desk.house.run_all()
    row = desk.house.row(entry)
    assert row.state == "held"
    for path, value in NEXT_STEP[name].items():
        _put(entry, path, value)
    desk.house.sandbox.airbase.books.load("ledger_entries", [entry])
    assert row.mapping is not None
    desk.types("run", row.mapping)
    assert desk.house.row(entry).state == "entered", desk.house.row(entry).reason


def _put(entry: dict[str, Any], path: str, value: Any) -> None:
    *within, last = path.split(".")
    here: Any = entry
    for key in within:
        inner = here[int(key)] if isinstance(here, list) else here[key]
        inner = dict(inner) if isinstance(inner, dict) else list(inner)
        here[int(key) if isinstance(here, list) else key] = inner
        here = inner
    here[last] = value

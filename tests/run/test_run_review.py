"""What a hostile reader of the run came upon: each of these once lost a record, or stopped everything."""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.faces.sandbox.exchange import SandboxRequest, SandboxResponse
from engine.faces.sandbox.faults import Fault, FaultKind
from engine.faces.sandbox.seed import Seed
from engine.faces.sandbox.seed.companies import EPIC07
from engine.faces.sandbox.seed.vendors import CANADIAN_LIST
from engine.run.dismissing import dismiss
from engine.run.sweeping import sweep
from engine.words.errors import InputError
from engine.words.json_value import decode, encode
from tests.run.conftest import MakeHouse
from tests.run.house import FEED, VENDORS, House, bill, open_house, seed_of

OTHER = CANADIAN_LIST[0]
DOLLARS = {"erp_reference_id": "USD", "iso_code": "USD"}
SAVE = "/{}/Erp.BO.APInvoiceSvc/UpdateMaster"


def one_number_in_both(*entries: dict[str, Any]) -> Seed:
    """A seed whose second company gives a vendor the number that the first gives one of its own, as Epicor does."""
    seed = copy.deepcopy(seed_of(*entries))
    for vendor in seed.epicor["EPIC07"]["Vendor"]:
        if vendor["VendorNum"] == OTHER.number:
            vendor |= {"VendorNum": VENDORS[0].number, "CurrencyCode": "USD"}
    return seed


def test_a_bill_of_another_company_with_the_same_key_is_another_document(tmp_path: Path) -> None:
    here = bill("B-1")
    there = bill("B-1", "61.00", label="there", vendor=OTHER, company=EPIC07, currency=DOLLARS)
    house = open_house(tmp_path / "house", seed=one_number_in_both(here, there))
    try:
        for company, kind in (
            ("EPIC06", FaultKind.NO_ANSWER_AFTER_COMMIT),
            ("EPIC07", FaultKind.NO_ANSWER_BEFORE_COMMIT),
        ):
            house.sandbox.faults.add(Fault(kind=kind, system="epicor", path=SAVE.format(company), times=1))

        house.run("bills")

        assert list(house.invoices("EPIC06")) == ["B-1"]
        assert list(house.invoices("EPIC07")) == ["B-1"]
        assert [house.row(entry).reference for entry in (here, there)] == ["EPIC06/V00111/B-1", "EPIC07/C00100/B-1"]
    finally:
        house.sandbox.stop()


def without_tables(house: House, number: str) -> None:
    """Epicor gives one invoice without its distributions and their accounts, as one without lines has none."""
    respond = house.sandbox.epicor.respond

    def changed(request: SandboxRequest) -> SandboxResponse:
        answer = respond(request)
        if number.encode() not in answer.body:
            return answer
        body = decode(answer.body)
        if "APInvoiceSvc/GetByID" in request.path:
            return replace(answer, body=encode({**body, "returnObj": without_expenses(body["returnObj"])}))
        if "APInvoiceSvc/APInvoices" in request.path:
            return replace(answer, body=encode({**body, "value": [without_expenses(row) for row in body["value"]]}))
        return answer

    house.sandbox.epicor.respond = changed  # type: ignore[method-assign]


def without_expenses(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if not name.startswith("APInvExp")}


def test_an_invoice_without_lines_under_our_key_holds_that_bill_alone(make_house: MakeHouse) -> None:
    odd, sound = bill("ODD-1"), bill("B-2", "75.00")
    house = make_house(odd, sound)
    lines = (("6200|10", Decimal("60.00")),)
    house.sandbox.clerk.key_invoice("EPIC06", VENDORS[0].number, "ODD-1", on=date(2026, 11, 3), lines=lines)
    without_tables(house, "ODD-1")
    house.run("bills")
    row = house.row(odd)
    assert (row.state, row.cause) == ("held", "number_taken")
    assert "asked 60.00 debit on 6200|10, not kept" in row.reason
    assert house.row(sound).state == "entered"


def test_an_invoice_that_is_read_back_without_accounts_is_entered_and_differs(make_house: MakeHouse) -> None:
    entry = bill("ODD-1")
    house = make_house(entry)
    without_tables(house, "ODD-1")
    house.run("bills")
    row = house.row(entry)
    assert (row.state, row.cause) == ("entered", "differs")
    assert "asked 60.00 debit on 6200|10, not kept" in row.reason


def test_an_invoice_that_vanished_before_it_was_told_is_not_told_as_entered(make_house: MakeHouse) -> None:
    entry = bill("B-1")
    house = make_house(entry)
    house.sandbox.faults.add(Fault(kind=FaultKind.STATUS, system="airbase", method="PATCH", status=503))
    house.run("bills")
    house.sandbox.clerk.delete_invoice("EPIC06", VENDORS[0].number, "B-1")
    with house.setup() as setup:
        sweep(setup, setup.specs)
    house.sandbox.faults.clear()
    house.run("bills")
    assert (house.row(entry).state, house.row(entry).cause) == ("entered", "vanished")
    assert house.entry(entry)["status"] == "sync_ready"


def test_a_bill_that_is_dismissed_while_it_is_prepared_stays_dismissed(make_house: MakeHouse) -> None:
    entry = bill("B-1")
    house = make_house(entry)
    respond = house.sandbox.epicor.respond

    def dismissing(request: SandboxRequest) -> SandboxResponse:
        row = house.row(entry)
        if "APInvGrpSvc" in request.path and row.state == "ready":
            with house.setup() as setup:
                dismiss(setup, [row], reason="paid by hand", reference="T-1")
        return respond(request)

    house.sandbox.epicor.respond = dismissing  # type: ignore[method-assign]
    house.sandbox.faults.add(Fault(kind=FaultKind.STATUS, system="epicor", path="GetNewAPInvHed", status=400))
    house.run("bills")
    assert (house.row(entry).state, house.invoices()) == ("dismissed", {})


def test_mappings_of_one_feed_that_read_different_parts_of_it_are_refused(make_house: MakeHouse) -> None:
    """Else each would withdraw what the other has waiting."""
    house = make_house(bill("B-1"))
    endpoint = f"  endpoint: {FEED}\n"
    house.edit("mappings/bills.yaml", endpoint, f"{endpoint}  params: {{status: sync_ready}}\n")
    with pytest.raises(InputError) as refused:
        house.run("bills")
    assert {problem.code for problem in refused.value.problems} == {"E508"}
    assert "params" in refused.value.problems[0].hint


@pytest.mark.parametrize("date", ["0001-01-01T01:00:00", "9999-12-31T23:00:00-12:00"])
def test_a_date_at_the_end_of_the_calendar_holds_that_bill_alone(make_house: MakeHouse, date: str) -> None:
    odd, sound = bill("B-1"), bill("B-2", "75.00")
    house = make_house({**odd, "entry_date": date}, sound)
    house.run("bills")
    assert (house.row(odd).state, house.row(odd).cause) == ("held", "value_wrong")
    assert house.row(sound).state == "entered"


@pytest.mark.parametrize(
    ("number", "named"),
    [("INV-1\u200b7", "U+200B, zero width space"), ("INV\x1b[31m-17", "U+001B, a sign without a name")],
)
def test_a_number_with_a_sign_that_nobody_sees_holds_that_bill_alone(
    make_house: MakeHouse, number: str, named: str
) -> None:
    """In Epicor nobody would find it by what stands on the paper."""
    odd, sound = bill(number, label="odd"), bill("B-2", "75.00")
    house = make_house(odd, sound)
    house.run("bills")
    row = house.row(odd)
    assert (row.state, row.cause) == ("held", "value_wrong")
    assert named in row.reason
    assert "\\" in row.reason, "it is shown by its code, so that it is seen"
    assert house.row(sound).state == "entered"


@pytest.mark.parametrize("number", ["FÆ-17/é", "請求\u300017", "\u0641\u0627-17", "\u0915\u094d\u200d\u0937-17"])
def test_a_number_in_any_script_is_entered(make_house: MakeHouse, number: str) -> None:
    house = make_house(bill(number, label="script"))
    house.run("bills")
    assert house.states("bills") == {number: "entered"}


def test_records_of_a_mapping_that_is_gone_are_told(make_house: MakeHouse) -> None:
    house = make_house(bill("B-1"))
    house.run("vendors")
    house.run("bills")
    mappings = house.folder / "mappings"
    text = (mappings / "bills.yaml").read_text(encoding="utf-8").replace("name: bills\n", "name: ap-bills\n", 1)
    (mappings / "bills.yaml").unlink()
    (mappings / "ap-bills.yaml").write_text(text, encoding="utf-8")
    (mappings / "credits.yaml").unlink()
    house.edit("mappings/card-transactions.yaml", "after: [bills]", "after: [ap-bills]")
    warnings = house.run("ap-bills").warnings
    assert [one for one in warnings if "1 records were sent by a mapping 'bills'" in one]

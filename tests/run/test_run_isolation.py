"""One bad look-up, page or mapping costs only itself."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from engine.faces.commands.root import root
from engine.faces.sandbox.exchange import SandboxRequest, SandboxResponse
from engine.faces.sandbox.faults import Fault, FaultKind
from engine.run.sweeping import sweep
from engine.words.errors import Unreachable
from engine.words.json_value import decode
from tests.run.conftest import MakeHouse
from tests.run.house import VENDORS, House, bill, bills


def spoiled(house: House, system: str, word: str, status: int = 500) -> None:
    """Let one system answer every question with this word in it with an error, whatever else it asks."""
    target = house.sandbox.epicor if system == "epicor" else house.sandbox.airbase
    respond = target.respond

    def answered(request: SandboxRequest) -> SandboxResponse:
        if word in f"{request.path} {request.query}":
            return SandboxResponse.json(status, {"HttpStatus": status, "ErrorMessage": "cannot show that one"})
        return respond(request)

    target.respond = answered  # type: ignore[method-assign]


@pytest.mark.parametrize("word", [VENDORS[3].id, "B-5'"], ids=["of its vendor", "of its document"])
def test_a_look_up_without_an_answer_holds_that_bill_alone(make_house: MakeHouse, word: str) -> None:
    entries = [bill(f"B-{number}", vendor=VENDORS[number % 4], label=str(number)) for number in range(1, 12)]
    bad = {f"B-{number}" for number in (3, 7, 11)} if word == VENDORS[3].id else {"B-5"}
    house = make_house(*entries)
    respond = house.sandbox.epicor.respond
    spoiled(house, "epicor", word)

    assert {one.facts.label or "?" for one in house.plan("bills") if one.put is not None} <= {*bad, "?"}
    result = house.run("bills")

    held = [row for row in house.rows(mapping="bills") if row.state == "held"]
    assert {row.cause for row in held} == {"lookup_failed"}
    assert len(held) == len(bad) == result.needs_person
    assert "cannot show that one" in held[0].reason
    assert set(house.invoices()) == {entry["invoice_number"] for entry in entries} - bad
    house.sandbox.epicor.respond = respond  # type: ignore[method-assign]
    house.run("bills")
    assert set(house.states("bills").values()) == {"entered"}


def test_a_system_that_answers_nobody_decides_nothing(make_house: MakeHouse) -> None:
    house = make_house(*bills(12))
    spoiled(house, "epicor", "VendorSvc")
    with pytest.raises(Unreachable, match="cannot show that one"):
        house.run("bills")
    assert {row.state for row in house.rows()} == {"seen"}
    assert len(house.wire.requests) < 120


def test_a_company_whose_feed_breaks_off_costs_no_other_company(make_house: MakeHouse) -> None:
    house = make_house()
    spoiled(house, "epicor", "/EPIC07/Erp.BO.VendorSvc")

    result = house.run("vendors")

    assert list(result.unread) == ["EPIC07 Erp.BO.VendorSvc/Vendors"]
    assert "cannot show that one" in result.unread["EPIC07 Erp.BO.VendorSvc/Vendors"]
    assert result.sent
    assert {row.company for row in house.rows(mapping="vendors")} == {"EPIC06"}


def test_a_mapping_that_cannot_be_run_costs_no_other_mapping(make_house: MakeHouse) -> None:
    house = make_house()
    spoiled(house, "epicor", "Erp.BO.POSvc")

    told = CliRunner().invoke(root, ["run", "purchase-orders", "vendors", "-w", str(house.folder)])

    assert told.exit_code == 3
    assert "Error: 1 mapping could not be run to the end. purchase-orders: epicor: GET" in told.stderr
    assert house.rows(mapping="purchase-orders") == ()
    assert "vendors: read" in told.stdout
    assert {row.state for row in house.rows(mapping="vendors")} >= {"entered"}


def test_one_in_doubt_that_cannot_be_looked_up_stays_so_and_stops_nobody(make_house: MakeHouse) -> None:
    entries = bills(3)
    house = make_house(*entries)
    house.sandbox.faults.add(
        Fault(kind=FaultKind.NO_ANSWER_AFTER_COMMIT, system="epicor", path="UpdateMaster", body='"B-2"')
    )
    respond = house.sandbox.epicor.respond
    house.run("bills", limit=2, wait=False)
    spoiled(house, "epicor", "InvoiceNum eq 'B-2'")
    house.run("bills")

    row = house.row(entries[1])
    assert (row.state, row.cause) == ("in_doubt", "no_answer")
    assert "it cannot be looked up: epicor: GET" in row.reason
    assert "cannot show that one" in row.reason
    assert [row.state for row in house.rows(mapping="bills")] == ["entered", "in_doubt", "entered"]
    house.sandbox.epicor.respond = respond  # type: ignore[method-assign]
    house.run("bills")
    assert set(house.states("bills").values()) == {"entered"}
    assert len(house.wire.effects("epicor", "UpdateMaster")) == 3


def test_one_that_cannot_be_read_is_told_by_the_sweep_and_stops_nobody(make_house: MakeHouse) -> None:
    entries = bills(3)
    house = make_house(*entries)
    house.run("bills")
    house.sandbox.clerk.delete_invoice("EPIC06", VENDORS[3].number, "B-3")
    spoiled(house, "epicor", "InvoiceNum eq 'B-2'")
    with house.setup() as setup:
        result = sweep(setup, setup.specs)
    assert [row.label for row in result.unread] == ["B-2"]
    assert [(one.row.label, one.cause) for one in result.noticed] == [("B-3", "vanished")]
    assert (house.row(entries[1]).state, house.row(entries[1]).cause) == ("entered", "")


RECIPE = "mappings/recipes/epicor-ap-invoice.yaml"
ONCE = 'once_per: "{{ group }}"'


def test_defaults_asked_once_serve_only_documents_that_ask_the_same(make_house: MakeHouse) -> None:
    entries = [bill(f"B-{number}", vendor=VENDORS[number % 2], label=str(number)) for number in range(1, 7)]
    house = make_house(*entries)
    house.edit(
        RECIPE, 'cGroupID: "{{ group }}", ds: {}', 'cGroupID: "{{ group }}", ds: {}, vendor: "{{ vendor_id }}"'
    )
    house.run("bills")
    assert set(house.states("bills").values()) == {"entered"}
    asked = [one for _, one in house.wire.requests if "GetNewAPInvHedInvoice" in one.path]
    assert {decode(one.body)["vendor"] for one in asked} == {VENDORS[0].id, VENDORS[1].id}


def test_a_bill_whose_defaults_cannot_be_asked_once_is_held_alone(make_house: MakeHouse) -> None:
    sound, odd = bill("B-1"), bill("B-2", "600.00")
    house = make_house(odd, sound)
    house.edit(RECIPE, f"      {ONCE}", "      once_per: \"{{ group if total < 100 else (total ~ '') }}\"")
    house.run("bills")
    assert (house.row(sound).state, house.row(odd).state) == ("entered", "held")
    assert house.row(odd).reason.endswith("total is money, which text may not hold: use format_money")

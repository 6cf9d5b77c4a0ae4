"""Vendors, accounts and orders kept in step in Airbase: in bulk, one at fault, read-only, and linked by hand."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.adapters.store.port import Decision
from engine.domain.lifecycle import State
from engine.domain.record import RecordKey, SourceRecord
from engine.faces.sandbox.exchange import SandboxRequest, SandboxResponse
from engine.faces.sandbox.faults import Fault, FaultKind
from engine.faces.sandbox.seed.vendors import SUPPLIER_LIST, UNLINKED_LIST
from engine.words.json_value import decode
from tests.run.conftest import MakeHouse
from tests.run.house import House

BULK = Fault(kind=FaultKind.STATUS, system="airbase", method="POST", path="tags/bulk_upsert")
LOST_AFTER = replace(BULK, kind=FaultKind.NO_ANSWER_AFTER_COMMIT, times=1)
LOST_BEFORE = replace(BULK, kind=FaultKind.NO_ANSWER_BEFORE_COMMIT, times=1)
REPORT = "  mode: report\n  report: {file: reports/accounts.csv, columns: [name, erp_reference_id, type]}\n"


def rename(house: House, table: str, key: str, value: Any, **changes: Any) -> None:
    """Change a row of Epicor's master data."""
    books = house.sandbox.epicor.books
    (row,) = (row for row in books.rows("EPIC06", table) if row[key] == value)
    books.load("EPIC06", table, [{**row, **changes}])


def tags(house: House) -> dict[str, str]:
    """Purchase order tags in Airbase: reference and name."""
    rows = [row for row in house.sandbox.airbase.books.rows("tags") if row["type_label"] == "Purchase order"]
    assert len({row["erp_reference_id"] for row in rows}) == len(rows)
    return {row["erp_reference_id"]: row["name"] for row in rows}


def wanted_tags(house: House) -> dict[str, str]:
    """What Epicor's open and approved orders should be called in Airbase."""
    return {
        str(row["PONum"]): f"PO {row['PONum']} {row.get('VendorName') or vendor(house, company, row)}".strip()
        for company in ("EPIC06", "EPIC07")
        for row in house.sandbox.epicor.books.rows(company, "POHeader")
        if row["OpenOrder"] and not row["VoidOrder"] and not row.get("OrderHeld") and row["ApprovalStatus"] == "A"
    }


def vendor(house: House, company: str, order: Any) -> str:
    (row,) = (
        row for row in house.sandbox.epicor.books.rows(company, "Vendor") if row["VendorNum"] == order["VendorNum"]
    )
    return str(row["Name"])


def bulk_calls(house: House, what: str = "tags") -> list[list[dict[str, Any]]]:
    """The entities of each bulk call that arrived."""
    return [decode(one.body)["entities"] for one in house.wire.effects("airbase", f"{what}/bulk_upsert")]


def trail(house: House) -> list[str]:
    """The kinds of the events that the audit trail has."""
    with house.setup() as setup:
        return [event.kind for _, event, _ in setup.ledger.trail()]


def test_orders_become_tags_and_a_second_run_sends_nothing(make_house: MakeHouse) -> None:
    house = make_house()
    house.run("purchase-orders")
    wanted = wanted_tags(house)
    assert {number: tags(house)[number] for number in wanted} == wanted
    calls = len(bulk_calls(house))
    assert house.run("purchase-orders").sent == 0
    assert len(bulk_calls(house)) == calls


def test_a_run_over_what_is_in_step_leaves_every_record_and_the_trail_alone(make_house: MakeHouse) -> None:
    house = make_house()
    house.run("vendors")
    house.run("vendors")  # takes in the ids of those that were made
    before, events = house.rows(mapping="vendors"), len(trail(house))
    result = house.run("vendors")
    after = house.rows(mapping="vendors")
    assert result.unchanged > 0
    assert [replace(row, seen_run="") for row in after] == [replace(row, seen_run="") for row in before]
    assert trail(house)[events:] == ["run_started", "run_ended"]


def test_a_feed_without_a_search_is_read_once_however_many_batches_there_are(
    make_house: MakeHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """20 orders are 10 batches of two here; Airbase's tags are read for the planning, and never for a batch."""
    house = make_house()
    house.run("purchase-orders")
    reads = []
    for batch in (200, 2):
        monkeypatch.setattr("engine.run.ledger_pages.BATCH", batch)
        before = len(house.wire.paths("airbase", "GET"))
        assert house.run("purchase-orders").sent == 0
        reads.append(len(house.wire.paths("airbase", "GET")) - before)
    assert reads[0] == reads[1] > 0


def test_a_change_at_either_end_is_brought_into_step(make_house: MakeHouse) -> None:
    house = make_house()
    house.run("gl-accounts")
    rename(house, "GLAccount", "GLAccount1", "6100|00", AccountDesc="Software and licences")
    account = next(row for row in house.sandbox.airbase.books.rows("accounts") if row["erp_reference_id"] == "6200")
    house.sandbox.airbase.books.put("accounts", {**account, "name": "Somebody's own name"})

    assert house.run("gl-accounts").sent == 2

    names = {row["erp_reference_id"]: row["name"] for row in house.sandbox.airbase.books.rows("accounts")}
    assert (names["6100"], names["6200"]) == ("Software and licences", "Office supplies")


def test_one_refused_entity_does_not_keep_the_others_out(make_house: MakeHouse) -> None:
    house = make_house()
    house.edit(
        "mappings/purchase-orders.yaml",
        '    name: "{{ name | trim }}"\n    type_label',
        "    name: \"{{ '' if erp_id == '40001' else (name | trim) }}\"\n    type_label",
    )

    result = house.run("purchase-orders")

    refused = [row for row in house.rows(mapping="purchase-orders") if row.state == "refused"]
    assert [row.key.source_id for row in refused] == ["40001"]
    assert "may not be blank" in refused[0].reason or "required" in refused[0].reason
    assert result.needs_person == 1
    wanted = wanted_tags(house)
    others = {number: name for number, name in wanted.items() if number != "40001"}
    assert {number: tags(house)[number] for number in others} == others


@pytest.mark.parametrize(("fault", "calls"), [(LOST_AFTER, 2), (LOST_BEFORE, 2)], ids=["after", "before"])
def test_a_lost_bulk_answer_is_looked_up_before_anything_is_sent_again(
    make_house: MakeHouse, fault: Fault, calls: int
) -> None:
    house = make_house()
    house.sandbox.faults.add(fault)

    result = house.run("purchase-orders")

    assert result.needs_person == 0
    wanted = wanted_tags(house)
    assert {number: tags(house)[number] for number in wanted} == wanted
    # One call per company; what was lost after the commit is never sent twice.
    assert len(bulk_calls(house)) == calls
    sent = [entity["erp_reference_id"] for call in bulk_calls(house) for entity in call]
    assert len(sent) == len(set(sent))


def test_what_another_runner_made_meanwhile_is_not_refused_but_found_again(make_house: MakeHouse) -> None:
    house = make_house()
    respond, asked = house.sandbox.airbase.respond, []

    def made_by_another_first(request: SandboxRequest) -> SandboxResponse:
        if "tags/bulk_upsert" in request.path:
            asked.append(request)
            if len(asked) == 1:
                assert respond(request).status == 200
        return respond(request)

    house.sandbox.airbase.respond = made_by_another_first  # type: ignore[method-assign]
    house.run("purchase-orders")
    house.run("purchase-orders")
    with house.setup() as setup:
        rows = setup.ledger.records(mapping="purchase-orders")
        told = [attempt.message for row in rows for attempt in setup.ledger.attempts(row.id)]
    assert any("made there meanwhile" in message for message in told)
    assert {row.state for row in rows} <= {State.ENTERED, State.SKIPPED}
    wanted = wanted_tags(house)
    assert {number: tags(house)[number] for number in wanted} == wanted


def test_one_whose_key_is_claimed_meanwhile_is_held_and_the_others_are_sent(make_house: MakeHouse) -> None:
    house = make_house()
    first = RecordKey(connection="epicor", feed="another feed", source_id="one")
    respond, asked = house.sandbox.airbase.respond, []

    def claimed_meanwhile(request: SandboxRequest) -> SandboxResponse:
        if "/tags/" in request.path and not asked:
            asked.append(request)
            with house.setup() as setup:
                setup.ledger.start_run("another", "another-mapping", "ada")
                setup.ledger.register([SourceRecord(key=first, company="EPIC06", payload={})], "another")
                (row,) = setup.ledger.records(feed=("epicor", "another feed"))
                claim = {"namespace": "airbase/EPIC06//v1/accounting/tags/", "dedupe_key": "40001"}
                adopted = Decision(record_id=row.id, state=State.ENTERED, in_step=True, **claim)
                setup.ledger.decide([adopted], "another", "ada")
        return respond(request)

    house.sandbox.airbase.respond = claimed_meanwhile  # type: ignore[method-assign]
    house.run("purchase-orders")

    assert asked
    row = house.row("40001")
    assert (row.state, row.cause) == ("held", "same_key")
    assert "the record one has the same dedupe key" in row.reason
    others = {number: name for number, name in wanted_tags(house).items() if number != "40001"}
    assert {number: tags(house)[number] for number in others} == others


@pytest.mark.parametrize("fault", [LOST_AFTER, LOST_BEFORE], ids=["after", "before"])
def test_a_lost_answer_to_a_rename_ends_in_step_without_a_person(make_house: MakeHouse, fault: Fault) -> None:
    house = make_house()
    house.run("gl-accounts")
    rename(house, "GLAccount", "GLAccount1", "6100|00", AccountDesc="Software and licences")
    house.sandbox.faults.add(replace(fault, path="accounts/bulk_upsert"))

    result = house.run("gl-accounts")

    names = {row["erp_reference_id"]: row["name"] for row in house.sandbox.airbase.books.rows("accounts")}
    assert names["6100"] == "Software and licences"
    assert result.needs_person == 0
    assert house.run("gl-accounts").sent == 0


def test_accounts_are_reported_and_not_sent_where_airbase_is_read_only(make_house: MakeHouse) -> None:
    house = make_house()
    house.sandbox.airbase.accounts_read_only = True
    house.edit("mappings/gl-accounts.yaml", "\ntarget:\n", f"\ntarget:\n{REPORT}")
    rename(
        house, "GLAccount", "GLAccount1", "6100|00", AccountDesc='=HYPERLINK("http://evil.example.test","Software")'
    )
    rename(house, "GLAccount", "GLAccount1", "6110|00", AccountDesc="=2")

    result = house.run("gl-accounts")

    assert house.wire.effects() == []
    assert result.report_file == "reports/accounts.csv"
    rows = read(house.folder / "reports" / "accounts.csv")
    missing = {"5110", "6610", "6730", "6810", "6950", "6120"}
    assert set(rows) == missing | {"6100", "6110"}
    assert rows["6100"] == ('\'=HYPERLINK("http://evil.example.test","Software")', "expense")
    assert rows["6110"] == ("'=2", "expense")
    assert rows["6610"] == ("Gas and water", "expense")
    assert sum(row.cause == "report_only" for row in house.rows(mapping="gl-accounts")) == 8
    # Once a person has imported what was missing, the file has a header and nothing else.
    for row in house.sandbox.airbase.books.rows("accounts"):
        if row["erp_reference_id"] == "6120":
            house.sandbox.airbase.books.put("accounts", {**row, "name": "IT equipment"})
    house.run("gl-accounts")
    assert set(read(house.folder / "reports" / "accounts.csv")) == (missing | {"6100", "6110"}) - {"6120"}
    # A look at one account leaves the file of all as it is.
    assert house.run("gl-accounts", only=("6110",)).report_file is None
    assert len(read(house.folder / "reports" / "accounts.csv")) == 7


def read(path: Path) -> dict[str, tuple[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return {row["erp_reference_id"]: (row["name"], row["type"]) for row in csv.DictReader(file)}


def test_orders_can_be_compared_by_what_was_sent_before(make_house: MakeHouse) -> None:
    house = make_house()
    house.sandbox.airbase.tags_listable = False
    path = house.folder / "mappings" / "purchase-orders.yaml"
    text = path.read_text(encoding="utf-8")
    head, _, rest = text.partition("dedupe:\n")
    tests = rest[rest.index("tests:") :]
    kept = [line for line in head.splitlines() if not line.lstrip().startswith("airbase_id:")]
    tests = "\n".join(line for line in tests.splitlines() if "ab-tag-4502" not in line)
    house.write("mappings/purchase-orders.yaml", "\n".join([*kept, "dedupe:", "  compare: ledger", "", tests, ""]))
    for row in list(house.sandbox.airbase.books.rows("tags")):
        if row["type_label"] == "Purchase order":
            house.sandbox.airbase.books.put("tags", {**row, "erp_reference_id": f"old-{row['erp_reference_id']}"})

    house.run("purchase-orders")

    wanted = wanted_tags(house)
    assert {number: tags(house)[number] for number in wanted} == wanted
    calls = len(bulk_calls(house))
    assert house.run("purchase-orders").sent == 0
    assert len(bulk_calls(house)) == calls
    assert not [path for path in house.wire.paths("airbase") if "tags" in path]


def test_a_namesake_is_held_until_somebody_has_linked_it(make_house: MakeHouse) -> None:
    house = make_house()
    namesakes = {one.name for one in UNLINKED_LIST} & {one.name for one in SUPPLIER_LIST}
    house.run("vendors")
    held = [row for row in house.rows(mapping="vendors") if row.state == "held"]
    assert {row.label for row in held} <= namesakes
    assert held
    one = held[0]
    born = next(row for row in house.sandbox.airbase.books.rows("vendors") if row["name"] == one.label)
    assert born["erp_reference_id"] == ""
    supplier = next(supplier for supplier in SUPPLIER_LIST if supplier.name == one.label)

    path = house.folder / "mappings" / "crosswalks" / "vendor-links.csv"
    with path.open("a", encoding="utf-8") as file:
        file.write(f"EPIC06,{supplier.id},{born['airbase_id']},linked by hand\n")
    house.run("vendors")

    assert house.row(one.key.source_id).state == "entered"
    linked = house.sandbox.airbase.books.row("vendors", born["airbase_id"])
    assert linked is not None
    assert linked["erp_reference_id"] == supplier.id
    assert sum(row["name"] == one.label for row in house.sandbox.airbase.books.rows("vendors")) == 1


def test_the_row_shipped_in_vendor_links_links_that_vendor(make_house: MakeHouse) -> None:
    house = make_house()
    house.run("vendors")
    linked = [row for row in house.sandbox.airbase.books.rows("vendors") if row["erp_reference_id"] == "V00175"]
    assert [row["airbase_id"] for row in linked] == ["42f37720-d7a7-5ffe-80b6-4728db31d692"]

"""Each guard has a record in the sandbox that trips it: held in plain words, and freed by the next step it names."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import pytest

from engine.adapters.store.port import RecordRow
from engine.domain.causes import CAUSES
from engine.faces.sandbox.seed import ODD
from engine.faces.sandbox.seed.vendors import EMPLOYEES
from engine.run.dismissing import dismiss
from tests.acts.desk import Desk
from tests.books.guards import GUARDS
from tests.run.house import House, open_house, seed_of

BOOKS = ("bills", "credits", "reimbursements", "card-transactions")
EMPLOYEE = EMPLOYEES["EPIC06"][0].id
LINKS = (("V00174", "namesake"), ("V00179", "unlinked_vendor"))
FIRST = ("twice_1", "case_1", "other_vendor_1", "other_company_1", "bill_by_card")
"""Records that others are held because of."""


@dataclass(frozen=True, slots=True)
class Story:
    """Every guarded record, by name: how it was held, and how it stands after its next step."""

    held: dict[str, RecordRow]
    after: dict[str, RecordRow]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """All of them at once: one run, every next step, and one run more."""
    entries = [deepcopy(dict(ODD[name].entry)) for name in (*FIRST, *GUARDS)]
    house = open_house(tmp_path_factory.mktemp("guards") / "workspace", seed=seed_of(*entries))
    try:
        runs(house)
        held = rows_of(house)
        for name, entry in zip((*FIRST, *GUARDS), entries, strict=True):
            if name in GUARDS and GUARDS[name].change:
                for path, value in GUARDS[name].change.items():
                    put(entry, path, value)
                house.sandbox.airbase.books.load("ledger_entries", [entry])
        people_act(house, held)
        runs(house)
        yield Story(held, rows_of(house))
    finally:
        house.sandbox.stop()


def runs(house: House) -> None:
    for name in BOOKS:
        house.run(name)


def rows_of(house: House) -> dict[str, RecordRow]:
    by_id = {row.key.source_id: row for row in house.rows()}
    return {name: by_id[ODD[name].airbase_id] for name in GUARDS}


def people_act(house: House, held: dict[str, RecordRow]) -> None:
    """What finance, the vendor's owner and the controller do about those that the source cannot mend."""
    acts = {
        act: [name for name, guard in GUARDS.items() if guard.act == act] for act in ("dismiss", "not a duplicate")
    }
    with house.setup() as setup:
        dismiss(setup, [held[name] for name in acts["dismiss"]], reason="entered by hand", reference="EPIC06/HAND")
    for name in acts["not a duplicate"]:
        Desk(house).types("not-a-duplicate", ODD[name].airbase_id, "--reason", "two deliveries, both seen")
    with (house.folder / "mappings/crosswalks/employees.csv").open("a", encoding="utf-8") as file:
        file.write(f"EPIC06,{ODD['unknown_employee'].entry['spend_owner']['email']},{EMPLOYEE},now a vendor\n")
    with (house.folder / "mappings/crosswalks/vendor-links.csv").open("a", encoding="utf-8") as file:
        for vendor_id, name in LINKS:
            file.write(f"EPIC06,{vendor_id},{ODD[name].entry['vendor']['airbase_id']},created in Epicor\n")
    house.run("vendors")
    books = house.sandbox.epicor.books
    vendor = ODD["inactive_vendor"].entry["vendor"]["erp_reference_id"]
    with books.store.transaction():
        (row,) = books.session("EPIC06", "buyer").find("Vendor", VendorID=vendor)
        books.session("EPIC06", "buyer").save("Vendor", {**row, "Inactive": False})
        (day,) = books.session("EPIC07", "controller").find("EADType", EADType="AP")
        books.session("EPIC07", "controller").save("EADType", {**day, "EarliestApplyDate": "2026-10-01"})


def test_every_record_that_is_not_entered_is_a_guards() -> None:
    assert set(GUARDS) == {name for name, record in ODD.items() if record.state == "held"}


@pytest.mark.parametrize("name", GUARDS)
def test_a_guard_holds_with_the_reason_a_finance_person_understands(story: Story, name: str) -> None:
    row, guard = story.held[name], GUARDS[name]
    assert (row.state, row.cause) == ("held", guard.cause), row.reason
    assert guard.says in row.reason
    assert CAUSES[guard.cause].advice


@pytest.mark.parametrize("name", GUARDS)
def test_the_next_step_frees_it(story: Story, name: str) -> None:
    row = story.after[name]
    assert row.state == GUARDS[name].ends, row.reason


def put(entry: dict[str, Any], path: str, value: Any) -> None:
    """Set what stands at a dotted path."""
    *within, last = path.split(".")
    here: Any = entry
    for key in within:
        here = here[int(key)] if isinstance(here, list) else here[key]
    here[last] = value

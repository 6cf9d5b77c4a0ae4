"""Journals in doubt: Epicor refuses no second one, so only the stamp says what became of the first."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from engine.faces.sandbox.faults import Fault, FaultKind
from tests.run.conftest import MakeHouse
from tests.run.house import House, card

SAVE = "GLJournalEntrySvc/UpdateExt"
GROUP = "AC261104"
LOST_AFTER = Fault(kind=FaultKind.NO_ANSWER_AFTER_COMMIT, system="epicor", path=SAVE, times=1)
LOST_BEFORE = replace(LOST_AFTER, kind=FaultKind.NO_ANSWER_BEFORE_COMMIT)


def journals(house: House) -> list[str]:
    """The stamps of all journals in Epicor, posted or not."""
    report = house.sandbox.report()["companies"]["EPIC06"]
    entered = [journal["description"] for journal in report["journals_open"]]
    return sorted(entered + [journal["lines"][0]["description"] for journal in report["journals_posted"]])


def is_complete(house: House, entry: dict[str, Any]) -> bool:
    kept = house.entry(entry)
    return kept["status"] == "sync_complete" and kept["erp_reference_id"] == house.row(entry).reference


def test_a_journal_whose_answer_was_lost_is_found_by_its_stamp(make_house: MakeHouse) -> None:
    entry = card("a", "12.00", "7.00")
    house = make_house(entry)
    house.sandbox.faults.add(LOST_AFTER)
    house.run("card-transactions")
    assert house.row(entry).state == "entered"
    assert is_complete(house, entry)
    assert len(journals(house)) == 1


@pytest.mark.parametrize("amounts", [("12.00", "7.00"), ("-12.00", "-7.00"), ("12.00", "-7.00")])
def test_it_is_found_among_the_posted_ones_too(make_house: MakeHouse, amounts: tuple[str, ...]) -> None:
    entry = card("a", *amounts)
    house = make_house(entry)
    house.sandbox.faults.add(LOST_AFTER)
    house.run("card-transactions", wait=False)
    assert house.row(entry).state == "in_doubt"
    assert house.sandbox.clerk.post_gl_group("EPIC06", GROUP) == ""

    house.run("card-transactions")

    assert house.row(entry).state == "entered", house.row(entry).reason
    assert is_complete(house, entry)
    assert len(journals(house)) == 1


def test_one_that_is_not_found_is_left_to_a_person(make_house: MakeHouse) -> None:
    entry = card("a", "12.00")
    house = make_house(entry)
    house.sandbox.faults.add(LOST_BEFORE)

    result = house.run("card-transactions")
    again = house.run("card-transactions")

    row = house.row(entry)
    assert (row.state, row.cause) == ("in_doubt", "not_found")
    assert (result.needs_person, again.needs_person) == (1, 1)
    assert journals(house) == []
    assert len(house.attempts(entry)) == 1
    assert house.wire.effects("airbase") == []


def test_one_that_turns_up_later_is_entered_after_all(make_house: MakeHouse) -> None:
    entry = card("a", "12.00")
    house = make_house(entry)
    kept: list[Any] = []
    respond = house.sandbox.epicor.respond
    house.sandbox.epicor.respond = lambda request: (  # type: ignore[method-assign]
        kept.append(request) or respond(replace(request, path="/nowhere"))
        if SAVE in request.path
        else respond(request)
    )
    house.run("card-transactions")
    assert house.row(entry).cause == "not_found"

    respond(kept[0])
    house.run("card-transactions")

    assert house.row(entry).state == "entered"
    assert is_complete(house, entry)
    assert len(journals(house)) == 1


def test_one_with_other_lines_than_were_asked_is_not_taken_for_ours(make_house: MakeHouse) -> None:
    entry = card("a", "12.00")
    house = make_house(entry)
    respond = house.sandbox.epicor.respond
    house.sandbox.epicor.respond = lambda request: respond(  # type: ignore[method-assign]
        replace(request, body=request.body.replace(b"6300", b"6310")) if SAVE in request.path else request
    )
    house.sandbox.faults.add(LOST_AFTER)

    result = house.run("card-transactions")

    row = house.row(entry)
    assert (row.state, row.cause) == ("in_doubt", "differs")
    assert "6310|30" in row.reason
    assert result.needs_person == 1
    assert house.entry(entry)["status"] == "sync_ready"


def test_row_errors_under_a_200_are_no_success(make_house: MakeHouse) -> None:
    good, bad = card("good", "12.00"), card("bad", "13.00", account="6310")
    house = make_house(good, bad)
    house.run("gl-accounts")
    # The account is inactivated after it was looked up, and before the journal comes.
    respond = house.sandbox.epicor.respond

    def clerk_between(request: Any) -> Any:
        if SAVE in request.path and b"6310|30" in request.body:
            house.sandbox.clerk.inactivate_account("EPIC06", "6310|30")
        return respond(request)

    house.sandbox.epicor.respond = clerk_between  # type: ignore[method-assign]
    house.run("card-transactions")

    assert house.row(good).state == "entered"
    # Epicor's error under a 200 does not prove that nothing was written; its words are kept for the person.
    assert (house.row(bad).state, house.row(bad).cause) == ("in_doubt", "not_found")
    assert "6310|30" in house.row(bad).reason
    assert len(journals(house)) == 1

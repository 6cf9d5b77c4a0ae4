"""Answers that are lost, late, wrong, or none at all: every bill is in Epicor once, and nobody is told otherwise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from engine.faces.sandbox.exchange import SandboxRequest, SandboxResponse
from engine.faces.sandbox.faults import Fault, FaultKind, Shape
from engine.words.clock import SystemClock
from engine.words.json_value import decode, encode
from tests.run.conftest import MakeHouse
from tests.run.house import VENDORS, House, bill, bills

SAVE = "UpdateMaster"
INVOICES = Fault(kind=FaultKind.STATUS, system="epicor", path=SAVE)
LOST_AFTER = replace(INVOICES, kind=FaultKind.NO_ANSWER_AFTER_COMMIT)
LOST_BEFORE = replace(INVOICES, kind=FaultKind.NO_ANSWER_BEFORE_COMMIT)
MALFORMED = replace(INVOICES, kind=FaultKind.MALFORMED)

Change = Callable[[SandboxRequest, Callable[[SandboxRequest], SandboxResponse]], SandboxResponse]


def entered_once(house: House, entries: list[dict[str, Any]]) -> None:
    """Every entry stands in Epicor once with its amount, is entered here, and complete in Airbase."""
    invoices = house.invoices()
    assert {number: row["DocInvoiceAmt"] for number, row in invoices.items()} == {
        entry["invoice_number"]: Decimal(entry["total_amount"]) for entry in entries
    }
    assert set(house.states("bills").values()) == {"entered"}
    for entry in entries:
        kept = house.entry(entry)
        assert (kept["status"], kept["error_message"]) == ("sync_complete", "")
        assert kept["erp_reference_id"].endswith(f"/{entry['invoice_number']}")


def first_save(house: House, change: Change) -> None:
    """Let something else happen at the first request to save an invoice."""
    respond, seen = house.sandbox.epicor.respond, []

    def changed(request: SandboxRequest) -> SandboxResponse:
        if SAVE in request.path and not seen:
            seen.append(request)
            return change(request, respond)
        return respond(request)

    house.sandbox.epicor.respond = changed  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("fault", "count"),
    [
        (replace(LOST_AFTER, every=10), 30),
        (replace(LOST_BEFORE, every=4), 12),
        (replace(INVOICES, status=500, commits=True, every=4), 12),
        (replace(INVOICES, status=500, every=4), 12),
        (replace(INVOICES, status=502, own_words=False, commits=True, every=4), 12),
        (replace(INVOICES, status=503, own_words=False, every=4), 12),
        (replace(MALFORMED, shape=Shape.HTML, every=4), 12),
        (replace(MALFORMED, shape=Shape.TRUNCATED, every=4), 12),
        (replace(MALFORMED, shape=Shape.CUT, every=4), 12),
    ],
    ids=[
        "no answer after the commit",
        "no answer before it",
        "500 after the commit",
        "500 before it",
        "a proxy's 502 after the commit",
        "a proxy's 503 before it",
        "html",
        "truncated",
        "cut",
    ],
)
def test_a_lost_answer_ends_as_one_invoice_without_a_person(make_house: MakeHouse, fault: Fault, count: int) -> None:
    entries = bills(count)
    house = make_house(*entries)
    known = house.sandbox.faults.add(fault)

    result = house.run("bills")

    assert house.sandbox.faults.met(known.id) >= 3
    assert result.needs_person == 0
    entered_once(house, entries)
    assert len(house.wire.effects("epicor", SAVE)) == count, "a save that may have arrived was sent again"


def test_a_late_commit_within_the_window_is_one_invoice(make_house: MakeHouse) -> None:
    entries = bills(6)
    house = make_house(*entries, clock=SystemClock())
    house.sandbox.faults.add(replace(INVOICES, kind=FaultKind.LATE_COMMIT, seconds=0.3, every=3))
    house.run("bills")
    entered_once(house, entries)
    assert len(house.wire.effects("epicor", SAVE)) == 6


def test_a_group_that_is_posted_while_doubt_is_waited_for_is_made_anew(make_house: MakeHouse) -> None:
    entries = bills(2)
    house = make_house(*entries)
    house.sandbox.faults.add(replace(LOST_BEFORE, times=1))
    sleep = house.clock.sleep

    def slept(seconds: float) -> None:
        house.sandbox.clerk.post_ap_group("EPIC06", "AB261103")
        sleep(seconds)

    house.clock.sleep = slept  # type: ignore[method-assign]
    house.run("bills")
    entered_once(house, entries)


def test_without_waiting_doubt_is_left_to_the_next_run(make_house: MakeHouse) -> None:
    entries = bills(2)
    house = make_house(*entries)
    house.sandbox.faults.add(replace(LOST_AFTER, times=1))

    result = house.run("bills", wait=False)

    assert sorted(house.states("bills").values()) == ["entered", "in_doubt"]
    assert result.needs_person == 1
    house.run("bills")
    entered_once(house, entries)


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (401, "no such user"),
        (403, "not allowed"),
        (429, "slow down"),
        (503, "conversions are pending"),
        (400, "Maximum users exceeded on license type WebService."),
    ],
)
def test_a_refusal_that_is_not_about_the_bill_leaves_it_ready(
    make_house: MakeHouse, status: int, message: str
) -> None:
    entries = bills(8)
    house = make_house(*entries)
    fault = house.sandbox.faults.add(replace(INVOICES, status=status, message=message))

    result = house.run("bills")

    assert house.invoices() == {}
    assert set(house.states("bills").values()) == {"ready"}
    assert house.wire.effects("airbase") == []
    assert house.sandbox.faults.met(fault.id) < 8, "it went on although nobody was let in"
    assert message in result.stopped
    tried = [row for row in house.rows(mapping="bills") if row.cause]
    assert tried
    assert all(message in row.reason for row in tried)
    assert Counter(row.cause for row in tried)["not_accepted"] == house.sandbox.faults.met(fault.id)
    assert {row.cause for row in tried} <= {"not_accepted", "not_sent"}
    house.sandbox.faults.clear()
    house.run("bills")
    entered_once(house, entries)


def test_after_a_refused_login_nothing_leaves_but_what_was_under_way(make_house: MakeHouse) -> None:
    house = make_house(*bills(12), epicor="in_flight: 3")
    fault = house.sandbox.faults.add(replace(INVOICES, status=401, message="no such user"))
    house.run("bills")
    assert 1 <= house.sandbox.faults.met(fault.id) <= 3
    assert set(house.states("bills").values()) == {"ready"}


def test_a_refusal_of_the_bill_is_told_in_epicors_words_and_written_back(make_house: MakeHouse) -> None:
    good, bad = bills(2)
    house = make_house(good, bad)
    message = "Invoice date is before the earliest apply date"
    house.sandbox.faults.add(replace(INVOICES, status=400, message=message, body='"B-2"'))

    result = house.run("bills")

    assert set(house.invoices()) == {"B-1"}
    row = house.row(bad)
    assert (row.state, row.cause) == ("refused", "refused")
    assert message in row.reason
    assert message in house.entry(bad)["error_message"]
    assert house.entry(bad)["status"] == "sync_ready"
    assert result.needs_person == 1
    assert result.acknowledged == 2
    house.run("bills")
    assert len(house.attempts(bad)) == 1, "a refused bill was sent again by itself"


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        (replace(INVOICES, status=400, message="the period is wrong"), "refused"),
        (replace(INVOICES, status=500, message="the period is wrong"), "in_doubt"),
    ],
    ids=["refused", "no proof"],
)
def test_so_many_in_a_row_that_are_not_entered_end_the_sending(
    make_house: MakeHouse, fault: Fault, state: str
) -> None:
    entries = bills(12)
    house = make_house(*entries, epicor="in_flight: 1")
    house.edit("connections.yaml", "connections:\n", "stop_after_refused: 4\nconnections:\n")
    # One that is entered in between: the count begins anew.
    for number in (1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12):
        house.sandbox.faults.add(replace(fault, body=f'"B-{number}"'))

    result = house.run("bills", wait=False)

    assert Counter(house.states("bills").values()) == {state: 7, "entered": 1, "ready": 4}
    assert "4 documents in a row were not entered (setting stop_after_refused); the last" in result.stopped
    assert "the period is wrong" in result.stopped


def test_a_duplicate_answer_about_our_own_invoice_is_adopted(make_house: MakeHouse) -> None:
    entries = bills(1)
    house = make_house(*entries)
    # As a proxy that repeats a request would do it: the second answer is 409.
    first_save(house, lambda request, respond: (respond(request), respond(request))[1])
    house.run("bills")
    entered_once(house, entries)
    (attempt,) = house.attempts(entries[0])
    assert (attempt.status, attempt.proof) == (409, "duplicate")


def test_a_duplicate_answer_about_another_invoice_is_held(make_house: MakeHouse) -> None:
    entry = bill("B-1", "60.00")
    house = make_house(entry)

    def clerk_is_faster(request: SandboxRequest, respond: Callable[[SandboxRequest], SandboxResponse]) -> Any:
        lines = (("6100|10", Decimal("61.00")),)
        day = house.sandbox.epicor.books.clock.now().date().replace(year=2026, month=11, day=3)
        house.sandbox.clerk.key_invoice("EPIC06", VENDORS[0].number, "B-1", on=day, lines=lines)
        return respond(request)

    first_save(house, clerk_is_faster)
    house.run("bills")

    row = house.row(entry)
    assert (row.state, row.cause) == ("held", "number_taken")
    assert "61.00" in row.reason
    assert house.entry(entry)["status"] == "sync_ready"
    assert house.invoices()["B-1"]["DocInvoiceAmt"] == 61
    house.run("bills")
    assert house.row(entry).cause == "number_taken"
    assert len(house.wire.effects("epicor", SAVE)) == 1


@pytest.mark.parametrize("saved", [True, False])
def test_an_answer_that_does_not_say_it_was_saved_is_looked_up(make_house: MakeHouse, saved: bool) -> None:
    entries = bills(1)
    house = make_house(*entries)

    def not_run(request: SandboxRequest, respond: Callable[[SandboxRequest], SandboxResponse]) -> SandboxResponse:
        if not saved:
            parameters = {"lUpdateRan": False, "opMessage": "a question was asked"}
            return SandboxResponse.json(200, {"parameters": parameters})
        answer = decode(respond(request).body)
        answer["parameters"]["lUpdateRan"] = False
        return SandboxResponse(status=200, body=encode(answer))

    first_save(house, not_run)
    house.run("bills")

    entered_once(house, entries)
    first, *more = house.attempts(entries[0])
    assert (first.proof, len(more)) == ("effect", 0 if saved else 1)


def test_a_read_back_that_fails_is_doubt_and_not_success(make_house: MakeHouse) -> None:
    entries = bills(1)
    house = make_house(*entries)
    respond = house.sandbox.epicor.respond

    def failing(request: SandboxRequest) -> SandboxResponse:
        saved = bool(house.wire.effects("epicor", SAVE))
        return SandboxResponse.json(500, {}) if saved and "/APInvoices" in request.path else respond(request)

    house.sandbox.epicor.respond = failing  # type: ignore[method-assign]
    house.run("bills", wait=False)

    row = house.row(entries[0])
    assert (row.state, row.cause) == ("in_doubt", "no_answer")
    assert house.entry(entries[0])["status"] == "sync_ready"
    house.sandbox.epicor.respond = respond  # type: ignore[method-assign]
    house.run("bills")
    entered_once(house, entries)
    assert len(house.wire.effects("epicor", SAVE)) == 1


def test_where_invoices_cannot_be_read_together_each_is_read_by_itself(make_house: MakeHouse) -> None:
    entries = bills(3)
    house = make_house(*entries)
    respond = house.sandbox.epicor.respond

    def unknowing(request: SandboxRequest) -> SandboxResponse:
        expands = any(name == "$expand" for name, _ in request.query)
        return SandboxResponse.json(400, {"ErrorMessage": "no $expand here"}) if expands else respond(request)

    house.sandbox.epicor.respond = unknowing  # type: ignore[method-assign]
    house.run("bills")
    entered_once(house, entries)
    assert sum(path.endswith("GetByID") for path in house.wire.paths("epicor")) == 3


def test_an_invoice_whose_lines_go_on_elsewhere_is_read_by_itself(make_house: MakeHouse) -> None:
    entry = bill("B-1", "10.00", "20.00", "30.00")
    house = make_house(entry)
    respond = house.sandbox.epicor.respond

    def cut(request: SandboxRequest) -> SandboxResponse:
        answer = respond(request)
        if not any(name == "$expand" for name, _ in request.query):
            return answer
        body = decode(answer.body)
        for row in body["value"]:
            row["APInvExps"], row["APInvExps@odata.nextLink"] = row["APInvExps"][:2], "APInvExps?$skiptoken=2"
        return replace(answer, body=encode(body))

    house.sandbox.epicor.respond = cut  # type: ignore[method-assign]
    house.run("bills")
    entered_once(house, [entry])
    assert house.row(entry).cause == ""


def test_a_group_that_somebody_has_open_holds_its_bills_until_it_is_closed(make_house: MakeHouse) -> None:
    entries = [bill("B-1"), bill("B-2")]
    house = make_house(*entries)
    house.run("bills", limit=1)
    house.sandbox.clerk.lock_ap_group("EPIC06", "AB261103")

    house.run("bills")

    assert set(house.invoices()) == {"B-1"}
    assert "in use by user clerk" in house.row(entries[1]).reason
    house.sandbox.clerk.unlock_ap_group("EPIC06", "AB261103")
    house.run("bills")
    entered_once(house, entries)


def test_a_bill_that_cannot_be_prepared_does_not_stop_the_others(make_house: MakeHouse) -> None:
    entries = bills(4)
    house = make_house(*entries)
    # GetNew answers 500 for the group of the first bill only; the bill itself is never sent.
    spoiled = Fault(kind=FaultKind.STATUS, system="epicor", path="GetNewAPInvHedInvoice", body="AB261102", status=500)
    house.sandbox.faults.add(spoiled)

    house.run("bills")

    assert set(house.invoices()) == {"B-2", "B-3", "B-4"}
    assert house.row(entries[0]).state in ("ready", "held")
    assert "told to fail" in house.row(entries[0]).reason
    house.sandbox.faults.clear()
    house.run("bills")
    entered_once(house, entries)


def test_it_counts_as_sent_what_was_sent(make_house: MakeHouse) -> None:
    house = make_house(*bills(12))
    fault = house.sandbox.faults.add(replace(INVOICES, status=429))
    assert house.run("bills").sent == house.sandbox.faults.met(fault.id)


@pytest.mark.parametrize("how", ["kept nothing", "cannot be read"])
def test_so_many_in_a_row_that_cannot_be_read_back_end_the_sending(make_house: MakeHouse, how: str) -> None:
    entries = bills(12)
    house = make_house(*entries, epicor="in_flight: 1")
    house.edit("connections.yaml", "connections:\n", "stop_after_refused: 4\nconnections:\n")
    respond = house.sandbox.epicor.respond

    def unproven(request: SandboxRequest) -> SandboxResponse:
        if SAVE in request.path and how == "kept nothing":
            return SandboxResponse.json(200, {"parameters": {"lUpdateRan": True, "opMessage": ""}})
        saved = bool(house.wire.effects("epicor", SAVE))
        if saved and "/APInvoices" in request.path and how == "cannot be read":
            return SandboxResponse.json(500, {})
        return respond(request)

    house.sandbox.epicor.respond = unproven  # type: ignore[method-assign]
    result = house.run("bills", wait=False)

    assert Counter(house.states("bills").values()) == {"in_doubt": 4, "ready": 8}
    assert "4 documents in a row were not entered (setting stop_after_refused); the last" in result.stopped
    assert "could not be read back" in result.stopped


def test_a_login_that_is_refused_at_the_read_back_is_not_tried_for_each(make_house: MakeHouse) -> None:
    entries = bills(9)
    house = make_house(*entries, epicor="in_flight: 1")
    respond, refused = house.sandbox.epicor.respond, []

    def locking(request: SandboxRequest) -> SandboxResponse:
        if house.wire.effects("epicor", SAVE) and "/APInvoices" in request.path:
            refused.append(request)
            return SandboxResponse.json(401, {"ErrorMessage": "Invalid username or password."})
        return respond(request)

    house.sandbox.epicor.respond = locking  # type: ignore[method-assign]
    result = house.run("bills", wait=False)

    assert len(refused) == 1
    assert set(house.states("bills").values()) == {"in_doubt"}
    assert "the login was refused (401" in result.stopped
    house.sandbox.epicor.respond = respond  # type: ignore[method-assign]
    house.run("bills")
    entered_once(house, entries)


def test_a_group_that_is_refused_is_asked_for_once_a_run_and_stops_no_other(make_house: MakeHouse) -> None:
    closed = [bill(f"C-{number}", date="2026-11-03T00:00:00", label=f"c{number}") for number in range(25)]
    house = make_house(*closed, bill("O-1", date="2026-11-09T00:00:00"))
    refusing = Fault(
        kind=FaultKind.STATUS,
        system="epicor",
        path="APInvGrpSvc/Update",
        body="AB261103",
        status=400,
        message="Closed.",
    )
    known = house.sandbox.faults.add(refusing)
    for times in (1, 2):
        result = house.run("bills")
        assert (result.stopped, house.sandbox.faults.met(known.id)) == ("", times)
        assert {key: tally.count for key, tally in result.became.items()} == {
            ("held", "not_prepared"): 25,
            ("entered", ""): 1,
        }
    assert "refused the preparation: Closed." in house.row(closed[0]).reason
    house.sandbox.faults.clear()
    assert house.run("bills").sent == 25

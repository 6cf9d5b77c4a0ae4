"""A clerk deletes, edits, moves and posts what was entered: each is named the same day, nothing is entered again."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from tests.acts.desk import Desk
from tests.books.conftest import MakeDesk
from tests.run.house import VENDORS, bill, bills, card

COMPANY = "EPIC06"
NUMBER = VENDORS[0].number


def entered(make_desk: MakeDesk, *numbers: str) -> Desk:
    """Bills of one vendor, entered."""
    desk = make_desk(*(bill(number, "60.00", "40.00") for number in numbers))
    desk.house.run("bills")
    assert {row.state for row in desk.house.rows(mapping="bills")} == {"entered"}
    return desk


def causes(desk: Desk) -> dict[str, str]:
    """What the sweep says of each number."""
    return {one["number"]: one["cause"] for one in desk.asks("sweep", code=1)["noticed"]}


def sent_so_far(desk: Desk) -> int:
    return len(desk.house.wire.effects("epicor", "UpdateMaster"))


def test_what_nobody_touched_is_as_it_was_entered(make_desk: MakeDesk) -> None:
    desk = entered(make_desk, "B-1", "B-2")
    told = desk.asks("sweep")
    assert (told["looked_at"], told["in_gl"], told["noticed"], told["unread"]) == (2, 0, [], [])
    assert "as it was entered" in desk.types("sweep")


def test_each_act_of_a_clerk_is_named_and_nothing_is_entered_again(make_desk: MakeDesk) -> None:
    desk = entered(make_desk, "GONE", "EDITED", "UNLOCKED", "MOVED", "LEFT")
    clerk = desk.house.sandbox.clerk
    clerk.delete_invoice(COMPANY, NUMBER, "GONE")
    clerk.edit_account(COMPANY, NUMBER, "EDITED", 2, "6300|20")
    clerk.edit_header(COMPANY, NUMBER, "UNLOCKED", PayHold=False)
    clerk.move_invoice(COMPANY, NUMBER, "MOVED", "HAND")

    assert causes(desk) == {"GONE": "vanished", "EDITED": "edited", "UNLOCKED": "edited", "MOVED": "moved"}
    assert "kept 40.00 debit on 6300|20, not asked" in desk.row("EDITED").reason
    assert "asked 40.00 debit on 6200|10, not kept" in desk.row("EDITED").reason
    assert "pay_hold is false, asked true" in desk.row("UNLOCKED").reason
    assert "group is HAND" in desk.row("MOVED").reason
    assert desk.row("LEFT").cause == ""
    listed = {one["number"]: one["cause"] for one in desk.asks("worklist", code=1)}
    assert listed == {"GONE": "vanished", "EDITED": "edited", "UNLOCKED": "edited", "MOVED": "moved"}

    before = sent_so_far(desk)
    desk.house.run("bills")
    assert sent_so_far(desk) == before
    assert "GONE" not in desk.house.invoices()
    assert desk.row("GONE").state == "entered"


def test_what_was_put_right_is_cleared_and_what_a_person_accepts_is_told_once(make_desk: MakeDesk) -> None:
    desk = entered(make_desk, "B-1", "B-2")
    clerk = desk.house.sandbox.clerk
    clerk.edit_header(COMPANY, NUMBER, "B-1", PayHold=False)
    clerk.edit_account(COMPANY, NUMBER, "B-2", 1, "6300|20")
    assert causes(desk) == {"B-1": "edited", "B-2": "edited"}

    clerk.edit_header(COMPANY, NUMBER, "B-1", PayHold=True)
    desk.types("dismiss", "B-2", "--finding", "--reason", "coded to travel", "--reference", "mail of 3 November")
    told = desk.asks("sweep")
    assert (told["cleared"], told["noticed"]) == (1, [])
    assert desk.row("B-1").cause == ""

    clerk.edit_amount(COMPANY, NUMBER, "B-2", 1, Decimal("61.00"))
    assert causes(desk) == {"B-2": "edited"}


def test_posted_is_in_gl_and_paid_is_settled(make_desk: MakeDesk) -> None:
    desk = entered(make_desk, "B-1", "B-2")
    clerk = desk.house.sandbox.clerk
    clerk.move_invoice(COMPANY, NUMBER, "B-2", "LATER")
    clerk.post_ap_group(COMPANY, "AB261103")
    told = desk.asks("sweep", code=1)
    assert (told["in_gl"], told["settled"]) == (1, 0)
    assert desk.row("B-1").state == "in_gl"
    assert (desk.row("B-2").state, desk.row("B-2").cause) == ("entered", "moved")

    _settle(desk, "B-1")
    told = desk.asks("sweep", code=1)
    assert told["settled"] == 1
    assert desk.row("B-1").state == "settled"
    assert desk.asks("sweep", code=1)["looked_at"] == 1


def test_a_group_that_could_not_be_posted_is_told_with_its_own_words(make_desk: MakeDesk) -> None:
    desk = entered(make_desk, "B-1", "B-2")
    desk.house.sandbox.clerk.edit_header(COMPANY, NUMBER, "B-1", ScrDocInvoiceVendorAmt=Decimal("101.00"))
    assert desk.house.sandbox.clerk.post_ap_group(COMPANY, "AB261103")
    assert causes(desk) == {"B-1": "post_error"}
    assert "does not agree with vendor's total" in desk.row("B-1").reason
    assert desk.row("B-2").state == "in_gl"

    desk.house.sandbox.clerk.edit_header(COMPANY, NUMBER, "B-1", ScrDocInvoiceVendorAmt=Decimal("100.00"))
    desk.house.sandbox.clerk.post_ap_group(COMPANY, "AB261103")
    assert desk.asks("sweep")["cleared"] == 1
    assert (desk.row("B-1").state, desk.row("B-1").cause) == ("in_gl", "")


def test_a_journal_is_settled_when_it_is_found_on_the_posted_side_and_never_read_again(make_desk: MakeDesk) -> None:
    desk = make_desk(card("one", "12.00"))
    desk.house.run("card-transactions")
    desk.asks("sweep")
    (row,) = desk.house.rows(mapping="card-transactions")
    assert row.state == "entered"
    (journal,) = desk.house.sandbox.epicor.books.journals(COMPANY)
    desk.house.sandbox.clerk.post_gl_group(COMPANY, journal["GroupID"])
    told = desk.asks("sweep")
    assert (told["in_gl"], told["settled"]) == (1, 1)
    (row,) = desk.house.rows(mapping="card-transactions")
    assert (row.state, row.cause) == ("settled", "")
    assert desk.asks("sweep")["looked_at"] == 0


def test_a_vanished_bill_is_closed_with_the_number_it_was_entered_again_under(make_desk: MakeDesk) -> None:
    desk = entered(make_desk, "B-1", "B-2")
    desk.house.sandbox.clerk.delete_invoice(COMPANY, NUMBER, "B-1")
    assert causes(desk) == {"B-1": "vanished"}
    desk.types("dismiss", "B-1", "--reason", "entered by hand", "--reference", "EPIC06/HAND-1")
    assert desk.row("B-1").state == "dismissed"
    assert desk.asks("sweep")["looked_at"] == 1
    assert "is entered as" in desk.is_told("dismiss", "B-2", "--reason", "r", "--reference", "r")


def test_a_document_found_and_adopted_is_swept_like_one_of_ours(make_desk: MakeDesk) -> None:
    desk = entered(make_desk, "B-1")
    for file in (desk.house.folder / ".ml-connector").glob("ledger*"):
        file.unlink()
    desk.house.sandbox.airbase.books.load("ledger_entries", [bill("B-1", "60.00", "40.00")])
    desk.house.run("bills")
    assert desk.row("B-1").state == "entered"
    assert len(desk.house.attempts(bill("B-1", "60.00", "40.00"))) == 0
    desk.house.sandbox.clerk.edit_account(COMPANY, NUMBER, "B-1", 1, "6300|20")
    assert causes(desk) == {"B-1": "edited"}


def test_a_document_keyed_by_hand_and_found_equal_never_moved(make_desk: MakeDesk) -> None:
    desk = make_desk(bill("B-1", "60.00"))
    clerk = desk.house.sandbox.clerk
    clerk.key_invoice(COMPANY, NUMBER, "B-1", on=date(2026, 11, 3), lines=(("6200|10", Decimal("60.00")),))
    clerk.edit_header(COMPANY, NUMBER, "B-1", PayHold=True, PMUID=9, GLControlType="APAcct", GLControlCode="AB-AP")
    desk.house.run("bills")
    assert desk.row("B-1").state == "entered"
    assert desk.asks("sweep")["noticed"] == []
    clerk.edit_account(COMPANY, NUMBER, "B-1", 1, "6300|20")
    assert causes(desk) == {"B-1": "edited"}


def test_a_restored_epicor_stops_the_line_until_a_person_confirms(make_desk: MakeDesk) -> None:
    late = bill("LATE", "75.00")
    desk = make_desk(*bills(5))
    desk.house.run("bills")
    books = desk.house.sandbox.epicor.books
    for invoice in books.invoices(COMPANY):
        desk.house.sandbox.clerk.delete_invoice(COMPANY, invoice["VendorNum"], invoice["InvoiceNum"])

    told = desk.asks("sweep", code=1)
    assert "5 of our 5 documents are gone" in told["stopped"]["epicor/EPIC06"]
    assert told["noticed"] == []
    assert {row.cause for row in desk.house.rows(mapping="bills")} == {""}

    desk.house.sandbox.airbase.books.load("ledger_entries", [late])
    before = sent_so_far(desk)
    desk.house.run("bills")
    assert sent_so_far(desk) == before
    assert (desk.row("LATE").state, desk.row("LATE").cause) == ("held", "line_stopped")
    assert "older state" in desk.row("LATE").reason
    assert "go together" in desk.is_told("sweep", "--accept-missing")

    told = desk.asks("sweep", "--accept-missing", "--reason", "the test company was refreshed", code=1)
    assert {one["cause"] for one in told["noticed"]} == {"vanished"}
    assert told["stopped"] == {}
    desk.house.run("bills")
    assert set(desk.house.invoices()) == {"LATE"}
    with desk.house.setup() as setup:
        acts = [(event.kind, event.detail.get("why")) for _, event, _ in setup.ledger.trail("line epicor/EPIC06")]
    assert acts == [("line_stopped", None), ("line_freed", "the test company was refreshed")]
    assert "nothing to accept" in desk.is_told("sweep", "--accept-missing", "--reason", "again")


def test_how_many_may_be_gone_is_a_setting(make_desk: MakeDesk) -> None:
    desk = entered(make_desk, "B-1", "B-2")
    desk.house.edit("books.yaml", "    files_1099: epicor\n", "    files_1099: epicor\n    sweep_stop_missing: 0\n")
    desk.house.sandbox.clerk.delete_invoice(COMPANY, NUMBER, "B-1")
    assert "1 of our 2" in desk.asks("sweep", code=1)["stopped"]["epicor/EPIC06"]


def _settle(desk: Desk, number: str) -> None:
    """What a recorded payment leaves of an invoice."""
    books = desk.house.sandbox.epicor.books
    session = books.session(COMPANY, "clerk")
    with books.store.transaction():
        (row,) = session.find("APInvHed", InvoiceNum=number)
        zero = dict.fromkeys(("InvoiceBal", "DocInvoiceBal", "UnpostedBal", "DocUnpostedBal"), Decimal("0.00"))
        session.save("APInvHed", {**row, **zero, "OpenPayable": False})

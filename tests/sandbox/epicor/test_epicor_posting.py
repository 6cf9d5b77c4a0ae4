from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from engine.faces.sandbox.epicor import EpicorError
from tests.sandbox.epicor.epicor_world import AP, GROUPS, World, fill, header, json, lines, master, two_lines

POST = "Erp.Proc.APInvoicePostSvc"


@pytest.fixture
def world() -> World:
    made = World()
    fill(made.sandbox)
    made.group()
    return made


def save(world: World, ds: dict[str, Any]) -> None:
    answer = world.call(f"{AP}/UpdateMaster", master(ds))
    assert answer.status == 200, answer.body


def test_posting_books_expense_against_the_control_account_and_opens_the_payable(world: World) -> None:
    save(world, two_lines(GLControlCode="AB-AP", ExtSysURL="https://x"))
    parameters = json(world.send("GET", f"{POST}/GetNewParameters", user="boss:boss"))["returnObj"]
    parameters["APInvoicePostParam"][0]["GroupID"] = "AB261105"
    assert json(world.call(f"{POST}/RunDirect", {"ds": parameters}, user="boss:boss")) == {}
    assert world.sandbox.books.trial_balance("EPIC06") == {
        "2105|00": Decimal("-100.00"),
        "6100|10": Decimal("60.00"),
        "6200|20": Decimal("40.00"),
    }
    [credit] = world.rows("Erp.BO.GLJrnDtlSvc/GLJrnDtls", _filter="GLAccount eq '2105|00'")
    wanted = {"VendorNum": 12, "APInvoiceNum": "INV-1", "CreditAmount": Decimal("100.00"), "GroupID": "AB261105"}
    assert credit | wanted == credit
    kept = world.invoice("INV-1")["APInvHed"][0]
    assert (kept["Posted"], kept["OpenPayable"], kept["InvoiceBal"]) == (True, True, Decimal("100.00"))
    assert world.rows(f"{GROUPS}/APInvGrps") == []


def test_what_cannot_be_posted_stays_with_its_reasons(world: World) -> None:
    save(world, two_lines("GOOD"))
    save(world, {"APInvHed": [header("NONE", "5.00")]})
    save(world, {"APInvHed": [header("OFF", "5.00")], **lines("OFF", ("6100|10", "4.00"))})
    save(world, {"APInvHed": [header("BLANK", "5.00")], "APInvDtl": lines("BLANK", ("", "5.00"))["APInvDtl"]})
    save(world, two_lines("WAIT", InvoiceHeld=True))
    log = world.clerk.post_ap_group("EPIC06", "AB261105")
    assert log.splitlines() == [
        "Invoice NONE: Invoice has no detail",
        "Invoice NONE: Invoice total does not agree with vendor's total",
        "Invoice OFF: Invoice total does not agree with vendor's total",
        "Invoice BLANK: line 1: G/L Account is required",
    ]
    assert world.rows(f"{GROUPS}/APInvGrps")[0]["PostErrorLog"] == log
    posted = {row["InvoiceNum"] for row in world.sandbox.books.invoices("EPIC06") if row["Posted"]}
    assert posted == {"GOOD"}


def test_a_distribution_that_differs_from_its_line_is_not_posted(world: World) -> None:
    ds = two_lines()
    ds["APInvExp"][0]["DocScrExpAmt"] = Decimal("59.00")
    save(world, ds)
    assert "distribution does not agree" in world.clerk.post_ap_group("EPIC06", "AB261105")


def test_an_account_closed_after_entry_stops_the_posting(world: World) -> None:
    save(world, two_lines())
    world.clerk.inactivate_account("EPIC06", "6100|10")
    assert "6100|10 is inactive" in world.clerk.post_ap_group("EPIC06", "AB261105")
    assert world.sandbox.books.gl_lines("EPIC06") == ()


def test_tax_is_booked_to_the_regions_account(world: World) -> None:
    save(world, two_lines(vendor=13, ScrDocInvoiceVendorAmt=Decimal("110.00")))
    assert world.clerk.post_ap_group("EPIC06", "AB261105") == ""
    balance = world.sandbox.books.trial_balance("EPIC06")
    assert (balance["2200|00"], balance["2000|00"]) == (Decimal("10.00"), Decimal("-110.00"))
    assert sum(balance.values()) == 0


def test_prepost_tells_the_variance(world: World) -> None:
    save(world, {"APInvHed": [header("OFF", "5.00")], **lines("OFF", ("6100|10", "4.00"))})
    answer = json(world.call(f"{GROUPS}/PrePostGroupInvoices", {"PostGroupID": "AB261105"}))
    assert "OFF: 1.00" in answer["parameters"]["VarianceMessage"]


def test_a_posted_invoice_cannot_be_changed_or_deleted(world: World) -> None:
    save(world, two_lines())
    world.clerk.post_ap_group("EPIC06", "AB261105")
    row = {**world.invoice("INV-1")["APInvHed"][0], "RowMod": "U", "PayHold": True}
    assert world.call(f"{AP}/UpdateMaster", master({"APInvHed": [row]})).status == 400
    assert world.call(f"{AP}/DeleteByID", {"vendorNum": 12, "invoiceNum": "INV-1"}).status == 400


def test_the_payment_run_pays_what_nothing_locks(world: World) -> None:
    locked = {
        "HOLD": {"PayHold": True, "PMUID": 1},
        "METHOD": {"PayHold": False, "PMUID": 9, "GLControlCode": "AB-AP"},
        "BOTH": {"PayHold": True, "PMUID": 9},
    }
    for number, columns in locked.items():
        save(world, two_lines(number, TermsCode="NET0", **columns))
    save(world, two_lines("OPEN", TermsCode="NET0"))
    save(world, two_lines("BLANK", TermsCode="NET0", PMUID=0))
    save(world, two_lines("LATER", TermsCode="N30"))
    save(world, two_lines("CENTRAL", vendor=13, TermsCode="NET0", TaxRegionCode="", PMUID=9))
    assert world.clerk.pay("EPIC06", date(2026, 11, 6)) == ()
    assert world.clerk.post_ap_group("EPIC06", "AB261105") == ""
    paid = world.clerk.pay("EPIC06", date(2026, 11, 6))
    assert {one.invoice_num for one in paid} == {"OPEN", "BLANK", "CENTRAL"}
    assert [one.central for one in paid if one.invoice_num == "CENTRAL"] == [True]
    assert sum(one.amount for one in paid) == Decimal("300.00")
    assert {row["InvoiceNum"] for row in world.sandbox.books.payables()} == {"HOLD", "METHOD", "BOTH", "LATER"}
    assert world.sandbox.books.trial_balance("EPIC06")["1010|00"] == Decimal("-300.00")
    settled = world.invoice("OPEN")["APInvHed"][0]
    assert (settled["OpenPayable"], settled["InvoiceBal"]) == (False, 0)
    payments = world.rows("Erp.BO.PaymentEntrySvc/PaymentEntries")
    assert sorted(row["PaymentTotal"] for row in payments) == [Decimal("100.00"), Decimal("200.00")]
    assert world.clerk.pay("EPIC06", date(2026, 11, 6)) == ()


def test_an_open_debit_memo_is_netted_from_the_cheque(world: World) -> None:
    save(world, two_lines("BIG", TermsCode="NET0"))
    memo = {
        "APInvHed": [header("CM", "30.00", TermsCode="NET0", DebitMemo=True)],
        **lines("CM", ("6100|10", "30.00")),
    }
    save(world, memo)
    world.clerk.post_ap_group("EPIC06", "AB261105")
    paid = world.clerk.pay("EPIC06", date(2026, 11, 6))
    assert {one.invoice_num: one.amount for one in paid} == {"BIG": Decimal("100.00"), "CM": Decimal("-30.00")}


def test_the_clerk_keys_edits_and_deletes(world: World) -> None:
    keyed = world.clerk.key_invoice(
        "EPIC06",
        12,
        "inv 1",
        on=date(2026, 11, 2),
        lines=(("6100|10", Decimal("9.50")), ("6200|20", Decimal("0.50"))),
    )
    assert (keyed["DocInvoiceAmt"], keyed["EntryPerson"], keyed["GroupID"]) == (Decimal("10.00"), "clerk", "HAND")
    world.clerk.edit_amount("EPIC06", 12, "inv 1", 1, Decimal("8.00"))
    world.clerk.edit_account("EPIC06", 12, "inv 1", 2, "6100|20")
    world.clerk.edit_header("EPIC06", 12, "inv 1", PayHold=True)
    kept = world.sandbox.books.invoice("EPIC06", 12, "INV 1")
    assert kept is not None
    assert [row["DocExpAmt"] for row in kept["APInvExp"]] == [Decimal("8.00"), Decimal("0.50")]
    assert [row["GLAccount"] for row in kept["APInvExpTGLC"]] == ["6100|10", "6100|20"]
    assert (kept["DocInvoiceVariance"], kept["PayHold"]) == (Decimal("1.50"), True)
    world.clerk.move_invoice("EPIC06", 12, "inv 1", "NEXT", date(2026, 12, 1))
    moved = world.sandbox.books.invoice("EPIC06", 12, "inv 1")
    assert moved is not None
    assert (moved["GroupID"], moved["FiscalPeriod"]) == ("NEXT", 12)
    world.clerk.delete_invoice("EPIC06", 12, "inv 1")
    assert world.sandbox.books.invoices("EPIC06") == ()
    world.clerk.inactivate_vendor("EPIC06", 12)
    with pytest.raises(EpicorError, match="inactive"):
        world.clerk.key_invoice("EPIC06", 12, "x", on=date(2026, 11, 2), lines=(("6100|10", Decimal("1.00")),))

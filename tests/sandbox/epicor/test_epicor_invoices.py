from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.sandbox.epicor.epicor_world import AP, GROUPS, World, fill, header, json, lines, master, two_lines


@pytest.fixture
def world() -> World:
    made = World()
    fill(made.sandbox)
    made.group()
    return made


def save(world: World, ds: dict[str, Any], **changed: Any) -> Any:
    answer = world.call(f"{AP}/UpdateMaster", master(ds, **changed))
    assert answer.status == 200, answer.body
    return json(answer)["parameters"]


def refusal(world: World, ds: dict[str, Any], **changed: Any) -> tuple[int, str]:
    before = world.sandbox.books.invoices("EPIC06")
    answer = world.call(f"{AP}/UpdateMaster", master(ds, **changed))
    assert world.sandbox.books.invoices("EPIC06") == before, "a refused call has written something"
    return answer.status, json(answer)["ErrorMessage"]


def test_one_update_master_saves_header_lines_and_the_accounts_that_were_asked(world: World) -> None:
    answer = save(world, two_lines(XRefInvoiceNum="AB-abc", ExtSysURL="https://x", Description="lamps", PayHold=True))
    assert answer["lUpdateRan"] is True
    assert answer["opMessage"] == ""
    assert answer["grpTotalInvAmt"] == Decimal("100.00")
    found = world.invoice("inv-1 ")
    [kept] = found["APInvHed"]
    assert [row["GLAccount"] for row in found["APInvExpTGLC"]] == ["6100|10", "6200|20"]
    assert [row["DocExpAmt"] for row in found["APInvExp"]] == [Decimal("60.00"), Decimal("40.00")]
    assert found["APInvExpTGLC"][0] | {"SegValue1": "6100", "SegValue2": "10"} == found["APInvExpTGLC"][0]
    expected = {
        "DocInvoiceAmt": Decimal("100.00"),
        "DocInvoiceVendorAmt": Decimal("100.00"),
        "DocInvoiceVariance": Decimal("0.00"),
        "XRefInvoiceNum": "AB-abc",
        "ExtSysURL": "https://x",
        "Description": "lamps",
        "PayHold": True,
        "TermsCode": "N30",
        "PMUID": 1,
        "GLControlCode": "AP",
        "CPay": False,
        "FiscalYear": 2026,
        "FiscalPeriod": 11,
        "ApplyDate": "2026-11-05T00:00:00",
        "DueDate": "2026-12-03T00:00:00",
        "EntryPerson": "svc",
        "OpenPayable": False,
        "Posted": False,
        "DisableAplDate": True,
    }
    assert kept | expected == kept


def test_what_is_sent_is_kept_over_the_vendors_default(world: World) -> None:
    ds = two_lines(vendor=13, TaxRegionCode="", PMUID=9, GLControlType="APAcct", GLControlCode="AB-AP", CPay=False)
    save(world, ds)
    kept = world.sandbox.books.invoice("EPIC06", 13, "INV-1")
    assert kept is not None
    assert [kept[name] for name in ("TaxRegionCode", "PMUID", "GLControlCode", "CPay")] == ["", 9, "AB-AP", False]
    assert kept["DocTaxAmt"] == 0


def test_the_vendors_tax_region_adds_tax_when_the_header_does_not_say(world: World) -> None:
    save(world, two_lines(vendor=13))
    kept = world.sandbox.books.invoice("EPIC06", 13, "INV-1")
    assert kept is not None
    assert (kept["DocTaxAmt"], kept["DocInvoiceAmt"]) == (Decimal("10.00"), Decimal("110.00"))
    assert kept["DocInvoiceVariance"] == Decimal("-10.00")
    assert kept["CPay"] is True


@pytest.mark.parametrize("missing", list(master({}))[1:])
def test_update_master_needs_all_seven_parameters(world: World, missing: str) -> None:
    body = master(two_lines())
    del body[missing]
    answer = world.call(f"{AP}/UpdateMaster", body)
    assert answer.status == 400
    assert missing in json(answer)["ErrorMessage"]


@pytest.mark.parametrize("again", ["INV-1", "inv-1", "INV-1  "])
def test_a_number_is_taken_once_per_vendor_whatever_its_case_and_trailing_blanks(world: World, again: str) -> None:
    save(world, two_lines("INV-1"))
    answer = world.call(f"{AP}/UpdateMaster", master(two_lines(again)))
    assert answer.status == 409
    assert json(answer)["ErrorType"] == "Ice.Common.DuplicateRecordException"
    assert "duplicate" in json(answer)["ErrorMessage"].lower()
    assert json(answer)["ErrorDetails"][0]["Table"] == "APInvHed"
    assert world.call(f"{AP}/UpdateMaster", master({"APInvHed": [header(again, "5.00")]})).status == 409
    save(world, two_lines("INV-1", vendor=15))


def test_a_posted_number_is_still_taken(world: World) -> None:
    save(world, two_lines())
    assert world.clerk.post_ap_group("EPIC06", "AB261105") == ""
    world.group()
    assert world.call(f"{AP}/UpdateMaster", master(two_lines())).status == 409


def without(ds: dict[str, Any], *tables: str) -> dict[str, Any]:
    return {name: rows for name, rows in ds.items() if name not in tables}


def test_a_line_without_distribution_gets_the_controls_account_or_none_at_all(world: World) -> None:
    save(world, without(two_lines("A"), "APInvExp", "APInvExpTGLC"))
    assert [row["GLAccount"] for row in world.invoice("A")["APInvExpTGLC"]] == ["", ""]
    assert [row["DocExpAmt"] for row in world.invoice("A")["APInvExp"]] == [Decimal("60.00"), Decimal("40.00")]
    save(world, without(two_lines("A", vendor=15), "APInvExpTGLC"))
    kept = world.sandbox.books.invoice("EPIC06", 15, "A")
    assert kept is not None
    assert [row["GLAccount"] for row in kept["APInvExpTGLC"]] == ["6999|00", "6999|00"]


def test_the_helper_column_of_a_distribution_is_no_account(world: World) -> None:
    ds = without(two_lines("A"), "APInvExpTGLC")
    ds["APInvExp"] = [{**row, "GLAccount": "6100|10"} for row in ds["APInvExp"]]
    save(world, ds)
    assert [row["GLAccount"] for row in world.invoice("A")["APInvExpTGLC"]] == ["", ""]


@pytest.mark.parametrize(
    ("account", "says"),
    [("9999|10", "not valid"), ("6300|10", "inactive"), ("6400|10", "not effective"), ("6100-10", "not valid")],
)
def test_an_account_must_exist_be_active_and_effective(world: World, account: str, says: str) -> None:
    ds = {"APInvHed": [header("X", "5.00")], **lines("X", (account, "5.00"))}
    status, message = refusal(world, ds)
    assert (status, says in message) == (400, True)


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"VendorNum": 14}, "inactive"),
        ({"VendorNum": 99}, "Supplier"),
        ({"VendorNumVendorID": "TAXED"}, "is not number"),
        ({"InvoiceNum": ""}, "required"),
        ({"InvoiceNum": "9" * 51}, "50"),
        ({"InvoiceDate": None}, "Invoice Date"),
        ({"ApplyDate": "2027-03-01"}, "fiscal period"),
        ({"GroupID": "OTHER"}, "group"),
        ({"TermsCode": "XX"}, "Terms"),
        ({"CurrencyCode": "XXX"}, "Currency"),
        ({"GLControlCode": "NOPE"}, "GL Control"),
        ({"ScrDocInvoiceVendorAmt": Decimal("-5.00")}, "positive"),
        ({"Descripton": "slip"}, "Descripton"),
        ({"PayHold": "yes"}, "APInvHed.PayHold"),
        ({"ScrDocInvoiceVendorAmt": "100.00"}, "ScrDocInvoiceVendorAmt"),
    ],
)
def test_a_header_with_a_fault_is_refused_whole(world: World, columns: dict[str, Any], says: str) -> None:
    status, message = refusal(world, {"APInvHed": [header("X", "5.00") | columns]})
    assert status == 400
    assert says in message


def test_a_date_before_the_earliest_apply_date_is_refused(world: World) -> None:
    from datetime import date

    world.clerk.close_period("EPIC06", date(2026, 10, 31))
    ds = {"APInvHed": [header("X", "5.00", ApplyDate="2026-10-31")]}
    status, message = refusal(world, ds)
    assert (status, "Earliest Apply Date 2026-11-01" in message) == (400, True)
    world.clerk.open_period("EPIC06", date(2026, 10, 31))
    save(world, ds)
    assert world.invoice("X")["APInvHed"][0]["FiscalPeriod"] == 10


def test_a_group_that_someone_else_holds_takes_nothing(world: World) -> None:
    world.clerk.lock_ap_group("EPIC06", "AB261105")
    assert refusal(world, two_lines()) == (400, "Group AB261105 is in use by user clerk.")
    assert world.call(f"{GROUPS}/UnlockGroup", {"InGroupID": "AB261105"}).status == 400
    world.clerk.unlock_ap_group("EPIC06", "AB261105")
    save(world, two_lines())


def test_a_posted_group_takes_nothing_and_its_id_can_be_made_again(world: World) -> None:
    save(world, two_lines())
    world.clerk.post_ap_group("EPIC06", "AB261105")
    status, message = refusal(world, two_lines("INV-2"))
    assert (status, "posted" in message) == (400, True)
    world.group()
    save(world, two_lines("INV-2"))


def test_a_debit_memo_is_entered_positive_and_stored_negative(world: World) -> None:
    new = json(world.call(f"{AP}/GetNewAPInvHedDebitMemo", {"ds": {}, "cGroupID": "AB261105"}))["parameters"]["ds"]
    row = new["APInvHed"][0] | header("CM-1", "100.00")
    save(world, {**two_lines("CM-1"), "APInvHed": [row]})
    found = world.invoice("CM-1")
    kept = found["APInvHed"][0]
    assert kept["DebitMemo"] is True
    assert (kept["DocInvoiceVendorAmt"], kept["ScrDocInvoiceVendorAmt"]) == (Decimal("-100.00"), Decimal("100.00"))
    assert kept["DocInvoiceAmt"] == Decimal("-100.00")
    assert [row["DocExtCost"] for row in found["APInvDtl"]] == [Decimal("-60.00"), Decimal("-40.00")]
    assert [row["DocExpAmt"] for row in found["APInvExp"]] == [Decimal("-60.00"), Decimal("-40.00")]
    world.clerk.post_ap_group("EPIC06", "AB261105")
    assert world.sandbox.books.trial_balance("EPIC06") == {
        "2000|00": Decimal("100.00"),
        "6100|10": Decimal("-60.00"),
        "6200|20": Decimal("-40.00"),
    }


def test_a_control_that_warns_stops_the_save_with_status_200_unless_prompts_are_suppressed(world: World) -> None:
    loud = save(world, two_lines(vendor=16), quiet=False)
    assert (loud["lUpdateRan"], "payment hold" in loud["opMessage"]) == (False, True)
    assert world.sandbox.books.invoices("EPIC06") == ()
    quiet = save(world, two_lines(vendor=16))
    assert (quiet["lUpdateRan"], "payment hold" in quiet["opMessage"]) == (True, True)
    central = save(world, two_lines(vendor=13), quiet=False, runChkCPay=True)
    assert (central["lUpdateRan"], "central payment" in central["opMessage"]) == (False, True)


def test_rows_without_row_mod_are_not_saved(world: World) -> None:
    ds = {"APInvHed": [{**header("X", "5.00"), "RowMod": ""}]}
    assert save(world, ds)["lUpdateRan"] is False
    assert world.sandbox.books.invoices("EPIC06") == ()


def test_every_write_bumps_the_row_version_and_an_old_version_is_refused(world: World) -> None:
    save(world, two_lines())
    first = world.invoice("INV-1")["APInvHed"][0]
    save(world, {"APInvHed": [{**first, "Description": "new", "RowMod": "U"}]})
    second = world.invoice("INV-1")["APInvHed"][0]
    assert second["SysRevID"] > first["SysRevID"]
    assert second["Description"] == "new"
    answer = world.call(f"{AP}/UpdateMaster", master({"APInvHed": [{**first, "Description": "late", "RowMod": "U"}]}))
    assert (answer.status, json(answer)["ErrorType"]) == (400, "Ice.BLException")
    assert world.invoice("INV-1")["APInvHed"][0] == second


def test_an_apply_date_stays_once_there_are_lines(world: World) -> None:
    save(world, two_lines())
    changed = {**world.invoice("INV-1")["APInvHed"][0], "ApplyDate": "2026-12-01", "RowMod": "U"}
    assert refusal(world, {"APInvHed": [changed]})[0] == 400


def test_the_way_of_many_calls_ends_with_an_empty_account_until_a_second_save(world: World) -> None:
    new = json(world.call(f"{AP}/GetNewAPInvHedInvoice", {"cGroupID": "AB261105", "ds": {}}))["parameters"]
    new["ds"]["APInvHed"][0] |= {"VendorNumVendorID": "ACME", "InvoiceNum": "M-1", "TermsCode": "NET0"}
    changed = {"ProposedInvoiceVendorAmt": Decimal("20.00"), "ds": new["ds"]}
    new = json(world.call(f"{AP}/ChangeInvoiceVendorAmt", changed))["parameters"]
    assert world.call(f"{AP}/Update", new).status == 200
    line = json(world.call(f"{AP}/GetNewAPInvDtlMiscellaneous", {"iVendorNum": 12, "cInvoiceNum": "M-1", "ds": {}}))
    row = line["parameters"]["ds"]["APInvDtl"][0]
    row |= {"ScrVendorQty": 2, "DocUnitCost": Decimal("10.00")}
    saved = save(world, line["parameters"]["ds"])
    account = saved["ds"]["APInvExpTGLC"][0]
    assert account["GLAccount"] == ""
    save(world, {"APInvExpTGLC": [{**account, "GLAccount": "6100|20", "RowMod": "U"}]})
    found = world.invoice("M-1")
    assert found["APInvExpTGLC"][0] | {"GLAccount": "6100|20", "SegValue2": "20"} == found["APInvExpTGLC"][0]
    assert found["APInvHed"][0]["DocInvoiceVariance"] == 0


def test_new_distribution_rows_carry_their_keys(world: World) -> None:
    save(world, {"APInvHed": [header("X", "5.00")], "APInvDtl": lines("X", ("", "5.00"))["APInvDtl"]})
    where = {"vendorNum": 12, "invoiceNum": "X", "invoiceLine": 1, "ds": {}}
    expense = json(world.call(f"{AP}/GetNewAPInvExp", where))["parameters"]["ds"]["APInvExp"][0]
    assert (expense["InvExpSeq"], expense["RowMod"]) == (2, "A")
    account = json(world.call(f"{AP}/GetNewAPInvExpTGLC", {**where, "invExpSeq": 2}))["parameters"]["ds"]
    assert account["APInvExpTGLC"][0]["Key2"] == "X"


def test_lines_against_purchase_orders_are_checked(world: World) -> None:
    def line(order: int, number: int) -> dict[str, Any]:
        rows = lines("P-1", ("6100|10", "5.00"))
        rows["APInvDtl"][0] |= {"LineType": "U", "PONum": order, "POLine": number}
        return {"APInvHed": [header("P-1", "5.00", REFPONum=4001)], **rows}

    assert "valid PO" in refusal(world, line(4001, 9))[1]
    assert "closed" in refusal(world, line(4001, 2))[1]
    assert (
        refusal(world, {**line(4001, 1), "APInvDtl": [{**line(4001, 1)["APInvDtl"][0], "LineType": "R"}]})[0] == 400
    )
    save(world, line(4001, 1))
    assert world.rows(f"{AP}/APInvoices", _filter="REFPONum eq 4001")[0]["InvoiceNum"] == "P-1"


def test_foreign_currency_takes_the_rate_of_the_apply_date(world: World) -> None:
    save(world, two_lines(vendor=17))
    kept = world.sandbox.books.invoice("EPIC06", 17, "INV-1")
    assert kept is not None
    assert (kept["ExchangeRate"], kept["InvoiceAmt"]) == (Decimal("1.20"), Decimal("120.00"))
    earlier = {"APInvHed": [header("E", "10.00", 17, ApplyDate="2026-11-03")]}
    save(world, earlier)
    kept = world.sandbox.books.invoice("EPIC06", 17, "E")
    assert kept is not None
    assert kept["InvoiceVendorAmt"] == Decimal("11.00")


def test_reads_deletes_moves_and_validates(world: World) -> None:
    save(world, two_lines())
    found = json(world.call(f"{AP}/ValidateInvoiceID", {"txtVendorID": "acme", "txtInvoiceNum": "INV-1"}))
    assert found["parameters"] == {"intVendorNum": 12, "logAPInvFound": True}
    listed = world.read(
        f"{AP}/GetList", whereClause="InvoiceNum = 'INV-1' BY InvoiceNum", pageSize="0", absolutePage="0"
    )
    assert len(json(listed)["returnObj"]["APInvHedList"]) == 1
    world.group("OTHER")
    moved = {"TransferToGroupID": "OTHER", "XferInvVendorNum": 12, "XferInvInvoiceNum": "INV-1"}
    answer = world.call(f"{AP}/TransferInvoiceToGroup", {**moved, "XferApplyDate": "", "cGroupID": "AB261105"})
    assert json(answer)["parameters"]["grpTotalInvAmt"] == 0
    assert world.invoice("INV-1")["APInvHed"][0]["GroupID"] == "OTHER"
    assert world.rows(f"{GROUPS}/APInvGrps", _filter="GroupID eq 'OTHER'")[0]["BaseTotal"] == Decimal("100.00")
    assert world.call(f"{GROUPS}/DeleteByID", {"groupID": "OTHER"}).status == 400
    assert world.call(f"{AP}/DeleteByID", {"vendorNum": 12, "invoiceNum": "INV-1"}).status == 200
    gone = world.read(f"{AP}/GetByID", vendorNum="12", invoiceNum="INV-1")
    assert (gone.status, json(gone)["ErrorType"]) == (404, "Ice.Common.RecordNotFoundException")
    assert world.sandbox.books.rows("EPIC06", "APInvExpTGLC") == ()
    assert world.call(f"{GROUPS}/DeleteByID", {"groupID": "OTHER"}).status == 200


def test_uninvoiced_receipts_are_listed_by_order(world: World) -> None:
    asked = {"ds": {}, "InVendorNum": 12, "InInvoiceNum": "", "InPONum": 4001}
    rows = json(world.call(f"{AP}/GetAPUninvoicedReceipts", asked))["parameters"]["ds"]["APUninvoicedRcptLines"]
    assert [row["PackSlip"] for row in rows] == ["PS1"]
    none = json(world.call(f"{AP}/GetAPUninvoicedReceipts", {**asked, "InPONum": 4002}))["parameters"]["ds"]
    assert none["APUninvoicedRcptLines"] == []


def test_update_ext_reports_errors_with_status_200(world: World) -> None:
    ds = two_lines()
    ds["APInvExpTGLC"][1]["GLAccount"] = "9999|10"
    flags = {"continueProcessingOnError": True, "rollbackParentOnChildError": True}
    answer = world.call(
        f"{AP}/UpdateExt", {"ds": {**ds, "APInvHed": [{**ds["APInvHed"][0], "GroupID": "AB261105"}]}, **flags}
    )
    body = json(answer)
    assert answer.status == 200
    assert body["parameters"]["errorsOccurred"] is True
    assert body["returnObj"]["BOUpdError"][0]["TableName"] == "APInvExpTGLC"
    assert world.sandbox.books.invoices("EPIC06") == ()


def test_update_ext_without_rollback_leaves_a_half_built_invoice(world: World) -> None:
    ds = two_lines(GroupID="AB261105")
    ds["APInvExpTGLC"][1]["GLAccount"] = "9999|10"
    ds["APInvDtl"] = [{**row, "UpdateExtCreateLineGL": False} for row in ds["APInvDtl"]]
    flags = {"continueProcessingOnError": True, "rollbackParentOnChildError": False}
    body = json(world.call(f"{AP}/UpdateExt", {"ds": ds, **flags}))
    assert body["parameters"]["errorsOccurred"] is True
    found = world.invoice("INV-1")
    assert (len(found["APInvDtl"]), len(found["APInvExpTGLC"])) == (2, 1)

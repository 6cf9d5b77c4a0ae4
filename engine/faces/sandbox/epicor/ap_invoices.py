"""AP invoice entry (`Erp.BO.APInvoiceSvc`): reads, new rows with their defaults, changes, moves, checks.

New header rows leave out the columns that only the vendor can decide, so that a blank one that a client
sends is the client's choice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from engine.faces.sandbox.epicor.accounts import MAIN_BOOK, chart_of
from engine.faces.sandbox.epicor.ap_groups import add_to_total, usable_group
from engine.faces.sandbox.epicor.ap_invoice_header import (
    CHILDREN,
    TABLE,
    delete_invoice,
    find_vendor,
    open_invoice,
    parts,
)
from engine.faces.sandbox.epicor.ap_invoice_update import TABLES, pre_update, update, update_ext, update_master, whole
from engine.faces.sandbox.epicor.calendar import earliest_apply_date, open_period
from engine.faces.sandbox.epicor.errors import not_found, refused
from engine.faces.sandbox.epicor.methods import Answer, Method, lister, out, read_tables, tableset
from engine.faces.sandbox.epicor.rows import as_date, date_text, decimal, new_row_id
from engine.faces.sandbox.epicor.session import Session

_ZERO = Decimal("0.00")


def _new(session: Session, **columns: Any) -> dict[str, Any]:
    return {"Company": session.company, **columns, "SysRevID": 0, "SysRowID": new_row_id(), "RowMod": "A"}


def _with_new(arguments: Mapping[str, Any], table: str, row: dict[str, Any]) -> Answer:
    tables = read_tables(arguments["ds"], TABLES)
    return out(ds=tableset(**tables | {table: [*tables[table], row]}))


def _get_by_id(session: Session, arguments: Mapping[str, Any]) -> Answer:
    header = session.get(TABLE, arguments["vendorNum"], arguments["invoiceNum"])
    if header is None:
        raise not_found(f"invoice {arguments['invoiceNum']}", TABLE)
    return {"returnObj": whole(session, [header])}


def _new_header(*, debit_memo: bool) -> Callable[[Session, Mapping[str, Any]], Answer]:
    def run(session: Session, arguments: Mapping[str, Any]) -> Answer:
        group = usable_group(session, arguments["cGroupID"], TABLE)
        row = _new(
            session,
            VendorNum=0,
            InvoiceNum="",
            DebitMemo=debit_memo,
            GroupID=group["GroupID"],
            InvoiceDate=date_text(session.today()),
            ApplyDate=group["ApplyDate"],
            Description="",
            ScrDocInvoiceVendorAmt=_ZERO,
            VendorNumVendorID="",
            EntryPerson=session.user,
            Posted=False,
            OpenPayable=False,
        )
        return _with_new(arguments, TABLE, row)

    return run


def _new_line(kind: str, vendor: str, invoice: str) -> Callable[[Session, Mapping[str, Any]], Answer]:
    def run(session: Session, arguments: Mapping[str, Any]) -> Answer:
        header = open_invoice(session, arguments[vendor], arguments[invoice])
        lines = parts(session, "APInvDtl", header)
        row = _new(
            session,
            VendorNum=header["VendorNum"],
            InvoiceNum=header["InvoiceNum"],
            InvoiceLine=max((line["InvoiceLine"] for line in lines), default=0) + 1,
            LineType=kind,
            Description="",
            ScrVendorQty=_ZERO,
            DocUnitCost=_ZERO,
            ScrDocExtCost=_ZERO,
            PONum=0,
            POLine=0,
            PORelNum=0,
            UpdateExtCreateLineGL=True,
        )
        return _with_new(arguments, "APInvDtl", row)

    return run


def _new_expense(session: Session, arguments: Mapping[str, Any]) -> Answer:
    header = open_invoice(session, arguments["vendorNum"], arguments["invoiceNum"])
    taken = [
        row["InvExpSeq"]
        for row in parts(session, "APInvExp", header)
        if row["InvoiceLine"] == arguments["invoiceLine"]
    ]
    row = _new(
        session,
        VendorNum=header["VendorNum"],
        InvoiceNum=header["InvoiceNum"],
        InvoiceLine=arguments["invoiceLine"],
        InvExpSeq=max(taken, default=0) + 1,
        DocScrExpAmt=_ZERO,
        BookID=MAIN_BOOK,
        COACode=chart_of(session),
    )
    return _with_new(arguments, "APInvExp", row)


def _new_account(session: Session, arguments: Mapping[str, Any]) -> Answer:
    header = open_invoice(session, arguments["vendorNum"], arguments["invoiceNum"])
    row = _new(
        session,
        VendorNum=header["VendorNum"],
        InvoiceNum=header["InvoiceNum"],
        InvoiceLine=arguments["invoiceLine"],
        InvExpSeq=arguments["invExpSeq"],
        RelatedToFile="APInvExp",
        Key1=str(header["VendorNum"]),
        Key2=header["InvoiceNum"],
        Key3=str(arguments["invoiceLine"]),
        Key4=str(arguments["invExpSeq"]),
        TGLCTranNum=1,
        GLAcctContext="Expense",
        RecordType="A",
        BookID=MAIN_BOOK,
        COACode=chart_of(session),
        GLAccount="",
    )
    return _with_new(arguments, "APInvExpTGLC", row)


def _change_vendor(session: Session, arguments: Mapping[str, Any]) -> Answer:
    tables = read_tables(arguments["ds"], TABLES)
    vendor = find_vendor(session, {"VendorNumVendorID": arguments["ProposedVendorID"]})
    for row in tables[TABLE]:
        row |= {
            "VendorNum": vendor["VendorNum"],
            "VendorNumVendorID": vendor["VendorID"],
            "VendorNumName": vendor.get("Name", ""),
            "TermsCode": vendor.get("TermsCode", ""),
            "CurrencyCode": vendor.get("CurrencyCode", ""),
            "TaxRegionCode": vendor.get("TaxRegionCode", ""),
            "PMUID": vendor.get("PMUID", 0),
            "CPay": bool(vendor.get("CPay")),
        }
    message = f"Supplier {vendor['VendorID']} is on payment hold." if vendor.get("PayHold") else ""
    return out(confirmMsg=message, ds=tableset(**tables))


def _change_amount(_session: Session, arguments: Mapping[str, Any]) -> Answer:
    tables = read_tables(arguments["ds"], TABLES)
    for row in tables[TABLE]:
        row["ScrDocInvoiceVendorAmt"] = arguments["ProposedInvoiceVendorAmt"]
    return out(ds=tableset(**tables))


def _delete(session: Session, arguments: Mapping[str, Any]) -> Answer:
    delete_invoice(session, arguments["vendorNum"], arguments["invoiceNum"])
    return {}


def _transfer(session: Session, arguments: Mapping[str, Any]) -> Answer:
    number, invoice = arguments["XferInvVendorNum"], arguments["XferInvInvoiceNum"]
    apply = as_date(arguments["XferApplyDate"]) if arguments["XferApplyDate"] else None
    move_invoice(session, number, invoice, arguments["TransferToGroupID"], apply)
    left = session.get("APInvGrp", arguments["cGroupID"])
    total = decimal(left, "BaseTotal") if left is not None else _ZERO
    return out(grpTotalInvAmt=total, lEnableGenLegalNum=False)


def move_invoice(session: Session, vendor_num: Any, invoice_num: Any, group: str, apply: date | None) -> None:
    """Move an unposted invoice into another group, optionally to another apply date."""
    header = open_invoice(session, vendor_num, invoice_num)
    target = usable_group(session, group, TABLE)
    moved = {**header, "GroupID": target["GroupID"]}
    if apply is not None:
        moved["ApplyDate"] = date_text(apply)
        moved |= open_period(session, "AP", apply, TABLE, "ApplyDate").columns()
    session.save(TABLE, moved)
    for table in CHILDREN:
        for row in parts(session, table, header):
            session.save(table, {**row, "GroupID": target["GroupID"]})
    amount = decimal(header, "InvoiceVendorAmt")
    add_to_total(session, header["GroupID"], -amount)
    add_to_total(session, target["GroupID"], amount)


def _validate_invoice(session: Session, arguments: Mapping[str, Any]) -> Answer:
    vendors = session.find("Vendor", VendorID=arguments["txtVendorID"])
    number = vendors[0]["VendorNum"] if vendors else 0
    found = bool(vendors) and session.get(TABLE, number, arguments["txtInvoiceNum"]) is not None
    return out(intVendorNum=number, logAPInvFound=found)


def _validate_group(session: Session, arguments: Mapping[str, Any]) -> Answer:
    return {"returnObj": session.get("APInvGrp", arguments["sGroupID"]) is not None}


def _uninvoiced_receipts(session: Session, arguments: Mapping[str, Any]) -> Answer:
    table = "APUninvoicedRcptLines"
    rows = session.find(table, VendorNum=arguments["InVendorNum"])
    order = arguments["InPONum"]
    open_rows = [row for row in rows if not row.get("Invoiced") and order in (0, row["PONum"])]
    return out(ds=tableset(APUninvoicedRcptLines=open_rows))


def _earliest_date(session: Session, arguments: Mapping[str, Any]) -> Answer:
    if arguments["inTransType"] not in ("AP", "GL"):
        # The values of this argument are not published; the sandbox knows its two modules.
        raise refused("inTransType is not valid.")
    proposed, earliest = as_date(arguments["proposedDate"]), earliest_apply_date(session, arguments["inTransType"])
    early = earliest is not None and proposed < earliest
    message = f"{arguments['inDateLabel']} is before the Earliest Apply Date {earliest}." if early else ""
    return out(proposedDate=date_text(earliest if early and earliest else proposed), cMessageText=message)


_LINE = "vendorNum:number invoiceNum:text invoiceLine:number"

METHODS = {
    "GetByID": Method(_get_by_id, "vendorNum:number invoiceNum:text", reads=True),
    "GetList": lister(TABLE, shown_as="APInvHedList"),
    "GetRows": lister(TABLE, "whereClauseAPInvHed"),
    "GetNewAPInvHedInvoice": Method(_new_header(debit_memo=False), "ds:ds cGroupID:text"),
    "GetNewAPInvHedDebitMemo": Method(_new_header(debit_memo=True), "ds:ds cGroupID:text"),
    "GetNewAPInvDtl": Method(_new_line("M", "vendorNum", "invoiceNum"), "ds:ds vendorNum:number invoiceNum:text"),
    "GetNewAPInvDtlMiscellaneous": Method(
        _new_line("M", "iVendorNum", "cInvoiceNum"), "ds:ds iVendorNum:number cInvoiceNum:text"
    ),
    "GetNewAPInvDtlUnreceived": Method(
        _new_line("U", "iVendorNum", "cInvoiceNum"), "ds:ds iVendorNum:number cInvoiceNum:text"
    ),
    "GetNewAPInvExp": Method(_new_expense, f"ds:ds {_LINE}"),
    "GetNewAPInvExpTGLC": Method(_new_account, f"ds:ds {_LINE} invExpSeq:number"),
    "ChangeVendorID": Method(_change_vendor, "ProposedVendorID:text confirmCheck:flag ds:ds"),
    "ChangeInvoiceVendorAmt": Method(_change_amount, "ProposedInvoiceVendorAmt:number ds:ds"),
    "PreUpdate": Method(pre_update, "ds:ds"),
    "Update": Method(update, "ds:ds", effect=True),
    "UpdateMaster": Method(
        update_master,
        "ds:ds cGroupID:text cTableName:text runChkCPay:flag runChkBankRef:flag runChkRevChrg:flag"
        " suppressUserPrompts:flag",
        effect=True,
    ),
    "UpdateExt": Method(
        update_ext, "ds:ds continueProcessingOnError:flag rollbackParentOnChildError:flag", effect=True
    ),
    "DeleteByID": Method(_delete, "vendorNum:number invoiceNum:text", effect=True),
    "TransferInvoiceToGroup": Method(
        _transfer,
        "TransferToGroupID:text XferInvVendorNum:number XferInvInvoiceNum:text XferApplyDate:text cGroupID:text",
        effect=True,
    ),
    "ValidateInvoiceID": Method(_validate_invoice, "txtVendorID:text txtInvoiceNum:text"),
    "ValidateGroupID": Method(_validate_group, "sGroupID:text"),
    "GetAPUninvoicedReceipts": Method(
        _uninvoiced_receipts, "ds:ds InVendorNum:number InInvoiceNum:text InPONum:number"
    ),
    "GetvalidEAD": Method(_earliest_date, "inTransType:text inDateLabel:text proposedDate:text"),
}

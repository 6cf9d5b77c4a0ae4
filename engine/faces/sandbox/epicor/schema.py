"""The tables of the simulated Epicor: columns with their types, keys, indexes.

`columns.json` names the published columns (without the three sets of reporting-currency amounts); a
column outside it does not exist here, so that a misspelt field is refused instead of kept. Tables whose
columns are not published are written out below, in the sandbox's own words.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from engine.faces.sandbox.tables import TableStore

_SEGMENTS = tuple(f"SegValue{number}" for number in range(1, 21))

_OWN_COLUMNS = {
    "EntityGLC": {"text": "Company RelatedToFile Key1 Key2 Key3 Key4 Key5 Key6 GLControlType GLControlCode"},
    "GLCntrlAcct": {"text": "Company GLControlType GLControlCode GLAcctContext BookID COACode GLAccount"},
    "EADType": {"text": "Company EADType", "date": "EarliestApplyDate"},
    "TaxRgn": {"text": "Company TaxRegionCode Description GLAccount", "number": "Percent"},
    "PayMethod": {"text": "Company Name", "number": "PMUID Type PMSource", "flag": "Inactive"},
    "BankAcct": {"text": "Company BankAcctID Description CurrencyCode GLAccount", "flag": "Closed"},
    "GLBook": {"text": "Company BookID COACode CurrencyCode FiscalCalendarID JournalCode"},
    "APUninvoicedRcptLines": {
        "text": "Company PackSlip PartNum LineDesc PUM PurPoint",
        "number": "VendorNum PONum POLine PORelNum PackLine OurQty VendorQty UnitCost ExtCost",
        "flag": "SelectLine Invoiced",
        "date": "ReceiptDate",
    },
}

KEYS: dict[str, tuple[str, ...]] = {
    "Company": ("Company1",),
    "Vendor": ("Company", "VendorNum"),
    "GLAccount": ("Company", "COACode", "GLAccount1"),
    "PurTerms": ("Company", "TermsCode"),
    "Currency": ("Company", "CurrencyCode"),
    "CurrExRate": ("Company", "RateGrpCode", "SourceCurrCode", "TargetCurrCode", "EffectiveDate"),
    "FiscalPer": ("Company", "FiscalCalendarID", "FiscalYear", "FiscalYearSuffix", "FiscalPeriod"),
    "EADType": ("Company", "EADType"),
    "EntityGLC": ("Company", "RelatedToFile", "Key1", "GLControlType"),
    "GLCntrlAcct": ("Company", "GLControlType", "GLControlCode", "GLAcctContext"),
    "GLBook": ("Company", "BookID"),
    "TaxRgn": ("Company", "TaxRegionCode"),
    "PayMethod": ("Company", "PMUID"),
    "BankAcct": ("Company", "BankAcctID"),
    "POHeader": ("Company", "PONum"),
    "PODetail": ("Company", "PONUM", "POLine"),
    "PORel": ("Company", "PONum", "POLine", "PORelNum"),
    "APUninvoicedRcptLines": ("Company", "VendorNum", "PackSlip", "PackLine"),
    "APInvGrp": ("Company", "GroupID"),
    "APInvHed": ("Company", "VendorNum", "InvoiceNum"),
    "APInvDtl": ("Company", "VendorNum", "InvoiceNum", "InvoiceLine"),
    "APInvExp": ("Company", "VendorNum", "InvoiceNum", "InvoiceLine", "InvExpSeq"),
    "APInvExpTGLC": ("Company", "VendorNum", "InvoiceNum", "InvoiceLine", "InvExpSeq", "SysRowID"),
    "GLJrnGrp": ("Company", "GroupID"),
    "GLJrnHed": (
        "Company",
        "BookID",
        "FiscalYear",
        "FiscalYearSuffix",
        "JournalCode",
        "JournalNum",
        "FiscalCalendarID",
    ),
    "GLJrnDtlMnl": (
        "Company",
        "BookID",
        "FiscalYear",
        "FiscalYearSuffix",
        "JournalCode",
        "JournalNum",
        "JournalLine",
        "FiscalCalendarID",
    ),
    "GLJrnDtl": (
        "Company",
        "BookID",
        "FiscalYear",
        "FiscalYearSuffix",
        "JournalCode",
        "JournalNum",
        "JournalLine",
    ),
    "CheckHed": ("Company", "HeadNum"),
    "APTran": ("Company", "HeadNum", "APTranNo", "InvoiceNum", "Voided"),
}

INDEXES: dict[str, tuple[str, ...]] = {
    "Vendor": ("Company", "VendorID", "VendorNum", "Name", "ExternalId", "TaxPayerID"),
    "GLAccount": ("Company", "GLAccount1"),
    "CurrExRate": ("Company", "SourceCurrCode"),
    "FiscalPer": ("Company", "FiscalCalendarID"),
    "EntityGLC": ("Key1",),
    "POHeader": ("Company", "PONum", "VendorNum"),
    "PODetail": ("PONUM",),
    "PORel": ("PONum",),
    "APUninvoicedRcptLines": ("VendorNum",),
    "APInvGrp": ("Company", "GroupID"),
    "APInvHed": (
        "Company",
        "VendorNum",
        "InvoiceNum",
        "GroupID",
        "Description",
        "XRefInvoiceNum",
        "ExternalID",
        "REFPONum",
        "OpenPayable",
    ),
    "APInvDtl": ("Company", "InvoiceNum", "PONum"),
    "APInvExp": ("Company", "InvoiceNum"),
    "APInvExpTGLC": ("Company", "InvoiceNum", "GLAccount"),
    "GLJrnGrp": ("Company", "GroupID"),
    "GLJrnHed": ("Company", "GroupID", "Description", "JournalNum", "ExtSysURL"),
    "GLJrnDtlMnl": ("Company", "GroupID", "Description", "JournalNum", "GLAccount"),
    "GLJrnDtl": (
        "Company",
        "GroupID",
        "Description",
        "JournalNum",
        "GLAccount",
        "VendorNum",
        "APInvoiceNum",
        "ExtSysURL",
    ),
    "APTran": ("Company", "InvoiceNum", "HeadNum"),
}


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of one table, each with its kind: text, number, flag or date."""

    table: str
    kinds: dict[str, str]


def _read_columns() -> dict[str, Columns]:
    published = json.loads(Path(__file__).with_name("columns.json").read_text(encoding="utf-8"))
    tables = {}
    for table, by_kind in (published | _OWN_COLUMNS).items():
        kinds = {name: kind for kind, names in by_kind.items() for name in names.split()}
        if "GLAccount" in kinds or "GLAccount1" in kinds:
            kinds |= dict.fromkeys(_SEGMENTS, "text")
        kinds |= {"SysRevID": "number", "SysRowID": "text", "RowMod": "text"}
        tables[table] = Columns(table, kinds)
    return tables


COLUMNS = _read_columns()
"""By table name; a table with columns but without a key only ever travels (posting parameters)."""


def declare_all(store: TableStore) -> None:
    """Make every table of the simulated Epicor known to the store."""
    for table, key in KEYS.items():
        store.declare(table, key, INDEXES.get(table, ("Company",) if "Company" in key else ()))

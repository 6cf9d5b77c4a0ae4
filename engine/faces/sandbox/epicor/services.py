"""The table of services: which entity sets and methods the simulated Epicor has, by their REST names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.faces.sandbox.epicor import ap_groups, ap_invoices, ap_posting, gl_groups, gl_journals, master_data
from engine.faces.sandbox.epicor.methods import Method
from engine.faces.sandbox.epicor.odata import EntitySet


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One business object: `creates` is the set that also takes POST, which goes through `UpdateExt`'s rules."""

    sets: Mapping[str, EntitySet] = field(default_factory=dict)
    methods: Mapping[str, Method] = field(default_factory=dict)
    creates: str = ""


SERVICES: dict[str, Service] = {
    "Erp.BO.APInvGrpSvc": Service(
        sets={"APInvGrps": EntitySet("APInvGrp")}, methods=ap_groups.METHODS, creates="APInvGrps"
    ),
    "Erp.BO.APInvoiceSvc": Service(
        sets={
            "APInvoices": EntitySet("APInvHed"),
            "APInvDtls": EntitySet("APInvDtl", "APInvHed"),
            "APInvExps": EntitySet("APInvExp", "APInvHed"),
            "APInvExpTGLCs": EntitySet("APInvExpTGLC", "APInvHed"),
        },
        methods=ap_invoices.METHODS,
    ),
    "Erp.Proc.APInvoicePostSvc": Service(methods=ap_posting.METHODS),
    "Erp.BO.GLJrnGrpSvc": Service(sets={"GLJrnGrps": EntitySet("GLJrnGrp")}, methods=gl_groups.METHODS),
    "Erp.BO.GLJournalEntrySvc": Service(
        sets={
            "GLJournalEntries": EntitySet("GLJrnHed"),
            "GLJrnDtlMnls": EntitySet("GLJrnDtlMnl", "GLJrnHed"),
        },
        methods=gl_journals.METHODS,
    ),
    "Erp.BO.GLJrnDtlSvc": Service(sets={"GLJrnDtls": EntitySet("GLJrnDtl")}, methods=master_data.LEDGER_METHODS),
    "Erp.BO.GLAccountSvc": Service(sets={"GLAccounts": EntitySet("GLAccount")}, methods=master_data.ACCOUNT_METHODS),
    "Erp.BO.VendorSvc": Service(
        sets={"Vendors": EntitySet("Vendor"), "EntityGLCs": EntitySet("EntityGLC")},
        methods=master_data.VENDOR_METHODS,
    ),
    "Erp.BO.POSvc": Service(
        sets={
            "POes": EntitySet("POHeader"),
            "PODetails": EntitySet("PODetail", "POHeader"),
            "PORels": EntitySet("PORel", "POHeader"),
        },
        methods=master_data.ORDER_METHODS,
    ),
    "Erp.BO.PurTermsSvc": Service(sets={"PurTerms": EntitySet("PurTerms")}, methods=master_data.TERMS_METHODS),
    "Erp.BO.CurrencySvc": Service(sets={"Currencies": EntitySet("Currency")}, methods=master_data.CURRENCY_METHODS),
    "Erp.BO.CurrExRateSvc": Service(sets={"CurrExRates": EntitySet("CurrExRate")}, methods=master_data.RATE_METHODS),
    "Erp.BO.CompanySvc": Service(sets={"Companies": EntitySet("Company")}, methods=master_data.COMPANY_METHODS),
    "Erp.BO.FiscalPerSearchSvc": Service(
        sets={"FiscalPerSearches": EntitySet("FiscalPer")}, methods=master_data.PERIOD_METHODS
    ),
    "Erp.BO.PaymentEntrySvc": Service(
        sets={"PaymentEntries": EntitySet("CheckHed"), "APTrans": EntitySet("APTran", "CheckHed")}
    ),
    "Erp.BO.EADSvc": Service(sets={"EADTypes": EntitySet("EADType")}),
    "Erp.BO.PayMethodSvc": Service(sets={"PayMethods": EntitySet("PayMethod")}),
    "Erp.BO.BankAcctSvc": Service(sets={"BankAccts": EntitySet("BankAcct")}),
    "Erp.BO.GLCntrlSvc": Service(sets={"GLCntrlAccts": EntitySet("GLCntrlAcct")}),
}

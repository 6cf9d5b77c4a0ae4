"""Methods that read master data: vendors, GL accounts, purchase orders, terms, rates, companies, periods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.faces.sandbox.epicor.accounts import check_account
from engine.faces.sandbox.epicor.errors import not_found
from engine.faces.sandbox.epicor.methods import Answer, Method, lister, tableset
from engine.faces.sandbox.epicor.odata import children
from engine.faces.sandbox.epicor.rows import as_date
from engine.faces.sandbox.epicor.session import Session
from engine.faces.sandbox.tables import Row


def _found(row: Row | None, what: str, table: str) -> Row:
    if row is None:
        raise not_found(what, table)
    return row


def _vendor(session: Session, arguments: Mapping[str, Any]) -> Answer:
    number = arguments["vendorNum"]
    return {"returnObj": tableset(Vendor=[_found(session.get("Vendor", number), f"supplier {number}", "Vendor")])}


def _vendor_by_id(session: Session, arguments: Mapping[str, Any]) -> Answer:
    vendor_id = arguments["vendorID"]
    row = next(iter(session.find("Vendor", VendorID=vendor_id)), None) if vendor_id else None
    return {"returnObj": tableset(Vendor=[_found(row, f"supplier {vendor_id}", "Vendor")])}


def _account(session: Session, arguments: Mapping[str, Any]) -> Answer:
    row = session.get("GLAccount", arguments["coACode"], arguments["glAccount"])
    return {"returnObj": tableset(GLAccount=[_found(row, f"account {arguments['glAccount']}", "GLAccount")])}


def _account_exists(session: Session, arguments: Mapping[str, Any]) -> Answer:
    return {"returnObj": session.get("GLAccount", arguments["ipCOACode"], arguments["ipGLAccount"]) is not None}


def _validate_account(session: Session, arguments: Mapping[str, Any]) -> Answer:
    text = arguments["EffectiveDate"]
    day = as_date(text) if text else session.today()
    check_account(session, arguments["GLAccount"], day, "GLAccount", "GLAccount", arguments["COACode"] or None)
    return {}


def _order(session: Session, arguments: Mapping[str, Any]) -> Answer:
    row = _found(session.get("POHeader", arguments["poNum"]), f"PO {arguments['poNum']}", "POHeader")
    details = children(session, "PODetail", "POHeader", row)
    releases = children(session, "PORel", "POHeader", row)
    return {"returnObj": tableset(POHeader=[row], PODetail=details, PORel=releases)}


def _company(session: Session, arguments: Mapping[str, Any]) -> Answer:
    row = session.store.get("Company", arguments["company"])
    return {"returnObj": tableset(Company=[_found(row, f"company {arguments['company']}", "Company")])}


def _terms(session: Session, arguments: Mapping[str, Any]) -> Answer:
    row = session.get("PurTerms", arguments["termsCode"])
    return {"returnObj": tableset(PurTerms=[_found(row, f"terms {arguments['termsCode']}", "PurTerms")])}


def _currency(session: Session, arguments: Mapping[str, Any]) -> Answer:
    row = session.get("Currency", arguments["currencyCode"])
    return {"returnObj": tableset(Currency=[_found(row, f"currency {arguments['currencyCode']}", "Currency")])}


VENDOR_METHODS = {
    "GetByID": Method(_vendor, "vendorNum:number", reads=True),
    "GetByVendID": Method(_vendor_by_id, "vendorID:text"),
    "GetList": lister("Vendor", shown_as="VendorList"),
    "GetRows": lister("Vendor", "whereClauseVendor"),
}
ACCOUNT_METHODS = {
    "GetByID": Method(_account, "coACode:text glAccount:text", reads=True),
    "GetList": lister("GLAccount", shown_as="GLAccountList"),
    "GetRows": lister("GLAccount", "whereClauseGLAccount"),
    "GlAccountExists": Method(_account_exists, "ipCOACode:text ipGLAccount:text"),
    "ValidateGLAccount": Method(
        _validate_account,
        "COACode:text GLAccount:text ExtCompanyID:text RestrictID:text EffectiveDate:text"
        " ValidateDynamicSegment:flag",
    ),
}
ORDER_METHODS = {
    "GetByID": Method(_order, "poNum:number", reads=True),
    "GetList": lister("POHeader", shown_as="POHeaderList"),
    "GetRows": lister("POHeader", "whereClausePOHeader"),
}
COMPANY_METHODS = {
    "GetByID": Method(_company, "company:text", reads=True),
    "GetList": lister("Company", shown_as="CompanyList"),
}
TERMS_METHODS = {
    "GetByID": Method(_terms, "termsCode:text", reads=True),
    "GetList": lister("PurTerms", shown_as="PurTermsList"),
}
CURRENCY_METHODS = {
    "GetByID": Method(_currency, "currencyCode:text", reads=True),
    "GetList": lister("Currency", shown_as="CurrencyList"),
}
RATE_METHODS = {"GetList": lister("CurrExRate", shown_as="CurrExRateList")}
PERIOD_METHODS = {"GetList": lister("FiscalPer", shown_as="FiscalPerList")}
LEDGER_METHODS = {
    "GetList": lister("GLJrnDtl", shown_as="GLJrnDtlList"),
    "GetRows": lister("GLJrnDtl", "whereClauseGLJrnDtl"),
}

"""Small books of two companies, and a client that talks to them as a program would."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from engine.faces.sandbox.epicor import ApiKey, Clerk, EpicorSandbox, IdpClient, User
from engine.faces.sandbox.exchange import SandboxRequest, SandboxResponse
from engine.faces.sandbox.tables import TableStore
from engine.words.clock import ManualClock
from engine.words.json_value import encode

KEY = "key-of-the-test"
NOW = datetime(2026, 11, 5, 12, tzinfo=UTC)
AP = "Erp.BO.APInvoiceSvc"
GROUPS = "Erp.BO.APInvGrpSvc"
JOURNALS = "Erp.BO.GLJournalEntrySvc"
JOURNAL_GROUPS = "Erp.BO.GLJrnGrpSvc"
VENDORS = "Erp.BO.VendorSvc"


def fill(sandbox: EpicorSandbox, company: str = "EPIC06") -> None:
    books = sandbox.books
    books.load(company, "Company", [{"Name": "Example", "BaseCurrCode": "USD", "FiscalCalendarID": "CAL"}])
    books.load(company, "Currency", [{"CurrencyCode": code} for code in ("USD", "EUR")])
    rate = {"RateGrpCode": "MAIN", "SourceCurrCode": "EUR", "TargetCurrCode": "USD"}
    books.load(
        company,
        "CurrExRate",
        [
            {**rate, "EffectiveDate": "2026-01-01", "CurrentRate": Decimal("1.10")},
            {**rate, "EffectiveDate": "2026-11-04", "CurrentRate": Decimal("1.20")},
        ],
    )
    books.load(company, "PurTerms", [{"TermsCode": "N30", "DueDays": 30}, {"TermsCode": "NET0", "DueDays": 0}])
    books.load(
        company,
        "FiscalPer",
        [
            {
                "FiscalCalendarID": "CAL",
                "FiscalYear": 2026,
                "FiscalPeriod": month,
                "StartDate": f"2026-{month:02}-01",
                "EndDate": f"2026-{month:02}-{30 if month == 11 else 31}",
            }
            for month in (10, 11, 12)
        ],
    )
    accounts = ("6100|10", "6100|20", "6200|20", "2000|00", "2105|00", "1010|00", "1090|00", "2200|00", "6999|00")
    rows = [{"COACode": "MAIN", "GLAccount1": account, "Active": True} for account in accounts]
    books.load(company, "GLAccount", rows)
    books.load(company, "GLAccount", [{"COACode": "MAIN", "GLAccount1": "6300|10", "Active": False}])
    late = {"COACode": "MAIN", "GLAccount1": "6400|10", "Active": True, "EffFrom": "2026-12-01"}
    books.load(company, "GLAccount", [late])
    control = {"GLAcctContext": "Payables"}
    books.load(
        company,
        "GLCntrlAcct",
        [
            {**control, "GLControlType": "APAcct", "GLControlCode": "AP", "GLAccount": "2000|00"},
            {**control, "GLControlType": "APAcct", "GLControlCode": "AB-AP", "GLAccount": "2105|00"},
            {**control, "GLControlType": "APExp", "GLControlCode": "MISC", "GLAccount": "6999|00"},
        ],
    )
    books.load(company, "TaxRgn", [{"TaxRegionCode": "LOCAL", "Percent": 10, "GLAccount": "2200|00"}])
    books.load(
        company, "PayMethod", [{"PMUID": 1, "Name": "Check", "Type": 2}, {"PMUID": 9, "Name": "AIRBASE", "Type": 0}]
    )
    books.load(company, "BankAcct", [{"BankAcctID": "OPER", "GLAccount": "1010|00"}])
    vendor = {"TermsCode": "N30", "CurrencyCode": "USD", "PMUID": 1, "GLControlCode": "AP", "Inactive": False}
    books.load(
        company,
        "Vendor",
        [
            {**vendor, "VendorNum": 12, "VendorID": "ACME", "Name": "Acme"},
            {**vendor, "VendorNum": 13, "VendorID": "TAXED", "Name": "Taxed", "TaxRegionCode": "LOCAL", "CPay": True},
            {**vendor, "VendorNum": 14, "VendorID": "GONE", "Name": "Gone", "Inactive": True},
            {**vendor, "VendorNum": 15, "VendorID": "MISC", "Name": "Misc", "ExpenseControlCode": "MISC"},
            {**vendor, "VendorNum": 16, "VendorID": "HELD", "Name": "Held", "PayHold": True},
            {**vendor, "VendorNum": 17, "VendorID": "EURO", "Name": "Euro", "CurrencyCode": "EUR"},
        ],
    )
    books.load(
        company,
        "POHeader",
        [
            {"PONum": 4001, "VendorNum": 12, "OpenOrder": True, "CurrencyCode": "USD"},
            {"PONum": 4002, "VendorNum": 13, "OpenOrder": True, "CurrencyCode": "USD"},
        ],
    )
    detail = {"PONUM": 4001, "OpenLine": True, "UnitCost": Decimal("5.00")}
    books.load(company, "PODetail", [{**detail, "POLine": 1}, {**detail, "POLine": 2, "OpenLine": False}])
    books.load(company, "PORel", [{"PONum": 4001, "POLine": 1, "PORelNum": 1, "OpenRelease": True}])
    receipt = {"VendorNum": 12, "PackSlip": "PS1", "PONum": 4001, "POLine": 1, "ExtCost": Decimal("50.00")}
    books.load(company, "APUninvoicedRcptLines", [{**receipt, "PackLine": 1}])


@dataclass(slots=True, kw_only=True)
class World:
    """A sandbox with its clock and store, and calls as user `svc`."""

    clock: ManualClock = field(default_factory=lambda: ManualClock(NOW))
    store: TableStore = field(default_factory=TableStore)
    commits: list[tuple[str, str]] = field(default_factory=list)
    sandbox: EpicorSandbox = field(init=False)

    def __post_init__(self) -> None:
        ids = iter(range(1, 10_000))
        self.sandbox = EpicorSandbox(
            self.store,
            clock=self.clock,
            api_keys=(
                ApiKey(key=KEY),
                ApiKey(key="narrow", services=frozenset({"Erp.BO.VendorSvc"})),
            ),
            users=(
                User(name="svc", password="secret", denied=frozenset({"Erp.Proc.APInvoicePostSvc"})),
                User(name="boss", password="boss"),
            ),
            clients=(IdpClient(client_id="app", client_secret="app-secret", user="svc"),),
            new_id=lambda: f"id-{next(ids)}",
            on_commit=lambda path, moment: self.commits.append((path.rsplit("/", 1)[-1], moment)),
        )

    @property
    def clerk(self) -> Clerk:
        return Clerk(self.sandbox.books)

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: dict[str, str] | None = None,
        user: str = "svc:secret",
        headers: dict[str, str] | None = None,
        company: str = "EPIC06",
    ) -> SandboxResponse:
        basic = base64.b64encode(user.encode()).decode()
        return self.sandbox.respond(
            SandboxRequest(
                method=method,
                path=f"/sandbox/api/v2/odata/{company}/{path}",
                query=tuple((query or {}).items()),
                headers=headers if headers is not None else {"x-api-key": KEY, "authorization": f"Basic {basic}"},
                body=b"" if body is None else encode(body),
            )
        )

    def call(self, path: str, body: Any = None, *, user: str = "svc:secret") -> SandboxResponse:
        return self.send("POST", path, body if body is not None else {}, user=user)

    def read(self, path: str, **query: str) -> SandboxResponse:
        return self.send("GET", path, query={name.replace("_", "$", 1): text for name, text in query.items()})

    def rows(self, path: str, **query: str) -> list[dict[str, Any]]:
        answer = self.read(path, **query)
        assert answer.status == 200, answer.body
        return list(json(answer)["value"])

    def group(self, group: str = "AB261105", day: str = "2026-11-05") -> None:
        new = json(self.call(f"{GROUPS}/GetNewAPInvGrpNoLock", {"ds": {}}))["parameters"]
        new["ds"]["APInvGrp"][0] |= {"GroupID": group, "ApplyDate": day}
        answer = self.call(f"{GROUPS}/Update", new)
        assert answer.status == 200, answer.body

    def journal_group(self, group: str = "AJ261105", day: str = "2026-11-05") -> None:
        new = json(self.call(f"{JOURNAL_GROUPS}/GetNewGLJrnGrpNoLock", {"ds": {}}))["parameters"]
        new["ds"]["GLJrnGrp"][0] |= {"GroupID": group, "JEDate": day}
        answer = self.call(f"{JOURNAL_GROUPS}/Update", new)
        assert answer.status == 200, answer.body

    def invoice(self, number: str) -> dict[str, Any]:
        answer = self.read(f"{AP}/GetByID", vendorNum="12", invoiceNum=number)
        assert answer.status == 200, answer.body
        return dict(json(answer)["returnObj"])


def json(answer: SandboxResponse) -> Any:
    from engine.words.json_value import decode

    return decode(answer.body)


def header(number: str, total: str, vendor: int = 12, **columns: Any) -> dict[str, Any]:
    return {
        "VendorNum": vendor,
        "InvoiceNum": number,
        "InvoiceDate": "2026-11-03",
        "ScrDocInvoiceVendorAmt": Decimal(total),
        "RowMod": "A",
        **columns,
    }


def lines(number: str, *amounts: tuple[str, str], vendor: int = 12) -> dict[str, list[dict[str, Any]]]:
    """The three child tables for lines of account and amount, entered positive."""
    key = {"VendorNum": vendor, "InvoiceNum": number, "RowMod": "A"}
    numbered = list(enumerate(amounts, 1))
    return {
        "APInvDtl": [
            {**key, "InvoiceLine": line, "LineType": "M", "ScrDocExtCost": Decimal(amount)}
            for line, (_, amount) in numbered
        ],
        "APInvExp": [
            {**key, "InvoiceLine": line, "InvExpSeq": 1, "DocScrExpAmt": Decimal(amount)}
            for line, (_, amount) in numbered
        ],
        "APInvExpTGLC": [
            {**key, "InvoiceLine": line, "InvExpSeq": 1, "GLAccount": account} for line, (account, _) in numbered
        ],
    }


def master(ds: dict[str, Any], group: str = "AB261105", *, quiet: bool = True, **changed: Any) -> dict[str, Any]:
    return {
        "ds": ds,
        "cGroupID": group,
        "cTableName": "APInvHed",
        "runChkCPay": False,
        "runChkBankRef": False,
        "runChkRevChrg": False,
        "suppressUserPrompts": quiet,
    } | changed


def two_lines(number: str = "INV-1", vendor: int = 12, **columns: Any) -> dict[str, Any]:
    amounts = (("6100|10", "60.00"), ("6200|20", "40.00"))
    return {"APInvHed": [header(number, "100.00", vendor, **columns)], **lines(number, *amounts, vendor=vendor)}


def encoded(text: str) -> str:
    return quote(text, safe="")


Send = Callable[..., SandboxResponse]

"""One ledger entry of Airbase, with every key in the order in which the API sends it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from engine.faces.sandbox.seed.chart import BY_NUMBER, DEPARTMENTS
from engine.faces.sandbox.seed.companies import CompanySeed, rate
from engine.faces.sandbox.seed.labels import airbase_id, plain
from engine.faces.sandbox.seed.people import Person

LOCATIONS = {"CHI": "Chicago plant", "PEO": "Peoria plant", "HAM": "Hamilton plant"}
CREDIT_MODE = "PREFUNDED_WALLET"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of spend; `po` is the tag of a purchase order."""

    account: str
    amount: Decimal
    department: str | None = None
    location: str | None = None
    po: dict[str, Any] | None = None
    description: str | None = None
    starts: str | None = None
    ends: str | None = None

    def shown(self, number: int) -> dict[str, Any]:
        """The line as the API sends it."""
        return {
            "line_number": number,
            "receipt_link": None,
            "account": account(self.account),
            "amount": plain(self.amount),
            "tags": _tags(self),
            "description": self.description,
            "amortization_start_date": self.starts,
            "amortization_end_date": self.ends,
        }


def account(natural: str | None) -> dict[str, Any] | None:
    """A GL account as an entry names it."""
    if natural is None:
        return None
    known = BY_NUMBER.get(natural)
    return {"erp_reference_id": natural, "name": known.name if known else f"Account {natural}"}


def entity_tag(company: CompanySeed) -> dict[str, Any]:
    """The company that a line belongs to, as a tag."""
    return {"erp_reference_id": company.code, "type_label": "Subsidiary", "name": company.name}


def _tags(line: Line) -> list[dict[str, Any]]:
    tags = []
    if line.department is not None:
        name = DEPARTMENTS.get(line.department, line.department)
        tags.append({"erp_reference_id": line.department, "type_label": "Department", "name": name})
    if line.location is not None:
        name = LOCATIONS[line.location]
        tags.append({"erp_reference_id": line.location, "type_label": "Location", "name": name})
    return [*tags, line.po] if line.po else tags


def applied(label: str, kind: str) -> dict[str, str]:
    """An entry of `applied_to`: the document that a payment settles."""
    document = airbase_id(label)
    return {"id": document, "airbase_id": document, "transaction_type": kind}


def ledger_entry(
    *,
    label: str,
    type: str,  # noqa: A002 - the API's own word
    company: CompanySeed | None,
    vendor: dict[str, Any] | None,
    owner: Person | None,
    date: str,
    lines: Sequence[Line],
    total: Decimal | None = None,
    currency: str | None = None,
    invoice_number: str | None = None,
    ap_account: str | None = None,
    bank_account: str | None = None,
    applied_to: list[dict[str, str]] | None = None,
    payment_entry_date: str | None = None,
    notes: str | None = None,
    settled: bool = False,
    amortization: tuple[str, str, str] | None = None,
) -> dict[str, Any]:
    """The entry; its total is the sum of the lines unless given, `amortization` is account, start, end."""
    entry_id = airbase_id(label)
    code = currency or (company.currency if company else "USD")
    amount = sum((line.amount for line in lines), Decimal(0)) if total is None else total
    link = f"https://airbase.example.test/ledger/{entry_id}"
    return {
        "id": entry_id,
        "airbase_id": entry_id,
        "erp_reference_id": None,
        "erp_url": None,
        "url": link,
        "airbase_url": link,
        "type": type,
        "status": "sync_ready",
        "error_message": "",
        "spend_owner": {"name": owner.name, "email": owner.email} if owner else None,
        "subsidiary": {"erp_reference_id": company.code, "name": company.name} if company else None,
        "credit_mode": CREDIT_MODE,
        "vendor": vendor,
        "employee": None,
        "invoice_number": invoice_number,
        "bank_account": account(bank_account),
        "ap_account": account(ap_account),
        "applied_to": applied_to,
        "receipt_link": None,
        "entry_date": date,
        "payment_entry_date": payment_entry_date,
        "currency": _currency(code),
        "total_amount": plain(amount),
        "transaction_tags": [],
        "notes": notes,
        "is_amortized": amortization is not None,
        "amortization_account": account(amortization[0]) if amortization else None,
        "amortization_start_date": amortization[1] if amortization else None,
        "amortization_end_date": amortization[2] if amortization else None,
        "expense_list": [line.shown(number) for number, line in enumerate(lines, start=1)],
        "amounts": _amounts(amount, code, company, settled=settled, month=int(date[5:7])),
    }


def _amounts(
    amount: Decimal, currency: str, company: CompanySeed | None, *, settled: bool, month: int
) -> dict[str, Any]:
    own = {"amount": plain(amount), "currency": _currency(currency)}
    in_books = None
    if company is not None:
        worth = amount * rate(currency, company.currency, month)
        rounded = worth.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
        in_books = {"amount": plain(rounded), "currency": _currency(company.currency)}
    return {
        "amount": own,
        "transaction_amount": own,
        "settlement_amount": own if settled else None,
        "subsidiary_amount": in_books,
    }


def _currency(code: str) -> dict[str, str]:
    return {"erp_reference_id": code, "iso_code": code}

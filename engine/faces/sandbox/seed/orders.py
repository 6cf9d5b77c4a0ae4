"""Purchase orders in Epicor: open, closed and void, some with receipts that no invoice has taken."""

from __future__ import annotations

import random
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from engine.faces.sandbox.seed.companies import EPIC06, EPIC07
from engine.faces.sandbox.seed.labels import airbase_id, cents
from engine.faces.sandbox.seed.vendors import ORDINARY, VendorSeed

PURCHASE_ORDER = "Purchase order"
FIRST_PO = 40001
ORDERS = 34
CANADIAN_ORDERS = 6
PUBLISHED = 28


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLine:
    """One line of an order."""

    number: int
    text: str
    quantity: int
    price: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One purchase order; `received` means that a receipt waits for its invoice."""

    number: int
    vendor: VendorSeed
    lines: tuple[OrderLine, ...]
    state: str
    received: bool

    @property
    def tag(self) -> dict[str, Any]:
        """The order as a tag of Airbase, the way a ledger entry shows it."""
        return order_tag(self.number)

    @property
    def tag_row(self) -> dict[str, Any]:
        """The order as Airbase lists its tags."""
        row_id = airbase_id(f"tag:{PURCHASE_ORDER}:{self.number}")
        return {"airbase_id": row_id, **self.tag, "is_active": True, "subsidiary_reference_ids": []}


def order_tag(number: int) -> dict[str, Any]:
    """The tag of an order, whether Epicor has it or not."""
    return {"erp_reference_id": str(number), "type_label": PURCHASE_ORDER, "name": f"PO {number}"}


def _orders() -> tuple[Order, ...]:
    chance = random.Random("orders")  # noqa: S311 - repeatable, not secret
    made = []
    for position in range(ORDERS + CANADIAN_ORDERS):
        canadian = position >= ORDERS
        vendors = ORDINARY[EPIC07.code if canadian else EPIC06.code]
        state = ("open", "open", "open", "closed", "open", "void")[position % 6]
        made.append(
            Order(
                number=FIRST_PO + position,
                vendor=vendors[(position * 2) % len(vendors)],
                lines=tuple(_line(chance, number) for number in range(1, chance.randint(1, 4) + 1)),
                state=state,
                received=state == "open" and position % 4 == 0,
            )
        )
    return tuple(made)


def _line(chance: random.Random, number: int) -> OrderLine:
    text = chance.choice(("Inserts", "Bar stock", "Bearings", "Fixture plates", "Service visit", "Coolant"))
    return OrderLine(
        number=number, text=text, quantity=chance.randint(1, 40), price=cents(chance.randint(500, 90_000))
    )


ORDER_LIST = _orders()
RECEIVED = tuple(order for order in ORDER_LIST if order.received)
REFERABLE = {
    order.vendor.id: order for order in ORDER_LIST[:PUBLISHED] if order.state == "open" and not order.received
}
"""By vendor id: an open order that an ordinary bill may name."""
WITH_RECEIPTS = frozenset(order.vendor.id for order in RECEIVED)


def epicor_orders(company: str) -> dict[str, list[dict[str, Any]]]:
    """The orders of a company as rows of Epicor's tables."""
    tables: dict[str, list[dict[str, Any]]] = {
        "POHeader": [],
        "PODetail": [],
        "PORel": [],
        "APUninvoicedRcptLines": [],
    }
    for order in ORDER_LIST:
        if order.vendor.company.code != company:
            continue
        tables["POHeader"].append(_header(order))
        for line in order.lines:
            tables["PODetail"].append(_detail(order, line))
            tables["PORel"].append(_release(order, line))
            if order.received:
                tables["APUninvoicedRcptLines"].append(_receipt(order, line))
    return tables


def _header(order: Order) -> dict[str, Any]:
    total = sum((line.quantity * line.price for line in order.lines), Decimal(0))
    return {
        "Company": order.vendor.company.code,
        "PONum": order.number,
        "OpenOrder": order.state == "open",
        "VoidOrder": order.state == "void",
        "OrderHeld": False,
        "Approve": order.state != "void",
        "ApprovalStatus": "A",
        "OrderDate": "2026-09-14",
        "ChangeDate": "2026-09-15",
        "ChangedBy": "buyer",
        "VendorNum": order.vendor.number,
        "VendorVendorID": order.vendor.id,
        "VendorName": order.vendor.name,
        "CurrencyCode": order.vendor.currency,
        "TermsCode": order.vendor.terms,
        "TotalOrder": total,
        "DocTotalOrder": total,
    }


def _detail(order: Order, line: OrderLine) -> dict[str, Any]:
    cost = line.quantity * line.price
    return {
        "Company": order.vendor.company.code,
        "PONUM": order.number,
        "POLine": line.number,
        "OpenLine": order.state == "open",
        "VoidLine": order.state == "void",
        "PartNum": "",
        "LineDesc": line.text,
        "OrderQty": Decimal(line.quantity),
        "XOrderQty": Decimal(line.quantity),
        "PUM": "EA",
        "IUM": "EA",
        "UnitCost": line.price,
        "DocUnitCost": line.price,
        "ExtCost": cost,
        "DocExtCost": cost,
        "VendorNum": order.vendor.number,
        "ChangeDate": "2026-09-15",
        "ChangedBy": "buyer",
    }


def _release(order: Order, line: OrderLine) -> dict[str, Any]:
    done = order.state == "closed"
    return {
        "Company": order.vendor.company.code,
        "PONum": order.number,
        "POLine": line.number,
        "PORelNum": 1,
        "OpenRelease": order.state == "open",
        "VoidRelease": order.state == "void",
        "RelQty": Decimal(line.quantity),
        "ReceivedQty": Decimal(line.quantity if done or order.received else 0),
        "InvoicedQty": Decimal(line.quantity if done else 0),
        "TranType": "PUR-UKN",
    }


def _receipt(order: Order, line: OrderLine) -> dict[str, Any]:
    return {
        "Company": order.vendor.company.code,
        "VendorNum": order.vendor.number,
        "PurPoint": "",
        "PONum": order.number,
        "POLine": line.number,
        "PORelNum": 1,
        "PackSlip": f"PS{order.number}",
        "PackLine": line.number,
        "PartNum": "",
        "LineDesc": line.text,
        "PUM": "EA",
        "OurQty": Decimal(line.quantity),
        "VendorQty": Decimal(line.quantity),
        "UnitCost": line.price,
        "ExtCost": line.quantity * line.price,
        "ReceiptDate": "2026-10-06",
        "SelectLine": False,
        "Invoiced": False,
    }

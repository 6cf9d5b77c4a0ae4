"""Odd bills: the numbers, amounts, vendors, codes and dates that go wrong in real life."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from engine.faces.sandbox.seed import vendors as peculiar
from engine.faces.sandbox.seed.chart import (
    AP_AIRBASE,
    AP_CONTROL,
    DEPOSITS,
    EXPIRED,
    INACTIVE,
    INVENTORY,
    NOT_BEGUN,
    NOT_IN_EPICOR,
    PREPAID,
    SALES_TAX,
)
from engine.faces.sandbox.seed.companies import EPIC06, EPIC07, CompanySeed
from engine.faces.sandbox.seed.entry import Line, applied, entity_tag, ledger_entry
from engine.faces.sandbox.seed.odd import (
    CUT_OVER,
    ENTERED,
    HELD,
    NEVER_SEEN,
    UNCLAIMED,
    OddRecord,
    odd_label,
)
from engine.faces.sandbox.seed.orders import ORDER_LIST, RECEIVED, REFERABLE, order_tag
from engine.faces.sandbox.seed.people import PEOPLE
from engine.faces.sandbox.seed.vendors import CANADIAN_LIST, ORDINARY, SUPPLIER_LIST, UNLINKED_LIST, VendorSeed

_VENDORS = tuple(one for one in ORDINARY[EPIC06.code] if one.id not in REFERABLE)
_FIRST, _SECOND = _VENDORS[40:42]
_DAY = "2026-10-15T00:00:00"
_NOWHERE = CompanySeed(code="EPIC99", name="Example Unknown", currency="USD", country="US", zone="UTC")


def _line(amount: str = "125.5", account: str = "6200", **more: Any) -> Line:
    return Line(account=account, amount=Decimal(amount), **{"department": "10", **more})


def _odd(
    name: str,
    state: str,
    reason: str,
    *,
    number: str | None = None,
    vendor: VendorSeed = _FIRST,
    lines: Sequence[Line] = (_line(),),
    date: str = _DAY,
    change: dict[str, Any] | None = None,
    **more: Any,
) -> OddRecord:
    entry = ledger_entry(
        **{
            "label": odd_label(name),
            "type": "bill",
            "company": EPIC06,
            "vendor": vendor.on_entry(),
            "owner": PEOPLE[0],
            "date": date,
            "lines": lines,
            "invoice_number": f"ODD-{name}"[:50] if number is None else number,
            "ap_account": AP_AIRBASE,
            **more,
        }
    )
    return OddRecord(name=name, state=state, reason=reason, entry={**entry, **(change or {})})


def _numbers() -> list[OddRecord]:
    other = [_line("88")]
    return [
        _odd("quotes", ENTERED, "quotes in the number", number='O\'NEIL "7" #12'),
        _odd("slashes", ENTERED, "slashes in the number", number="2026/10/4711\\A"),
        _odd("percent", ENTERED, "a number that looks percent-encoded", number="50%25-OFF+1&x=1?"),
        _odd("unicode", ENTERED, "letters beyond ASCII", number="RÉF-№7-ÄÖ-発"),
        _odd("exponent", ENTERED, "a number that a spreadsheet would read as 10 billion", number="1E10"),
        _odd("leading_zeros", ENTERED, "zeros in front", number="00042"),
        _odd("formula", ENTERED, "a number that a spreadsheet would execute", number='=HYPERLINK("x")'),
        _odd("fifty_characters", ENTERED, "as long as Epicor allows", number="L" * 48 + "50"),
        _odd("sixty_characters", HELD, "longer than 50 characters, never cut", number="L" * 58 + "60"),
        _odd("no_number", HELD, "the invoice number is missing", change={"invoice_number": None}),
        _odd("empty_number", HELD, "the invoice number is empty", number=""),
        _odd("shared_number_1", ENTERED, "one number at two vendors", number="SHARED-1"),
        _odd("shared_number_2", ENTERED, "one number at two vendors", number="SHARED-1", vendor=_SECOND, lines=other),
        _odd("twice_1", ENTERED, "the first of two with one number", number="TWICE-1"),
        _odd("twice_2", HELD, "the same bill under a second id", number="TWICE-1"),
        _odd("case_1", ENTERED, "the first of two that differ in case and blanks", number="Case-100"),
        _odd("case_2", HELD, "the same number in other case, with a blank behind", number="CASE-100 "),
    ]


def _amounts() -> list[OddRecord]:
    many = [_line("1.01", description=f"Position {number}") for number in range(1, 61)]
    tax = [_line("100"), _line("8.25", SALES_TAX, department="00", description="Sales tax")]
    fraction = [{**_line("1").shown(1), "amount": "10.005"}]
    used: dict[str, Any] = {"type": "vendor_credit", "applied_to": [applied(odd_label("tax_line"), "bill")]}
    return [
        _odd("off_by_a_cent", HELD, "does not balance", total=Decimal("125.51")),
        _odd("zero_line", ENTERED, "a line of nothing", lines=[_line(), _line("0", description="Free")]),
        _odd("zero_total", HELD, "a bill over nothing", lines=[_line("0")]),
        _odd("one_cent", ENTERED, "the smallest amount", lines=[_line("0.01")]),
        _odd("huge", ENTERED, "one line, seven digits", lines=[_line("9876543.21")]),
        _odd("sixty_lines", ENTERED, "more lines than a page", lines=many),
        _odd("tax_line", ENTERED, "tax as a line of its own", lines=tax),
        _odd("credit_within", ENTERED, "one line below zero", lines=[_line("200"), _line("-50")]),
        _odd("negative_bill", HELD, "a bill below zero", lines=[_line("-75")]),
        _odd("vendor_credit", ENTERED, "a credit that a bill used", lines=[_line("-120.4")], **used),
        _odd("positive_credit", HELD, "a credit above zero", type="vendor_credit", lines=[_line("60")]),
        _odd("credit_over_nothing", HELD, "a credit over nothing", type="vendor_credit", lines=[_line("0")]),
        _odd(
            "three_decimals",
            HELD,
            "more decimals than the currency has",
            change={"total_amount": "10.005", "expense_list": fraction},
        ),
    ]


def _vendors() -> list[OddRecord]:
    def at(position: int) -> VendorSeed:
        return SUPPLIER_LIST[position]

    euro = [_line("1000", "5020", department="20")]
    return [
        _odd("inactive_vendor", HELD, "the vendor is inactive", vendor=at(peculiar.INACTIVE)),
        _odd("vendor_on_hold", ENTERED, "the vendor has PayHold", vendor=at(peculiar.ON_HOLD)),
        _odd("taxed_vendor", ENTERED, "the vendor has a tax region", vendor=at(peculiar.TAXED)),
        _odd("central_payment", ENTERED, "the vendor has CPay", vendor=at(peculiar.CENTRALLY_PAID)),
        _odd("discount_terms", ENTERED, "the vendor grants a discount", vendor=at(peculiar.DISCOUNTED)),
        _odd("renamed_vendor", ENTERED, "another name in Epicor", vendor=at(peculiar.RENAMED)),
        _odd("namesake", HELD, "unlinked; a name is not an id", vendor=UNLINKED_LIST[0]),
        _odd("unlinked_vendor", HELD, "the vendor has no ERP id", vendor=UNLINKED_LIST[-1]),
        _odd("other_company_s_vendor", HELD, "the vendor is not in this company", vendor=CANADIAN_LIST[0]),
        _odd("euro", ENTERED, "a vendor and a bill in EUR", vendor=at(peculiar.EUROPEAN), lines=euro, currency="EUR"),
        _odd("wrong_currency", HELD, "EUR at a vendor in USD", lines=euro, currency="EUR"),
    ]


def _codes() -> list[OddRecord]:
    order, open_order = RECEIVED[0], next(iter(REFERABLE.values()))
    received = [_line("500", INVENTORY, department="00", po=order.tag)]
    elsewhere = {**_line().shown(1), "tags": [*_line().shown(1)["tags"], entity_tag(EPIC07)]}
    tagged = [_line("310", "5010", department="20", location="CHI", po=open_order.tag)]
    closed = [_line(account="6800", department="20")]
    canadian: dict[str, Any] = {"company": EPIC07, "vendor": CANADIAN_LIST[1]}
    return [
        _odd("above_the_limit", HELD, "a second person approves", lines=[_line("80000")], **canadian),
        _odd("unknown_account", HELD, "the account is not in Epicor", lines=[_line(account=NOT_IN_EPICOR)]),
        _odd("inactive_account", HELD, "the account is inactive", lines=[_line(account=INACTIVE)]),
        _odd("expired_account", HELD, "the account ended in September", lines=[_line(account=EXPIRED)]),
        _odd("closed_combination", HELD, "inactive for its department", lines=closed),
        _odd("account_not_begun", HELD, "the account begins later", lines=[_line(account=NOT_BEGUN)]),
        _odd("guarded_account", HELD, "a control account", lines=[_line(account=AP_CONTROL, department="00")]),
        _odd("other_ap_account", HELD, "another AP account than books.yaml", ap_account=AP_CONTROL),
        _odd("deposit", HELD, "a deposit to the vendor", lines=[_line("900", DEPOSITS, department="00")]),
        _odd("other_entity", HELD, "a line of another company", change={"expense_list": [elsewhere]}),
        _odd("no_department", ENTERED, "coded without a department", lines=[_line(department=None)]),
        _odd("unknown_department", HELD, "the department is unknown", lines=[_line(department="77")]),
        _odd("unknown_subsidiary", HELD, "the subsidiary is unknown", company=_NOWHERE),
        _odd("all_tags", ENTERED, "every tag on a line", vendor=open_order.vendor, lines=tagged),
        _odd("received_order", HELD, "needs receipt matching", vendor=order.vendor, lines=received),
        _odd("escape", ENTERED, "a terminal escape in the text", lines=[_line(description="\x1b[31mred\x1b[0m")]),
        _odd("markup", ENTERED, "HTML in the text", lines=[_line(description="<script>alert(1)</script>")]),
    ]


def _orders() -> list[OddRecord]:
    """Bills that name purchase orders: all but the last are held, for people match them in Epicor."""
    waiting, (open_order, another) = RECEIVED[0], list(REFERABLE.values())[:2]
    closed = next(one for one in ORDER_LIST if one.state == "closed" and one.vendor.company is EPIC06)

    def tagged(*orders: dict[str, Any]) -> list[Line]:
        return [_line("310", "5010", department="20", po=order) for order in orders]

    of_open: dict[str, Any] = {"vendor": open_order.vendor}
    return [
        _odd("receipts_waiting", HELD, "received, not invoiced", vendor=waiting.vendor, lines=tagged(waiting.tag)),
        _odd("closed_order", HELD, "the order is closed", vendor=closed.vendor, lines=tagged(closed.tag)),
        _odd("order_of_another", HELD, "another vendor's order", lines=tagged(open_order.tag)),
        _odd("order_in_dollars", HELD, "an order in USD", lines=tagged(open_order.tag), currency="EUR", **of_open),
        _odd("unknown_order", HELD, "the order is unknown", lines=tagged(order_tag(49999))),
        _odd("two_orders", HELD, "lines of two orders", lines=tagged(open_order.tag, another.tag), **of_open),
    ]


def _twins() -> list[OddRecord]:
    """The same spend twice: of each pair the second one is held until a person says that it is another."""
    number = "ODD-OTHER-VENDOR"
    both: dict[str, Any] = {"number": "ODD-OTHER-COMPANY", "lines": [_line("412.6")]}
    draft = {"status": "draft"}
    after_card: dict[str, Any] = {"vendor": _VENDORS[43], "lines": [_line("512.34")], "date": "2026-10-14T00:00:00"}
    return [
        _odd("other_vendor_1", ENTERED, "one number and amount at two vendors", number=number),
        _odd("other_vendor_2", HELD, "one number and amount at two vendors", number=number, vendor=_SECOND),
        _odd("other_company_1", ENTERED, "one number and amount in two companies", **both),
        _odd(
            "other_company_2",
            HELD,
            "one number and amount in two companies",
            company=EPIC07,
            vendor=CANADIAN_LIST[2],
            **both,
        ),
        _odd("bill_after_card", NEVER_SEEN, "approved when the card is booked already", change=draft, **after_card),
    ]


def _dates() -> list[OddRecord]:
    return [
        _odd(
            "before_earliest_apply_date",
            HELD,
            "Epicor closed the day, books.yaml did not",
            company=EPIC07,
            vendor=CANADIAN_LIST[3],
            date="2026-10-01T00:00:00",
        ),
        _odd("evening", ENTERED, "still 31 October in Chicago", date="2026-11-01T02:10:00"),
        _odd("midnight", ENTERED, "a date, 1 November", date="2026-11-01T00:00:00"),
        _odd("before_go_live", CUT_OVER, "dated before go-live", date="2026-09-17T00:00:00"),
        _odd("period_not_open", HELD, "December is not open", date="2026-12-15T00:00:00"),
        _odd("draft", NEVER_SEEN, "not approved yet", change={"status": "draft"}),
        _odd("strange_status", NEVER_SEEN, "a status nobody knows", change={"status": "sync_paused"}),
    ]


def _amortised() -> list[OddRecord]:
    year = ("2026-11-01T00:00:00", "2027-10-31T00:00:00")
    line = _line("1200", "6100", starts=year[0], ends=year[1])
    months = [
        _odd(
            f"amortised_month_{month}",
            UNCLAIMED,
            "a month of the schedule, of a type nobody has recorded",
            number="",
            type="amortization",
            lines=[_line("100", "6100")],
            date=f"2026-{month}-30T00:00:00",
            applied_to=[applied(odd_label("amortised"), "bill")],
            ap_account=PREPAID,
            change={"invoice_number": None},
        )
        for month in (10, 11)
    ]
    return [
        _odd(
            "amortised",
            ENTERED,
            "to prepaid",
            lines=[line],
            date="2026-10-20T00:00:00",
            amortization=(PREPAID, *year),
        ),
        _odd(
            "amortised_in_epicor",
            HELD,
            "Epicor makes the schedule in this company",
            company=EPIC07,
            vendor=CANADIAN_LIST[4],
            lines=[line],
            amortization=(PREPAID, *year),
        ),
        _odd("amortised_line", HELD, "dates on the line, no prepaid account", lines=[line]),
        *months,
    ]


def odd_bills() -> tuple[OddRecord, ...]:
    """Every odd bill and credit, in a fixed order."""
    groups = (_numbers(), _amounts(), _vendors(), _codes(), _orders(), _twins(), _dates(), _amortised())
    return tuple(record for group in groups for record in group)

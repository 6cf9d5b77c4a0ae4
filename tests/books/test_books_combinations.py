"""Two rules at once, and the order of events: each ends as a controller expects, and says what to do next."""

from __future__ import annotations

import csv
import io
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.faces.sandbox.seed.companies import EPIC06
from engine.faces.sandbox.seed.entry import Line, ledger_entry
from engine.faces.sandbox.seed.people import PEOPLE
from tests.books.conftest import MakeDesk
from tests.books.test_books_cutover import rewrite
from tests.run.house import VENDORS, bill, card

COMPANY = "EPIC06"
PREPAID = {"erp_reference_id": "1400", "name": "Prepaid expenses"}
CANADA = [{"type_label": "Subsidiary", "erp_reference_id": "EPIC07", "name": "Canada"}]


def credit(number: str, amount: str, on: str = "2026-11-03", **changes: Any) -> dict[str, Any]:
    """A vendor's credit of one line."""
    entry = ledger_entry(
        label=f"test credit {number}",
        type="vendor_credit",
        company=EPIC06,
        vendor=VENDORS[0].on_entry(),
        owner=PEOPLE[0],
        date=f"{on}T00:00:00",
        lines=[Line(account="6200", amount=Decimal(amount), department="10")],
        invoice_number=number,
    )
    return {**entry, **changes}


def scheduled(number: str, *dated: bool, header: bool = False) -> dict[str, Any]:
    """An amortised bill of two lines: which of them have dates, and whether the bill has."""
    entry = deepcopy(bill(number, "1200.00", "100.00", amortization_account=PREPAID))
    for line, has in zip(entry["expense_list"], dated, strict=True):
        line["amortization_start_date"] = "2026-11-01T00:00:00" if has else None
    return {**entry, "amortization_start_date": "2026-11-01T00:00:00" if header else None}


@pytest.mark.parametrize(
    ("entry", "accounts"),
    [
        (scheduled("ONE", True, False), []),
        (scheduled("BOTH", True, True), ["1400|00", "1400|00"]),
        (scheduled("NONE", False, False), ["1400|00", "1400|00"]),
        (scheduled("WHOLE", True, False, header=True), ["1400|00", "1400|00"]),
    ],
)
def test_a_schedule_of_some_lines_is_not_booked_to_prepaid_as_a_whole(
    make_desk: MakeDesk, entry: dict[str, Any], accounts: list[str]
) -> None:
    desk = make_desk(entry)
    desk.house.run("bills")
    assert [row["GLAccount"] for row in desk.house.sandbox.epicor.books.rows(COMPANY, "APInvExpTGLC")] == accounts
    if not accounts:
        assert "some of its lines have amortisation dates and some have none" in desk.house.row(entry).reason


def test_a_charge_with_a_split_of_zero_is_held_before_it_is_sent(make_desk: MakeDesk) -> None:
    entry = card("lunch", "12.00", "0.00")
    desk = make_desk(entry)
    desk.house.run("card-transactions")
    row = desk.house.row(entry)
    assert (row.state, row.cause, row.attempts) == ("held", "check_failed", 0)
    assert "a line of it is zero" in row.reason


@pytest.mark.parametrize(
    ("entry", "mapping"),
    [
        (bill("B-1", "60.00"), "bills"),
        (credit("C-1", "-60.00"), "credits"),
        (card("lunch", "12.00"), "card-transactions"),
    ],
)
def test_the_tag_of_another_company_on_the_whole_record_holds_it(
    make_desk: MakeDesk, entry: dict[str, Any], mapping: str
) -> None:
    entry = {**entry, "transaction_tags": CANADA}
    desk = make_desk(entry)
    desk.house.run(mapping)
    row = desk.house.row(entry)
    assert (row.state, row.cause) == ("held", "check_failed")
    assert "bears the tag of EPIC07" in row.reason
    desk.house.sandbox.airbase.books.change_entry(entry["airbase_id"], transaction_tags=[])
    desk.house.run(mapping)
    assert desk.house.row(entry).state == "entered"


@pytest.mark.parametrize("sign", ["negative", "positive"])
def test_a_credit_that_waits_has_its_amount(make_desk: MakeDesk, tmp_path: Path, sign: str) -> None:
    written = "60.00" if sign == "positive" else "-60.00"
    late, old = credit("C-1", written, "2026-12-03"), credit("C-2", written, "2026-09-03")
    desk = make_desk(late, old)
    books = desk.house.folder / "books.yaml"
    books.write_text(books.read_text("utf-8").replace("credit_sign: negative", f"credit_sign: {sign}"), "utf-8")
    desk.house.run("credits")
    assert (desk.house.row(late).cause, desk.house.row(old).cause) == ("period_closed", "cut_over")
    assert abs(desk.house.row(late).amount or 0) == abs(desk.house.row(old).amount or 0) == Decimal("60.00")
    assert desk.asks("worklist", code=1)[0]["amount"] is not None

    file = tmp_path / "pairs.csv"
    desk.types("cutover", "match", "--company", COMPANY, "--out", file)
    (line,) = csv.DictReader(io.StringIO(file.read_text("utf-8")))
    rewrite(file, [line | {"accept": "accept", "reference": "HAND-C2"}])
    desk.types("cutover", "sign", file)
    assert desk.house.row(old).state == "dismissed"


def test_a_credit_moves_out_of_a_signed_month_like_a_bill(make_desk: MakeDesk) -> None:
    entry = credit("C-1", "-60.00", "2026-10-15")
    desk = make_desk()
    given = [f"--opening={account}=0" for account in ("2105", "2110", "1090")]
    month = ("--company", COMPANY, "--period", "2026-10", "--airbase-balance=1090=0")
    desk.types("close", "sign", *month, *given, "--as", "Maria Lopez")
    desk.house.sandbox.airbase.books.load("ledger_entries", [entry])
    desk.house.edit("mappings/credits.yaml", "closed: hold", "closed: next_open")
    desk.house.edit("books.yaml", "    files_1099: epicor\n", "    files_1099: epicor\n    prior_period_limit: 100\n")
    desk.house.run("credits")
    row = desk.house.row(entry)
    assert (row.state, row.book_date) == ("entered", "2026-11-01"), row.reason

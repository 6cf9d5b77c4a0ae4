"""The first run against an Epicor in which two months were keyed by hand under slightly different numbers."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.acts.desk import Desk
from tests.books.conftest import MakeDesk
from tests.run.house import VENDORS, bill

COMPANY = "EPIC06"
BY_HAND = ("INV-{:05d}", "{}", "inv {}", "00{}")


def two_months() -> list[dict[str, Any]]:
    """Eight bills of October and eight of November, each with its own amount."""
    return [
        bill(
            f"INV-{number}",
            f"{number}.50",
            vendor=VENDORS[number % 5],
            date=f"2026-{10 + number % 2}-{1 + number % 20:02d}T00:00:00",
        )
        for number in range(101, 117)
    ]


def keyed(make_desk: MakeDesk) -> Desk:
    """A company that went live in November, and whose clerk has keyed everything but two bills."""
    desk = make_desk(*two_months())
    books = (desk.house.folder / "books.yaml").read_text(encoding="utf-8")
    (desk.house.folder / "books.yaml").write_text(
        books.replace("go_live: 2026-10-01", "go_live: 2026-11-01", 1), encoding="utf-8"
    )
    for number in range(101, 115):
        desk.house.sandbox.clerk.key_invoice(
            COMPANY,
            VENDORS[number % 5].number,
            "OTHER-9" if number == 106 else BY_HAND[number % 4].format(number),
            on=date(2026, 10 + number % 2, 1 + number % 20),
            lines=(("6200|10", Decimal(f"{number}.60" if number == 104 else f"{number}.50")),),
        )
    return desk


def matched(desk: Desk, file: Path) -> list[dict[str, str]]:
    desk.types("cutover", "match", "--company", COMPANY, "--out", file)
    return list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8"))))


def test_nothing_is_entered_twice_and_history_is_paired(make_desk: MakeDesk, tmp_path: Path) -> None:
    desk = keyed(make_desk)
    desk.house.run("bills")

    states = desk.house.states("bills")
    assert {number for number, state in states.items() if state == "entered"} == {"INV-115"}
    assert sum(state == "held" for state in states.values()) == 7
    assert sum(state == "cut_over" for state in states.values()) == 8
    assert {row.cause for row in desk.house.rows(states=["held"])} == {"possible_duplicate"}
    assert len(desk.house.invoices()) == 15

    fits = {line["number"]: line["match"] for line in matched(desk, tmp_path / "pairs.csv")}
    assert fits == {
        "INV-102": "exact",
        "INV-104": "probable",  # another amount
        "INV-106": "probable",  # another number
        **{f"INV-{number}": "exact" for number in (108, 110, 112, 114)},
        "INV-116": "none",
    }


def test_what_a_person_marks_is_dismissed_with_its_reference_and_told_to_airbase(
    make_desk: MakeDesk, tmp_path: Path
) -> None:
    desk = keyed(make_desk)
    desk.house.run("bills")
    file = tmp_path / "pairs.csv"
    lines = matched(desk, file)
    for line in lines:
        line["accept"] = "accept" if line["match"] == "exact" else ""
    rewrite(file, lines)
    told = desk.asks("cutover", "sign", file)
    assert (len(told["dismissed"]), told["left"], told["acknowledged"], told["failed"]) == (5, 3, 5, 0)
    row = desk.row("INV-108")
    assert (row.state, row.acknowledged) == ("dismissed", "done")
    assert row.reference == f"EPIC06/{VENDORS[3].id}/INV-00108"
    by_number = {one["invoice_number"]: one for one in two_months()}
    assert desk.house.entry(by_number["INV-108"])["status"] == "sync_complete"
    assert desk.house.entry(by_number["INV-104"])["status"] == "sync_ready"
    assert desk.row("INV-104").state == "cut_over"
    assert "not cut over" in desk.is_told("cutover", "sign", file)
    assert "cut-over" in desk.types("show", "INV-108")
    desk.house.run("bills")
    assert len(desk.house.invoices()) == 15


def test_a_file_that_does_not_fit_changes_nothing(make_desk: MakeDesk, tmp_path: Path) -> None:
    desk = keyed(make_desk)
    desk.house.run("bills")
    file = tmp_path / "pairs.csv"
    lines = matched(desk, file)
    for change, told in (
        ({"reference": ""}, "without a reference"),
        ({"amount": "1.00"}, "another amount"),
        ({"record": "airbase:/v1/accounting/ledger_entries/:none"}, "has no record"),
    ):
        rewrite(file, [lines[0] | {"accept": "accept"}, lines[1] | {"accept": "accept", **change}, *lines[2:]])
        assert told in desk.is_told("cutover", "sign", file)
    assert desk.house.rows(states=["dismissed"]) == ()


def test_no_cell_of_the_file_is_a_formula(make_desk: MakeDesk, tmp_path: Path) -> None:
    desk = make_desk(bill('=HYPERLINK("x")', "5.00", date="2026-09-03T00:00:00"))
    desk.house.run("bills")
    (line,) = matched(desk, tmp_path / "pairs.csv")
    assert line["number"].startswith("'=")
    assert line["match"] == "none"
    line |= {"accept": "accept", "reference": "+1 by hand"}
    rewrite(tmp_path / "pairs.csv", [line])
    desk.types("cutover", "sign", tmp_path / "pairs.csv")
    (row,) = desk.house.rows(states=["dismissed"])
    assert row.reference == "+1 by hand"


def test_a_company_that_only_a_look_up_knows_has_its_go_live(make_desk: MakeDesk) -> None:
    desk = make_desk(bill("OLD", date="2026-09-03T00:00:00"), bill("NEW"))
    desk.house.edit(
        "mappings/bills.yaml",
        'company: {crosswalk: companies, match: {subsidiary: "{{ subsidiary }}"}, take: company}',
        "company: {lookup: /v1/accounting/subsidiaries/, connection: airbase, "
        'match: {erp_reference_id: "{{ subsidiary }}"}, take: erp_reference_id}',
    )
    desk.house.run("bills")
    assert desk.house.states("bills") == {"OLD": "cut_over", "NEW": "entered"}
    told = desk.ends("reconcile", "--company", COMPANY, "--period", "2026-11", "--format", "json", code=3).stdout
    (bills,) = json.loads(told)["states"]
    assert (bills["source"]["count"], bills["entered"]["count"]) == (1, 1)


def rewrite(file: Path, lines: list[dict[str, str]]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(lines[0]))
    writer.writeheader()
    writer.writerows(lines)
    file.write_text(text.getvalue(), encoding="utf-8")

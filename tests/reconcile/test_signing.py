"""Sign-off: who signed which totals, and what happens to records that come later."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from click.testing import CliRunner, Result

from engine.faces.commands.root import root
from engine.run.reconciling.sides import period_of
from engine.run.reconciling.signing import sign_offs
from tests.reconcile.month import COMPANY, PERIOD, Month
from tests.run.house import bill

GIVEN = (
    "--opening",
    "2105=1,000.00Cr",
    "--opening",
    "2110=0",
    "--opening",
    "1090=500",
    "--airbase-balance",
    "451.00",
)
THIS = ("--company", COMPANY, "--period", PERIOD)


def types(month: Month, *words: str, code: int = 0) -> Result:
    result = CliRunner().invoke(root, [*words, "-w", str(month.house.folder)])
    assert result.exit_code == code, result.output
    return result


def signs(month: Month) -> Any:
    return json.loads(types(month, "close", "sign", *THIS, *GIVEN, "--as", "Maria Lopez", "--format", "json").stdout)


def test_a_signature_keeps_the_totals_in_the_audit_trail(month: Month) -> None:
    month.posts()
    told = signs(month)
    assert told["closings"] == {"2105": "-1425.50", "2110": "0.00", "1090": "451.00"}
    with month.house.setup() as setup:
        (signed,) = sign_offs(setup.ledger, COMPANY).values()
        events = [event for _, event, _ in setup.ledger.trail(record=f"close:{COMPANY}")]
        assert not setup.ledger.verify_trail()
    assert (signed.name, signed.verdict, signed.report_hash) == ("Maria Lopez", "TIES", told["report_hash"])
    assert events[0].detail["report"]["states"][0]["source"] == {
        "count": 3,
        "amount": "425.50",
        "without_amount": 0,
    }
    assert "signed already" in types(month, "close", "sign", *THIS, *GIVEN, "--as", "Raj", code=2).stderr
    assert json.loads(types(month, "close", "list", "--format", "json").stdout) == [told]
    assert "company NONE is not in books.yaml" in types(month, "close", "list", "--company", "NONE", code=2).stderr


def test_the_closing_is_the_opening_of_the_next_month(month: Month) -> None:
    month.posts()
    signs(month)
    with month.house.setup() as setup:
        from engine.run.reconciling.reconciling import reconcile

        report = reconcile(setup, COMPANY, period_of("2026-12"), balances={"1090": Decimal("451.00")})
    assert [one.opening for one in report.roll_forwards] == [Decimal("-1425.50"), Decimal("0.00"), Decimal("451.00")]
    assert report.roll_forwards[0].opening_from == "signed closing of 2026-11"
    refused = types(month, "reconcile", "--company", COMPANY, "--period", "2026-12", "--opening", "2105=1", code=2)
    assert "was signed with a closing of -1425.50" in refused.stderr


def test_what_comes_after_the_signature_is_held_until_an_unlock(month: Month) -> None:
    month.posts()
    signs(month)
    late = bill("B-LATE", "88.00")
    month.airbase_gets(late)
    month.house.run("bills")
    row = month.house.row(late)
    assert (row.state.value, row.cause) == ("held", "period_signed")
    assert "no" not in types(month, "close", "list", "--company", COMPANY).stdout.split("\n")[0]
    assert types(month, "close", "unlock", *THIS, "--reason", " ", code=2)
    types(month, "close", "unlock", *THIS, "--reason", "the landlord's bill came late")
    month.house.run("bills")
    assert month.house.row(late).state.value == "entered"
    with month.house.setup() as setup:
        assert sign_offs(setup.ledger, COMPANY) == {}
        kinds = [
            (event.kind, event.detail.get("reason")) for _, event, _ in setup.ledger.trail(record="close:EPIC06")
        ]
    assert kinds == [("period_signed", None), ("period_unlocked", "the landlord's bill came late")]


def test_a_small_bill_of_a_signed_month_moves_on_and_is_listed_and_a_large_one_is_held(month: Month) -> None:
    month.posts()
    signs(month)
    month.house.edit(
        "mappings/bills.yaml", 'period: "{{ date }}", closed: hold', 'period: "{{ date }}", closed: next_open'
    )
    books = month.house.folder / "books.yaml"
    text = books.read_text(encoding="utf-8").replace("[2026-10, 2026-11]", "[2026-10, 2026-12]", 1)
    books.write_text(
        text.replace("    files_1099", "    prior_period_limit: 100\n    files_1099", 1), encoding="utf-8"
    )
    small, large = bill("B-SMALL", "88.00"), bill("B-LARGE", "100.01")
    for entry in (small, large):
        month.airbase_gets(entry)
    month.house.run("bills")
    assert (month.house.row(small).state, month.house.row(small).book_date) == ("entered", "2026-12-01")
    assert month.invoice("B-SMALL")["ApplyDate"].startswith("2026-12-01")
    assert month.invoice("B-SMALL")["Description"] == "Airbase bill 2026-11-03"
    row = month.house.row(large)
    assert (row.state, row.cause) == ("held", "not_moved")
    assert "100.01 is above the prior_period_limit of 100.00" in row.reason
    listed = types(month, "cutoff", *THIS).stdout
    assert "moved from 2026-11-03 to 2026-12-01" in listed
    assert "B-LARGE" not in listed


def test_a_journal_after_the_signature_is_told(month: Month) -> None:
    month.posts()
    signs(month)
    month.journals("6200|10", "2105|00", "204.00")
    report = month.reconciles()
    assert {(one.kind, one.amount) for one in report.findings} == {
        ("booked by others", Decimal("-204.00")),
        ("changed since sign-off", Decimal("-204.00")),
    }


def test_nobody_signs_what_is_unknown_or_does_not_tie(month: Month) -> None:
    month.posts()
    unknown = types(month, "close", "sign", *THIS, "--as", "Maria", code=2)
    assert "UNKNOWN" in unknown.stderr
    month.journals("6200|10", "2105|00", "204.00")
    assert "does not tie by 204.00" in types(month, "close", "sign", *THIS, *GIVEN, "--as", "Maria", code=2).stderr
    types(month, "close", "sign", *THIS, *GIVEN, "--as", "Maria", "--explain", "journal 9118 goes back in December")

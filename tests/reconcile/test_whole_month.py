"""The whole demonstration: entered, posted by the clerk, and tied."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

from engine.run.dismissing import dismiss
from engine.run.reconciling.reconciling import reconcile
from engine.run.reconciling.report import TIES
from engine.run.reconciling.sides import period_of
from tests.run.house import House, open_house

NOT_POSTED = """not_posted:
  - connection: airbase
    feed: /v1/accounting/ledger_entries/
    when: {type: [cashback, card_rebates, card_chargeback, amortization]}
    reason: finance books them by hand, once a month
"""
OPENINGS = {"2105": Decimal("-96114.80"), "2110": Decimal(0), "1090": Decimal("4310.25")}


def test_a_clean_month_of_the_demonstration_ties(tmp_path: Path) -> None:
    house = open_house(tmp_path / "workspace")
    try:
        books = house.folder / "books.yaml"
        text = books.read_text(encoding="utf-8")
        books.write_text(text.replace("not_posted: []\n", NOT_POSTED), encoding="utf-8")
        house.run_all()
        in_euro = next(row for row in house.rows(mapping="card-transactions") if "settled in EUR" in row.reason)
        posts_everything(house)
        with house.setup() as setup:
            report = reconcile(setup, "EPIC06", period_of("2026-10"), openings=OPENINGS)
            assert report.unknown[0] == "the amount of held card-transactions on 1090 is UNKNOWN"
            dismiss(setup, [in_euro], reason="booked by hand at the rate of the statement", reference="GJ 771")
            report = reconcile(setup, "EPIC06", period_of("2026-10"), openings=OPENINGS)
            (balance,) = (one.expected_at_source for one in report.roll_forwards if one.kind == "clearing")
            assert balance is not None, report.unknown
            report = reconcile(setup, "EPIC06", period_of("2026-10"), openings=OPENINGS, balances={"1090": balance})
        assert [one.sentence for one in report.findings] == []
        assert (report.unknown, report.verdict, report.unclaimed) == ((), TIES, 0)
        booked = {
            account: sum(
                (
                    line["BookDebitAmount"] - line["BookCreditAmount"]
                    for line in house.sandbox.epicor.books.gl_lines("EPIC06")
                    if line["SegValue1"] == account and date.fromisoformat(line["JEDate"][:10]) <= date(2026, 10, 31)
                ),
                Decimal(0),
            )
            for account in OPENINGS
        }
        assert {one.account: one.in_gl for one in report.roll_forwards} == {
            account: OPENINGS[account] + amount for account, amount in booked.items()
        }
        assert booked["2105"] < Decimal(-10_000_000)
    finally:
        house.sandbox.stop()


def posts_everything(house: House) -> None:
    for company in house.sandbox.epicor.books.companies():
        house.sandbox.clerk.post_all_ap_groups(company)
        for row in house.sandbox.epicor.books.rows(company, "GLJrnGrp"):
            house.sandbox.clerk.post_gl_group(company, row["GroupID"])

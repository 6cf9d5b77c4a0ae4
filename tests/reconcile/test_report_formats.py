"""The report for people, programs, spreadsheets and paper; and the cut-off list."""

from __future__ import annotations

import csv
import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from engine.domain.lifecycle import State
from engine.domain.record import RecordKey
from engine.run.reconciling.cutoff import cut_off_line
from engine.run.reconciling.sides import LedgerFact, SourceFact, period_of
from tests.reconcile.month import Month
from tests.reconcile.test_signing import GIVEN, THIS, types

EVIL = '=HYPERLINK("http://x")<script>alert(1)</script>'
KEY = RecordKey(connection="airbase", feed="f", source_id="1")


def test_the_text_has_every_section_and_the_result(month: Month) -> None:
    month.posts()
    text = types(month, "reconcile", *THIS, *GIVEN).stdout
    for part in ("A. EVERY SOURCE RECORD", "B. CONTROL 2105", "C. CLEARING 1090", "D. EXPOSURE", "E. BY ACCOUNT"):
        assert part in text
    assert "1,425.50 Cr   TIES" in text
    assert "RESULT: TIES  exit 0" in text


def test_the_text_names_what_does_not_tie(month: Month) -> None:
    month.posts()
    month.journals("6200|10", "2105|00", "204.00")
    text = types(month, "reconcile", *THIS, *GIVEN, code=1).stdout
    assert "GJ 2026/9118 line 2 by kwon on 2026-11-29 books -204.00 to 2105" in text
    assert "RESULT: DOES NOT TIE  204.00 USD (1 item)  exit 1" in text


def test_json_csv_and_html_say_the_same(month: Month, tmp_path: Path) -> None:
    month.posts()
    with month.at_epicor() as session:
        journal = session.find("GLJrnDtl")[0]
        session.save(
            "GLJrnDtl",
            {
                **journal,
                "JournalNum": 999,
                "APInvoiceNum": "",
                "SegValue1": "2105",
                "SourceModule": "GL",
                "Description": EVIL,
                "PostedBy": EVIL,
            },
        )
    told = json.loads(types(month, "reconcile", *THIS, *GIVEN, "--format", "json", code=1).stdout)
    assert (told["result"], told["exit_code"]) == ("DOES NOT TIE", 1)
    (found,) = told["findings"]
    out = tmp_path / "report"
    types(month, "reconcile", *THIS, *GIVEN, "--format", "csv", "--out", str(out), code=1)
    rows = list(csv.DictReader(out.read_text(encoding="utf-8").splitlines()))
    (row,) = (one for one in rows if one["section"] == "finding")
    assert (row["amount"], row["account"]) == (found["amount"], "2105")
    assert not any(cell[:1] in ("=", "@", "+") for one in rows for cell in one.values())
    types(month, "reconcile", *THIS, *GIVEN, "--format", "html", "--out", str(out), code=1)
    page = out.read_text(encoding="utf-8")
    assert "&lt;script&gt;" in page
    assert "<script" not in page
    assert "http-equiv" not in page
    assert 'src="' not in page


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--company", "EPIC99", "--period", "2026-11"), "is not in books.yaml"),
        (("--company", "EPIC06", "--period", "November"), "write a month as 2026-10"),
        ((*THIS, "--opening", "2100=5"), "books.yaml rolls 2105, 2110, 1090 forward"),
        ((*THIS, "--opening", "2105=abc"), "write 96114.80, 96114.80Cr or -96114.80"),
        ((*THIS, "--airbase-balance", "1", "--airbase-balance", "2"), "is given twice"),
    ],
)
def test_wrong_words_are_told(month: Month, words: tuple[str, ...], told: str) -> None:
    assert told in types(month, "reconcile", *words, code=2).stderr


@pytest.mark.parametrize(
    ("written", "day", "listed", "other_period"),
    [
        ("2026-11-01T02:10:00", date(2026, 10, 31), True, True),
        ("2026-11-01T00:00:00", date(2026, 11, 1), True, True),
        ("2026-10-31T12:00:00", date(2026, 10, 31), True, False),
        ("2026-10-20T12:00:00", date(2026, 10, 20), False, False),
        ("2026-10-02T12:00:00", date(2026, 10, 2), False, False),
    ],
)
def test_the_cut_off_list_reads_a_date_both_ways(written: str, day: date, listed: bool, other_period: bool) -> None:
    fact = SourceFact(
        key=KEY,
        mapping="bills",
        company="EPIC06",
        day=day,
        amount=Decimal("5.00"),
        currency="USD",
        label="B-1",
        moment=written,
    )
    line = cut_off_line(fact, None, ZoneInfo("America/Chicago"), period_of("2026-10"))
    assert (line is not None) == listed
    if line is not None:
        assert line.utc_day == datetime.fromisoformat(written).date().isoformat()
        assert line.other_period == other_period


def test_a_record_that_was_moved_is_on_the_cut_off_list() -> None:
    fact = SourceFact(
        key=KEY,
        mapping="bills",
        company="EPIC06",
        day=date(2026, 10, 5),
        amount=Decimal("5.00"),
        currency="USD",
        label="B-1",
        moment="2026-10-05T00:00:00",
    )
    row = LedgerFact(
        key=KEY,
        mapping="bills",
        state=State.ENTERED,
        company="EPIC06",
        day=date(2026, 11, 1),
        amount=Decimal("5.00"),
        currency="USD",
        label="B-1",
        reference="EPIC06/V1/B-1",
        reason="",
    )
    line = cut_off_line(fact, row, ZoneInfo("America/Chicago"), period_of("2026-10"))
    assert line is not None
    assert line.why == "moved from 2026-10-05 to 2026-11-01"


def test_the_cut_off_command(month: Month) -> None:
    assert "nothing of EPIC06 stands near the end" in types(month, "cutoff", *THIS).stdout

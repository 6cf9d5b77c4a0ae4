"""What the commands say: for people, for programs, and for an auditor who follows an amount."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from engine.faces.commands.table import column, display_width, table_lines
from tests.commands.scene import Scene, typed

ENTERED = "INV-20090"


def test_status_adds_up_to_every_record(scene: Scene) -> None:
    status = scene.json("status")
    assert status.keys() == {"as_of", "records", "waiting", "runs", "credentials", "untold"}
    assert sum(one["count"] for one in status["records"]) == len(scene.records())
    waiting = [row for row in scene.records() if row["state"] in ("held", "unclaimed", "refused", "in_doubt")]
    assert sum(one["count"] for one in status["waiting"]) == len(waiting)
    assert {one["mapping"] for one in status["runs"]} == {"bills"}


def test_status_shows_amounts_by_currency_and_fits_eighty_columns(scene: Scene) -> None:
    result = scene.typed("status")
    assert result.exit_code == 1
    assert max(map(len, result.stdout.splitlines())) <= 100
    total = sum(Decimal(row["amount"]) for row in scene.records() if row["state"] == "entered")
    (line,) = [line for line in result.stdout.splitlines() if line.split()[:2] == ["bills", "entered"]]
    assert line.endswith(f"{total:,.2f}")
    assert " UTC" in result.stdout


def test_records_are_chosen_by_state_cause_and_mapping(scene: Scene) -> None:
    held = scene.json("records", "--state", "held", "--state", "cut_over", "--mapping", "bills")
    assert {row["state"] for row in held} == {"held", "cut_over"}
    assert {row["cause"] for row in scene.json("records", "--cause", "same_key")} == {"same_key"}
    waiting = scene.json("records", "--waiting", "--limit", "1000")
    assert {row["state"] for row in waiting} == {"held", "unclaimed"}
    assert len(scene.json("records", "--waiting", "--limit", "3")) == 3
    assert "the first 3 records" in scene.typed("records", "--waiting", "--limit", "3").stdout
    assert scene.typed("records", "--mapping", "bills", "--state", "refused").stdout == "no record fits\n"


def test_piped_rows_are_one_line_each(scene: Scene) -> None:
    lines = scene.typed("records", "--mapping", "bills").stdout.splitlines()
    rows = scene.json("records", "--mapping", "bills")
    table = lines[2 : lines.index("")]
    assert [line[:13] for line in table] == [row["record"].rsplit(":", 1)[1][:13] for row in rows]


def test_show_tells_the_life_of_a_record(scene: Scene) -> None:
    said = scene.typed("show", ENTERED).stdout
    assert "entered: saved in the target and read back" in said
    assert "reference   EPIC06/V00152/INV-20090, written back to the source" in said
    life = [
        "read from the source",
        "seen to ready",
        "ready to sending: attempt 1",
        "sending to entered as",
        "written back",
    ]
    places = [said.index(one, said.index("audit trail")) for one in life]
    assert places == sorted(places)
    assert "HTTP 200" in said
    told = scene.json("show", ENTERED, "--sent", "--payload")
    (attempt,) = told["attempts"]
    assert attempt["request"]["path"] == "Erp.BO.APInvoiceSvc/UpdateMaster"
    assert attempt["proof"] == "effect"
    assert told["payload"]["invoice_number"] == ENTERED
    assert scene.json("show", ENTERED)["payload"] is None


def test_show_says_what_to_do_about_a_record_that_waits(scene: Scene) -> None:
    said = scene.typed("show", "ODD-unknown_account").stdout
    assert "crosswalk_hold" in said
    assert "what to do  Add a more specific row" in said


def test_an_auditor_follows_each_amount_to_its_rule_and_source(scene: Scene) -> None:
    told = scene.json("explain", ENTERED)
    assert told["as_sent"] is True
    assert told["would_wait"] is None
    lines = [line for line in told["books"] if line["side"] == "debit"]
    assert [line["amount"] for line in lines] == ["1018.82", "1574.70", "4197.79"]
    coding = scene.folder / "mappings" / "crosswalks" / "gl-coding.csv"
    for number, line in enumerate(lines, start=1):
        told_amount = [one for one in line["amount_from"]["origins"] if one["told"].endswith("amount")]
        assert told_amount[0]["told"] == f"the record's expense_list, item {number}: amount"
        (rule,) = {
            (one["name"], one["place"]) for one in line["account_from"]["origins"] if "gl-coding.csv" in one["place"]
        }
        assert row_at(coding, rule[1]).startswith(f"{rule[0].removeprefix('rule ')},*,5020,")
    vendors = {
        one["told"] for part in told["sends"] for one in part["origins"] if one["told"].startswith("looked up in ")
    }
    assert "looked up in epicor Erp.BO.VendorSvc/Vendors by VendorID = {{ vendor_id }}" in vendors
    settings = [one for one in lines[0]["account_from"]["origins"] if one["name"] == "books.amortise_in"]
    assert settings[0]["value"] == "airbase"
    assert row_at(scene.folder / "books.yaml", settings[0]["place"]).strip().startswith("amortise_in: airbase")


def row_at(path: Path, place: str) -> str:
    assert place.split(":")[0].endswith(path.name)
    return path.read_text().splitlines()[int(place.split(":")[1]) - 1]


def test_every_value_sent_is_explained_with_a_place_that_is_there(scene: Scene) -> None:
    told = scene.json("explain", ENTERED)
    assert len(told["sends"]) > 40
    for one in told["sends"]:
        places = [one["place"], *(origin["place"] for origin in one["origins"])]
        for place in places:
            file, line, _ = place.rsplit(":", 2)
            assert 1 <= int(line) <= len((scene.folder / file).read_text().splitlines())
    amounts = [one for one in told["sends"] if one["path"].endswith("DocScrExpAmt")]
    assert [(one["value"], one["sent"]) for one in amounts] == [
        (1018.82, 1018.82),
        (1574.7, 1574.7),
        (4197.79, 4197.79),
    ]


def test_what_was_entered_is_explained_after_its_month_is_closed(scene: Scene) -> None:
    books = scene.folder / "books.yaml"
    books.write_text(books.read_text().replace("[2026-10, 2026-11]", "[2026-12]"))
    assert scene.json("explain", ENTERED)["as_sent"] is True


def test_a_changed_rule_is_told_beside_what_was_sent(scene: Scene) -> None:
    coding = scene.folder / "mappings" / "crosswalks" / "gl-coding.csv"
    text = coding.read_text()
    coding.write_text(text.replace(",*,5020,*,*,=account,", ",*,5020,*,*,5010,"))
    assert coding.read_text() != text
    assert scene.json("explain", ENTERED)["as_sent"] is False
    said = scene.typed("explain", ENTERED).stdout
    assert "ATTENTION" in said
    assert "sent: 5020|10" in said


def test_a_record_that_waits_is_explained_as_far_as_it_came(scene: Scene) -> None:
    told = scene.json("explain", "ODD-unknown_account")
    assert told["would_wait"]["cause"] == "crosswalk_hold"
    stop, row = told["stopped_at"]
    assert stop["name"] == "lines[0].coded"
    assert row["name"] == "rule R999"
    assert row_at(scene.folder / "mappings" / "crosswalks" / "gl-coding.csv", row["place"]).startswith("R999,")
    assert {one["name"]: one["value"] for one in told["known"]}["lines[0].coding_account"] == "6999"
    unclaimed = scene.a_record(state="unclaimed")["record"]
    assert "no mapping takes this record" in scene.typed("explain", unclaimed).stdout


def test_a_missing_value_does_not_hide_the_amount(scene: Scene) -> None:
    held = [row for row in scene.records() if row["cause"] == "value_missing"]
    assert held
    assert all(row["amount"] and row["currency"] for row in held)
    told = scene.json("explain", held[0]["record"])
    assert [one["told"] for one in told["stopped_at"]] == ["the record's invoice_number"]


@pytest.mark.parametrize(("word", "told"), [("crosswalk_no_row", "Add a row"), ("e703", "no default")])
def test_causes_and_codes_are_explained_without_a_workspace(word: str, told: str, tmp_path: Path) -> None:
    assert told in typed("explain", word, "-w", tmp_path).stdout


def test_plan_tells_totals_and_t_accounts_and_writes_nothing(scene: Scene) -> None:
    with scene.nothing_changes():
        plan = scene.json("plan", "bills")
        sent = next(row for row in plan["records"] if row["outcome"] == "would be sent")
        said = scene.typed("plan", "bills", "--only", sent["number"], "--entries").stdout
    assert plan.keys() == {"mapping", "records", "totals", "accounts"}
    for total in plan["totals"]:
        alike = [row for row in plan["records"] if row["outcome"] == total["outcome"]]
        amounts = [Decimal(row["amount"]) for row in alike if row["amount"] and row["currency"] == total["currency"]]
        assert Decimal(total["amount"] or 0) == sum(amounts, Decimal(0))
    for currency in {one["currency"] for one in plan["accounts"]}:
        lines = [one for one in plan["accounts"] if one["currency"] == currency]
        assert sum(Decimal(one["debit"]) - Decimal(one["credit"]) for one in lines) == 0
    for entry in sent["entries"]:
        assert any(line.startswith(f"    {entry['account']} ") for line in said.splitlines())
    assert said.count(f"{Decimal(sent['amount']):,.2f}") >= 7  # the record, two T-accounts with their sums, in all


def test_describe_reads_as_english_with_its_t_account(scene: Scene) -> None:
    said = scene.typed("describe", "bills").stdout
    for heading in ("Which records it takes", "When a record waits", "What it books", "How nothing is entered twice"):
        assert f"\n{heading}\n" in said
    assert "{{" not in said
    assert max(map(len, said.splitlines())) <= 110
    assert scene.typed("describe", "bills", "--full").exit_code == 0
    assert {row["name"] for row in scene.json("describe")} == {"bills", "vendors"}


def test_test_and_validate_and_ping_and_credentials_give_json(scene: Scene) -> None:
    assert all(one["passed"] for one in scene.json("test"))
    assert scene.json("validate")["ok"] is True
    assert {one["connection"]: one["ok"] for one in scene.json("ping")} == {"airbase": True, "epicor": True}
    listed = scene.json("credentials", "list")
    assert {one["field"] for one in listed} == {"api_key", "username", "password"}
    assert all(one["set_at"] and one["fingerprint"] for one in listed)


def test_a_failing_test_is_told_with_its_place(scene: Scene) -> None:
    bills = scene.folder / "mappings" / "bills.yaml"
    bills.write_text(bills.read_text().replace("6100|10: 60.00, 6200|20: 40.00", "6100|10: 61.00, 6200|20: 40.00", 1))
    result = scene.typed("test", "bills")
    assert result.exit_code == 1
    assert "FAIL  bills: two lines and the AP control" in result.stdout
    assert "mappings/bills.yaml:" in result.stdout


def test_a_second_run_sends_only_what_is_left(scene: Scene) -> None:
    (result,) = scene.json("run", "bills", "--only", ENTERED)
    assert (result["mapping"], result["sent"], result["adopted"]) == ("bills", 0, 0)


def test_no_terminal_escape_comes_from_outside(scene: Scene) -> None:
    name = "A\x1b[31mB\x07\u202eC"
    (scene.folder / "books.yaml").write_text(f"companies: {{{json.dumps(name)}: 1}}\n")
    said = scene.typed("validate")
    assert "\x1b" not in said.output
    assert "\x07" not in said.output
    assert "\u202e" not in said.output


WIDE = (column("number"), column("amount", right=True), column("why", long=True))
ROWS = [
    ("A-1", ("1.00 CAD", "22.00 USD"), "because the vendor is not linked to Epicor and nobody said why"),
    ("工具", "3.00 USD", ""),
]


def test_a_narrow_terminal_puts_sentences_below_their_row() -> None:
    lines = list(table_lines(WIDE, ROWS, width=40))
    assert max(map(display_width, lines)) <= 40
    assert lines[0] == "number     amount"
    assert lines[2:4] == ["A-1      1.00 CAD", "        22.00 USD"]
    assert lines[4].startswith("    because the vendor")
    assert lines[-1] == "工具     3.00 USD"


def test_a_wide_terminal_wraps_in_the_last_column_and_a_pipe_not_at_all() -> None:
    on_screen = list(table_lines(WIDE, ROWS, width=75))
    assert on_screen[2].startswith("A-1      1.00 CAD  because the vendor")
    assert max(map(display_width, on_screen)) <= 75
    piped = list(table_lines(WIDE, ROWS, width=None))
    assert len(piped) == 2 + len(ROWS)
    assert piped[2].endswith("1.00 CAD; 22.00 USD  because the vendor is not linked to Epicor and nobody said why")


def test_text_from_outside_cannot_break_a_line() -> None:
    lines = list(table_lines((column("name"),), [("evil\nname\x1b[2K",)], width=None))
    assert lines[-1] == "evil name [2K"


def test_one_long_value_does_not_make_every_row_as_long() -> None:
    lines = list(table_lines((column("name"), column("n")), [("x" * 100_000, "1"), ("y", "2")], width=None))
    assert lines[2].endswith("x… (100,000 letters)  1")
    assert max(map(len, lines)) < 2_100

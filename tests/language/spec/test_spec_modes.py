"""What a target promises: parts that fit its mode."""

from __future__ import annotations

from pathlib import Path

import pytest
from good_workspace import BILLS, RECIPE, VENDORS, write_workspace
from test_spec_wrong_mappings import problems_of

REPORT = "mode: report\n  report: {file: vendors.csv, columns: [code, name]}"


def codes(root: Path) -> list[str]:
    return [problem.code for problem in problems_of(root)]


def test_a_report_needs_no_call_and_no_dedupe_key(tmp_path: Path) -> None:
    text = VENDORS.replace("mode: keep_in_step\n  post: /v1/vendors/", REPORT)
    text = text[: text.index("dedupe:")] + text[text.index("tests:") :]
    assert codes(write_workspace(tmp_path, **{"mappings__vendors.yaml": text})) == []


@pytest.mark.parametrize(
    ("good", "bad", "code", "line", "column"),
    [
        ("mode: keep_in_step\n  post: /v1/vendors/", REPORT.replace("name]", "nme]"), "E509", 13, 47),
        ("mode: keep_in_step", "mode: keep_in_step\n  report: {file: a.csv, columns: [code]}", "E509", 13, 3),
        ("mode: keep_in_step", "mode: keep_in_step\n  bulk: {list: rows, most: 9, rows: a}", "E509", 13, 3),
        ("mode: keep_in_step", "mode: keep_in_step\n  bulk: {list: rows, most: 9, row_reference: a}", "E509", 13, 31),
        ("mode: keep_in_step", "mode: keep_in_step\n  bulk: {list: rows}", "E105", 13, 3),
        ("target:\n", "acknowledge: {when: in_gl}\ntarget:\n", "E509", 9, 21),
        ("  post: /v1/vendors/\n", "", "E105", 9, 1),
        ("  post: /v1/vendors/\n", "  post: /v1/vendors/\n  put: /v1/vendors/\n", "E112", 14, 3),
        (", company: EPIC06, skips", ", skips", "E602", 19, 5),
    ],
)
def test_parts_that_do_not_fit(tmp_path: Path, good: str, bad: str, code: str, line: int, column: int) -> None:
    assert good in VENDORS
    root = write_workspace(tmp_path, **{"mappings__vendors.yaml": VENDORS.replace(good, bad)})
    assert [(p.code, p.place.line, p.place.column) for p in problems_of(root)] == [(code, line, column)]


def test_what_is_entered_once_is_looked_for_before_it_is_sent_again(tmp_path: Path) -> None:
    bare = RECIPE[: RECIPE.index("  find:\n    - set: Erp.BO.APInvoiceSvc")]
    name = "mappings__recipes__ap-invoice.yaml"
    assert codes(write_workspace(tmp_path, **{name: bare})) == ["E509"]
    assert codes(write_workspace(tmp_path, **{name: bare + "  not_found: ask\n"})) == []


def test_a_lookup_that_nothing_uses_still_holds_when_it_finds_nothing(tmp_path: Path) -> None:
    step = "  known: {lookup: Erp.BO.VendorSvc/Vendors, match: {VendorID: x}, take: Name%s}\n  apply_date: {p"
    for extra, expected in (("", []), (", optional: true", ["W521"])):
        text = BILLS.replace("  apply_date: {p", step % extra)
        assert codes(write_workspace(tmp_path, **{"mappings__bills.yaml": text})) == expected


def test_a_field_that_a_company_added_itself_is_not_asked_for(tmp_path: Path) -> None:
    recipe = RECIPE.replace("RowMod: A}]\n      APInvDtl", "Approver_c: me, RowMod: A}]\n      APInvDtl")
    assert "Approver_c" in recipe
    assert codes(write_workspace(tmp_path, **{"mappings__recipes__ap-invoice.yaml": recipe})) == []


def test_a_service_the_catalogue_does_not_know_at_all_is_not_judged(tmp_path: Path) -> None:
    step = "  known: {lookup: Erp.BO.CustomerSvc/Customers, match: {CustID: x}, take: Name}\n  apply_date: {p"
    text = BILLS.replace("  apply_date: {p", step)
    assert codes(write_workspace(tmp_path, **{"mappings__bills.yaml": text})) == []

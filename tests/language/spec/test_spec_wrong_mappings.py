"""One mistake in a good workspace: one problem, with the right code, at the exact place, and with a hint."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest
from good_workspace import FILES, write_workspace

from engine.language.spec.known import Known
from engine.language.spec.load import load_mappings
from engine.language.spec.rules import check_mappings
from engine.language.spec.settings import SETTINGS
from engine.words.problem import Problem

BILLS = "mappings/bills.yaml"
RECIPE = "mappings/recipes/ap-invoice.yaml"
VENDORS = "mappings/vendors.yaml"


class EpicorCatalogue:
    """The part of Epicor that the good workspace uses."""

    _SETS = {
        "Erp.BO.VendorSvc/Vendors": frozenset({"VendorID", "VendorNum", "Inactive", "Name"}),
        "Erp.BO.APInvGrpSvc/APInvGrps": frozenset({"GroupID"}),
        "Erp.BO.APInvoiceSvc/APInvoices": frozenset({"VendorNum", "InvoiceNum"}),
    }
    _METHODS = ("Erp.BO.APInvGrpSvc/Update", "Erp.BO.APInvoiceSvc/UpdateMaster", "Erp.BO.APInvoiceSvc/GetByID")
    _TABLES = {
        "APInvGrp": frozenset({"GroupID", "RowMod"}),
        "APInvHed": frozenset({"VendorNum", "InvoiceNum", "RowMod"}),
        "APInvDtl": frozenset({"InvoiceLine", "DocUnitCost"}),
        "APInvExpTGLC": frozenset({"GLAccount"}),
    }

    def has_set(self, name: str) -> bool:
        return name in self._SETS

    def set_fields(self, name: str) -> frozenset[str]:
        return self._SETS.get(name, frozenset())

    def has_method(self, name: str) -> bool:
        return name in self._METHODS

    def table_fields(self, table: str) -> frozenset[str]:
        return self._TABLES.get(table, frozenset())

    def sets(self) -> Iterable[str]:
        return tuple(self._SETS)

    def methods(self) -> Iterable[str]:
        return self._METHODS

    def tables(self) -> Iterable[str]:
        return tuple(self._TABLES)


KNOWN = Known(
    connections={"airbase": "airbase", "epicor": "epicor"},
    catalogues={"epicor": EpicorCatalogue()},
    crosswalk_columns={
        "companies": frozenset({"subsidiary", "company"}),
        "gl-coding": frozenset({"account", "department", "gl_account"}),
    },
    books_settings=frozenset(SETTINGS),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """`good` is replaced by `bad` in a file; the problem begins at `at` inside `bad`, or is in the file's line."""

    file: str
    good: str
    bad: str
    code: str
    at: str
    hint: str
    in_file: str | None = None


def mistake(file: str, good: str, bad: str, code: str, at: str, hint: str) -> Mistake:
    return Mistake(file=file, good=good, bad=bad, code=code, at=at, hint=hint)


MISTAKES = {
    "a misspelt key": mistake(BILLS, "endpoint: /v1", "endpont: /v1", "E104", "endpont", "did you mean 'endpoint'?"),
    "a misspelt part": mistake(BILLS, "extract:\n", "extrct:\n", "E104", "extrct", "did you mean 'extract'?"),
    "a misspelt step": mistake(
        BILLS, "company: {crosswalk:", "company: {croswalk:", "E104", "croswalk", "'crosswalk'"
    ),
    "a misspelt key of a list": mistake(
        BILLS, "each: expense", "eech: expense", "E104", "eech", "did you mean 'each'?"
    ),
    "too far left": mistake(BILLS, "  id: airbase_id", "id: airbase_id", "E104", "id: ", "belongs under 'source'"),
    "too far right": mistake(BILLS, "  id: airbase_id", "   id: airbase_id", "E102", "id: ", "same column"),
    "a key of nobody": mistake(BILLS, "owner: AP", "colour: AP", "E104", "colour", ""),
    "a key twice": mistake(BILLS, "owner: AP manager", "title: AP manager", "E103", "title: AP", "keep one"),
    "a missing key": mistake(VENDORS, ", id: VendorID", "", "E105", "^source", "the source's own id"),
    "the wrong kind": mistake(BILLS, "after: [vendors]", "after: vendors", "E106", "vendors", ""),
    "a word not allowed": mistake(
        BILLS, "as: book_date", "as: bookdate", "E107", "bookdate", "did you mean 'book_date'?"
    ),
    "another file's name": mistake(BILLS, "name: bills", "name: bill", "E107", "bill", "write bills"),
    "a leading zero": mistake(BILLS, "skip: [draft]", "skip: [010]", "E110", "010", '"010" in quotes'),
    "a word of Norway": mistake(BILLS, "skip: [draft]", "skip: [NO]", "E110", "NO]", '"NO" in quotes'),
    "a tab": mistake(BILLS, "  id: airbase_id", "\tid: airbase_id", "E108", "\tid", "spaces"),
    "an alias bomb": mistake(
        BILLS,
        "owner: AP manager",
        "owner: &a [x]\na1: &b [*a, *a, *a]\na2: &c [*b, *b, *b]",
        "E109",
        "&a",
        "write the value out",
    ),
    "a tag": mistake(BILLS, "owner: AP", "owner: !!python/name:os.system AP", "E109", "!!python", "remove it"),
    "an open quote": mistake(BILLS, "title: App", "title: 'App", "E102", "'App", "close it"),
    "an open bracket": mistake(BILLS, "skip: [draft]}", "skip: [draft}", "E102", "}", ""),
    "no quotes": mistake(BILLS, 'period: "{{ date }}"', "period: {{ date }}", "E102", "{{ date", "with the quotes"),
    "debit and credit": mistake(
        BILLS, "{account: AP control,", '{account: AP control, debit: "{{ total }}",', "E112", "credit:", "keep one"
    ),
    "two expectations": mistake(
        BILLS, "skips: status", "holds: draft, skips: status", "E112", "skips: status", "keep one"
    ),
    "a bad JMESPath": mistake(BILLS, "vendor_id: vendor.code", "vendor_id: vendor..code", "E201", ".code", ""),
    "an unknown function": mistake(BILLS, "vendor_id: vendor.code", "vendor_id: summ(a)", "E201", "summ", "'sum'"),
    "half an expression": mistake(BILLS, '"{{ total }}", booked', '"{{ total + }}", booked', "E202", " }}", ""),
    "one pair of braces": mistake(
        BILLS, '"{{ date }}", closed', '"{ date }", closed', "E202", "{ date }", 'write "{{ … }}"'
    ),
    "a check without braces": mistake(
        BILLS, '"{{ not vendor.Inactive }}"', '"not vendor.Inactive"', "E202", '"not vendor', 'write "{{ … }}"'
    ),
    "a call": mistake(BILLS, '"{{ total }}", booked', '"{{ total.copy() }}", booked', "E203", "copy()", ""),
    "an unknown filter": mistake(RECIPE, "| format_date(", "| fromat_date(", "E204", "fromat", "'format_date'"),
    "more digits than a number keeps": mistake(
        BILLS,
        '"{{ total }}", booked',
        '"{{ total * 0.1234567890123456789 }}", booked',
        "E205",
        "0.12345",
        "15 digits",
    ),
    "an unknown name": mistake(BILLS, '"{{ total }}", booked', '"{{ totl }}", booked', "E301", "totl", "'total'"),
    "a name too early": mistake(
        BILLS, '"{{ subsidiary }}"', '"{{ vendor }}"', "E302", "vendor", "move 'vendor' above"
    ),
    "a field not taken": mistake(
        BILLS, "{{ not vendor.Inactive }}", "{{ not vendor.Inactve }}", "E303", "vendor.Inactve", "'Inactive'"
    ),
    "a field the items lack": mistake(
        BILLS, 'debit: "{{ line.amount', 'debit: "{{ line.amonut', "E303", "line.amonut", "'amount'"
    ),
    "a loop over nothing": mistake(BILLS, "{for: line in lines,", "{for: line in lnes,", "E301", "lnes", "'lines'"),
    "a loop in the body over nothing": mistake(
        RECIPE, "[{for: line in lines, GL", "[{for: line in lnes, GL", "E301", "lnes", "'lines'"
    ),
    "a name twice": mistake(
        BILLS, "  company: {cross", "  total: 5\n  company: {cross", "E309", "total: 5", "rename"
    ),
    "an unknown crosswalk": mistake(
        BILLS, "crosswalk: gl-coding", "crosswalk: gl-codng", "E304", "gl-codng", "'gl-coding'"
    ),
    "an unknown column": mistake(
        BILLS, "match: {subsidiary:", "match: {subsidary:", "E308", "subsidary:", "'subsidiary'"
    ),
    "an unknown column to take": mistake(
        BILLS, "take: gl_account", "take: glaccount", "E308", "glaccount", "'gl_account'"
    ),
    "an unknown connection": mistake(RECIPE, "connection: epicor", "connection: epicr", "E305", "epicr", "'epicor'"),
    "a missing recipe": mistake(
        BILLS, "recipe: ap-invoice", "recipe: ap-invoce", "E306", "ap-invoce", "'ap-invoice'"
    ),
    "an unknown mapping": mistake(BILLS, "after: [vendors]", "after: [vendor]", "E307", "vendor]", "'vendors'"),
    "a circle": mistake(VENDORS, "name: vendors", "name: vendors\nafter: [bills]", "E507", "bills", "remove one"),
    "a setting nobody has": mistake(
        BILLS, "{{ books.paid_by ==", "{{ books.payd_by ==", "E310", "books.payd", "'paid_by'"
    ),
    "needs not given": mistake(BILLS, "  vendor_id: vendor.code\n", "", "E505", "~recipe: ap-invoice", ""),
    "no dedupe": mistake(
        VENDORS, 'dedupe:\n  key: ["{{ company }}", "{{ vendor_id }}"]\n', "", "E501", "^target", "add dedupe"
    ),
    "nothing booked": mistake(
        BILLS,
        """entries:
  - {for: line in lines, account: "{{ line.gl_account }}", debit: "{{ line.amount }}"}
  - {account: AP control, credit: "{{ total }}", booked_by: target}

""",
        "",
        "E506",
        "",
        "entries",
    ),
    "a mode nobody has": mistake(
        VENDORS, "mode: keep_in_step", "mode: keep_instep", "E107", "keep_instep", "'keep_in_step'"
    ),
    "a mode without its part": mistake(VENDORS, "mode: keep_in_step", "mode: report", "E509", "report", "add report"),
    "ask in step": mistake(VENDORS, "dedupe:\n", "dedupe:\n  not_found: ask\n", "E509", "ask", "remove"),
    "an unknown Epicor field": mistake(
        RECIPE,
        'InvoiceNum: "{{ invoice_number }}", RowMod',
        'InvoiceNo: "{{ invoice_number }}", RowMod',
        "E503",
        "InvoiceNo",
        "'InvoiceNum'",
    ),
    "an unknown field to take": mistake(
        BILLS, "take: [VendorNum, Inactive]", "take: [VendorNum, Inactive, Nme]", "E503", "Nme", "'Name'"
    ),
    "an unknown method": mistake(
        RECIPE,
        "call: Erp.BO.APInvoiceSvc/UpdateMaster",
        "call: Erp.BO.APInvoiceSvc/UpdateMastr",
        "E504",
        "Erp.BO.APInvoiceSvc/UpdateMastr",
        "UpdateMaster",
    ),
    "an unknown service": mistake(
        RECIPE,
        "set: Erp.BO.APInvoiceSvc/AP",
        "set: Erp.BO.APInvoceSvc/AP",
        "E504",
        "Erp.BO.APInvoceSvc",
        "APInvoiceSvc",
    ),
    "an unknown table": mistake(RECIPE, "APInvHed: [{", "APInvHdr: [{", "E504", "APInvHdr", "'APInvHed'"),
    "a test without its file": mistake(
        BILLS,
        "given: fixtures/bill.json, change: {status",
        "given: fixtures/bil.json, change: {status",
        "E601",
        "fixtures/bil.json",
        "'fixtures/bill.json'",
    ),
    "a change of nothing": mistake(
        BILLS, "{expense_list.0.amount:", "{expense_lst.0.amount:", "E602", "expense_lst", "expense_list"
    ),
    "a path nobody has": mistake(
        BILLS,
        "subsidiary: subsidiary.code",
        "subsidiary: subsidiary.cod",
        "W520",
        "subsidiary.cod\n",
        "check the path",
    ),
    "a value nobody uses": mistake(
        BILLS, "  apply_date: {p", "  rest: 5\n  apply_date: {p", "W521", "rest", "remove it"
    ),
    "too few tests": mistake(
        BILLS,
        "  - {name: a draft, given: fixtures/bill.json, change: {status: draft}, skips: status is draft}\n",
        "",
        "W610",
        "^tests",
        "held",
    ),
}


def problems_of(root: Path) -> tuple[Problem, ...]:
    loaded = load_mappings(root / "mappings", root)
    return (*loaded.problems, *check_mappings(loaded.specs, KNOWN))


def position(text: str, index: int) -> tuple[int, int]:
    before = text[:index]
    return before.count("\n") + 1, index - (before.rfind("\n") + 1) + 1


def expected_position(wrong: str, case: Mistake, good: str) -> tuple[int, int]:
    """`^word` is the key at the beginning of a line, `~text` the value behind the last space of the text."""
    if not case.at:
        return next((line, 1) for line, text in enumerate(wrong.split("\n"), 1) if text and text[0] != "#")
    if case.at.startswith("^"):
        return position(wrong, wrong.index("\n" + case.at[1:]) + 1)
    if case.at.startswith("~"):
        return position(wrong, wrong.index(case.at[1:]) + case.at.rindex(" "))
    return position(wrong, wrong.index(case.at, good.index(case.good)))


def test_the_good_workspace_has_no_problem(tmp_path: Path) -> None:
    assert problems_of(write_workspace(tmp_path)) == ()


@pytest.mark.parametrize("case", MISTAKES.values(), ids=MISTAKES)
def test_one_mistake_is_one_problem_at_its_place(tmp_path: Path, case: Mistake) -> None:
    good = FILES[case.file]
    assert good.count(case.good) >= 1
    wrong = good.replace(case.good, case.bad, 1)
    write_workspace(tmp_path)
    (tmp_path / case.file).write_text(wrong, encoding="utf-8")

    problems = problems_of(tmp_path)

    assert [problem.code for problem in problems] == [case.code], "\n".join(map(str, problems))
    problem = problems[0]
    assert problem.place.file == case.file
    assert (problem.place.line, problem.place.column) == expected_position(wrong, case, good)
    assert case.hint in problem.hint
    assert problem.sentence
    assert problem.where.startswith(Path(case.file).stem)


def test_there_are_at_least_thirty_kinds_of_mistakes() -> None:
    assert len(MISTAKES) >= 30
    assert len({case.code for case in MISTAKES.values()}) >= 30


@pytest.mark.parametrize("text", ["approved bills\n", "- name: bills\n", "12\n"])
def test_a_file_without_keys_is_one_problem(tmp_path: Path, text: str) -> None:
    write_workspace(tmp_path)
    (tmp_path / BILLS).write_text(text, encoding="utf-8")
    (problem,) = problems_of(tmp_path)
    assert (problem.code, problem.place.file, problem.place.line) == ("E106", BILLS, 1)
    assert problem.sentence.startswith("this must be a map of keys, not ")

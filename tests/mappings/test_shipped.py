"""The mappings that come with the program: without problems, with all their tests green, and fit for the demo."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

import pytest

from engine.faces.sandbox.seed.chart import SPEND
from engine.language.crosswalk.load import make_crosswalk
from engine.language.crosswalk.table import read_table
from engine.language.spec.load import Loaded, crosswalk_uses, load_mappings
from engine.language.spec.model import MappingSpec
from engine.plan.mapping_tests import TestOutcome, run_tests
from engine.wiring.workspace import load_workspace

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "mappings"
DEMO = ROOT / "engine" / "faces" / "sandbox" / "demo_workspace"
NAMES = (
    "bills",
    "card-transactions",
    "cash-movements",
    "credits",
    "gl-accounts",
    "purchase-orders",
    "reimbursements",
    "vendors",
)


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    return load_mappings(SHIPPED, ROOT)


def spec_of(loaded: Loaded, name: str) -> MappingSpec:
    return next(spec for spec in loaded.specs if spec.name == name)


def outcomes(folder: Path, name: str) -> tuple[TestOutcome, ...]:
    found = load_mappings(folder, folder.parent)
    return run_tests(spec_of(found, name), crosswalk_uses(found.specs))


def failed(folder: Path, name: str) -> set[str]:
    return {outcome.name for outcome in outcomes(folder, name) if not outcome.passed}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the shipped mappings to edit, as finance would."""
    return Path(shutil.copytree(SHIPPED, tmp_path / "mappings"))


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path.name}"
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_every_mapping_loads_without_problem_or_warning(loaded: Loaded) -> None:
    assert [str(problem) for problem in loaded.problems] == []
    assert tuple(spec.name for spec in loaded.specs) == NAMES
    assert all(spec.switched_on for spec in loaded.specs), "a mapping that is off would leave its records unseen"


@pytest.mark.parametrize("name", NAMES)
def test_a_mapping_passes_its_own_tests(loaded: Loaded, name: str) -> None:
    told = [
        f"{outcome.place}: {outcome.name}: {outcome.told}"
        for outcome in run_tests(spec_of(loaded, name), crosswalk_uses(loaded.specs))
        if not outcome.passed
    ]
    assert told == []


@pytest.mark.parametrize("name", NAMES)
def test_a_mapping_shows_what_it_enters_and_what_it_does_not(loaded: Loaded, name: str) -> None:
    kinds = Counter(test.expects for test in spec_of(loaded, name).tests)
    assert kinds["books"] + kinds["sends"] >= 1
    assert kinds["skips"] >= 1
    assert kinds["holds"] + kinds["refuses"] >= 1
    assert kinds.total() >= 3


def test_every_crosswalk_is_readable_and_used(loaded: Loaded) -> None:
    uses = crosswalk_uses(loaded.specs)
    assert {path.stem for path in (SHIPPED / "crosswalks").glob("*.csv")} == set(uses)
    for name, (keys, results) in uses.items():
        table, told = read_table(SHIPPED / "crosswalks" / f"{name}.csv", f"crosswalks/{name}.csv")
        assert table is not None
        assert told == ()
        crosswalk, told = make_crosswalk(table, name, keys, results)
        assert crosswalk is not None
        assert [str(problem) for problem in told] == []


def test_every_spend_account_is_coded_and_nothing_falls_through(loaded: Loaded) -> None:
    keys, results = crosswalk_uses(loaded.specs)["gl-coding"]
    table, _ = read_table(SHIPPED / "crosswalks" / "gl-coding.csv", "gl-coding.csv")
    assert table is not None
    coding, _ = make_crosswalk(table, "gl-coding", keys, results)
    assert coding is not None
    for account in SPEND:
        hit = coding.find({"company": "EPIC06", "account": account, "department": "20", "vendor": None}, None)
        assert hit is not None
        assert hit.action == "post"
        assert hit.values == {"natural": account, "department_seg": "20"}
    for guarded in ("1010", "1090", "1300", "2105", "2150", "9999"):
        hit = coding.find({"company": "EPIC06", "account": guarded, "department": "00", "vendor": None}, None)
        assert hit is not None
        assert hit.action == "hold"


def test_every_cash_movement_is_claimed_and_held_until_finance_proves_it(loaded: Loaded) -> None:
    claimed = {value for entry in spec_of(loaded, "cash-movements").filters if entry.routes for value in entry.take}
    keys, results = crosswalk_uses(loaded.specs)["cash-movements"]
    table, _ = read_table(SHIPPED / "crosswalks" / "cash-movements.csv", "cash-movements.csv")
    assert table is not None
    sides, _ = make_crosswalk(table, "cash-movements", keys, results)
    assert sides is not None
    for kind in claimed:
        hit = sides.find({"company": "EPIC07", "type": kind}, None)
        assert hit is not None, f"{kind} has no row"
        assert hit.action == "hold"
        assert hit.note


def test_no_two_mappings_take_one_record(loaded: Loaded) -> None:
    taken = [
        value
        for spec in loaded.specs
        if spec.source.connection == "airbase"
        for entry in spec.filters
        if entry.routes
        for value in entry.take
    ]
    assert len(taken) == len(set(taken))


def test_the_locks_against_a_second_payment_are_sent_and_read_back(loaded: Loaded) -> None:
    for name in ("bills", "reimbursements", "credits"):
        spec = spec_of(loaded, name)
        assert spec.dedupe is not None
        kept = {part.name for part in spec.dedupe.find[0].kept}
        assert {"pay_hold", "payment_method", "gl_control", "tax", "total"} <= kept
    for fixture, control in (("bill", "AB-AP"), ("reimbursement", "AB-EMP"), ("credit", "AB-AP")):
        document = json.loads((SHIPPED / "fixtures" / f"{fixture}.document.json").read_text(encoding="utf-8"))
        header = document["ds"]["APInvHed"][0]
        locks = {"PayHold": True, "PMUID": 9, "GLControlCode": control, "CPay": False}
        assert {name: header[name] for name in locks} == locks


def test_the_demo_workspace_has_no_problems(tmp_path: Path) -> None:
    shutil.copytree(SHIPPED, tmp_path / "mappings")
    for name in ("books.yaml", "connections.yaml"):
        text = (DEMO / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(text.replace("{airbase_port}", "8001").replace("{epicor_port}", "8002"))
    workspace = load_workspace(tmp_path)
    assert [str(problem) for problem in workspace.problems] == []
    assert len(workspace.specs) == len(NAMES)
    assert workspace.books is not None
    assert set(workspace.books.companies) == {"EPIC06", "EPIC07"}


def test_accounts_are_reported_where_airbase_is_read_only_as_the_comment_says(copy: Path) -> None:
    path = copy / "gl-accounts.yaml"
    advised = [
        line.removeprefix("#     ").split("#")[0].rstrip()
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.startswith(("#       mode: report", "#       report: {"))
    ]
    assert len(advised) == 2
    edit(path, "\ntarget:\n", "\ntarget:\n" + "".join(f"{line}\n" for line in advised))
    found = load_mappings(copy, copy.parent)
    assert [str(problem) for problem in found.problems] == []
    target = spec_of(found, "gl-accounts").target
    assert target.mode == "report"
    assert target.report is not None
    assert target.report.file == "gl-accounts.csv"
    assert {"name", "erp_reference_id"} <= set(target.report.columns)
    assert failed(copy, "gl-accounts") == set()


def test_changing_the_real_coding_breaks_no_test(copy: Path) -> None:
    (copy / "crosswalks" / "gl-coding.csv").write_text("company,account,department,vendor,natural,department_seg\n")
    assert failed(copy, "bills") == set()


@pytest.mark.parametrize(
    ("file", "old", "new", "name", "caught_by"),
    [
        (
            "bills.yaml",
            "{{ not amortised or books.amortise_in != 'airbase' or prepaid_account is not missing }}",
            "{{ true }}",
            "bills",
            "dates of a schedule without a prepaid account",
        ),
        (
            "recipes/epicor-ap-invoice.yaml",
            'PayHold: "{{ on_hold }}"',
            "PayHold: false",
            "bills",
            "the document that Epicor gets",
        ),
        (
            "recipes/epicor-ap-invoice.yaml",
            "{{ not (lines | any_in('natural', books.guarded_accounts)) }}",
            "{{ true }}",
            "bills",
            "a control account on a line",
        ),
        (
            "reimbursements.yaml",
            "paid_by: airbase",
            'paid_by: "{{ books.paid_by }}"',
            "reimbursements",
            "Airbase pays employees whoever pays the bills",
        ),
        (
            "card-transactions.yaml",
            "{{ pays is missing }}",
            "{{ true }}",
            "card-transactions",
            "a card that paid a bill",
        ),
        (
            "vendors.yaml",
            "(namesakes | where('erp_reference_id', '') | length) == 0",
            "true",
            "vendors",
            "a namesake that nobody has linked",
        ),
    ],
)
def test_a_safeguard_that_is_taken_away_is_missed_by_a_test(
    copy: Path, file: str, old: str, new: str, name: str, caught_by: str
) -> None:
    edit(copy / file, old, new)
    assert caught_by in failed(copy, name)

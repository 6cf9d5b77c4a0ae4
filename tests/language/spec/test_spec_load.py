"""Loading: the recipe laid under the mapping, every problem of every file, and what is handed on."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from good_workspace import BILLS, FILES, RECIPE, VENDORS, write_workspace

from engine.language.spec.load import Loaded, crosswalk_uses, load_mappings
from engine.language.spec.model import CrosswalkStep, EachStep, LookupStep, MappingSpec, PeriodStep


def load(root: Path) -> Loaded:
    return load_mappings(root / "mappings", root)


def bills(root: Path) -> MappingSpec:
    loaded = load(root)
    assert loaded.problems == ()
    return {spec.name: spec for spec in loaded.specs}["bills"]


def test_a_mapping_is_compiled_with_its_recipe(tmp_path: Path) -> None:
    spec = bills(write_workspace(tmp_path))
    assert (spec.name, spec.owner, spec.switched_on, spec.after) == ("bills", "AP manager", True, ("vendors",))
    assert spec.files == ("mappings/bills.yaml", "mappings/recipes/ap-invoice.yaml")
    assert [(entry.path.text, entry.routes) for entry in spec.filters] == [("type", True), ("status", False)]
    assert [field.name for field in spec.fields][-1] == "total"
    assert spec.fields[-1].kind == "money"
    (lines,) = spec.groups
    assert [(field.name, field.optional) for field in lines.fields] == [
        ("account", False),
        ("amount", False),
        ("department", True),
    ]
    kinds = [type(step) for step in spec.steps]
    assert kinds[:4] == [CrosswalkStep, LookupStep, PeriodStep, EachStep]
    assert spec.steps[-1].name == "group"
    vendor = spec.steps[1]
    assert isinstance(vendor, LookupStep)
    assert (vendor.connection, vendor.take) == ("epicor", ("VendorNum", "Inactive"))
    assert [check.otherwise for check in spec.checks] == ["hold", "skip"]
    assert [(entry.side, entry.group, entry.booked_by_target) for entry in spec.entries] == [
        ("debit", "lines", False),
        ("credit", None, True),
    ]
    assert spec.target.mode == "create_once"
    assert spec.target.call.path.text == "Erp.BO.APInvoiceSvc/UpdateMaster"
    assert spec.target.ensure[0].set == "Erp.BO.APInvGrpSvc/APInvGrps"
    assert spec.dedupe is not None
    assert (spec.dedupe.not_found, spec.dedupe.settle_s) == ("send", 300)
    assert [kept.name for kept in spec.dedupe.find[0].kept] == ["tax"]
    assert spec.acknowledge is not None
    assert spec.acknowledge.refused is None
    assert spec.merged["target"]["connection"] == "epicor"


def test_tests_come_with_their_records_changed_and_their_world(tmp_path: Path) -> None:
    two_lines, draft, cent = bills(write_workspace(tmp_path)).tests
    assert two_lines.expects == "books"
    assert two_lines.books == {
        "6100|10": Decimal("60.00"),
        "6200|20": Decimal("40.00"),
        "AP control": Decimal("-100.00"),
    }
    assert two_lines.world["crosswalks"]["companies"] == [{"subsidiary": "S1", "company": "EPIC06"}]
    assert (draft.expects, draft.reason, draft.given["status"]) == ("skips", "status is draft", "draft")
    assert two_lines.given["status"] == "sync_ready"
    assert cent.given["expense_list"][0]["amount"] == "60.01"
    assert cent.given["expense_list"][1]["amount"] == "40.00"


def test_the_mappings_keys_are_laid_over_the_recipes_one_by_one(tmp_path: Path) -> None:
    text = BILLS + 'target: {at_once_per: "{{ company }}"}\ndedupe: {settle_s: 900}\n'
    spec = bills(write_workspace(tmp_path, **{"mappings__bills.yaml": text}))
    assert spec.target.at_once_per is not None
    assert spec.target.at_once_per.text == "{{ company }}"
    assert spec.target.call.path.text == "Erp.BO.APInvoiceSvc/UpdateMaster"
    assert spec.dedupe is not None
    assert spec.dedupe.settle_s == 900
    assert len(spec.dedupe.key) == 2


def test_both_files_may_add_steps_for_one_list(tmp_path: Path) -> None:
    recipe = RECIPE.replace(
        "transform:\n", 'transform:\n  lines: {for: line in lines, memo: "{{ line.gl_account }}"}\n'
    )
    recipe = recipe.replace('GLAccount: "{{ line.gl_account }}"', 'GLAccount: "{{ line.memo }}"')
    spec = bills(write_workspace(tmp_path, **{"mappings__recipes__ap-invoice.yaml": recipe}))
    repeated = [step for step in spec.steps if isinstance(step, EachStep)]
    assert [[inner.name for inner in step.steps] for step in repeated] == [["gl_account"], ["memo"]]
    assert list(spec.merged["transform"]["lines"]) == ["for", "gl_account", "memo"]


def test_the_hash_changes_with_either_file_and_with_nothing_else(tmp_path: Path) -> None:
    write_workspace(tmp_path)
    first = bills(tmp_path).content_hash
    assert bills(tmp_path).content_hash == first
    write_workspace(tmp_path, **{"mappings__bills.yaml": BILLS + "# a comment\n"})
    second = bills(tmp_path).content_hash
    write_workspace(tmp_path, **{"mappings__recipes__ap-invoice.yaml": RECIPE + "# a comment\n"})
    third = bills(tmp_path).content_hash
    assert len({first, second, third}) == 3


def test_the_columns_of_every_crosswalk_are_handed_on(tmp_path: Path) -> None:
    assert crosswalk_uses(load(write_workspace(tmp_path)).specs) == {
        "companies": (("subsidiary",), ("company",)),
        "gl-coding": (("account",), ("gl_account",)),
    }


def test_problems_of_all_files_come_at_once_and_a_wrong_mapping_is_left_out(tmp_path: Path) -> None:
    write_workspace(
        tmp_path,
        **{
            "mappings__bills.yaml": BILLS.replace("total: {path:", "total: {pth:").replace("else: skip", "else: skp"),
            "mappings__recipes__ap-invoice.yaml": RECIPE.replace("settle_s", "x").replace(
                "{{ group }}", "{{ grup }}", 1
            ),
            "mappings__recipes__nobody.yaml": "neds: []\n",
        },
    )
    loaded = load(tmp_path)
    assert [spec.name for spec in loaded.specs] == ["vendors"]
    assert [(problem.place.file.rpartition("/")[2], problem.code) for problem in loaded.problems] == [
        ("bills.yaml", "E104"),
        ("bills.yaml", "E107"),
        ("ap-invoice.yaml", "E301"),
        ("nobody.yaml", "E104"),
    ]


def test_a_wrong_recipe_is_told_once_however_many_mappings_use_it(tmp_path: Path) -> None:
    second = BILLS.replace("name: bills", "name: credits").replace("take: [bill]", "take: [credit]")
    write_workspace(
        tmp_path,
        **{
            "mappings__credits.yaml": second,
            "mappings__recipes__ap-invoice.yaml": RECIPE.replace("format_date(", "formt_date(").replace(
                "RowMod: A", "RowMod: 010"
            ),
        },
    )
    loaded = load(tmp_path)
    assert [spec.name for spec in loaded.specs] == ["vendors"]
    assert [problem.code for problem in loaded.problems] == ["E204", "E110", "E110"]


def test_a_name_the_mapping_fails_to_give_is_told_with_the_mapping_that_uses_the_recipe(tmp_path: Path) -> None:
    recipe = RECIPE.replace('cGroupID: "{{ group }}"', 'cGroupID: "{{ batch }}"')
    problems = load(write_workspace(tmp_path, **{"mappings__recipes__ap-invoice.yaml": recipe})).problems
    (problem,) = problems
    assert problem.code == "E301"
    assert problem.where.endswith("used by bills")


def test_the_same_wrong_name_is_one_problem_that_tells_all_its_places(tmp_path: Path) -> None:
    text = BILLS.replace("  vendor_id: vendor.code\n", "  vendor_nr: vendor.code\n").replace(
        "recipe: ap-invoice\n", ""
    )
    text += "target: {connection: epicor, call: A/B}\n"
    (problem,) = load(write_workspace(tmp_path, **{"mappings__bills.yaml": text})).problems
    assert (problem.code, problem.hint) == ("E301", "did you mean 'vendor_nr'?")
    assert "also at" in problem.sentence


def test_a_circle_of_three_is_one_problem(tmp_path: Path) -> None:
    folder = tmp_path / "mappings"
    for name, after in (("one", "two"), ("two", "three"), ("three", "one")):
        text = VENDORS.replace("name: vendors", f"name: {name}\nafter: [{after}]")
        write_workspace(tmp_path, **{f"mappings__{name}.yaml": text})
    (folder / "vendors.yaml").unlink()
    (folder / "bills.yaml").unlink()
    (problem,) = load(tmp_path).problems
    assert problem.code == "E507"
    assert "one → two → three → one" in problem.sentence


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("../../outside.json", "E601"),
        ("fixtures", "E601"),
        ("fixtures/broken.json", "E601"),
        ("fixtures/list.json", "E602"),
        ("fixtures/tab.yaml", "E108"),
    ],
)
def test_a_record_that_cannot_be_used_is_a_problem(tmp_path: Path, given: str, code: str) -> None:
    root = tmp_path / "workspace"
    text = VENDORS.replace("given: {VendorID: V1, Name: Ink Ltd, Inactive: true}", f"given: {given}")
    write_workspace(
        root,
        **{
            "mappings__vendors.yaml": text,
            "mappings__fixtures__broken.json": '{"a": ',
            "mappings__fixtures__list.json": "[]",
            "mappings__fixtures__tab.yaml": "a:\n\tb: c\n",
        },
    )
    (tmp_path / "outside.json").write_text("{}", encoding="utf-8")
    (problem,) = load(root).problems
    assert problem.code == code


def test_a_test_that_reads_under_a_company_says_which(tmp_path: Path) -> None:
    write_workspace(tmp_path, **{"mappings__vendors.yaml": VENDORS.replace(", company: EPIC06, skips", ", skips")})
    loaded = load(tmp_path)
    assert loaded.problems == ()
    vendors = next(spec for spec in loaded.specs if spec.name == "vendors")
    assert vendors.tests[1].company is None
    assert vendors.tests[0].sends == {"code": "V1"}
    assert vendors.tests[2].answer == {"status": 400, "body": {"error": "name is taken"}}


@pytest.mark.parametrize(
    ("good", "bad", "code", "file"),
    [
        ("paid_by: airbase", "payd_by: airbase", "E104", "mappings/fixtures/bill.world.yaml"),
        ("paid_by: airbase", "paid_by: nobody", "E107", "mappings/fixtures/bill.world.yaml"),
        ("paid_by: airbase", "time_zone: Nowhere/Land", "E602", "mappings/bills.yaml"),
        ("crosswalks:", "crosswalk:", "E104", "mappings/fixtures/bill.world.yaml"),
    ],
)
def test_a_world_with_a_mistake_is_a_problem(tmp_path: Path, good: str, bad: str, code: str, file: str) -> None:
    world = FILES["mappings/fixtures/bill.world.yaml"]
    assert good in world
    root = write_workspace(tmp_path, **{"mappings__fixtures__bill.world.yaml": world.replace(good, bad)})
    (problem,) = load(root).problems
    assert (problem.code, problem.place.file) == (code, file)

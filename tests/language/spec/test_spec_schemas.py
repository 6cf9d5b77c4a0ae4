"""The files of schemas/ are current, are JSON Schema, and say the same as the loader."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from good_workspace import BILLS, BOOKS, FILES, RECIPE, VENDORS

from engine.adapters.connectors.registry import kinds, settings_schema
from engine.language.spec.mapping_schema import mapping_schema, merged_schema, recipe_schema
from engine.language.spec.world_schema import world_schema
from engine.language.spec.write_schemas import schema_files, write_schemas
from engine.language.spec.yaml_reader import read_yaml

SCHEMAS = Path(__file__).resolve().parents[3] / "schemas"
CURRENT = schema_files({kind: settings_schema(kind) for kind in kinds()})


@pytest.mark.parametrize("name", CURRENT)
def test_the_file_is_current(name: str) -> None:
    written = (SCHEMAS / name).read_text(encoding="utf-8")
    assert written == CURRENT[name], "write it anew: see engine/language/spec/write_schemas.py"


def test_there_are_no_other_files(tmp_path: Path) -> None:
    write_schemas(tmp_path, {})
    assert {path.name for path in SCHEMAS.iterdir()} == {path.name for path in tmp_path.iterdir()} == set(CURRENT)


@pytest.mark.parametrize("name", CURRENT)
def test_the_file_is_a_schema_whose_every_key_is_described(name: str) -> None:
    schema = json.loads(CURRENT[name])
    jsonschema.Draft202012Validator.check_schema(schema)
    undescribed = list(keys_without_description(schema))
    assert undescribed == []


def keys_without_description(schema: object, path: str = "") -> list[str]:
    found: list[str] = []
    if isinstance(schema, list):
        for index, inner in enumerate(schema):
            found += keys_without_description(inner, f"{path}/{index}")
    if not isinstance(schema, dict):
        return found
    for key, inner in schema.items():
        if key == "properties":
            for name, shape in inner.items():
                if not {"description", "$ref", "const"} & shape.keys():
                    found.append(f"{path}/{name}")
        if key != "if":
            found += keys_without_description(inner, f"{path}/{key}")
    return found


@pytest.mark.parametrize(
    ("schema", "text"),
    [("mapping", BILLS), ("mapping", VENDORS), ("recipe", RECIPE), ("books", BOOKS)],
    ids=["bills", "vendors", "recipe", "books"],
)
def test_an_editor_finds_nothing_wrong_with_a_good_file(schema: str, text: str) -> None:
    node, _ = read_yaml(text, "x.yaml")
    assert node is not None
    jsonschema.validate(node.plain(), json.loads(CURRENT[f"{schema}.schema.json"]))


def test_the_schemas_used_within_are_schemas_too() -> None:
    for schema in (mapping_schema(), recipe_schema(), merged_schema(calls=True), world_schema()):
        jsonschema.Draft202012Validator.check_schema(schema)
    node, _ = read_yaml(FILES["mappings/fixtures/bill.world.yaml"], "x.yaml")
    assert node is not None
    jsonschema.validate(node.plain(), world_schema())

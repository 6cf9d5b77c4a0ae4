"""The files of `schemas/`, for editors; a test asserts that they are current."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from engine.language.spec.alerts_schema import alerts_schema
from engine.language.spec.books_schema import books_schema
from engine.language.spec.connections_schema import connections_schema
from engine.language.spec.mapping_schema import mapping_schema, recipe_schema
from engine.language.spec.schedules_schema import schedules_schema
from engine.language.spec.schema_words import Schema
from engine.words.json_value import encode


def schema_files(kinds: Mapping[str, Schema]) -> dict[str, str]:
    """Each file's name and text; `kinds` has the settings of every kind of connection."""
    schemas = {
        "mapping": mapping_schema(),
        "recipe": recipe_schema(),
        "books": books_schema(),
        "connections": connections_schema(kinds),
        "schedules": schedules_schema(),
        "alerts": alerts_schema(),
    }
    return {
        f"{name}.schema.json": msgspec.json.format(encode(schema), indent=2).decode() + "\n"
        for name, schema in schemas.items()
    }


def write_schemas(folder: Path, kinds: Mapping[str, Schema]) -> None:
    """Write the files anew."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in schema_files(kinds).items():
        (folder / name).write_text(text, encoding="utf-8")

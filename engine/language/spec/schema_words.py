"""The words in which each file's shape is written down; every one gives JSON Schema (draft 2020-12).

One spelling serves the editor (the files in `schemas/`), the shape check and the reference in the docs.
"""

from __future__ import annotations

from typing import Any, TypeAlias

Schema: TypeAlias = dict[str, Any]

DRAFT = "https://json-schema.org/draft/2020-12/schema"
NAME = r"^[A-Za-z][A-Za-z0-9_]*$"
FILE_NAME = r"^[a-z0-9]+(-[a-z0-9]+)*$"


def text(about: str, *, pattern: str | None = None, say: str = "") -> Schema:
    """Text; `say` tells in words what the pattern wants."""
    schema: Schema = {"description": about, "type": "string", "minLength": 1}
    if pattern is not None:
        schema |= {"pattern": pattern, "patternErrorMessage": say}
    return schema


def whole(about: str, *, least: int = 0, default: int | None = None) -> Schema:
    """A whole number."""
    return _with_default({"description": about, "type": "integer", "minimum": least}, default)


def amount(about: str, *, least: int) -> Schema:
    """A number that may have a fraction."""
    return {"description": about, "type": "number", "minimum": least}


def yes_no(about: str, *, default: bool) -> Schema:
    """True or false."""
    return {"description": about, "type": "boolean", "default": default}


def choice(about: str, *words: str, default: str | None = None) -> Schema:
    """One of a few words."""
    return _with_default({"description": about, "enum": list(words)}, default)


def value(about: str) -> Schema:
    """A literal, one `{{ expression }}`, or text with expressions in it."""
    return {"description": about, "type": ["string", "number", "boolean", "null"]}


def expression(about: str) -> Schema:
    """A value that is nearly always `{{ expression }}`."""
    return {"description": about, "type": ["string", "boolean"]}


def anything(about: str) -> Schema:
    """Any shape."""
    return {"description": about}


def file_or_map(about: str) -> Schema:
    """The path of a file beside the mapping, or the content itself."""
    return {"description": about, "type": ["string", "object"], "minLength": 1}


def list_of(item: Schema, about: str, *, least: int = 0) -> Schema:
    """A list."""
    return {"description": about, "type": "array", "items": item, "minItems": least}


def one_or_list(item: Schema, about: str) -> Schema:
    """One text, or a list of texts."""
    return {"description": about, "type": ["string", "array"], "items": item, "minItems": 1, "minLength": 1}


def map_of(inner: Schema, about: str, *, keys: str | None = None, say: str = "", least: int = 0) -> Schema:
    """A mapping whose keys are the writer's own names."""
    schema: Schema = {"description": about, "type": "object", "additionalProperties": inner}
    if keys is not None:
        schema["propertyNames"] = {"pattern": keys, "patternErrorMessage": say}
    if least:
        schema["minProperties"] = least
    return schema


def record(about: str, *, needed: dict[str, Schema] | None = None, may: dict[str, Schema] | None = None) -> Schema:
    """A mapping with known keys: those it must have and those it may have; no others."""
    required = needed or {}
    return {
        "description": about,
        "type": "object",
        "properties": {**required, **(may or {})},
        "required": list(required),
        "additionalProperties": False,
    }


def exactly_one(schema: Schema, *keys: str) -> Schema:
    """The record, with one and only one of these keys."""
    return {**schema, "oneOf": [{"required": [key]} for key in keys]}


def by_key(about: str, *, plain: str | None, branches: dict[str, Schema]) -> Schema:
    """A mapping whose shape is told by the one of these keys that it has; `plain` is a JSON type allowed besides."""
    has = {key: {"type": "object", "required": [key]} for key in branches}
    schema: Schema = {
        "description": about,
        "type": "object" if plain is None else [plain, "object"],
        "allOf": [{"if": has[key], "then": branch} for key, branch in branches.items()],
    }
    one_of_them = {"anyOf": [{"required": [key]} for key in branches]}
    return {**schema, "if": {"type": "object"}, "then": one_of_them}


def document(name: str, title: str, body: Schema, definitions: dict[str, Schema] | None = None) -> Schema:
    """A whole schema file."""
    head = {"$schema": DRAFT, "$id": f"{name}.schema.json", "title": title}
    return head | body | ({"$defs": definitions} if definitions else {})


def ref(name: str) -> Schema:
    """A shape of the schema's `$defs`."""
    return {"$ref": f"#/$defs/{name}"}


def _with_default(schema: Schema, default: int | str | None) -> Schema:
    return schema if default is None else {**schema, "default": default}

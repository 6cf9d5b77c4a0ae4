"""The shape of the world that a mapping's test meets."""

from __future__ import annotations

from functools import cache

from engine.language.spec.schema_words import Schema, anything, document, list_of, map_of, record
from engine.language.spec.settings import SETTINGS


@cache
def world_schema() -> Schema:
    """The world of a mapping's test."""
    cell = {"description": "A cell.", "type": ["string", "integer", "null"]}
    rows = list_of(map_of(cell, "A row."), "Rows.")
    found = list_of(map_of(anything("A value."), "A row."), "Rows.")
    settings = {name: setting.shape for name, setting in SETTINGS.items()}
    body = record(
        "The world a test's record meets.",
        may={
            "books": map_of(record("Settings of a company.", may=settings), "Companies."),
            "crosswalks": map_of(rows, "Rows of crosswalks."),
            "lookups": map_of(found, "Rows of entity sets."),
            "defaults": map_of(anything("The body of its answer."), "Answers of methods."),
        },
    )
    return document("world", "the world of a test", body)

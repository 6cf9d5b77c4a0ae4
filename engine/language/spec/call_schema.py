"""The shape of what spares requests: proposals that are asked for once, and documents that are read together."""

from __future__ import annotations

from engine.language.spec.schema_words import Schema, list_of, map_of, record, text, value

SHARED_KEYS: dict[str, Schema] = {
    "once_per": value("One answer serves every document of a run with the same value here."),
    "without": list_of(text("A field."), "Fields that belong to one row only, left out of what is proposed."),
}
TOGETHER = record(
    "How rows of the look-up, with child sets inside, stand for what `read` gives; it is read where one lacks a set.",
    needed={
        "under": text("The key that everything stands under."),
        "row": text("The table that the row itself belongs to."),
        "tables": map_of(text("The child set, as `$expand` names it."), "Tables and their child sets.", least=1),
    },
)

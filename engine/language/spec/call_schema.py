"""The shape of what spares requests: many documents in one call, proposals asked once, documents read together."""

from __future__ import annotations

from engine.language.spec.schema_words import Schema, list_of, map_of, record, text, value, whole

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
BULK = record(
    "Many documents in one call.",
    needed={"list": text("The list's key in the body."), "most": whole("At most so many.", least=1)},
    may={
        "rows": text("JMESPath on the answer: its rows."),
        "row_key": text("JMESPath on a row: the value that equals the dedupe key."),
        "row_reference": text("JMESPath on a row: its reference."),
        "refused": text("JMESPath on the answer: the refused rows, each with its `index`."),
    },
)

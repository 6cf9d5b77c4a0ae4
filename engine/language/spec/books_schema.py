"""The shape of books.yaml."""

from __future__ import annotations

from functools import cache

from engine.language.spec.schema_words import Schema, document, list_of, map_of, record, text, value
from engine.language.spec.settings import SETTINGS


@cache
def books_schema() -> Schema:
    """The controller's page: the companies, and what is not posted."""
    company = record(
        "A company, by its code at the target.",
        needed={name: setting.shape for name, setting in SETTINGS.items() if setting.needed},
        may={name: setting.shape for name, setting in SETTINGS.items() if not setting.needed},
    )
    not_posted = record(
        "Records that no mapping takes, and why.",
        needed={
            "connection": text("The connection they come from."),
            "feed": text("The endpoint they come from."),
            "when": map_of(
                list_of(value("A value."), "Values.", least=1),
                "JMESPath and the values that name them.",
                least=1,
            ),
            "reason": text("Why they are not posted; the auditor reads it."),
        },
    )
    body = record(
        "The rules of the books.",
        needed={"companies": map_of(company, "Companies by their code.", least=1)},
        may={"not_posted": list_of(not_posted, "What is not posted, by finance's decision.")},
    )
    return document("books", "ml-connector books", body)

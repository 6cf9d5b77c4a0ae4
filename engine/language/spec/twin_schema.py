"""The shape of `twins`: the same spend in another place."""

from __future__ import annotations

from engine.language.spec.schema_words import Schema, by_key, list_of, map_of, record, text, value, whole, yes_no

_SAYS = text("How it is like this record, as a person reads it behind the name of what was found.")
_DATE = value("The record's date.")
_DAYS = whole("So many days apart at most.")

_DOCUMENT = record(
    "A document at the target.",
    needed={
        "says": _SAYS,
        "set": text("The entity set of the documents."),
        "match": map_of(value("What the field must equal."), "Fields and the values they must equal.", least=1),
        "reference": text("JMESPath: the document's reference."),
        "dated": text("JMESPath: the document's date."),
        "date": _DATE,
        "days": _DAYS,
    },
    may={
        "key": list_of(text("A field."), "The fields that make the dedupe key, to name a record of ours.", least=1),
        "every_company": yes_no("Look in every company of books.yaml, not in the record's alone.", default=False),
    },
)
_RECORD = record(
    "A record that another mapping has entered.",
    needed={
        "says": _SAYS,
        "mapping": text("The other mapping."),
        "label": value("What people know the record by."),
        "amount": value("The amount."),
        "date": _DATE,
        "days": _DAYS,
    },
)
TWINS: Schema = list_of(
    by_key(
        "A place to look: a set of documents, or the records of another mapping.",
        plain=None,
        branches={"set": _DOCUMENT, "mapping": _RECORD},
    ),
    "The same spend in another place: held until a person says that it is another.",
)

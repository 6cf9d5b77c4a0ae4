"""The shape of a mapping and of a recipe."""

from __future__ import annotations

from functools import cache

from engine.language.spec.booking_schema import CHECKS, ENTRIES, FOR
from engine.language.spec.call_model import Verb
from engine.language.spec.call_schema import BULK, SHARED_KEYS, TOGETHER
from engine.language.spec.model import Expectation
from engine.language.spec.reconcile_schema import RECONCILE
from engine.language.spec.schema_words import (
    FILE_NAME,
    NAME,
    Schema,
    anything,
    by_key,
    choice,
    document,
    exactly_one,
    expression,
    file_or_map,
    list_of,
    map_of,
    one_or_list,
    record,
    ref,
    text,
    value,
    whole,
    yes_no,
)
from engine.language.spec.twin_schema import TWINS

VERBS: tuple[Verb, ...] = ("call", "get", "post", "put", "patch", "delete")
EXPECTATIONS: tuple[Expectation, ...] = ("books", "sends", "skips", "holds", "refuses", "warns")
KINDS = ("as_is", "text", "money", "decimal", "integer", "boolean", "date", "book_date")
RECIPE_KEYS = (
    "filter",
    "extract",
    "transform",
    "check",
    "entries",
    "target",
    "dedupe",
    "acknowledge",
    "exposed",
    "reconcile",
    "twins",
)

_NAME_SAYS = "a name is letters, digits and underscores, and begins with a letter"
_PATH = text("JMESPath: where the value stands.")
_MATCH = map_of(value("What the field must equal."), "Fields and the values they must equal.", least=1)
_TAKE = one_or_list(text("A field."), "The field to take, or a list of fields.")
_OPTIONAL = yes_no("Go on with nothing when it is missing, instead of holding the record.", default=False)

_SOURCE = record(
    "Where the records come from.",
    needed={
        "connection": text("A connection of connections.yaml."),
        "endpoint": text("The feed: a path or an entity set."),
        "id": text("JMESPath: the source's own id of a record."),
    },
    may={
        "params": map_of({"description": "A query parameter.", "type": ["string", "integer"]}, "Query parameters."),
        "each_company": yes_no("Read the feed once for each company of books.yaml.", default=False),
    },
)

_FILTER = map_of(
    record(
        "The values we know.",
        needed={"take": list_of(value("A value."), "Values to go on with.", least=1)},
        may={"skip": list_of(value("A value."), "Values that mean 'not yet'. Any other value is held.")},
    ),
    "JMESPath and the values it may have. `take` alone says whose record it is.",
    least=1,
)

_FIELD = record(
    "One value.",
    needed={"path": _PATH},
    may={
        "as": choice("What the value is read as.", *KINDS, default="as_is"),
        "optional": _OPTIONAL,
        "max_length": whole("Held when longer; never cut.", least=1),
    },
)
_GROUP = {
    "description": "A list inside the record; each other key is a field of its items.",
    "type": "object",
    "properties": {"each": text("JMESPath: where the list stands.")},
    "required": ["each"],
    "minProperties": 2,
    "propertyNames": {"pattern": NAME, "patternErrorMessage": _NAME_SAYS},
    "additionalProperties": by_key("A field of the item.", plain="string", branches={"path": ref("field")}),
}

_CROSSWALK = record(
    "A value from a crosswalk.",
    needed={"crosswalk": text("The crosswalk's name."), "match": _MATCH, "take": _TAKE},
    may={"on": value("The date that decides which rows count."), "optional": _OPTIONAL},
)
_LOOKUP = record(
    "A value from the target or another connection.",
    needed={"lookup": text("The entity set."), "match": _MATCH, "take": _TAKE},
    may={
        "connection": text("The connection; the target's by default."),
        "optional": _OPTIONAL,
        "many": yes_no("Give every row, as a list, instead of holding when there are several.", default=False),
    },
)
_PERIOD = record(
    "A date, checked against the open periods of books.yaml.",
    needed={"period": value("The date.")},
    may={
        "closed": choice(
            "What a date in a signed period does: `next_open` moves it, up to prior_period_limit. In a closed "
            "period that is not signed it is held.",
            "hold",
            "next_open",
            default="hold",
        )
    },
)
_SCALAR = ["string", "number", "boolean", "null"]
_EACH_STEP = {
    "description": "Steps for every item of a list; the key is the list's name.",
    "type": "object",
    "properties": {"for": FOR},
    "required": ["for"],
    "minProperties": 2,
    "propertyNames": {"pattern": NAME, "patternErrorMessage": _NAME_SAYS},
    "additionalProperties": ref("inner_step"),
}

_CALL_KEYS: dict[str, Schema] = {
    **{verb: text(f"The path to {verb}." if verb != "call" else "A method: Service/Method.") for verb in VERBS},
    "params": map_of(value("A parameter."), "Query parameters."),
    "body": anything("The body; every value in it may be an expression."),
}
_CALL = exactly_one(record("One call.", may=_CALL_KEYS), *VERBS)
_DEFAULTS = list_of(
    exactly_one(record("A call without effect.", may={**_CALL_KEYS, **SHARED_KEYS}), *VERBS),
    "Calls without effect; the last answer's rows lie under the body's rows.",
)
_ENSURE = record(
    "Something that must exist before the write.",
    needed={
        "find": record("How it is found.", needed={"set": text("The entity set."), "match": _MATCH}),
        "create": exactly_one(
            record("How it is made.", may={"defaults": _DEFAULTS, **_CALL_KEYS}),
            *VERBS,
        ),
    },
)
_REPORT = record(
    "A file for a person to import.",
    needed={"file": text("Its name."), "columns": list_of(text("A column."), "Its columns.", least=1)},
)
_TARGET_KEYS: dict[str, Schema] = {
    "connection": text("A connection of connections.yaml."),
    "company": value("The target company; also of every look-up and of the dedupe key."),
    "mode": choice("What happens there.", "create_once", "keep_in_step", "report", default="create_once"),
    "at_once_per": value("Writes with the same value here wait for each other."),
    "ensure": list_of(_ENSURE, "What must exist before the write."),
    "defaults": _DEFAULTS,
    **_CALL_KEYS,
    "succeeded": expression("Whether the `answer` is a success."),
    "warning": value("A warning in the `answer`."),
    "bulk": BULK,
    "report": _REPORT,
}
_EQUALS = record("A value to compare.", needed={"path": _PATH, "equals": value("What must stand there.")})
_FIND = record(
    "A look-up by the dedupe key.",
    needed={
        "set": text("The entity set."),
        "match": _MATCH,
        "reference": text("JMESPath: the document's reference."),
    },
    may={
        "read": ref("call"),
        "together": TOGETHER,
        "kept": {
            "description": "What the target kept, compared after the write.",
            "type": "object",
            "properties": {
                "accounts": text("JMESPath: the accounts of the lines."),
                "amounts": text("JMESPath: the amounts of the lines."),
            },
            "additionalProperties": _EQUALS,
        },
        "bears": _EQUALS,
        "in_gl": text("JMESPath: true when the document is in the general ledger."),
        "settled": text("JMESPath: true when nothing of it is open any more."),
        "group": _EQUALS,
        "trouble": record(
            "A look-up that says why it could not be posted.",
            needed={
                "set": text("The entity set."),
                "match": _MATCH,
                "path": text("JMESPath on the row: the target's own words, empty when all is well."),
            },
        ),
    },
)
_SIMILAR = record(
    "Documents keyed by hand: the same number in another spelling, or the same amount about the same day.",
    needed={
        "family": record(
            "The vendor, and the numbers it had before.",
            needed={
                "vendor": value("The vendor's id."),
                "set": text("The entity set of vendors."),
                "by": text("The field that holds the vendor's id."),
                "take": text("The field that the documents name the vendor by."),
            },
            may={"redirects": text("The crosswalk of renumbered vendors.", pattern=FILE_NAME)},
        ),
        "set": text("The entity set of the documents."),
        "by": text("The field that holds the vendor."),
        "key": list_of(text("A field."), "The fields that make the dedupe key.", least=1),
        "reference": text("JMESPath: the document's reference."),
        "number": _EQUALS,
        "amount": _EQUALS,
        "date": _EQUALS,
    },
    may={"days": whole("So many days apart at most.", default=10)},
)
_EXPOSED = record(
    "What the target could pay although the source pays.",
    needed={
        "where": expression("Whether the source pays this record."),
        "set": text("The entity set of the documents."),
        "match": _MATCH,
        "reference": text("JMESPath: the document's reference."),
        "amount": _EQUALS,
        "balance": text("JMESPath: what is open of it."),
        "locks": map_of(_EQUALS, "What keeps the target from paying; each must hold.", least=1),
    },
    may={"selected": text("JMESPath: true when a payment is being made.")},
)
_DEDUPE_KEYS: dict[str, Schema] = {
    "key": list_of(value("A part of the key."), "What makes a document unique at the target.", least=1),
    "find": list_of(_FIND, "Where documents are looked for, in order."),
    "not_found": choice("In doubt, and not found after the wait.", "send", "ask", default="send"),
    "settle_s": whole("Seconds to wait before an in-doubt document is looked for.", default=300),
    "compare": choice("What a document in step is compared with.", "target", "ledger", default="target"),
    "similar": _SIMILAR,
}
_ACKNOWLEDGE = record(
    "What is written back to the source.",
    may={
        "when": choice(
            "When a document counts as entered for the source: once it is saved, or once the target has posted it.",
            *("entered", "in_gl"),
            default="entered",
        ),
        "entered": ref("call"),
        "refused": ref("call"),
    },
)
_TEST = exactly_one(
    {
        **record(
            "One offline test.",
            needed={"name": text("What it shows."), "given": file_or_map("The record.")},
            may={
                "change": map_of(anything("The value."), "Changes to the record: dotted path and value."),
                "with": file_or_map("The world: books, crosswalks, lookups, defaults."),
                "company": text("The company the record is read under."),
                "books": map_of({"type": "number"}, "Accounts and amounts; a credit is negative."),
                "sends": file_or_map("The document."),
                "skips": text("The reason, or a part of it."),
                "holds": text("The reason, or a part of it."),
                "warns": text("The warning, or a part of it."),
                "refuses": text("The reason, or a part of it."),
                "answer": record(
                    "What the target answers.",
                    needed={"status": whole("The status code.", least=100)},
                    may={"body": anything("The JSON body.")},
                ),
            },
        ),
        "dependentRequired": {"refuses": ["answer"], "answer": ["refuses"]},
    },
    *EXPECTATIONS,
)

_DEFINITIONS: dict[str, Schema] = {
    "call": _CALL,
    "field": _FIELD,
    "group": _GROUP,
    "each_step": _EACH_STEP,
    "inner_step": {
        **by_key("A value, crosswalk or look-up.", plain=None, branches={"crosswalk": _CROSSWALK, "lookup": _LOOKUP}),
        "type": [*_SCALAR, "object"],
    },
    "step": {
        **by_key(
            "A value, crosswalk, look-up, period or steps for a list.",
            plain=None,
            branches={"crosswalk": _CROSSWALK, "lookup": _LOOKUP, "period": _PERIOD, "for": ref("each_step")},
        ),
        "type": [*_SCALAR, "object"],
    },
}

_EXTRACT = map_of(
    by_key("A field or a list.", plain="string", branches={"path": ref("field"), "each": ref("group")}),
    "The values to take out of a record.",
    keys=NAME,
    say=_NAME_SAYS,
    least=1,
)
_TRANSFORM = map_of(
    ref("step"), "Values worked out, in order; each sees what stands above.", keys=NAME, say=_NAME_SAYS
)

_SHARED: dict[str, Schema] = {
    "filter": _FILTER,
    "extract": _EXTRACT,
    "transform": _TRANSFORM,
    "check": CHECKS,
    "entries": ENTRIES,
    "target": record("Where documents go.", may=_TARGET_KEYS),
    "dedupe": record("What makes a document unique.", may=_DEDUPE_KEYS),
    "acknowledge": _ACKNOWLEDGE,
    "reconcile": RECONCILE,
    "exposed": _EXPOSED,
    "twins": TWINS,
}
_OWN_NEEDED: dict[str, Schema] = {
    "name": text(
        "The mapping's name; the file is called the same.", pattern=FILE_NAME, say="small letters, digits and dashes"
    ),
    "title": text("What it does, in a sentence."),
    "source": _SOURCE,
}
_OWN_MAY: dict[str, Schema] = {
    "owner": text("Who answers for it."),
    "switched_on": yes_no("Whether it runs.", default=True),
    "after": list_of(text("A mapping."), "Mappings that run before this one."),
    "recipe": text("The recipe with the mechanics: a file of recipes/, without .yaml."),
    "tests": list_of(_TEST, "Offline tests; at least three."),
}


@cache
def mapping_schema() -> Schema:
    """A mapping file as it is written; its recipe may hold the parts that are missing."""
    body = record("A mapping.", needed=_OWN_NEEDED, may={**_OWN_MAY, **_SHARED})
    return document("mapping", "ml-connector mapping", body, _DEFINITIONS)


@cache
def recipe_schema() -> Schema:
    """A recipe file."""
    needs = list_of(text("A name."), "Names the recipe uses that the mapping must define.")
    body = record(
        "A recipe.",
        may={"needs": needs, "switched_on": _OWN_MAY["switched_on"], "after": _OWN_MAY["after"], **_SHARED},
    )
    return document("recipe", "ml-connector recipe", body, _DEFINITIONS)


@cache
def merged_schema(*, calls: bool) -> Schema:
    """A mapping with its recipe laid under it: nothing may be missing. Without `calls` the target needs no call."""
    target = record(
        "Where documents go.",
        needed={"connection": _TARGET_KEYS["connection"]},
        may={key: part for key, part in _TARGET_KEYS.items() if key != "connection"},
    )
    dedupe = record(
        "What makes a document unique.",
        needed={"key": _DEDUPE_KEYS["key"]},
        may={key: part for key, part in _DEDUPE_KEYS.items() if key != "key"},
    )
    whole_target = exactly_one(target, *VERBS) if calls else target
    needed = {**_OWN_NEEDED, "extract": _EXTRACT, "target": whole_target}
    may = {**_OWN_MAY, **_SHARED, "dedupe": dedupe}
    body = record("A mapping.", needed=needed, may={key: part for key, part in may.items() if key not in needed})
    return document("merged", "a mapping with its recipe", body, _DEFINITIONS)

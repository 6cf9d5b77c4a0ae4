"""The shape of `check` and `entries`: what must be so, and what the document books."""

from __future__ import annotations

from engine.language.spec.schema_words import choice, exactly_one, expression, list_of, record, text, value

FOR = text(
    "Repeat for every item of a list: `line in lines`.",
    pattern=r"^[A-Za-z][A-Za-z0-9_]* in [A-Za-z][A-Za-z0-9_]*$",
    say="write it as 'line in lines'",
)
_CHECK = record(
    "A question whose answer must be yes.",
    needed={"require": expression("The question."), "because": text("The reason a person reads.")},
    may={
        "else": choice(
            "What a no does: the record is held, is looked at again later, or is entered with a warning.",
            *("hold", "skip", "warn"),
            default="hold",
        )
    },
)
_ENTRY = exactly_one(
    record(
        "One line of what is booked.",
        needed={"account": value("The account.")},
        may={
            "for": FOR,
            "debit": value("The amount, when it is a debit."),
            "credit": value("The amount, when it is a credit."),
            "booked_by": choice("The target books this side by itself.", "target"),
        },
    ),
    "debit",
    "credit",
)
CHECKS = list_of(_CHECK, "Every reason a record is held, skipped or entered with a warning.")
ENTRIES = list_of(_ENTRY, "What the document books; must balance.", least=1)

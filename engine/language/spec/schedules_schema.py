"""The shape of schedules.yaml."""

from __future__ import annotations

from functools import cache

from engine.language.spec.schema_words import (
    FILE_NAME,
    Schema,
    choice,
    document,
    exactly_one,
    list_of,
    map_of,
    record,
    text,
)

SPAN = r"^[1-9][0-9]{0,5}[smhd]$"
_SAY_SPAN = "a number and s, m, h or d, such as 15m"
WORDS = ("all", "sweep", "reconcile", "exposure")


@cache
def schedules_schema() -> Schema:
    """What runs by itself, by a name that people use for it."""
    runs: Schema = {
        "description": "The mappings to run, one after the other; or one word: all (mappings), sweep, reconcile, "
        "exposure.",
        "type": ["array", "string"],
        "items": text("A mapping."),
        "minItems": 1,
        "minLength": 1,
    }
    schedule = record(
        "One schedule.",
        needed={"run": runs},
        may={
            "every": text("Runs each time so much time has passed.", pattern=SPAN, say=_SAY_SPAN),
            "cron": text("Five fields: minute, hour, day of the month, month, day of the week; by the local clock."),
            "time_zone": text("Whose clock; by default the companies', where they have one and the same."),
            "overlap": choice(
                "When the one before has not ended: skip this time, or wait for it (one waits at most).",
                "skip",
                "wait",
                default="skip",
            ),
            "catch_up": choice(
                "What was missed while nothing ran: nothing of it, the last time, or all of it.",
                "none",
                "last",
                "all",
                default="last",
            ),
            "jitter": text(
                "Spread the start over so much time, so that not all begin at once.", pattern=SPAN, say=_SAY_SPAN
            ),
            "companies": list_of(text("A company of books.yaml."), "Only for reconcile: these companies.", least=1),
            "period": choice(
                "Only for reconcile: the month that is reconciled.", "this_month", "last_month", default="this_month"
            ),
        },
    )
    schedules = map_of(
        exactly_one(schedule, "every", "cron"),
        "Schedules by their name.",
        keys=FILE_NAME,
        say="small letters, digits and hyphens, such as nightly-sweep",
    )
    body = record("What runs by itself.", needed={"schedules": schedules})
    return document("schedules", "ml-connector schedules", body)

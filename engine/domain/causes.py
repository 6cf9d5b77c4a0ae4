"""Why a record waits: every cause, in words for the person who can end it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Owner = Literal["finance", "vendor owner", "IT", "nobody"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One cause: what it means, who can end it, and how."""

    title: str
    owner: Owner
    advice: str


def _cause(title: str, owner: Owner, advice: str) -> Cause:
    return Cause(title=title, owner=owner, advice=advice)


CAUSES: dict[str, Cause] = {
    "unclaimed": _cause(
        "No mapping takes this record.",
        "finance",
        "Add a mapping for its type, or a line under `not_posted` in books.yaml that says why it is not posted.",
    ),
    "not_posted": _cause(
        "books.yaml says that such records are not posted.",
        "nobody",
        "Nothing to do; the reason is finance's own.",
    ),
    "switched_off": _cause(
        "The mapping that takes it is switched off.",
        "finance",
        "Tie one statement with its documents, then set `switched_on: true` in the mapping.",
    ),
    "not_yet": _cause(
        "Its status says that it is not final.", "nobody", "It is looked at again at every run."
    ),
    "status_unknown": _cause(
        "It has a value that the mapping's filter does not know.",
        "finance",
        "Find out what the value means, then add it to `take` or `skip` in the mapping's filter.",
    ),
    "cut_over": _cause(
        "It is dated before the company's go-live.",
        "finance",
        "History never posts by itself: dismiss it with the reference of the document keyed by hand.",
    ),
    "value_missing": _cause(
        "A value that the mapping needs is missing.", "finance", "Complete the record in the source."
    ),
    "value_wrong": _cause(
        "A value is not what the mapping expects.",
        "finance",
        "Correct the record in the source, or the mapping.",
    ),
    "company_unknown": _cause(
        "Its company is not in books.yaml.",
        "finance",
        "Add the company to books.yaml, or correct the crosswalk.",
    ),
    "crosswalk_no_row": _cause(
        "No row of a crosswalk fits.",
        "finance",
        "Add a row to the crosswalk; the record is freed by the next run.",
    ),
    "crosswalk_hold": _cause(
        "A crosswalk row says hold.", "finance", "Add a more specific row, or change the row's action."
    ),
    "crosswalk_tie": _cause(
        "Two crosswalk rows fit equally well.",
        "finance",
        "Make one of them more specific, or give it a priority.",
    ),
    "lookup_no_row": _cause(
        "What the record names does not exist in the other system.",
        "vendor owner",
        "Create it there, or correct the code in the source.",
    ),
    "lookup_many": _cause(
        "What the record names exists more than once in the other system.",
        "IT",
        "Make the look-up more specific.",
    ),
    "period_closed": _cause(
        "Its period is closed.",
        "finance",
        "Open the period in books.yaml, or set `closed: next_open` in the mapping once the month is signed.",
    ),
    "check_failed": _cause("A check of the mapping failed.", "finance", "Do what the reason says."),
    "expression_failed": _cause(
        "An expression of the mapping cannot be worked out for this record.",
        "IT",
        "Correct the mapping, or the record.",
    ),
    "unbalanced": _cause(
        "Its lines do not add up to its total.",
        "finance",
        "Correct the record in the source; nothing is rounded away.",
    ),
    "same_key": _cause(
        "Another record has the same dedupe key.",
        "finance",
        "Look at both records. If one is a duplicate, dismiss it; if not, give it its own number.",
    ),
    "number_taken": _cause(
        "The target already has a different document with this key.",
        "finance",
        "Compare the two. If it is the same bill keyed by hand, dismiss this one with its reference.",
    ),
    "differs": _cause(
        "The target kept something else than was asked.",
        "finance",
        "Correct the document in the target before it is posted, or delete it there.",
    ),
    "refused": _cause(
        "The target refused the document and wrote nothing.",
        "finance",
        "Do what the target's message says; the record is sent again after that.",
    ),
    "not_accepted": _cause(
        "The target did not accept us at the moment.",
        "IT",
        "It is sent again by the next run; check login and seats.",
    ),
    "not_sent": _cause("The request never left.", "IT", "It is sent again by the next run."),
    "no_answer": _cause(
        "It was sent and nobody knows whether it was written.",
        "nobody",
        "It is looked up when the settle window has passed; nothing is sent again before that.",
    ),
    "not_found": _cause(
        "It was sent, no answer came, and it is not found in the target.",
        "finance",
        "Look in the target. If it is really not there, replay it; if it is, dismiss it with its reference.",
    ),
    "report_only": _cause(
        "The target is read-only for this record: it is reported.",
        "finance",
        "Import the file that the run wrote.",
    ),
    "withdrawn": _cause("It left the feed before it was entered.", "nobody", "Nothing to do."),
}

"""Why a record needs somebody: every cause, in words for the person who can end it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Owner = Literal["finance", "vendor owner", "IT", "nobody"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One cause: what it means, who can end it, how, and the command to type next.

    `command` has places for `{mapping}` and `{key}`; `for_many` is the one for a whole group of records, or
    empty when each must be looked at by itself.
    """

    title: str
    owner: Owner
    advice: str
    command: str = "run {mapping} --only {key}"
    for_many: str = "run {mapping}"


def _cause(title: str, owner: Owner, advice: str) -> Cause:
    """A cause whose records are freed by the next run."""
    return Cause(title=title, owner=owner, advice=advice)


def _looked_at(title: str, owner: Owner, advice: str, command: str = "show {key}", for_many: str = "") -> Cause:
    """A cause that ends by a person's act on the record."""
    return Cause(title=title, owner=owner, advice=advice, command=command, for_many=for_many)


CAUSES: dict[str, Cause] = {
    "unclaimed": _looked_at(
        "No mapping takes this record.",
        "finance",
        "Add a mapping for its type, or a line under `not_posted` in books.yaml that says why it is not posted.",
        command="show {key} --payload",
        for_many="run --all",
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
        "Its status, or a check of its mapping, says that it is not to be sent.",
        "nobody",
        "It is looked at again at every run.",
    ),
    "status_unknown": _cause(
        "It has a value that the mapping's filter does not know.",
        "finance",
        "Find out what the value means, then add it to `take` or `skip` in the mapping's filter.",
    ),
    "cut_over": _looked_at(
        "It is dated before the company's go-live.",
        "finance",
        "History never posts by itself: dismiss it with the reference of the document keyed by hand.",
        command="dismiss {key} --reason TEXT --reference TEXT",
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
    "lookup_failed": _cause(
        "The other system gives no answer to what it is asked about this record.",
        "IT",
        "Ask that system's people why, with the reason told here; the next run asks again.",
    ),
    "lookup_many": _cause(
        "What the record names exists more than once in the other system.",
        "IT",
        "Make the look-up more specific.",
    ),
    "period_closed": _cause(
        "Its period is closed.",
        "finance",
        "Open the period in books.yaml. With `closed: next_open` in the mapping it moves to the next open day once "
        "its month is signed (`close sign`).",
    ),
    "period_signed": _cause(
        "Its period is signed off.",
        "finance",
        "Date it in an open period at the source, or open the period with `close unlock --reason` and sign again.",
    ),
    "not_moved": _cause(
        "Its period is signed off, and it is too large to be moved by itself, or would cross a fiscal year.",
        "finance",
        "Accrue it or not: open its period for as long as it takes, or enter it in the target by hand and dismiss it "
        "with its number. A small one moves when prior_period_limit in books.yaml allows its amount.",
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
    "same_key": _looked_at(
        "Another record has the same dedupe key.",
        "finance",
        "Look at both records. If one is a duplicate, dismiss it; if not, give it its own number.",
    ),
    "number_taken": _looked_at(
        "The target already has a different document with this key.",
        "finance",
        "Compare the two. If it is the same bill keyed by hand, dismiss this one with its reference.",
    ),
    "differs": _looked_at(
        "The target's document says something else than was asked.",
        "finance",
        "Correct the document in the target before it is posted; then close it here with `dismiss KEY --finding`.",
    ),
    "refused": _looked_at(
        "The target refused the document and wrote nothing.",
        "finance",
        "Do what the target's message says. What is held is sent again by the next run; what is refused, by "
        "`replay`, through the mapping as it is then.",
        command="replay {key}",
        for_many="replay --state refused --mapping {mapping}",
    ),
    "not_prepared": _cause(
        "The target refused what must be there first, such as the group of its day: mostly that day is closed there.",
        "finance",
        "Open the day in the target, and the next run enters it; or close the month in books.yaml, too "
        "(open_periods), and it is held or moved as its mapping says.",
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
    "not_found": _looked_at(
        "It was sent, no answer came, and it is not found in the target.",
        "finance",
        "Look in the target. If it is really not there, replay it and say so; if it is, dismiss it with its number.",
        command="replay {key} --looked-in-target --reason TEXT",
    ),
    "report_only": _cause(
        "The target is read-only for this record: it is reported.",
        "finance",
        "Import the file that the run wrote.",
    ),
    "changed": _looked_at(
        "The record changed at the source after it was entered.",
        "finance",
        "Not posted yet: correct the document in the target, or delete it there and enter it by hand. Posted: enter "
        "a debit memo and a new invoice. Then close the finding with `dismiss KEY --finding`.",
    ),
    "changed_closed": _looked_at(
        "The record changed at the source after a person dismissed it.",
        "finance",
        "Nothing is sent for it any more. Where what stands in the books by hand is not right any more, correct it "
        "there; where it is other spend now, enter it there by hand. Then close the finding with `dismiss KEY "
        "--finding`.",
    ),
    "possible_duplicate": _looked_at(
        "The same spend may be in the books already: keyed by hand, in another spelling, under another vendor or "
        "company, or by card.",
        "finance",
        "Compare the two. The same: dismiss this record with the document's number. Not the same: say so with "
        "`not-a-duplicate KEY --reason TEXT`, and the next run enters it.",
    ),
    "line_stopped": _cause(
        "So many of our documents are gone from the target at once that nothing more is sent.",
        "IT",
        "Find out whether the target was put back to an older state. When it was not, or its books are right "
        "again: `ml-connector sweep --accept-missing --reason TEXT`.",
    ),
    "vanished": _looked_at(
        "The document was entered and is not in the target any more.",
        "finance",
        "Ask who deleted it. Enter it by hand in the target, then dismiss the record with the new document's "
        "number; it is never entered again by itself.",
        command="dismiss {key} --reason TEXT --reference TEXT",
    ),
    "edited": _looked_at(
        "The document was changed in the target after it was entered.",
        "finance",
        "Put it right in the target, and the next sweep clears this; or, when the change is right, close it with "
        "`dismiss KEY --finding`.",
    ),
    "moved": _looked_at(
        "The document stands in another group than it was entered into.",
        "finance",
        "Move it back, and the next sweep clears this; or close it with `dismiss KEY --finding`.",
    ),
    "post_error": _looked_at(
        "The group of the document could not be posted.",
        "finance",
        "Do what the target's message says and post the group again; the next sweep clears this.",
    ),
    "not_read_back": _looked_at(
        "It is entered, and what the target kept could not be read.",
        "finance",
        "Compare the document in the target with the record; then close the finding with `dismiss KEY --finding`.",
    ),
    "interrupted": _cause(
        "Its run ended while it was being sent.",
        "IT",
        "Run the mapping: it is looked up in the target, and never sent blindly.",
    ),
    "withdrawn": _cause(
        "It left the feed before it was entered.",
        "nobody",
        "Nothing to do when it was recalled. The control report names those that somebody else has completed.",
    ),
}

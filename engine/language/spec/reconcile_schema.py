"""The shape of a mapping's `reconcile` section: how both sides are read for the control report."""

from __future__ import annotations

from engine.language.spec.schema_words import list_of, map_of, record, text, value, yes_no

_SET = text("The entity set.")
_ASKED = map_of(value("A parameter; `first`, `last` (days as text) and `company` are known."), "Query parameters.")
_LISTING = record(
    "How the documents of a period are listed; the paths stand on one row.",
    needed={"set": _SET, "reference": text("JMESPath: the name the ledger knows the document by.")},
    may={
        "params": _ASKED,
        "posting_key": text("JMESPath: the name its postings know it by; the reference when not given."),
        "number": text("JMESPath: its number, as the source has it too."),
        "amount": text("JMESPath: its amount."),
        "base_amount": text("JMESPath: its amount in the company's currency."),
        "currency": text("JMESPath: its currency."),
        "date": text("JMESPath: the day it is booked on."),
        "vendor": text("JMESPath: its vendor, as `vendor` of this section gives it."),
        "in_gl": text("JMESPath: true when it is in the general ledger."),
        "ours": text("JMESPath: our stamp, empty on a document that is not ours."),
    },
)
_POSTING = record(
    "How the lines booked in a period are listed; the paths stand on one row.",
    needed={
        "set": _SET,
        "document": text("JMESPath: the document a line belongs to; no text where it belongs to none of these."),
        "account": text("JMESPath: the whole account."),
        "natural": text("JMESPath: the account as books.yaml names it."),
        "debit": text("JMESPath: the debit, or the signed amount where no `credit` is given."),
        "line": text("JMESPath: the name of the line, for people."),
    },
    may={
        "params": _ASKED,
        "credit": text("JMESPath: the credit."),
        "by": text("JMESPath: who booked it."),
        "date": text("JMESPath: the day."),
        "text": text("JMESPath: its text."),
        "ours": text("JMESPath: our stamp, empty on a line that is not ours."),
        "in_gl": yes_no("Whether these lines are posted to the general ledger.", default=True),
    },
)
RECONCILE = record(
    "How both sides are read for the control report.",
    may={
        "source": record(
            "How the source is read.",
            needed={
                "reads": list_of(
                    map_of(value("A parameter."), "Parameters instead of the source's own; {} for the source's own."),
                    "One read of the feed for each.",
                    least=1,
                )
            },
        ),
        "vendor": value("The vendor, as the target's documents name it."),
        "base_amount": value("What the source says it is in the company's currency; reported beside the target's."),
        "on_clearing": value(
            "What a record moves on the clearing account, in the company's currency; a debit is positive."
        ),
        "clearing": value("The clearing account that it moves; needed where a company has several."),
        "pays": text("JMESPath on the record: the id of the record that it pays."),
        "used_for": text(
            "JMESPath on the record: the ids of the records that it was used for, as a credit for a bill."
        ),
        "releases": text("JMESPath on the record: the id of the record whose prepaid amount it releases."),
        "accounts": map_of(value("An account as books.yaml names it."), "The accounts that the target books itself."),
        "documents": list_of(_LISTING, "Where documents are listed."),
        "postings": list_of(_POSTING, "Where booked lines are listed."),
    },
)

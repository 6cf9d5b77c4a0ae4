"""How both sides are read for the control report, as a mapping's `reconcile` section says it."""

from __future__ import annotations

from dataclasses import dataclass

from engine.language.transform.render import Template
from engine.language.transform.select import Selector
from engine.words.problem import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingSpec:
    """How the documents of a period are listed at the target; the paths stand on one row.

    `reference` is what the ledger calls the document, `posting_key` what its postings call it (the reference when
    not given).
    """

    set: str
    params: tuple[tuple[str, Template], ...]
    reference: Selector
    posting_key: Selector | None = None
    number: Selector | None = None
    amount: Selector | None = None
    base_amount: Selector | None = None
    currency: Selector | None = None
    date: Selector | None = None
    vendor: Selector | None = None
    in_gl: Selector | None = None
    ours: Selector | None = None
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class PostingSpec:
    """How the lines booked in a period are listed at the target; the paths stand on one row.

    `document` is the key of the document a line belongs to, `natural` the account without its segments, as
    books.yaml names accounts. `in_gl` is False for lines that are entered and not posted.
    """

    set: str
    params: tuple[tuple[str, Template], ...]
    document: Selector
    account: Selector
    natural: Selector
    debit: Selector
    credit: Selector | None = None
    line: Selector
    by: Selector | None = None
    date: Selector | None = None
    text: Selector | None = None
    ours: Selector | None = None
    in_gl: bool = True
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcileSpec:
    """How both sides are read for the control report.

    The feed is read once for each of `source_reads`, its parameters; an empty one means the source's own. `accounts`
    gives the account behind each entry that the target books by itself, `pays` the source id of the document that a
    record pays, `used_for` the source ids of those that it was used for, `releases` that of the one whose prepaid
    amount it releases. `on_clearing` is what a record moves on the account `clearing` (the company's only one when
    that is not known) before it is in the ledger, `base_amount` what the source says it is in the company's currency.
    """

    source_reads: tuple[tuple[tuple[str, str], ...], ...] = ()
    vendor: Template | None = None
    base_amount: Template | None = None
    on_clearing: Template | None = None
    clearing: Template | None = None
    pays: Selector | None = None
    used_for: Selector | None = None
    releases: Selector | None = None
    accounts: tuple[tuple[str, Template], ...] = ()
    documents: tuple[ListingSpec, ...] = ()
    postings: tuple[PostingSpec, ...] = ()
    place: Place

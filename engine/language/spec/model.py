"""A mapping after loading: everything compiled, every part with its place. A run never parses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from engine.language.node import Node
from engine.language.spec.call_model import BulkSpec, CallSpec, EnsureSpec, TogetherSpec
from engine.language.spec.reconcile_model import ReconcileSpec
from engine.language.spec.report_model import ReportSpec
from engine.language.spec.twin_model import Twin
from engine.language.transform.render import Template
from engine.language.transform.select import Selector
from engine.words.problem import Place

Mode = Literal["create_once", "keep_in_step", "report"]
Expectation = Literal["books", "sends", "skips", "holds", "refuses", "warns"]
Kind = Literal["as_is", "text", "money", "decimal", "integer", "boolean", "date", "book_date"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSpec:
    """Where the records come from; `each_company` reads the endpoint once for each company of books.yaml."""

    connection: str
    endpoint: str
    params: tuple[tuple[str, str], ...] = ()
    id: Selector
    each_company: bool = False
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterSpec:
    """One value of the record that sorts it.

    With `take` alone it says whose record this is: another value belongs to another mapping. With
    `skip` beside it (it may be empty) a value of neither list is held, never guessed.
    """

    path: Selector
    take: tuple[Any, ...]
    skip: tuple[Any, ...] | None
    place: Place

    @property
    def routes(self) -> bool:
        """Whether this entry decides whose record it is."""
        return self.skip is None


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSpec:
    """One value to take out of a record; absent, null and empty text are missing."""

    name: str
    path: Selector
    kind: Kind = "as_is"
    optional: bool = False
    max_length: int | None = None
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSpec:
    """A list inside the record, taken out item by item."""

    name: str
    each: Selector
    fields: tuple[FieldSpec, ...]
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueStep:
    """`name: "{{ expression }}"`."""

    name: str
    value: Template
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class CrosswalkStep:
    """`name: {crosswalk: …, match: {column: value}, take: column or [columns]}`; no row holds unless optional."""

    name: str
    crosswalk: str
    match: tuple[tuple[str, Template], ...]
    take: str | tuple[str, ...]
    on: Template | None = None
    optional: bool = False
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupStep:
    """`name: {lookup: set, match: {Field: value}, take: …}`, batched; no row holds unless optional.

    One row is expected, and several hold; with `many` every row is given, as a list.
    """

    name: str
    connection: str
    set: str
    match: tuple[tuple[str, Template], ...]
    take: str | tuple[str, ...]
    optional: bool = False
    many: bool = False
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodStep:
    """`name: {period: date, closed: hold | next_open}`: the date, or moved out of a signed period, or held."""

    name: str
    date: Template
    closed: Literal["hold", "next_open"]
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class EachStep:
    """`lines: {for: line in lines, field: step…}`: steps for every item, whose results join the item."""

    name: str
    variable: str
    group: str
    steps: tuple[ValueStep | CrosswalkStep | LookupStep, ...]
    place: Place


Step = ValueStep | CrosswalkStep | LookupStep | PeriodStep | EachStep


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSpec:
    """A question whose answer must be yes; else the record is held, skipped or entered with a warning, and why."""

    require: Template
    otherwise: Literal["hold", "skip", "warn"]
    because: Template
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class EntrySpec:
    """One kind of line the document books; `variable` and `group` repeat it for a list."""

    variable: str | None
    group: str | None
    account: Template
    amount: Template
    side: Literal["debit", "credit"]
    booked_by_target: bool
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetSpec:
    """Where documents go and by which calls."""

    connection: str
    company: Template | None
    mode: Mode
    at_once_per: Template | None = None
    ensure: tuple[EnsureSpec, ...] = ()
    defaults: tuple[CallSpec, ...] = ()
    call: CallSpec
    succeeded: Template | None = None
    warning: Template | None = None
    bulk: BulkSpec | None = None
    report: ReportSpec | None = None
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptSpec:
    """One thing to compare after the write: what stands at `path` must equal the value."""

    name: str
    path: Selector
    equals: Template
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class FindSpec:
    """A look-up by the dedupe key, and how to read what it finds.

    `accounts` and `amounts` are compared with the mapping's entries, `kept` with its own values.
    `bears` is the value that proves a document to be ours. `together` gives for many what `read` gives for one.
    """

    set: str
    match: tuple[tuple[str, Template], ...]
    read: CallSpec | None
    together: TogetherSpec | None = None
    reference: Selector
    accounts: Selector | None = None
    amounts: Selector | None = None
    kept: tuple[KeptSpec, ...] = ()
    bears: KeptSpec | None = None
    in_gl: Selector | None = None
    settled: Selector | None = None
    group: KeptSpec | None = None
    trouble: TroubleSpec | None = None
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class TroubleSpec:
    """Where the target says why a document could not be posted: a look-up, and the text in its row."""

    set: str
    match: tuple[tuple[str, Template], ...]
    path: Selector
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilySpec:
    """The vendor's other numbers: the rows of `set` whose `by` is the vendor's id or one of its redirects."""

    vendor: Template
    redirects: str
    set: str
    by: str
    take: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SimilarSpec:
    """Documents that people keyed: another spelling of the number, or the same amount within `days`.

    `by` is the field of a row that holds the vendor, `key` the fields that make its dedupe key, by which our
    own documents are told from those keyed by hand.
    """

    family: FamilySpec
    set: str
    by: str
    key: tuple[str, ...]
    reference: Selector
    number: KeptSpec
    amount: KeptSpec
    date: KeptSpec
    days: int
    place: Place

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields of a row that are needed."""
        selectors = (self.reference, self.number.path, self.amount.path, self.date.path)
        named = (path[0] for selector in selectors for path in selector.paths())
        return tuple(dict.fromkeys((self.by, *self.key, *named)))


@dataclass(frozen=True, slots=True, kw_only=True)
class DedupeSpec:
    """What makes a document unique at the target.

    `not_found` says what an in-doubt record becomes when the settle window has passed and nothing was
    found: `send` it again, or `ask` a person because nothing at the target refuses a second one.
    `settle_s` is that window, in seconds.
    """

    key: tuple[Template, ...]
    find: tuple[FindSpec, ...]
    not_found: Literal["send", "ask"] = "send"
    settle_s: int = 300
    compare: Literal["target", "ledger"] = "target"
    similar: SimilarSpec | None = None
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class ExposedSpec:
    """What the target could pay although the source pays: the open documents of a vendor, and their locks.

    `where` says of a record whether the source pays it. A row is exposed when one of `locks` does not hold or
    `selected` is true; the row is the record's own when its `reference` is, or looks like it by its `amount`.
    """

    where: Template
    set: str
    match: tuple[tuple[str, Template], ...]
    reference: Selector
    amount: KeptSpec
    balance: Selector
    locks: tuple[KeptSpec, ...]
    selected: Selector | None
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class AcknowledgeSpec:
    """What is written back to the source, after reading has ended; of what is entered `when` it is so far."""

    when: Literal["entered", "in_gl"]
    entered: CallSpec | None
    refused: CallSpec | None
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class TestSpec:
    """One offline test: a record, changes to it, the world it meets, and one expectation."""

    __test__ = False

    name: str
    given: dict[str, Any]
    world: dict[str, Any]
    expects: Expectation
    books: dict[str, Any] | None = None
    sends: Any = None
    reason: str | None = None
    answer: dict[str, Any] | None = None
    company: str | None = None
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingSpec:
    """One mapping with its recipe merged in; `content_hash` changes when either file changes.

    `merged` is the merged file as plain values, `root` the same with the place of everything. `looked_at` are the
    names that looking a document up and comparing it use, `used_later` all those that are used once it is planned.
    """

    name: str
    title: str
    owner: str | None = None
    switched_on: bool = True
    after: tuple[str, ...]
    source: SourceSpec
    filters: tuple[FilterSpec, ...]
    fields: tuple[FieldSpec, ...]
    groups: tuple[GroupSpec, ...]
    steps: tuple[Step, ...]
    checks: tuple[CheckSpec, ...]
    entries: tuple[EntrySpec, ...]
    target: TargetSpec
    dedupe: DedupeSpec | None
    acknowledge: AcknowledgeSpec | None
    reconcile: ReconcileSpec | None = None
    exposed: ExposedSpec | None = None
    twins: tuple[Twin, ...] = ()
    tests: tuple[TestSpec, ...]
    looked_at: frozenset[str]
    used_later: frozenset[str]
    content_hash: str
    files: tuple[str, ...]
    place: Place
    merged: dict[str, Any] = field(repr=False)
    root: Node | None = field(default=None, repr=False, compare=False)

    @property
    def in_step(self) -> bool:
        """Whether the target's record follows the source's instead of being entered once."""
        return self.target.mode != "create_once"

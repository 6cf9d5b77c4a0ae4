"""The same spend in another place: a document of the target, one of this batch, or a record of another mapping."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from engine.adapters.connectors.port import Connector, Lookup, Match, Row
from engine.adapters.store.port import RecordRow
from engine.domain.lifecycle import State
from engine.domain.record import RecordKey
from engine.language.spec.model import MappingSpec
from engine.language.spec.twin_model import DocumentTwin, RecordTwin, Twin
from engine.language.transform.render import RenderError, Template
from engine.plan.decision import Document
from engine.plan.extract import is_missing
from engine.run.ledger_pages import record_pages
from engine.run.matching import Beside
from engine.run.setup import Setup
from engine.run.similar import Spelt, as_day
from engine.words.money import show_money
from engine.words.problem import Place

Named = dict[RecordKey, dict[str, str]]
"""For each record, what may be the same: its name, and how it is like it."""

_IN_BOOKS = (State.SENDING, State.IN_DOUBT, State.ENTERED, State.IN_GL, State.SETTLED, State.DISMISSED)
"""What is dismissed may have been entered by hand."""
_LABELS_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class _Known:
    """A document that is on its way to the target, and the day that its twins are dated near."""

    key: RecordKey
    company: str | None
    day: date


OnTheirWay = Mapping[tuple[Place, Match], tuple[_Known, ...]]
"""What may be on its way to the target, by what a twin would find it by."""


@dataclass(slots=True)
class Earlier:
    """Documents judged before that may be on their way still, so that the target does not have them yet.

    One that was read back is forgotten: from then on the target itself is asked about it. Its methods may be called
    from several threads. Only the numbers in `spelt` stay: about those the target is asked once a run.
    """

    spelt: Spelt
    _by: dict[tuple[Place, Match], tuple[_Known, ...]] = field(default_factory=dict)
    _names: dict[RecordKey, list[tuple[Place, Match]]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, spec: MappingSpec, documents: Sequence[Document]) -> None:
        """These are about to be sent."""
        for twin in spec.twins:
            if isinstance(twin, DocumentTwin) and twin.set == _set_of(spec):
                for document, day, match in _asked(twin, _dated(twin, documents)):
                    known, name = _Known(document.record, document.company, day), (twin.place, match)
                    with self._lock:
                        self._by[name] = (*self._by.get(name, ()), known)
                        self._names.setdefault(known.key, []).append(name)

    def forget(self, key: RecordKey) -> None:
        """This one is in the target."""
        with self._lock:
            for name in self._names.pop(key, ()):
                left = tuple(known for known in self._by[name] if known.key != key)
                if left:
                    self._by[name] = left
                else:
                    del self._by[name]

    def now(self) -> OnTheirWay:
        """Those of this moment. Taken before the target is asked: one read back in between would be seen nowhere."""
        with self._lock:
            return dict(self._by)


def twins_beside(setup: Setup, spec: MappingSpec, documents: Sequence[Document]) -> Beside | None:
    """What the mapping's `twins` want of the set that its documents are looked up in, to be asked for with them."""
    matches: dict[str | None, list[Match]] = {}
    fields: dict[str, None] = {}
    for twin in spec.twins:
        if isinstance(twin, DocumentTwin) and twin.set == _set_of(spec):
            fields |= dict.fromkeys(twin.fields)
            for company, asked in _by_company(setup, twin, _asked(twin, _dated(twin, documents))).items():
                matches.setdefault(company, []).extend(match for _, _, match in asked)
    return Beside(set=_set_of(spec), matches=matches, fields=tuple(fields)) if matches else None


def find_twins(
    setup: Setup, spec: MappingSpec, documents: Sequence[Document], on_their_way: OnTheirWay, beside: Beside | None
) -> Named:
    """What may be the same spend as each document, by the mapping's `twins`; `beside` is what was asked for already.

    Raises:
        Unreachable: the target cannot be asked.
    """
    found: Named = {}
    for twin in spec.twins:
        dated = _dated(twin, documents)
        if isinstance(twin, DocumentTwin):
            pairs = _documents(setup, spec, twin, dated, on_their_way, beside)
        else:
            pairs = _records(setup, twin, dated)
        for document, name in pairs:
            found.setdefault(document.record, {}).setdefault(name, twin.says)
    return found


def _dated(twin: Twin, documents: Sequence[Document]) -> list[tuple[Document, date]]:
    days = ((document, as_day(_rendered(twin.date, document))) for document in documents)
    return [(document, day) for document, day in days if day is not None]


def _asked(twin: DocumentTwin, dated: Sequence[tuple[Document, date]]) -> Sequence[tuple[Document, date, Match]]:
    return [(document, day, match) for document, day in dated if (match := _match(twin, document)) is not None]


def _set_of(spec: MappingSpec) -> str:
    """The set that the mapping's own documents are found in."""
    return spec.dedupe.find[0].set if spec.dedupe is not None and spec.dedupe.find else ""


def _documents(
    setup: Setup,
    spec: MappingSpec,
    twin: DocumentTwin,
    dated: Sequence[tuple[Document, date]],
    on_their_way: OnTheirWay,
    beside: Beside | None,
) -> Iterator[tuple[Document, str]]:
    asked = _asked(twin, dated)
    if twin.set == _set_of(spec):
        yield from _on_their_way(twin, asked, on_their_way)
    for company, of_company in _by_company(setup, twin, asked).items():
        matches = tuple(dict.fromkeys(match for _, _, match in of_company))
        rows = _rows(setup.connectors[spec.target.connection], twin, company, matches, beside)
        ours = _ours(setup, f"{spec.target.connection}/{company or ''}/{twin.set}", twin, rows)
        for document, day, match in of_company:
            for row in rows[match]:
                there = as_day(twin.dated(row))
                if there is not None and abs((there - day).days) <= twin.days:
                    holder = ours.get(_key_of(twin, row))
                    yield document, _name(holder, there) if holder else f"{twin.reference(row)} ({there})"


def _by_company(
    setup: Setup, twin: DocumentTwin, asked: Sequence[tuple[Document, date, Match]]
) -> dict[str | None, Sequence[tuple[Document, date, Match]]]:
    """In which companies of the target the twins of each are looked for."""
    companies = dict.fromkeys(document.company for document, _, _ in asked)
    if twin.every_company:
        return dict.fromkeys([*companies, *setup.books.companies], asked)
    return {company: [one for one in asked if one[0].company == company] for company in companies}


def _rows(
    connector: Connector, twin: DocumentTwin, company: str | None, matches: Sequence[Match], beside: Beside | None
) -> dict[Match, tuple[Row, ...]]:
    known = beside.rows if beside and beside.set == twin.set else {}
    missing = [match for match in matches if (company, match) not in known]
    asked = (
        connector.find(Lookup(set=twin.set, matches=missing, fields=twin.fields, company=company)) if missing else {}
    )
    return {match: asked[match] if match in asked else known[company, match] for match in matches}


def _on_their_way(
    twin: DocumentTwin, asked: Sequence[tuple[Document, date, Match]], on_their_way: OnTheirWay
) -> Iterator[tuple[Document, str]]:
    """Two of one run: neither is at the target yet, and the first one goes there."""
    first: dict[Match, list[_Known]] = {}
    for document, day, match in asked:
        before = first.setdefault(match, [])
        for other in (*on_their_way.get((twin.place, match), ()), *before):
            same_place = twin.every_company or other.company == document.company
            if same_place and other.key != document.record and abs((other.day - day).days) <= twin.days:
                yield document, _name(other.key, other.day)
        before.append(_Known(document.record, document.company, day))


def _ours(
    setup: Setup, namespace: str, twin: DocumentTwin, rows: Mapping[Match, Sequence[Mapping[str, Any]]]
) -> Mapping[str, RecordKey]:
    """The records of ours that hold the claims on these documents, so that they are named as in the batch."""
    if not twin.key:
        return {}
    keys = tuple(dict.fromkeys(_key_of(twin, row) for found in rows.values() for row in found))
    return setup.ledger.holder_of(namespace, keys) if keys else {}


def _key_of(twin: DocumentTwin, row: Mapping[str, Any]) -> str:
    """The dedupe key that the document would have, as `Document.key_text` has it."""
    return "|".join(str(row.get(name) or "").strip().casefold() for name in twin.key)


def _records(
    setup: Setup, twin: RecordTwin, dated: Sequence[tuple[Document, date]]
) -> Iterator[tuple[Document, str]]:
    asked = [
        (document, day, str(label).strip(), amount)
        for document, day in dated
        if not is_missing(label := _rendered(twin.label, document))
        and isinstance(amount := _rendered(twin.amount, document), (int, Decimal))
    ]
    labels = sorted({label for _, _, label, _ in asked})
    rows: dict[str, list[RecordRow]] = {}
    for start in range(0, len(labels), _LABELS_AT_ONCE):
        wanted = labels[start : start + _LABELS_AT_ONCE]
        for page in record_pages(setup.ledger, mapping=twin.mapping, states=_IN_BOOKS, labels=wanted):
            for row in page:
                rows.setdefault(row.label.casefold(), []).append(row)
    for document, day, label, amount in asked:
        for row in rows.get(label.casefold(), ()):
            there = as_day(row.book_date)
            same = (row.company, row.currency, row.amount) == (document.company, document.facts.currency, amount)
            if same and there is not None and abs((there - day).days) <= twin.days:
                name = row.reference or f"record {row.key.source_id}"
                name = f"{name}, dismissed" if row.state is State.DISMISSED else name
                yield document, f"{name} ({show_money(row.amount or Decimal(0))}, {there})"


def _match(twin: DocumentTwin, document: Document) -> Match | None:
    """What to look for; None where a part of it is missing, such as a merchant that is no vendor."""
    match = tuple((name, _rendered(value, document)) for name, value in twin.match)
    return None if any(is_missing(value) for _, value in match) else match


def _name(key: RecordKey, day: date) -> str:
    return f"the record {key.source_id} ({day})"


def _rendered(template: Template, document: Document) -> Any:
    try:
        return template.render(document.scope)
    except RenderError:
        return None  # not worked out for this record: then it is not looked for by it

"""Exposure: what the target could pay although the source pays it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from engine.adapters.connectors.port import Match, Row
from engine.adapters.store.port import RecordRow
from engine.domain.lifecycle import State
from engine.domain.record import RecordKey
from engine.language.spec.model import ExposedSpec, MappingSpec
from engine.language.transform.render import RenderError
from engine.plan.decision import Document
from engine.run.entered_documents import entered_documents
from engine.run.matching import differs
from engine.run.setup import Setup
from engine.words.json_value import decode, encode
from engine.words.money import amount_of

BATCH_STATES = (State.ENTERED, State.IN_GL, State.SETTLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposed:
    """One open document that the target could pay; `keyed` when it is not ours but looks like this record's."""

    row: RecordRow
    reference: str
    balance: Decimal | None
    why: tuple[str, ...]
    keyed: bool


@dataclass(slots=True, kw_only=True)
class Exposure:
    """All of it; `open` is what the target still owes on those of our documents that were asked for, `unread` are
    records that could not be looked at: unknown is not nothing.
    """

    looked_at: int = 0
    open: dict[RecordKey, Decimal | None] = field(default_factory=dict)
    exposed: list[Exposed] = field(default_factory=list)
    unread: list[RecordRow] = field(default_factory=list)

    @property
    def needs_person(self) -> bool:
        """Whether somebody has to look."""
        return bool(self.exposed or self.unread)


def find_exposure(
    setup: Setup,
    specs: Sequence[MappingSpec],
    company: str | None = None,
    *,
    balances_of: Collection[RecordKey] = (),
) -> Exposure:
    """Every open document of the vendors we entered documents for that lacks a lock although the source pays.

    `balances_of` are the records whose documents' open balance is wanted.

    Raises:
        Unreachable: a target cannot be asked.
    """
    result = Exposure()
    told: dict[tuple[str, str], Exposed] = {}
    for spec in specs:
        if spec.exposed is None:
            continue
        there = _There(setup, spec, spec.exposed)
        for page in entered_documents(setup, spec, *BATCH_STATES):
            asked = []
            for one in page:
                if company not in (None, one.row.company):
                    continue
                paid_by_source = None if one.document is None else _asks(spec.exposed, one.document)
                if one.document is None or paid_by_source is None:
                    result.unread += [one.row] if one.row.state is not State.SETTLED else []
                elif paid_by_source:
                    asked.append((one.row, one.document))
            result.looked_at += len(asked)
            there.ask(document for _, document in asked)
            for row, document in asked:
                for exposed in _exposed(spec.exposed, row, document, there, result, balances_of):
                    name = (spec.target.connection, exposed.reference)
                    if name not in told or (told[name].keyed and not exposed.keyed):
                        told[name] = exposed
    result.exposed = sorted(told.values(), key=lambda one: (-(one.balance or Decimal(0)), one.reference))
    return result


def _asks(exposed: ExposedSpec, document: Document) -> bool | None:
    """Whether the source pays it; None when what was remembered of it does not tell."""
    names = {use.path[0] for part in (*exposed.locks, exposed.amount) for use in part.equals.names}
    if not names <= set(document.scope):
        return None
    try:
        return exposed.where.render(document.scope) is True
    except RenderError:
        return None


class _There:
    """What is open at the target: asked for once for each look-up, and as much of a row kept as is looked at."""

    def __init__(self, setup: Setup, spec: MappingSpec, exposed: ExposedSpec) -> None:
        self._connector = setup.connectors[spec.target.connection]
        self._at_once = setup.in_flight(spec.target.connection)
        self._exposed = exposed
        self._fields = _fields_of(exposed)
        self._found: dict[tuple[str | None, Match], dict[str | Decimal | None, list[bytes]]] = {}

    def ask(self, documents: Iterable[Document]) -> None:
        """Ask for what these documents need and was not asked for before."""
        wanted = dict.fromkeys((document.company, self._match(document)) for document in documents)
        new = [one for one in wanted if one not in self._found]
        with ThreadPoolExecutor(max_workers=self._at_once) as pool:
            self._found.update(zip(new, pool.map(lambda one: self._open(*one), new), strict=True))

    def like(self, row: RecordRow, document: Document) -> Iterator[Row]:
        """The open documents that may be this record's: those of its name, and those of its amount."""
        found = self._found[document.company, self._match(document)]
        asked = self._exposed.amount.equals.render(document.scope)
        named = (row.reference or "", amount_of(asked), None)
        return (decode(one) for one in dict.fromkeys(one for name in named for one in found.get(name, ())))

    def _match(self, document: Document) -> Match:
        return tuple((key, value.render(document.scope)) for key, value in self._exposed.match)

    def _open(self, company: str | None, match: Match) -> dict[str | Decimal | None, list[bytes]]:
        found: dict[str | Decimal | None, list[bytes]] = {}
        for whole in self._connector.find(self._exposed.set, (match,), company=company)[match]:
            row = whole if self._fields is None else {name: whole[name] for name in self._fields if name in whole}
            kept = encode(row)
            for name in (str(self._exposed.reference(row) or ""), amount_of(self._exposed.amount.path(row))):
                found.setdefault(name, []).append(kept)
        return found


def _fields_of(exposed: ExposedSpec) -> frozenset[str] | None:
    """The fields of a row that are looked at; None where an expression may look at any of them."""
    paths = (exposed.reference, exposed.balance, exposed.amount.path, *(lock.path for lock in exposed.locks))
    selectors = (*paths, exposed.selected) if exposed.selected is not None else paths
    if any(sign in selector.text for selector in selectors for sign in "@*"):
        return None
    return frozenset(path[0] for selector in selectors for path in selector.paths())


def _exposed(
    exposed: ExposedSpec,
    row: RecordRow,
    document: Document,
    there: _There,
    result: Exposure,
    balances_of: Collection[RecordKey],
) -> Iterator[Exposed]:
    """What is exposed of this document; notes in the result what is open of it, where that is wanted."""
    for one in there.like(row, document):
        if row.key in balances_of and _is_own(exposed, row, one):
            result.open[row.key] = amount_of(exposed.balance(one))
        found = _one(exposed, row, document, one)
        if found is not None:
            yield found


def _one(exposed: ExposedSpec, row: RecordRow, document: Document, there: Mapping[str, Any]) -> Exposed | None:
    own = _is_own(exposed, row, there)
    if not own and differs(exposed.amount, there, document):
        return None
    why = [sentence for lock in exposed.locks if (sentence := differs(lock, there, document))]
    if exposed.selected is not None and exposed.selected(there) is True:
        why.append("it is selected for a payment that is not posted yet")
    if not why:
        return None
    return Exposed(
        row=row,
        reference=str(exposed.reference(there) or ""),
        balance=amount_of(exposed.balance(there)),
        why=tuple(why),
        keyed=not own,
    )


def _is_own(exposed: ExposedSpec, row: RecordRow, there: Mapping[str, Any]) -> bool:
    return str(exposed.reference(there) or "") == row.reference

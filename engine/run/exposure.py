"""Exposure: what the target could pay although the source pays it.

The source pays a record whatever became of it here. So the open documents of the target are held against all of
them: those that are entered, and those that wait or were closed, which people may have keyed by hand.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import chain
from typing import Any

from engine.adapters.connectors.port import Lookup, Match, Row
from engine.adapters.store.port import RecordRow
from engine.domain.lifecycle import State
from engine.domain.record import RecordKey, SourceRecord
from engine.language.spec.model import CrosswalkStep, ExposedSpec, LookupStep, MappingSpec, ValueStep
from engine.language.transform.render import RenderError
from engine.plan.extract import is_missing
from engine.plan.item import Item
from engine.plan.world import World
from engine.run.entered_documents import entered_documents
from engine.run.isolating import Apart
from engine.run.ledger_pages import record_pages
from engine.run.live_world import LiveWorld
from engine.run.matching import differs
from engine.run.reading import kept_records
from engine.run.setup import Setup
from engine.run.worked_out import worked_out
from engine.words.json_value import decode, encode
from engine.words.money import amount_of

ENTERED_STATES = (State.ENTERED, State.IN_GL, State.SETTLED)
NOT_ENTERED_STATES = (
    *(State.HELD, State.REFUSED, State.IN_DOUBT),
    *(State.CUT_OVER, State.WITHDRAWN, State.DISMISSED),
)
"""Approved at the source, and entered by nobody or by hand."""


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
    """Every open document of the vendors we know records of that lacks a lock although the source pays.

    `balances_of` are the records whose documents' open balance is wanted. A record that is not entered and whose
    vendor is not known is not looked at: it waits in the worklist for just that.

    Raises:
        Unreachable: a target cannot be asked.
    """
    result = Exposure()
    told: dict[tuple[str, str], Exposed] = {}
    for spec in specs:
        if spec.exposed is None:
            continue
        there = _There(setup, spec, spec.exposed)
        pages = (
            _entered(setup, spec, spec.exposed, company, result),
            _not_entered(setup, spec, spec.exposed, company),
        )
        for asked in chain.from_iterable(pages):
            result.looked_at += len(asked)
            there.ask(asked)
            for one in asked:
                for exposed in _exposed(spec.exposed, one, there, result, balances_of):
                    name = (spec.target.connection, exposed.reference)
                    if name not in told or (told[name].keyed and not exposed.keyed):
                        told[name] = exposed
    result.exposed = sorted(told.values(), key=lambda one: (-(one.balance or Decimal(0)), one.reference))
    return result


@dataclass(frozen=True, slots=True)
class _Paid:
    """A record that the source pays, the company of its document, and what the look-ups need of it."""

    row: RecordRow
    company: str | None
    scope: Mapping[str, Any]


def _entered(
    setup: Setup, spec: MappingSpec, exposed: ExposedSpec, company: str | None, result: Exposure
) -> Iterator[list[_Paid]]:
    """The entered records that the source pays, as they were sent, page by page; notes what cannot be looked at.

    Those that the target was to pay when they were sent are looked at as well where the source pays now.
    """
    world = LiveWorld(setup)
    for page in entered_documents(setup, spec, *ENTERED_STATES):
        paid, others = [], []
        for one in page:
            if company not in (None, one.row.company):
                continue
            by_source = None if one.document is None else _is_paid(exposed, one.document.scope)
            if one.document is None or by_source is None:
                result.unread += [one.row] if one.row.state is not State.SETTLED else []
            elif by_source:
                paid.append(_Paid(one.row, one.document.company, one.document.scope))
            else:
                others.append(one.row)
        yield [*paid, *_as_read_now(setup, spec, exposed, others, world)]


def _not_entered(setup: Setup, spec: MappingSpec, exposed: ExposedSpec, company: str | None) -> Iterator[list[_Paid]]:
    """The other records that the source pays, page by page."""
    world = LiveWorld(setup)
    for page in record_pages(setup.ledger, mapping=spec.name, states=NOT_ENTERED_STATES):
        rows = [row for row in page if company in (None, row.company)]
        yield _as_read_now(setup, spec, exposed, rows, world)


def _as_read_now(
    setup: Setup, spec: MappingSpec, exposed: ExposedSpec, rows: Sequence[RecordRow], world: World
) -> list[_Paid]:
    """Those of the records that the source pays, as their mapping and books.yaml are now."""
    by_key, kinds = {row.key: row for row in rows}, (ValueStep, CrosswalkStep, LookupStep)
    apart: Apart[SourceRecord, Item] = Apart(
        work=lambda part: worked_out(spec, part, world, kinds),
        alone=lambda _record, _error: (),  # its run says so of it
        may_all_fail=True,
    )
    return [
        _Paid(by_key[item.record.key], item.company.code, item.scope)
        for item in (apart.do(kept_records(setup, spec, rows)) if rows else ())
        if item.company is not None and _is_paid(exposed, item.scope) and _is_known(exposed, item.scope)
    ]


def _is_paid(exposed: ExposedSpec, scope: Mapping[str, Any]) -> bool | None:
    """Whether the source pays it; None when what is known of it does not tell."""
    names = {use.path[0] for part in (*exposed.locks, exposed.amount) for use in part.equals.names}
    if not names <= set(scope):
        return None
    try:
        return exposed.where.render(scope) is True
    except RenderError:
        return None


def _is_known(exposed: ExposedSpec, scope: Mapping[str, Any]) -> bool:
    """Whether its vendor is known, so that the target can be asked."""
    try:
        return not any(is_missing(value.render(scope)) for _, value in exposed.match)
    except RenderError:
        return False


class _There:
    """What is open at the target: asked for once for each look-up, and as much of a row kept as is looked at."""

    def __init__(self, setup: Setup, spec: MappingSpec, exposed: ExposedSpec) -> None:
        self._connector = setup.connectors[spec.target.connection]
        self._at_once = setup.in_flight(spec.target.connection)
        self._exposed = exposed
        self._fields = _fields_of(exposed)
        self._found: dict[tuple[str | None, Match], dict[str | Decimal | None, list[bytes]]] = {}

    def ask(self, records: Iterable[_Paid]) -> None:
        """Ask for what these records need and was not asked for before."""
        wanted = dict.fromkeys((one.company, self._match(one)) for one in records)
        new = [one for one in wanted if one not in self._found]
        with ThreadPoolExecutor(max_workers=self._at_once) as pool:
            self._found.update(zip(new, pool.map(lambda one: self._open(*one), new), strict=True))

    def like(self, one: _Paid) -> Iterator[Row]:
        """The open documents that may be this record's: those of its name, and those of its amount."""
        found = self._found[one.company, self._match(one)]
        asked = self._exposed.amount.equals.render(one.scope)
        named = (one.row.reference or "", amount_of(asked), None)
        return (decode(row) for row in dict.fromkeys(row for name in named for row in found.get(name, ())))

    def _match(self, one: _Paid) -> Match:
        return tuple((key, value.render(one.scope)) for key, value in self._exposed.match)

    def _open(self, company: str | None, match: Match) -> dict[str | Decimal | None, list[bytes]]:
        found: dict[str | Decimal | None, list[bytes]] = {}
        for whole in self._connector.find(Lookup(set=self._exposed.set, matches=(match,), company=company))[match]:
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
    exposed: ExposedSpec, paid: _Paid, there: _There, result: Exposure, balances_of: Collection[RecordKey]
) -> Iterator[Exposed]:
    """What is exposed of this record; notes in the result what is open of it, where that is wanted."""
    for one in there.like(paid):
        if paid.row.key in balances_of and _is_own(exposed, paid.row, one):
            result.open[paid.row.key] = amount_of(exposed.balance(one))
        found = _one(exposed, paid, one)
        if found is not None:
            yield found


def _one(exposed: ExposedSpec, paid: _Paid, there: Mapping[str, Any]) -> Exposed | None:
    own = _is_own(exposed, paid.row, there)
    if not own and differs(exposed.amount, there, paid.scope):
        return None
    why = [sentence for lock in exposed.locks if (sentence := differs(lock, there, paid.scope))]
    if exposed.selected is not None and exposed.selected(there) is True:
        why.append("it is selected for a payment that is not posted yet")
    if not why:
        return None
    return Exposed(
        row=paid.row,
        reference=str(exposed.reference(there) or ""),
        balance=amount_of(exposed.balance(there)),
        why=tuple(why),
        keyed=not own,
    )


def _is_own(exposed: ExposedSpec, row: RecordRow, there: Mapping[str, Any]) -> bool:
    return str(exposed.reference(there) or "") == row.reference

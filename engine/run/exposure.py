"""Exposure: what the target could pay although the source pays it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from engine.adapters.store.port import RecordRow
from engine.domain.lifecycle import State
from engine.domain.record import RecordKey
from engine.language.spec.model import ExposedSpec, MappingSpec
from engine.language.transform.render import RenderError
from engine.plan.decision import Document
from engine.run.entered_documents import entered_documents
from engine.run.matching import differs
from engine.run.setup import Setup

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
    """All of it; `open` is what the target still owes on each of our documents that the source pays, `unread` are
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


def find_exposure(setup: Setup, specs: Sequence[MappingSpec], company: str | None = None) -> Exposure:
    """Every open document of the vendors we entered documents for that lacks a lock although the source pays.

    Raises:
        Unreachable: a target cannot be asked.
    """
    result = Exposure()
    told: dict[tuple[str, str], Exposed] = {}
    for spec in specs:
        if spec.exposed is None:
            continue
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
            for exposed in _exposed(setup, spec, spec.exposed, asked, result):
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


def _exposed(
    setup: Setup,
    spec: MappingSpec,
    exposed: ExposedSpec,
    asked: Sequence[tuple[RecordRow, Document]],
    result: Exposure,
) -> Iterable[Exposed]:
    """What is exposed of these; notes in the result what is open of them."""
    by_company: dict[str | None, list[tuple[RecordRow, Document]]] = {}
    for row, document in asked:
        by_company.setdefault(document.company, []).append((row, document))
    for name, waiting in by_company.items():
        matches = {
            document.key_text: tuple((key, value.render(document.scope)) for key, value in exposed.match)
            for _, document in waiting
        }
        found = setup.connectors[spec.target.connection].find(
            exposed.set, tuple(dict.fromkeys(matches.values())), company=name
        )
        for row, document in waiting:
            for there in found[matches[document.key_text]]:
                if _is_own(exposed, row, there):
                    result.open[row.key] = _balance(exposed, there)
                one = _one(exposed, row, document, there)
                if one is not None:
                    yield one


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
        balance=_balance(exposed, there),
        why=tuple(why),
        keyed=not own,
    )


def _is_own(exposed: ExposedSpec, row: RecordRow, there: Mapping[str, Any]) -> bool:
    return str(exposed.reference(there) or "") == row.reference


def _balance(exposed: ExposedSpec, there: Mapping[str, Any]) -> Decimal | None:
    balance = exposed.balance(there)
    return Decimal(balance) if isinstance(balance, (int, Decimal)) else None

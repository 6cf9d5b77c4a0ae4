"""Cut-over: history from before go-live is paired with the invoices that people keyed, and signed off."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from engine.adapters.store.port import Decision, RecordRow
from engine.domain.lifecycle import State
from engine.domain.record import SourceRecord
from engine.language.crosswalk.crosswalk import Crosswalk
from engine.language.spec.books import Company
from engine.language.spec.model import MappingSpec
from engine.plan.batch import follow_batch
from engine.plan.world import Match, Row
from engine.run.acknowledging import Acknowledged, Acknowledger
from engine.run.feed_turns import FeedTurns
from engine.run.ledger_pages import every_record
from engine.run.live_world import LiveWorld
from engine.run.setup import Setup, Tell, ignore
from engine.run.similar import Keyed, Sought, find_keyed, sought
from engine.run.turns import KeptLeases
from engine.words.errors import InputError

COLUMNS = (
    *("record", "mapping", "company", "vendor", "number", "date", "amount", "currency", "match"),
    *("document", "document_number", "document_date", "document_amount", "why", "accept", "reference"),
)
BATCH = 200
ACCEPTED = frozenset({"accept", "yes", "y", "x", "1", "true"})
TEXT_MAX = 500

Fit = Literal["exact", "probable", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A record from before go-live, and the document in the target that is most likely its own."""

    row: RecordRow
    vendor: str
    number: str
    day: date | None
    amount: Decimal | None
    fit: Fit
    keyed: Keyed | None
    why: str

    def as_row(self) -> dict[str, Any]:
        """The pair as a line of the file to sign; the reference is proposed where there is one."""
        keyed = self.keyed
        return {
            "record": str(self.row.key),
            "mapping": self.row.mapping,
            "company": self.row.company,
            "vendor": self.vendor,
            "number": self.number or self.row.label,
            "date": self.day,
            "amount": self.amount,
            "currency": self.row.currency,
            "match": self.fit,
            "document": keyed.reference if keyed else "",
            "document_number": keyed.number if keyed else "",
            "document_date": keyed.day if keyed else "",
            "document_amount": keyed.amount if keyed else "",
            "why": self.why,
            "accept": "",
            "reference": keyed.reference if keyed else "",
        }


class _AllOpen:
    """The world with every day open and gone live: what the mapping would have made of history."""

    def __init__(self, world: LiveWorld) -> None:
        self._world = world

    def look_up(
        self, connection: str, company: str | None, set_name: str, matches: Sequence[Match], fields: Sequence[str]
    ) -> Mapping[Match, tuple[Row, ...]]:
        """As the world has it."""
        return self._world.look_up(connection, company, set_name, matches, fields)

    def crosswalk(self, name: str) -> Crosswalk:
        """As the world has it."""
        return self._world.crosswalk(name)

    def company(self, name: str) -> Company | None:
        """The company, with every day open and gone live."""
        company = self._world.company(name)
        return None if company is None else replace(company, go_live=date.min, periods=((date.min, date.max),))


def match_history(setup: Setup, company: str) -> tuple[Pair, ...]:
    """Every record of a company that is cut over, paired; a document of the target stands in one pair at most.

    Raises:
        InputError: books.yaml does not have the company.
        Unreachable: the target cannot be asked.
    """
    if company not in setup.books.companies:
        raise InputError(f"books.yaml has no company {company}")
    world, pairs = LiveWorld(setup), []
    for spec in setup.specs:
        rows = [row for row in _cut_over(setup, spec) if row.company == company]
        for start in range(0, len(rows), BATCH):
            pairs += _match(setup, spec, rows[start : start + BATCH], world)
    return _each_document_once(pairs)


def _cut_over(setup: Setup, spec: MappingSpec) -> Iterator[RecordRow]:
    return every_record(setup.ledger, mapping=spec.name, states=[State.CUT_OVER])


_Candidates = tuple[RecordRow, "Sought | None", tuple[Keyed, ...]]


def _match(setup: Setup, spec: MappingSpec, rows: Sequence[RecordRow], world: LiveWorld) -> list[_Candidates]:
    similar = spec.dedupe.similar if spec.dedupe is not None else None
    if similar is None:
        return [(row, None, ()) for row in rows]
    payloads = setup.ledger.payloads([row.payload_hash for row in rows])
    records = [SourceRecord(key=row.key, company=None, payload=payloads.get(row.payload_hash, {})) for row in rows]
    items = [item for item, _ in follow_batch(spec, records, _AllOpen(world))]
    asked = [sought(similar, row.company, item.scope) for row, item in zip(rows, items, strict=True)]
    found = find_keyed(setup, spec, [one for one in asked if one is not None], world)
    return [(row, one, found.get(one, ()) if one is not None else ()) for row, one in zip(rows, asked, strict=True)]


def _each_document_once(candidates: Sequence[_Candidates]) -> tuple[Pair, ...]:
    """The best pairs first: exact ones, then those of one number, then the nearest in time."""
    links = [
        (_rank(one, keyed), position, keyed.reference, keyed)
        for position, (_, one, alike) in enumerate(candidates)
        if one is not None
        for keyed in alike
    ]
    taken: dict[int, Keyed] = {}
    used: set[str] = set()
    for _, position, reference, keyed in sorted(links, key=lambda link: link[:3]):
        if position not in taken and reference not in used:
            taken[position] = keyed
            used.add(reference)
    return tuple(_pair(row, one, taken.get(position)) for position, (row, one, _) in enumerate(candidates))


def _rank(one: Sought, keyed: Keyed) -> tuple[int, int]:
    apart = abs((keyed.day - one.day).days) if keyed.day is not None and one.day is not None else 9999
    grade = 0 if keyed.is_exact else 1 if keyed.same_number and keyed.same_amount else 2 if keyed.same_amount else 3
    return grade, apart


def _pair(row: RecordRow, one: Sought | None, keyed: Keyed | None) -> Pair:
    fit: Fit = "none" if keyed is None else "exact" if keyed.is_exact else "probable"
    return Pair(
        row=row,
        vendor=one.vendor if one is not None else "",
        number=one.number if one is not None else row.label,
        day=one.day if one is not None else None,
        amount=one.amount if one is not None and row.amount is None else row.amount,
        fit=fit,
        keyed=keyed,
        why=_why(one, keyed),
    )


def _why(one: Sought | None, keyed: Keyed | None) -> str:
    if one is None:
        return "its vendor is not known, or the mapping does not say how documents keyed by hand are found"
    if keyed is None:
        return "no invoice of this vendor has its number, or its amount about the same day"
    parts = (
        ("the same number" if keyed.number == one.number else "the number in another spelling")
        if keyed.same_number
        else f"another number ({keyed.number})",
        "the same amount" if keyed.same_amount else "another amount",
        "about the same day" if keyed.near else "another day",
    )
    return ", ".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """What signing did: the records dismissed, and how the writing back went."""

    dismissed: tuple[RecordRow, ...]
    left: int
    acknowledged: int
    failed: int
    warnings: tuple[str, ...]


def sign_history(setup: Setup, text: str, *, reason: str, tell: Tell = ignore) -> Signed:
    """Dismiss every record whose line a person marked, with the document's reference; all or none.

    Where the mapping writes back and both systems are production, the source hears that it is complete.

    Raises:
        InputError: the file is not one that `cutover match` wrote, or a marked line does not fit the ledger.
    """
    lines = _lines(text)
    marked = [(number, line) for number, line in lines if line["accept"].strip().casefold() in ACCEPTED]
    faults: list[str] = []
    decisions, rows = [], []
    specs = {spec.name: spec for spec in setup.specs}
    for number, line in marked:
        row, fault = _row_of(setup, line)
        if row is None or fault:
            faults.append(f"line {number}: {fault}")
            continue
        rows.append(row)
        decisions.append(_dismissal(row, specs.get(row.mapping or ""), line, reason))
    if len({row.id for row in rows}) < len(rows):
        faults.append("a record is marked twice")
    if faults:
        raise InputError(f"nothing was changed: {'; '.join(faults)}")
    act = setup.make_id()
    setup.ledger.decide(decisions, act, setup.who)
    with KeptLeases(setup, f"{setup.who}, cutover {act[:8]}") as leases:
        told = [
            Acknowledger(setup, spec, setup.make_id(), FeedTurns(setup, spec, leases, tell), tell).finish()
            for spec in (specs[name] for name in sorted(_mappings(rows) & set(specs)))
        ]
    return _signed(rows, len(lines) - len(marked), told)


def _mappings(rows: Sequence[RecordRow]) -> set[str]:
    return {row.mapping for row in rows if row.mapping is not None}


def _signed(rows: Sequence[RecordRow], left: int, told: Sequence[Acknowledged]) -> Signed:
    return Signed(
        dismissed=tuple(rows),
        left=left,
        acknowledged=sum(one.done for one in told),
        failed=sum(len(one.failed) for one in told),
        warnings=tuple(dict.fromkeys(one.warning for one in told if one.warning)),
    )


def _lines(text: str) -> list[tuple[int, dict[str, str]]]:
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    missing = [name for name in ("record", "amount", "accept", "reference") if name not in (reader.fieldnames or ())]
    if missing:
        raise InputError(f"the file has no column {missing[0]}: it must be one that `cutover match` wrote")
    return [
        (reader.line_num, {name: _plain(value) for name, value in line.items() if isinstance(name, str)})
        for line in reader
    ]


def _plain(value: Any) -> str:
    """A cell without the apostrophe that keeps a spreadsheet from reading it as a formula."""
    text = value if isinstance(value, str) else ""
    return text[1:] if text[:1] == "'" and text[1:2] in ("=", "+", "-", "@") else text


def _row_of(setup: Setup, line: Mapping[str, str]) -> tuple[RecordRow | None, str]:
    found = [row for row in setup.ledger.records(keys=[line["record"]], limit=2) if str(row.key) == line["record"]]
    if not found:
        return None, f"the ledger has no record {line['record']}"
    row = found[0]
    if row.state is not State.CUT_OVER:
        return row, f"{row.label or row.key.source_id} is {row.state.value.replace('_', ' ')}, not cut over"
    if not line["reference"].strip():
        return row, f"{row.label or row.key.source_id} is accepted without a reference: name the document"
    if len(line["reference"]) > TEXT_MAX:
        return row, f"the reference is longer than {TEXT_MAX} characters"
    if row.amount is not None and line["amount"].strip() and _amount(line["amount"]) != row.amount:
        return row, f"{row.label or row.key.source_id} has another amount in the ledger than in the file: match anew"
    return row, ""


def _amount(text: str) -> Decimal | None:
    try:
        return Decimal(text.strip())
    except InvalidOperation:
        return None


def _dismissal(row: RecordRow, spec: MappingSpec | None, line: Mapping[str, str], reason: str) -> Decision:
    tells = spec is not None and spec.acknowledge is not None and spec.acknowledge.entered is not None
    return Decision(
        record_id=row.id,
        state=State.DISMISSED,
        reason=reason,
        reference=line["reference"].strip(),
        entered_payload_hash=row.payload_hash,
        acknowledged="pending" if tells else "",
        was=State.CUT_OVER,
        detail={
            "act": "cutover sign",
            "match": line.get("match", ""),
            "was": {"cause": row.cause, "reason": row.reason},
        },
    )

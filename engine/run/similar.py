"""Documents that may be the same although they are written otherwise: keyed by hand, or entered by us before."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from engine.adapters.store.aside import Aside, Kept
from engine.domain.record import RecordKey
from engine.language.crosswalk.table import read_table
from engine.language.spec.model import KeptSpec, MappingSpec, SimilarSpec
from engine.language.transform.render import RenderError
from engine.plan.decision import Document
from engine.plan.extract import is_missing
from engine.plan.world import Row, World
from engine.run.setup import Setup
from engine.words.errors import InputError
from engine.words.json_value import encode
from engine.words.money import amount_of, show_money

_PREFIX = re.compile(r"^(INVOICE|INV)?(NUMBER|NR|NO)?(?=[0-9])")
_SEPARATORS = re.compile(r"[\W_]+")
_REDIRECT_COLUMNS = ("old_vendor_id", "new_vendor_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """What a document is looked for by: vendor id, number, amount and day, as far as they are known."""

    company: str | None
    vendor: str
    number: str
    amount: Decimal | None
    day: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyed:
    """A document in the target, and how it is like what was sought."""

    reference: str
    key: str
    number: str
    amount: Decimal | None
    day: date | None
    same_number: bool
    same_amount: bool
    near: bool

    @property
    def is_exact(self) -> bool:
        """Whether number, amount and day all fit."""
        return self.same_number and self.same_amount and self.near

    @property
    def how(self) -> str:
        """How it is like what was sought."""
        same = "the same number in another spelling" if self.same_number else "the same amount, dated near"
        return f"keyed by hand: {same}"

    def __str__(self) -> str:
        amount = "" if self.amount is None else f"{show_money(self.amount)}, "
        return f"{self.reference} ({amount}{self.day or 'no date'})"


def normalised(number: str) -> str:
    """A number as people mean it: without case, blanks, signs, an INV in front, and zeros in front of digits."""
    bare = _PREFIX.sub("", _SEPARATORS.sub("", unicodedata.normalize("NFKC", number).upper()), count=1)
    return re.sub(r"(?<![0-9])0+(?=[0-9])", "", bare)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """What a document is like, by name, with how; `spelling` is its vendor and its number in any spelling."""

    named: Mapping[str, str]
    spelling: str


class Spelt:
    """The numbers that a run has let through: what it enters itself is not there yet when the target is asked.

    They are set aside, so that a long run stays small.
    """

    def __init__(self, aside: Aside) -> None:
        self._first: Kept[str, tuple[str, str]] = aside.keep(tuple[str, str], lambda fact: fact[0])

    def first(self, alike: Alike) -> str | None:
        """The id at the source of the record that was let through with the number, if one was."""
        found = self._first.get(alike.spelling)
        return None if found is None else found[1]

    def add(self, alike: Alike, record: RecordKey) -> None:
        """This one is let through, as the first."""
        self._first.put((alike.spelling, record.source_id))


def ours(source_id: str) -> dict[str, str]:
    """A record of ours that has the number in another spelling, by name, with how it is like it."""
    return {f"the record {source_id}": "entered by us: the same number in another spelling"}


def alike(setup: Setup, spec: MappingSpec, documents: Sequence[Document], world: World) -> dict[RecordKey, Alike]:
    """For each document of a known vendor, those in the target that may be the same.

    Raises:
        Unreachable: the target cannot be asked.
    """
    if spec.dedupe is None or spec.dedupe.similar is None:
        return {}
    similar = spec.dedupe.similar
    asked = {document.record: sought(similar, document.company, document.scope) for document in documents}
    shelves = _shelves(setup, spec, similar, [one for one in asked.values() if one is not None], world)
    found: dict[RecordKey, Alike] = {}
    for document in documents:
        one = asked[document.record]
        if one is not None:
            shelf, number = shelves[one.company, one.vendor], normalised(one.number)
            named: dict[str, str] = {}
            for holder in shelf.ours.get(number, ()) if number else ():
                named |= ours(holder.source_id) if holder != document.record else {}
            keyed = (keyed for keyed in shelf.keyed_like(similar, one) if keyed.key != document.key_text)
            named |= {str(other): other.how for other in keyed}
            spelling = encode([one.company, *map(str, shelf.family), "", number or document.key_text]).decode()
            found[document.record] = Alike(named=named, spelling=spelling)
    return found


def sought(similar: SimilarSpec, company: str | None, scope: Mapping[str, Any]) -> Sought | None:
    """What a record is looked for by; None while its vendor is not known."""
    vendor = _rendered(similar.family.vendor, scope)
    if is_missing(vendor):
        return None
    number, amount, day = (_rendered(part.equals, scope) for part in (similar.number, similar.amount, similar.date))
    return Sought(
        company=company,
        vendor=str(vendor).strip(),
        number="" if number is None else str(number),
        amount=amount_of(amount),
        day=day if isinstance(day, date) else None,
    )


def _rendered(template: Any, scope: Mapping[str, Any]) -> Any:
    try:
        return template.render(scope)
    except RenderError:
        return None  # not worked out for this record: then it is not looked for by it


def find_keyed(
    setup: Setup, spec: MappingSpec, wanted: Sequence[Sought], world: World
) -> dict[Sought, tuple[Keyed, ...]]:
    """For each, the documents of its vendor's family that are like it and that no record of ours has entered."""
    similar = spec.dedupe.similar if spec.dedupe is not None else None
    if similar is None:
        return {}
    shelves = _shelves(setup, spec, similar, wanted, world)
    return {one: tuple(shelves[one.company, one.vendor].keyed_like(similar, one)) for one in wanted}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shelf:
    """What the target has of a vendor's family: documents keyed by hand, and the records of ours by plain number."""

    family: tuple[Any, ...]
    keyed: Sequence[Row]
    ours: Mapping[str, Sequence[RecordKey]]

    def keyed_like(self, similar: SimilarSpec, one: Sought) -> Iterator[Keyed]:
        """Those keyed by hand that are like what is sought."""
        likenesses = (_likeness(similar, one, row) for row in self.keyed)
        return (keyed for keyed in likenesses if keyed is not None)


def _shelves(
    setup: Setup, spec: MappingSpec, similar: SimilarSpec, wanted: Sequence[Sought], world: World
) -> dict[tuple[str | None, str], _Shelf]:
    """By company and vendor."""
    shelves: dict[tuple[str | None, str], _Shelf] = {}
    for company in dict.fromkeys(one.company for one in wanted):
        asked = {one.vendor for one in wanted if one.company == company}
        families = _families(setup, similar, company, asked)
        vendors = _vendor_values(spec, similar, company, families, world)
        matches = {value: ((similar.by, value),) for values in vendors.values() for value in values}
        rows = world.look_up(spec.target.connection, company, similar.set, tuple(matches.values()), similar.fields)
        ours = _ours(setup, spec, similar, company, (row for match in matches.values() for row in rows[match]))
        for vendor, values in vendors.items():
            there = [(_key_of(similar, row), row) for value in values for row in rows[matches[value]]]
            numbers: dict[str, list[RecordKey]] = {}
            for key, row in there:
                if key in ours:
                    numbers.setdefault(normalised(_text(similar.number, row)), []).append(ours[key])
            keyed = [row for key, row in there if key not in ours]
            shelves[company, vendor] = _Shelf(family=values, keyed=keyed, ours=numbers)
    return shelves


def _likeness(similar: SimilarSpec, one: Sought, row: Mapping[str, Any]) -> Keyed | None:
    number, day = _text(similar.number, row), as_day(similar.date.path(row))
    amount = amount_of(similar.amount.path(row))
    same_number = bool(normalised(one.number)) and normalised(one.number) == normalised(number)
    same_amount = amount is not None and amount == one.amount
    near = day is not None and one.day is not None and abs((day - one.day).days) <= similar.days
    if not same_number and not (same_amount and near):
        return None
    return Keyed(
        reference=str(similar.reference(row) or ""),
        key=_key_of(similar, row),
        number=number,
        amount=amount,
        day=day,
        same_number=same_number,
        same_amount=same_amount,
        near=near,
    )


def _ours(
    setup: Setup, spec: MappingSpec, similar: SimilarSpec, company: str | None, rows: Iterable[Mapping[str, Any]]
) -> Mapping[str, RecordKey]:
    """The records of ours that hold the claims on these documents, by dedupe key."""
    find = spec.dedupe.find[0].set if spec.dedupe is not None and spec.dedupe.find else ""
    keys = tuple(dict.fromkeys(_key_of(similar, row) for row in rows))
    namespace = f"{spec.target.connection}/{company or ''}/{find}"
    return setup.ledger.holder_of(namespace, keys) if keys else {}


def _key_of(similar: SimilarSpec, row: Mapping[str, Any]) -> str:
    """The dedupe key that the document would have, as `Document.key_text` has it."""
    return "|".join(str(row.get(name) or "").strip().casefold() for name in similar.key)


def _vendor_values(
    spec: MappingSpec,
    similar: SimilarSpec,
    company: str | None,
    families: Mapping[str, frozenset[str]],
    world: World,
) -> dict[str, tuple[Any, ...]]:
    """For each vendor, what the documents of its family name the vendor by."""
    family = similar.family
    matches = {name: ((family.by, name),) for members in families.values() for name in sorted(members)}
    rows = world.look_up(
        spec.target.connection, company, family.set, tuple(matches.values()), (family.by, family.take)
    )
    values: dict[str, tuple[Any, ...]] = {}
    for vendor, members in families.items():
        there = (row for name in sorted(members) for row in rows[matches[name]])
        values[vendor] = tuple(dict.fromkeys(row[family.take] for row in there if family.take in row))
    return values


def _families(
    setup: Setup, similar: SimilarSpec, company: str | None, vendors: Iterable[str]
) -> dict[str, frozenset[str]]:
    """Each vendor with those it was merged from or renumbered to, by the crosswalk of redirects if there is one."""
    pairs = _redirects(setup, similar.family.redirects, company)
    families: dict[str, frozenset[str]] = {}
    for vendor in vendors:
        members = {vendor}
        while more := {new for old, new in pairs if old in members} | {old for old, new in pairs if new in members}:
            if more <= members:
                break
            members |= more
        families[vendor] = frozenset(members)
    return families


def _redirects(setup: Setup, name: str, company: str | None) -> tuple[tuple[str, str], ...]:
    path = setup.folder / "mappings" / "crosswalks" / f"{name}.csv"
    if not path.exists():
        return ()
    table, problems = read_table(path, str(path.relative_to(setup.folder)))
    if table is None:
        raise InputError(f"{path.name} cannot be read", problems)
    columns = {column.casefold(): number for number, column in enumerate(table.columns)}
    if not set(_REDIRECT_COLUMNS) <= set(columns):
        raise InputError(f"{path.name} needs the columns old_vendor_id and new_vendor_id (and may have company)")
    pairs = []
    for row in table.rows:
        given = dict(zip(columns, row.texts, strict=False))
        cells = [given.get(column, "").strip() for column in _REDIRECT_COLUMNS]
        place = given.get("company", "*").strip()
        if all(cells) and place in ("*", "", company):
            pairs.append((cells[0], cells[1]))
    return tuple(pairs)


def _text(part: KeptSpec, row: Mapping[str, Any]) -> str:
    value = part.path(row)
    return "" if value is None else str(value)


def as_day(value: Any) -> date | None:
    """The day of a date or of its text; None when it is neither."""
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value)[:10]) if value else None
    except ValueError:
        return None

"""Reading the target for the control report, as the mappings' `reconcile` sections say."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from engine.adapters.connectors.port import Row
from engine.adapters.store.aside import Aside, Kept
from engine.language.spec.books import Company
from engine.language.spec.reconcile_model import ListingSpec, PostingSpec
from engine.language.transform.select import SelectError, Selector
from engine.run.reconciling.read_source import booking_specs
from engine.run.reconciling.sides import BookedLine, Period, Reading, TargetDocument, TargetSide
from engine.run.setup import Setup
from engine.words.errors import CredentialsError, Unreachable
from engine.words.money import amount_of

_Asked = tuple[str, str, tuple[tuple[str, str], ...]]
_Part = ListingSpec | PostingSpec


class _Lists:
    """The target's lists, each read once however many mappings name it, and page by page."""

    def __init__(self, setup: Setup, company: Company, period: Period, aside: Aside) -> None:
        self._setup = setup
        self._company = company
        self._scope = {
            "company": company.code,
            "books": company.settings,
            "first": period.first.isoformat(),
            "last": period.last.isoformat(),
        }
        self._parts: dict[_Asked, list[_Part]] = {}
        self.documents: Kept[str, TargetDocument] = aside.keep(
            TargetDocument,
            lambda document: document.reference.casefold(),
            lambda document: document.posting_key.casefold(),
        )
        self.lines: Kept[tuple[str, str], BookedLine] = aside.keep(
            BookedLine, lambda line: (line.listed, line.name), lambda line: line.document.casefold()
        )

    def name(self, connection: str, part: _Part) -> None:
        """Note that this part of a mapping names a list."""
        params = tuple((name, str(value.render(self._scope))) for name, value in part.params)
        self._parts.setdefault((connection, part.set, params), []).append(part)

    def read(self) -> tuple[Reading, ...]:
        """Read every list that was named."""
        return tuple(self._read(*asked, parts) for asked, parts in self._parts.items())

    def _read(self, connection: str, name: str, params: tuple[tuple[str, str], ...], parts: list[_Part]) -> Reading:
        count, pages, complete, what = 0, 0, False, f"{connection} {name}"
        try:
            for page in self._setup.connectors[connection].read(name, params=params, company=self._company.code):
                for row in page.rows:
                    self._keep(row, parts)
                count += len(page.rows)
                pages, complete = page.number, page.complete
        except (Unreachable, CredentialsError) as error:
            return Reading(what=what, rows=count, pages=pages, problem=str(error))
        problem = "" if complete else "it ended without a last page"
        return Reading(what=what, rows=count, pages=pages, problem=problem)

    def _keep(self, row: Row, parts: list[_Part]) -> None:
        for part in parts:
            if isinstance(part, ListingSpec):
                self.documents.put(_document(part, row))
            else:
                self._add_line(_line(part, row))

    def _add_line(self, line: BookedLine) -> None:
        """Two mappings read one list, each for its own documents: the line belongs to those of either."""
        known = self.lines.get((line.listed, line.name))
        if known is None or (line.document and not known.document):
            self.lines.put(line)


def read_target(
    setup: Setup, company: Company, period: Period, aside: Aside
) -> tuple[TargetSide | None, tuple[Reading, ...]]:
    """The documents and booked lines of the period; None when a list could not be read to its end."""
    lists = _Lists(setup, company, period, aside)
    for spec in booking_specs(setup):
        if spec.reconcile is not None:
            parts: tuple[_Part, ...] = (*spec.reconcile.documents, *spec.reconcile.postings)
            for part in parts:
                lists.name(spec.target.connection, part)
    readings = lists.read()
    if not all(reading.complete for reading in readings):
        return None, readings
    _add_documents(lists.documents, lists.lines)
    return TargetSide(documents=lists.documents, lines=lists.lines.values(), by_document=lists.lines.group), readings


def _add_documents(documents: Kept[str, TargetDocument], lines: Kept[tuple[str, str], BookedLine]) -> None:
    """Add the documents that are known by their lines alone, such as journals."""
    for line in lines.values():
        name = line.document.casefold()
        if name and name not in documents and not documents.group(name):
            booked = lines.group(name)
            documents.put(
                TargetDocument(
                    reference=line.document,
                    posting_key=line.document,
                    in_gl=any(one.in_gl for one in booked),
                    ours=next((one.ours for one in booked if one.ours), ""),
                    day=line.day,
                )
            )


def _document(listing: ListingSpec, row: Row) -> TargetDocument:
    reference = _text(listing.reference, row)
    return TargetDocument(
        reference=reference,
        posting_key=_text(listing.posting_key, row) or reference,
        in_gl=_at(listing.in_gl, row) is True,
        number=_text(listing.number, row),
        amount=_number(listing.amount, row),
        base_amount=_number(listing.base_amount, row),
        currency=_text(listing.currency, row) or None,
        day=_text(listing.date, row)[:10],
        vendor=_text(listing.vendor, row),
        ours=_text(listing.ours, row),
    )


def _line(posting: PostingSpec, row: Row) -> BookedLine:
    document = _at(posting.document, row)
    return BookedLine(
        listed=posting.set,
        name=_text(posting.line, row),
        document=document if isinstance(document, str) else "",
        account=_text(posting.account, row),
        natural=_text(posting.natural, row),
        amount=(_number(posting.debit, row) or Decimal(0)) - (_number(posting.credit, row) or Decimal(0)),
        in_gl=posting.in_gl,
        by=_text(posting.by, row),
        day=_text(posting.date, row)[:10],
        text=_text(posting.text, row).strip(),
        ours=_text(posting.ours, row),
    )


def _at(path: Selector | None, row: Row) -> Any:
    if path is None:
        return None
    try:
        return path(dict(row))
    except SelectError as error:
        raise Unreachable(f"a row of the target cannot be read: {error.sentence}") from None


def _text(path: Selector | None, row: Row) -> str:
    value = _at(path, row)
    return "" if value is None or isinstance(value, bool) else str(value)


def _number(path: Selector | None, row: Row) -> Decimal | None:
    return amount_of(_at(path, row))

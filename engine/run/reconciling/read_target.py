"""Reading the target for the control report, as the mappings' `reconcile` sections say."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from engine.adapters.connectors.port import Row
from engine.language.spec.books import Company
from engine.language.spec.reconcile_model import ListingSpec, PostingSpec
from engine.language.transform.select import SelectError, Selector
from engine.run.reconciling.read_source import booking_specs
from engine.run.reconciling.sides import BookedLine, Period, Reading, TargetDocument, TargetSide
from engine.run.setup import Setup
from engine.words.errors import CredentialsError, Unreachable

_Asked = tuple[str, str, tuple[tuple[str, str], ...]]


class _Lists:
    """The target's lists, each read once however many mappings name it."""

    def __init__(self, setup: Setup, company: Company, period: Period) -> None:
        self._setup = setup
        self._company = company
        self._scope = {
            "company": company.code,
            "books": company.settings,
            "first": period.first.isoformat(),
            "last": period.last.isoformat(),
        }
        self._rows: dict[_Asked, tuple[Row, ...]] = {}
        self.readings: dict[_Asked, Reading] = {}

    def rows(self, connection: str, listing: ListingSpec | PostingSpec) -> tuple[Row, ...]:
        """The rows of a list; none when it cannot be read, which its reading says."""
        params = tuple((name, str(value.render(self._scope))) for name, value in listing.params)
        asked = (connection, listing.set, params)
        if asked not in self.readings:
            self._rows[asked], self.readings[asked] = self._read(*asked)
        return self._rows[asked]

    def _read(
        self, connection: str, name: str, params: tuple[tuple[str, str], ...]
    ) -> tuple[tuple[Row, ...], Reading]:
        rows: list[Row] = []
        pages, complete, what = 0, False, f"{connection} {name}"
        try:
            for page in self._setup.connectors[connection].read(name, params=params, company=self._company.code):
                rows += page.rows
                pages, complete = page.number, page.complete
        except (Unreachable, CredentialsError) as error:
            return (), Reading(what=what, rows=len(rows), pages=pages, problem=str(error))
        problem = "" if complete else "it ended without a last page"
        return tuple(rows), Reading(what=what, rows=len(rows), pages=pages, problem=problem)


def read_target(setup: Setup, company: Company, period: Period) -> tuple[TargetSide | None, tuple[Reading, ...]]:
    """The documents and booked lines of the period; None when a list could not be read to its end."""
    lists = _Lists(setup, company, period)
    documents: dict[str, TargetDocument] = {}
    lines: dict[tuple[str, str], BookedLine] = {}
    for spec in booking_specs(setup):
        if spec.reconcile is None:
            continue
        connection = spec.target.connection
        for listing in spec.reconcile.documents:
            for row in lists.rows(connection, listing):
                document = _document(listing, row)
                documents[document.reference.casefold()] = document
        for posting in spec.reconcile.postings:
            for row in lists.rows(connection, posting):
                _add_line(lines, posting, _line(posting, row))
    readings = tuple(lists.readings.values())
    if not all(reading.complete for reading in readings):
        return None, readings
    return _side(documents, lines.values()), readings


def _side(documents: dict[str, TargetDocument], lines: Iterable[BookedLine]) -> TargetSide:
    by_document: dict[str, list[BookedLine]] = {}
    for line in lines:
        for name in line.documents:
            by_document.setdefault(name.casefold(), []).append(line)
    listed = {document.posting_key.casefold() for document in documents.values()}
    for name, booked in by_document.items():
        if name not in listed:  # a document that is known by its lines alone, such as a journal
            in_gl = any(line.in_gl for line in booked)
            stamp = next((line.ours for line in booked if line.ours), "")
            called = next(one for one in booked[0].documents if one.casefold() == name)
            documents[name] = TargetDocument(
                reference=called, posting_key=called, in_gl=in_gl, ours=stamp, day=booked[0].day
            )
    return TargetSide(
        documents=documents,
        lines=tuple(lines),
        by_document={name: tuple(booked) for name, booked in by_document.items()},
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
        name=_text(posting.line, row),
        documents=(document,) if isinstance(document, str) and document else (),
        account=_text(posting.account, row),
        natural=_text(posting.natural, row),
        amount=(_number(posting.debit, row) or Decimal(0)) - (_number(posting.credit, row) or Decimal(0)),
        in_gl=posting.in_gl,
        by=_text(posting.by, row),
        day=_text(posting.date, row)[:10],
        text=_text(posting.text, row).strip(),
        ours=_text(posting.ours, row),
    )


def _add_line(lines: dict[tuple[str, str], BookedLine], posting: PostingSpec, line: BookedLine) -> None:
    """Two mappings read one list, each for its own documents: the line belongs to those of either."""
    key = (posting.set, line.name)
    known = lines.get(key)
    if known is None or (line.documents and not known.documents):
        lines[key] = line


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
    value = _at(path, row)
    return Decimal(value) if isinstance(value, (int, Decimal)) and not isinstance(value, bool) else None

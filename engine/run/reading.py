"""Reading a feed to its end into the ledger, before anything is planned or sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from engine.adapters.connectors.port import Page
from engine.adapters.store.port import RecordRow
from engine.domain.record import RecordKey, SourceRecord
from engine.language.spec.model import MappingSpec
from engine.run.setup import Setup, Tell
from engine.words.errors import Unreachable


def feeds_of(setup: Setup, spec: MappingSpec) -> tuple[tuple[str | None, str], ...]:
    """The feeds a mapping reads: (company, feed name), one for each company where it reads each."""
    if not spec.source.each_company:
        return ((None, spec.source.endpoint),)
    return tuple((name, f"{name} {spec.source.endpoint}") for name in setup.books.companies)


def mappings_of_feed(setup: Setup, spec: MappingSpec) -> tuple[MappingSpec, ...]:
    """The mappings that share this one's feed, itself among them."""
    feed = (spec.source.connection, spec.source.endpoint)
    return tuple(one for one in setup.specs if (one.source.connection, one.source.endpoint) == feed)


def company_read_under(spec: MappingSpec, key: RecordKey) -> str | None:
    """The company in front of a feed that is read company by company."""
    return key.feed.split(" ", 1)[0] if spec.source.each_company else None


def kept_records(setup: Setup, spec: MappingSpec, rows: Sequence[RecordRow]) -> list[SourceRecord]:
    """Records as the ledger keeps them, read at once."""
    payloads = setup.ledger.payloads([row.payload_hash for row in rows])
    return [_kept(spec, row, payloads.get(row.payload_hash)) for row in rows]


def _kept(spec: MappingSpec, row: RecordRow, payload: Any) -> SourceRecord:
    return SourceRecord(key=row.key, company=company_read_under(spec, row.key), payload=payload)


def read_records(setup: Setup, spec: MappingSpec, company: str | None, feed: str) -> Iterator[list[SourceRecord]]:
    """A feed page by page, as records.

    Raises:
        Unreachable: a page cannot be read, a row has no id, or the feed ends before its last page.
    """
    connector = setup.connectors[spec.source.connection]
    complete = False
    for page in connector.read(spec.source.endpoint, params=spec.source.params, company=company):
        yield [_record(spec, row, company, feed, page) for row in page.rows]
        complete = page.complete
    if not complete:
        raise Unreachable(f"{spec.source.connection} {feed}: the feed ended without a last page")


def read_into_ledger(setup: Setup, spec: MappingSpec, run: str, tell: Tell) -> tuple[int, dict[str, Unreachable]]:
    """Every page of the mapping's feeds into the ledger; what left a feed is withdrawn.

    Gives the count, and why a feed could not be read to its end, by its name: nothing of that feed is decided.

    Raises:
        Unreachable: none of them could be read to its end.
        Stopping: the process was asked to stop between two pages; nothing of that feed is withdrawn.
    """
    count, unread = 0, {}
    feeds = feeds_of(setup, spec)
    for company, feed in feeds:
        try:
            for records in read_records(setup, spec, company, feed):
                setup.stop_if_asked()
                setup.ledger.register(records, run)
                count += len(records)
                tell("read", len(records))
        except Unreachable as error:
            unread[feed] = error
            if len(unread) == len(feeds):
                raise
            continue
        setup.ledger.withdraw_unseen(spec.source.connection, feed, run)
    return count, unread


def _record(spec: MappingSpec, row: object, company: str | None, feed: str, page: Page) -> SourceRecord:
    place = f"{spec.source.connection} {feed}, page {page.number}"
    if not isinstance(row, dict):
        raise Unreachable(f"{place}: a row is not an object")
    source_id = spec.source.id(row)
    if not isinstance(source_id, (str, int)) or isinstance(source_id, bool) or source_id == "":
        raise Unreachable(f"{place}: a row has no id at {spec.source.id.text}")
    key = RecordKey(connection=spec.source.connection, feed=feed, source_id=str(source_id))
    return SourceRecord(key=key, company=company, payload=row)

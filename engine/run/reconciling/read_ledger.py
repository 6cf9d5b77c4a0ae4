"""Reading our own ledger for the control report, with what was sent for each entered record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from engine.adapters.store.aside import Aside, Kept
from engine.adapters.store.port import RecordRow
from engine.domain.record import RecordKey
from engine.language.spec.books import Company
from engine.language.spec.model import MappingSpec
from engine.run.ledger_pages import record_pages
from engine.run.reading import feeds_of
from engine.run.reconciling.read_source import booking_specs
from engine.run.reconciling.sides import IN_TARGET, LedgerFact, Period
from engine.run.sent import last_sent
from engine.run.setup import Setup


def read_ledger(setup: Setup, company: Company, period: Period, aside: Aside) -> Mapping[RecordKey, LedgerFact]:
    """Every record of the feeds that are booked; entries only of those entered into this company and period."""
    accounts = {spec.name: _accounts(spec, company) for spec in booking_specs(setup)}
    facts: Kept[RecordKey, LedgerFact] = aside.keep(LedgerFact, lambda fact: fact.key)
    for rows in _pages(setup):
        sent = last_sent(setup, [row for row in rows if _is_entered(row, company.code, period)])
        for row in rows:
            facts.put(_fact(row, _entries(sent.get(row.id), accounts.get(row.mapping or "", {}))))
    return facts


def _pages(setup: Setup) -> Iterator[tuple[RecordRow, ...]]:
    feeds = {
        (spec.source.connection, feed): None for spec in booking_specs(setup) for _, feed in feeds_of(setup, spec)
    }
    for feed in feeds:
        yield from record_pages(setup.ledger, feed=feed)


def _is_entered(row: RecordRow, company: str, period: Period) -> bool:
    return row.state in IN_TARGET and row.company == company and period.has(_day(row.book_date))


def _accounts(spec: MappingSpec, company: Company) -> dict[str, str]:
    """The account behind each entry that the target books by itself."""
    if spec.reconcile is None:
        return {}
    scope = {"books": company.settings, "company": company.code}
    return {name: str(value.render(scope) or "") for name, value in spec.reconcile.accounts}


def _entries(sent: Mapping[str, Any] | None, accounts: Mapping[str, str]) -> tuple[tuple[str, Decimal], ...] | None:
    if sent is None:
        return None
    return tuple(
        (accounts.get(account, account) if by_target else account, Decimal(amount))
        for account, amount, by_target in sent["entries"]
    )


def _fact(row: RecordRow, entries: tuple[tuple[str, Decimal], ...] | None) -> LedgerFact:
    return LedgerFact(
        key=row.key,
        mapping=row.mapping,
        state=row.state,
        company=row.company,
        day=_day(row.book_date),
        amount=row.amount,
        currency=row.currency,
        label=row.label or row.key.source_id,
        reference=row.reference or "",
        reason=row.reason,
        entries=entries,
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text[:10]) if text else None

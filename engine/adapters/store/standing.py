"""How things stand, for those who watch: what is open, and when each mapping last ran well."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, and_, or_, select

from engine.adapters.store.database import Database
from engine.adapters.store.tables import ledger, records, runs
from engine.domain.lifecycle import State
from engine.words.json_value import decode


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRecord:
    """As much of a record as a count needs; `since` is when it came into its state, or when that last changed."""

    mapping: str
    state: State
    cause: str
    amount: Decimal | None
    currency: str
    first_seen_at: datetime
    since: datetime


class Standing:
    """Reads the ledger for counts, in memory that does not grow with it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def visit(self, states: Sequence[State], noticed: Sequence[State], hear: Callable[[OpenRecord], None]) -> None:
        """Tell every record in `states`, and those in `noticed` that have a cause."""

        def work(connection: Connection) -> None:
            columns = (
                records.c.mapping,
                records.c.state,
                records.c.cause,
                records.c.amount,
                records.c.currency,
                records.c.first_seen_at,
                records.c.updated_at,
            )
            wanted = or_(
                records.c.state.in_([str(state) for state in states]),
                and_(records.c.state.in_([str(state) for state in noticed]), records.c.cause != ""),
            )
            for mapping, state, cause, amount, currency, first_seen_at, since in connection.execute(
                select(*columns).where(wanted).order_by(records.c.id)
            ):
                hear(
                    OpenRecord(
                        mapping=mapping or "",
                        state=State(state),
                        cause=cause,
                        amount=amount,
                        currency=currency or "",
                        first_seen_at=first_seen_at,
                        since=since,
                    )
                )

        self._database.read(work)

    def good_runs(self, since: datetime) -> dict[str, datetime]:
        """The mappings that had a good run which ended at `since` or later, with the end of the last one."""

        def work(connection: Connection) -> dict[str, datetime]:
            query = select(runs.c.mapping, runs.c.ended_at, runs.c.result).where(runs.c.ended_at >= since)
            found: dict[str, datetime] = {}
            for mapping, ended_at, result in connection.execute(query.order_by(runs.c.number)):
                told = decode(result)
                if not any(told.get(fault) for fault in ("stopped", "broke_off", "unread")):
                    found[mapping] = max(ended_at, found.get(mapping, ended_at))
            return found

        return self._database.read(work)

    def made_at(self) -> datetime:
        """When the ledger was made."""
        made_at: datetime = self._database.read(
            lambda connection: connection.execute(select(ledger.c.made_at)).scalar_one()
        )
        return made_at

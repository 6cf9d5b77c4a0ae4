"""What the metrics ask of the ledger: sums and counts by the database, and what ended since the last look.

Amounts are summed by the database as it can, which in SQLite is not exact: they are for graphs, never for books.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    FromClause,
    Numeric,
    Select,
    and_,
    cast,
    func,
    select,
)

from engine.adapters.store.database import Database
from engine.adapters.store.tables import UtcTime, alerts, attempts, inbox, records, runs
from engine.adapters.store.transaction import parts_of
from engine.domain.lifecycle import State

OPEN_MAX = 1000
"""Unended ones that are watched; more are left of runs that were cut off, and never end."""
NEW_MAX = 10_000
"""Runs and attempts taken in at one look; the rest comes at the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSum:
    """How many records of a mapping stand in a state, and about how much they are worth in one currency."""

    mapping: str
    state: State
    currency: str
    count: int
    amount: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """How many seconds something of a mapping took that has ended: a run, or one call with an effect."""

    mapping: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """How many wait, and since when the oldest does."""

    count: int
    since: datetime | None


class _Ended:
    """Follows a table whose rows are numbered in order and end later; each ended row is given once."""

    def __init__(self, *, number: Column[Any], mapping: Column[Any], source: FromClause) -> None:
        self._number, self._mapping, self._source = number, mapping, source
        self._started: ColumnElement[Any] = number.table.c.started_at
        self._finished: ColumnElement[Any] = number.table.c.ended_at
        self._last = 0
        self._open: frozenset[int] = frozenset()

    def begin(self, connection: Connection) -> None:
        """Follow from here on: what runs now will be given when it has ended."""
        self._last = connection.execute(select(func.max(self._number))).scalar_one() or 0
        unended = select(self._number).where(self._finished.is_(None)).order_by(self._number.desc())
        self._open = frozenset(connection.execute(unended.limit(OPEN_MAX)).scalars())

    def ended(self, connection: Connection) -> tuple[Took, ...]:
        """What has ended since; nothing of what is older is read again."""
        rows = [
            row
            for wanted in (
                *(self._number.in_(part) for part in parts_of(sorted(self._open))),
                self._number > self._last,
            )
            for row in connection.execute(self._query().where(wanted).order_by(self._number).limit(NEW_MAX))
        ]
        unended = [row.number for row in rows if row.finished is None]
        self._open = frozenset(sorted(unended)[-OPEN_MAX:])
        self._last = max((self._last, *(row.number for row in rows)))
        return tuple(
            Took(mapping=row.mapping or "", seconds=(row.finished - row.started).total_seconds())
            for row in rows
            if row.finished is not None
        )

    def _query(self) -> Select[Any]:
        return select(
            self._number.label("number"),
            self._mapping.label("mapping"),
            self._started.label("started"),
            self._finished.label("finished"),
        ).select_from(self._source)


class Measures:
    """Asks one ledger; only `record_sums` reads every record, so ask for that one seldom."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._runs = _Ended(number=runs.c.number, mapping=runs.c.mapping, source=runs)
        of_record = attempts.join(records, records.c.id == attempts.c.record_id)
        self._calls = _Ended(number=attempts.c.id, mapping=records.c.mapping, source=of_record)
        database.read(self._runs.begin)
        database.read(self._calls.begin)

    def runs_ended(self) -> tuple[Took, ...]:
        """Runs that ended since the last look; at the first look, since this was made."""
        return self._database.read(self._runs.ended)

    def calls_ended(self) -> tuple[Took, ...]:
        """Calls with an effect at a target that ended since the last look."""
        return self._database.read(self._calls.ended)

    def record_sums(self) -> tuple[RecordSum, ...]:
        """All records by mapping, state and currency."""
        query = select(
            records.c.mapping,
            records.c.state,
            records.c.currency,
            func.count().label("number"),
            func.sum(cast(records.c.amount, Numeric(asdecimal=False))).label("amount"),
        ).group_by(records.c.mapping, records.c.state, records.c.currency)
        rows = self._database.read(lambda connection: connection.execute(query).all())
        return tuple(
            RecordSum(
                mapping=row.mapping or "",
                state=State(row.state),
                currency=row.currency or "",
                count=row.number,
                amount=row.amount or 0,
            )
            for row in rows
        )

    def doubt_since(self) -> Mapping[str, datetime]:
        """By mapping, when the oldest request was sent whose outcome is still in doubt."""
        query = (
            select(records.c.mapping, func.min(attempts.c.started_at, type_=UtcTime()).label("since"))
            .join(attempts, and_(attempts.c.record_id == records.c.id, attempts.c.number == records.c.attempts))
            .where(records.c.state == State.IN_DOUBT)
            .group_by(records.c.mapping)
        )
        rows = self._database.read(lambda connection: connection.execute(query).all())
        return {row.mapping or "": row.since for row in rows}

    def inbox_waiting(self) -> Waiting:
        """Webhook events whose mappings were not woken yet."""
        query = select(func.count().label("number"), func.min(inbox.c.received_at, type_=UtcTime()).label("since"))
        row = self._database.read(
            lambda connection: connection.execute(query.where(inbox.c.woken_at.is_(None))).one()
        )
        return Waiting(count=row.number, since=row.since)

    def alerts_open(self) -> Mapping[str, int]:
        """Alerts that are not cleared, by rule."""
        query = select(alerts.c.rule, func.count().label("number")).where(alerts.c.cleared_at.is_(None))
        rows = self._database.read(lambda connection: connection.execute(query.group_by(alerts.c.rule)).all())
        return {row.rule: row.number for row in rows}

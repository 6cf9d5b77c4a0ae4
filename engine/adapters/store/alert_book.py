"""The book of alerts: what stands, what was told of it on which channel, and what waits to be told.

A message is claimed before it is sent and noted after: of two processes one tells it, and when that one dies in
between, it is told again once its claim has run out. So an alert may come twice, with the same id, rather than not
at all. A cause that is over before it could be told is not told any more.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, insert, or_, select, update

from engine.adapters.store.database import Database
from engine.adapters.store.dialect import LeaseTime
from engine.adapters.store.rows import rows_of
from engine.adapters.store.tables import alerts
from engine.domain.alert import Event, Raised
from engine.words.json_value import canonical, decode

CLAIM = timedelta(minutes=5)
"""Longer than any channel may take."""
WAIT_MAX_MINUTES = 60
KEPT = timedelta(days=90)
"""So long a cause that is over stays in the book."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A cause that stands now, for one channel."""

    rule: str
    channel: str
    raised: Raised
    repeat_after: timedelta | None = None

    @property
    def key(self) -> str:
        """What makes it one and the same."""
        return f"{self.rule}|{self.raised.cause}|{self.channel}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRow:
    """A cause in the book, for one channel; `cleared_at` is None while it stands, `due` empty when nothing waits."""

    key: str
    rule: str
    cause: str
    channel: str
    raised: Raised
    raised_at: datetime
    cleared_at: datetime | None
    due: Event | None
    told_at: datetime | None
    tries: int
    trouble: str


class AlertBook:
    """The book in the ledger's database; several processes may use it at once."""

    def __init__(self, database: Database, time: LeaseTime) -> None:
        self._database = database
        self._time = time

    def observe(
        self, entries: Sequence[Entry], *, is_over: Callable[[AlertRow], bool], says_over: Collection[str]
    ) -> None:
        """Note what stands now, and what of the rest is over; causes that were not looked at stay as they are.

        `says_over` are the rules that tell when a cause is over.
        """

        def work(connection: Connection) -> None:
            now = self._time(connection)
            known = {row.key: row for row in _select(connection)}
            for entry in entries:
                _note(connection, entry, known.get(entry.key), now)
            standing = {entry.key for entry in entries}
            for key, row in known.items():
                if key not in standing and row.cleared_at is None and is_over(row):
                    told = row.told_at is not None and row.rule in says_over
                    _set(connection, key, cleared_at=now, **_due(Event.CLEARED if told else None))
            connection.execute(delete(alerts).where(alerts.c.cleared_at < now - KEPT, alerts.c.due == ""))

        self._database.write(work)

    def claim(self, *, but: Collection[str] = ()) -> AlertRow | None:
        """Take one message that waits, for five minutes; None when there is none outside the channels in `but`."""

        def work(connection: Connection) -> AlertRow | None:
            now = self._time(connection)
            row = next(
                iter(
                    _select(
                        connection,
                        alerts.c.due != "",
                        or_(alerts.c.not_before.is_(None), alerts.c.not_before <= now),
                        or_(alerts.c.claimed_until.is_(None), alerts.c.claimed_until <= now),
                        alerts.c.channel.not_in(list(but)),
                    )
                ),
                None,
            )
            if row is not None:
                _set(connection, row.key, claimed_until=now + CLAIM)
            return row

        return self._database.write(work)

    def told(self, row: AlertRow) -> None:
        """It arrived; what became due meanwhile stays due."""

        def work(connection: Connection) -> None:
            now = self._time(connection)
            _set_claimed(connection, row, told_at=now, **_due(None))

        self._database.write(work)

    def failed(self, row: AlertRow, trouble: str) -> None:
        """It did not arrive: it is tried again after a while that doubles, at most an hour."""

        def work(connection: Connection) -> None:
            wait = timedelta(minutes=min(2**row.tries, WAIT_MAX_MINUTES))
            again = self._time(connection) + wait
            values = {"tries": row.tries + 1, "trouble": trouble, "not_before": again, "claimed_until": None}
            _set_claimed(connection, row, **values)

        self._database.write(work)

    def rows(self) -> tuple[AlertRow, ...]:
        """The whole book, the oldest first."""
        return self._database.read(lambda connection: tuple(_select(connection)))


def _note(connection: Connection, entry: Entry, known: AlertRow | None, now: datetime) -> None:
    detail = canonical(entry.raised.as_json()).decode()
    raised = {"detail": detail, "raised_at": now, "cleared_at": None, "told_at": None, **_due(Event.RAISED)}
    if known is None:
        names = {"key": entry.key, "rule": entry.rule, "cause": entry.raised.cause, "channel": entry.channel}
        connection.execute(insert(alerts).values(**names, **raised))
    elif known.cleared_at is not None:
        _set(connection, entry.key, **raised)
    else:
        again = (
            entry.repeat_after is not None
            and known.due is None
            and known.told_at is not None
            and now - known.told_at >= entry.repeat_after
        )
        changed = known.raised != entry.raised
        if again or changed:
            _set(connection, entry.key, detail=detail, **(_due(Event.AGAIN) if again else {}))


def _due(event: Event | None) -> dict[str, Any]:
    return {
        "due": "" if event is None else event.value,
        "tries": 0,
        "trouble": "",
        "not_before": None,
        "claimed_until": None,
    }


def _set(connection: Connection, key: str, **values: Any) -> None:
    connection.execute(update(alerts).where(alerts.c.key == key).values(**values))


def _set_claimed(connection: Connection, row: AlertRow, **values: Any) -> None:
    """Only while it is still the message that was claimed: meanwhile its cause may be over, or have come back."""
    connection.execute(
        update(alerts)
        .where(alerts.c.key == row.key, alerts.c.due == row.due, alerts.c.raised_at == row.raised_at)
        .values(**values)
    )


def _select(connection: Connection, *wanted: Any) -> list[AlertRow]:
    query = select(alerts).where(*wanted).order_by(alerts.c.raised_at, alerts.c.key)
    return [_row(row) for row in rows_of(connection.execute(query))]


def _row(row: Mapping[str, Any]) -> AlertRow:
    return AlertRow(
        key=row["key"],
        rule=row["rule"],
        cause=row["cause"],
        channel=row["channel"],
        raised=Raised.from_json(decode(row["detail"])),
        raised_at=row["raised_at"],
        cleared_at=row["cleared_at"],
        due=Event(row["due"]) if row["due"] else None,
        told_at=row["told_at"],
        tries=row["tries"],
        trouble=row["trouble"],
    )

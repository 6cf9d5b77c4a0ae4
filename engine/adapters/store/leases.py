"""Leases: whose turn it is to send, by a row with a fence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, insert, select, update

from engine.adapters.store.port import Lease, TurnLost
from engine.adapters.store.tables import leases

_BY_NAME = select(leases).where(leases.c.name == bindparam("name"))


def _row(connection: Connection, name: str) -> Lease | None:
    row = connection.execute(_BY_NAME, {"name": name}).one_or_none()
    if row is None:
        return None
    return Lease(name=row.name, holder=row.holder, fence=row.fence, expires_at=row.expires_at)


def take(connection: Connection, name: str, holder: str, until: datetime, now: datetime) -> Lease | None:
    """The lease until then, unless another holds it; its fence grows with every change of holder.

    One that would last more than twice as long as is asked for now was taken before the wall clock was set
    back, and counts as over: its holder, if it lives, is stopped by the fence.
    """
    current = _row(connection, name)
    if (
        current is not None
        and current.holder not in ("", holder)
        and now < current.expires_at <= until + (until - now)
    ):
        return None
    same = current is not None and current.holder == holder
    fence = 1 if current is None else current.fence if same else current.fence + 1
    values = {"holder": holder, "fence": fence, "expires_at": until}
    if current is None:
        connection.execute(insert(leases).values(name=name, **values))
    else:
        connection.execute(update(leases).where(leases.c.name == name).values(**values))
    return Lease(name=name, holder=holder, fence=fence, expires_at=until)


def renew(connection: Connection, lease: Lease, until: datetime) -> Lease:
    """The same lease until then, also when it ran out and nobody took it."""
    if not _is_ours(_row(connection, lease.name), lease):
        raise TurnLost(f"the turn {lease.name} was taken over by another runner")
    connection.execute(update(leases).where(leases.c.name == lease.name).values(expires_at=until))
    return Lease(name=lease.name, holder=lease.holder, fence=lease.fence, expires_at=until)


def release(connection: Connection, lease: Lease, now: datetime) -> None:
    """Give it back, if it is still ours."""
    if _is_ours(_row(connection, lease.name), lease):
        connection.execute(update(leases).where(leases.c.name == lease.name).values(holder="", expires_at=now))


def holder(connection: Connection, name: str, now: datetime) -> Lease | None:
    """The lease, if somebody holds it."""
    current = _row(connection, name)
    return current if current is not None and current.holder and current.expires_at > now else None


def lost(held: Mapping[str, Lease], asked: Iterable[Lease], now: datetime) -> dict[Lease, TurnLost]:
    """Those that are not ours any more, because they ran out or another runner took them; `held` by name."""
    found = {}
    for lease in set(asked):
        current = held.get(lease.name)
        if current is None or not _is_ours(current, lease):
            found[lease] = TurnLost(f"the turn {lease.name} was taken over by another runner: nothing more is sent")
        elif current.expires_at <= now:
            found[lease] = TurnLost(f"the turn {lease.name} ran out: nothing more is sent")
    return found


def _is_ours(current: Lease | None, lease: Lease) -> bool:
    return current is not None and (current.holder, current.fence) == (lease.holder, lease.fence)


def after(now: datetime, seconds: float) -> datetime:
    """The time so many seconds from now."""
    return now + timedelta(seconds=seconds)

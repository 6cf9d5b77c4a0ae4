"""Runs: opened, closed, and who started them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, insert, or_, select, update

from engine.adapters.store.port import RunRow
from engine.adapters.store.rows import rows_of, run_of
from engine.adapters.store.tables import records, runs
from engine.adapters.store.transaction import Transaction
from engine.words.errors import ProgramError
from engine.words.json_value import encode

_AUTHOR = select(runs.c.who).where(runs.c.id == bindparam("run"))


def start(transaction: Transaction, run: str, mapping: str) -> None:
    """Open a run."""
    transaction.connection.execute(
        insert(runs).values(id=run, mapping=mapping, who=transaction.act.who, started_at=transaction.now)
    )
    transaction.note([transaction.event("run_started", None, {"mapping": mapping})])


def end(transaction: Transaction, run: str, result: Mapping[str, Any]) -> None:
    """Close a run with its counts.

    Raises:
        ProgramError: it was never opened, or its result is not JSON.
    """
    try:
        text = encode(dict(result)).decode()
    except TypeError as error:
        raise ProgramError(f"the result of run {run} cannot be kept: {error}") from error
    ended = transaction.connection.execute(
        update(runs).where(runs.c.id == run).values(ended_at=transaction.now, result=text)
    )
    if ended.rowcount != 1:
        raise ProgramError(f"there is no run {run} in the ledger")
    transaction.note([transaction.event("run_ended", None, {"result": dict(result)})])


def author(connection: Connection, run: str) -> str:
    """Who started a run; empty when the ledger does not know the run."""
    return connection.execute(_AUTHOR, {"run": run}).scalar_one_or_none() or ""


def seen_since(run: str) -> ColumnElement[bool]:
    """Whether a record was seen by this run, or by one that began after it: two may read a feed at the same time."""
    number = select(runs.c.number).where(runs.c.id == run).scalar_subquery()
    return or_(records.c.seen_run == run, records.c.seen_run.in_(select(runs.c.id).where(runs.c.number >= number)))


def latest(connection: Connection, limit: int) -> tuple[RunRow, ...]:
    """The latest runs, newest first."""
    query = select(runs).order_by(runs.c.number.desc()).limit(limit)
    return tuple(run_of(row) for row in rows_of(connection.execute(query)))

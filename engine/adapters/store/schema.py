"""Making the tables on first use, and refusing a ledger that a newer program made."""

from __future__ import annotations

from sqlalchemy import Connection, Engine, insert, inspect, select

from engine.adapters.store.dialect import for_writing, guard_trail
from engine.adapters.store.tables import VERSION, ledger, metadata
from engine.words.clock import Clock, IdMaker
from engine.words.errors import LedgerError


def prepare(engine: Engine, clock: Clock, make_id: IdMaker) -> None:
    """Make the tables if the database is empty; two processes may do this at once.

    Raises:
        LedgerError: the database holds something else, or was made by a newer program.
    """
    with engine.connect() as connection, connection.begin():
        if _is_ours(connection):
            return
    with for_writing(engine).begin() as connection:
        if _is_ours(connection):
            return
        metadata.create_all(connection)
        guard_trail(connection)
        connection.execute(insert(ledger).values(id=make_id(), version=VERSION, made_at=clock.now()))


def _is_ours(connection: Connection) -> bool:
    tables = set(inspect(connection).get_table_names())
    if not tables & set(metadata.tables):
        return False
    version = None
    if ledger.name in tables:
        version = connection.execute(select(ledger.c.version)).scalar_one_or_none()
    if version is None:
        raise LedgerError("the database holds tables that are not a ledger of ml-connector: give it one of its own")
    if version > VERSION:
        raise LedgerError(
            f"the ledger was made by a newer program (its version is {version}, known here is {VERSION}): "
            "install that program, or a newer one"
        )
    return True

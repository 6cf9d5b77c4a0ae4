"""Making the tables on first use, bringing older ones up to date, and refusing those of a newer program."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import Connection, Engine, insert, inspect, select, update
from sqlalchemy.schema import CreateIndex, DropIndex

from engine.adapters.store.dialect import for_reading, for_writing, guard_head, guard_trail
from engine.adapters.store.tables import VERSION, alerts, audit, inbox, ledger, metadata, schedules
from engine.words.clock import Clock, IdMaker
from engine.words.errors import LedgerError


def _make_service_tables(connection: Connection) -> None:
    metadata.create_all(connection, tables=[inbox, schedules, alerts])


def _find_events_by_number(connection: Connection) -> None:
    """Events written so far keep no number, and are found by the record's name."""
    kind = audit.c.record_id.type.compile(connection.dialect)
    connection.exec_driver_sql(f"ALTER TABLE audit ADD COLUMN record_id {kind}")
    by_name = next(index for index in audit.indexes if index.name == "ix_audit_record")
    connection.execute(DropIndex(by_name))
    for index in audit.indexes:
        connection.execute(CreateIndex(index))


def _pack_otherwise(_: Connection) -> None:
    """Payloads kept so far stay as they are packed; the program of the version before cannot read those to come."""


STEPS: Mapping[int, Callable[[Connection], None]] = {
    2: guard_head,
    3: _make_service_tables,
    4: _find_events_by_number,
    5: _pack_otherwise,
}
"""What brings a ledger of the version before up to this one; each runs once, in one transaction with the rest."""


def prepare(engine: Engine, clock: Clock, make_id: IdMaker) -> None:
    """Make the tables if the database is empty, or bring them up to date; two processes may do this at once.

    Raises:
        LedgerError: the database holds something else, or was made by a newer program.
    """
    with for_reading(engine).begin() as connection:
        if _version(connection) == VERSION:
            return
    with for_writing(engine).begin() as connection:
        version = _version(connection)
        if version is None:
            metadata.create_all(connection)
            guard_trail(connection)
            guard_head(connection)
            connection.execute(insert(ledger).values(id=make_id(), version=VERSION, made_at=clock.now()))
            return
        for step in range(version + 1, VERSION + 1):
            STEPS[step](connection)
        connection.execute(update(ledger).values(version=VERSION))


def _version(connection: Connection) -> int | None:
    """The version of the ledger; None when the database is empty."""
    tables = set(inspect(connection).get_table_names())
    if not tables & set(metadata.tables):
        return None
    version: int | None = None
    if ledger.name in tables:
        version = connection.execute(select(ledger.c.version)).scalar_one_or_none()
    if version is None:
        raise LedgerError("the database holds tables that are not a ledger of ml-connector: give it one of its own")
    if version > VERSION:
        raise LedgerError(
            f"the ledger was made by a newer program (its version is {version}, known here is {VERSION}): "
            "install that program, or a newer one"
        )
    return version

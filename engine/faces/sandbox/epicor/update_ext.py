"""`UpdateExt`: several documents in one call, whose errors come back in rows beside a status 200."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from engine.faces.sandbox.epicor.errors import EpicorError
from engine.faces.sandbox.epicor.rows import EMPTY_ID
from engine.faces.sandbox.epicor.session import Session

Step = Callable[[], object]


@dataclass(slots=True)
class Unit:
    """A document of the call: the save of its parent row (None when only carried along), then of its children."""

    table: str
    parent: Step | None
    children: list[tuple[str, Step]] = field(default_factory=list)
    finish: Step | None = None


class _Stop(Exception):
    """Leaves the transaction of a unit that is to be undone."""


def run_units(session: Session, units: list[Unit], arguments: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Save the units one after the other; gives the BOUpdError rows.

    A parent's error spares its children the attempt. A child's error undoes its parent and siblings when
    `rollbackParentOnChildError` is set; otherwise what was saved stays. The first error ends the call
    unless `continueProcessingOnError` is set.
    """
    carry_on, undo = arguments["continueProcessingOnError"], arguments["rollbackParentOnChildError"]
    errors: list[dict[str, Any]] = []
    for unit in units:
        before = len(errors)
        with suppress(_Stop), session.store.transaction():
            _run_unit(session, unit, errors, carry_on=carry_on)
            _undo_if(broken=undo and len(errors) > before)
        if len(errors) > before and not carry_on:
            break
    return errors


def _undo_if(*, broken: bool) -> None:
    if broken:
        raise _Stop


def _run_unit(session: Session, unit: Unit, errors: list[dict[str, Any]], *, carry_on: bool) -> None:
    if unit.parent is not None and not _attempt(session, unit.table, unit.parent, errors):
        return
    for table, step in unit.children:
        if not _attempt(session, table, step, errors) and not carry_on:
            break
    if unit.finish is not None:
        _attempt(session, unit.table, unit.finish, errors)


def _attempt(session: Session, table: str, step: Step, errors: list[dict[str, Any]]) -> bool:
    try:
        with session.store.transaction():
            step()
    except EpicorError as error:
        errors.append(
            {
                "TableName": table,
                "ErrorLevel": "Error",
                "ErrorType": error.error_type,
                "ErrorText": error.message,
                "ErrorSysRowID": EMPTY_ID,
                "SysRowID": EMPTY_ID,
                "RowMod": "",
            }
        )
        return False
    return True


def ext_answer(ds: dict[str, Any], errors: list[dict[str, Any]]) -> dict[str, Any]:
    """The answer of an UpdateExt."""
    return {
        "returnObj": {"BOUpdError": errors, "ExtensionTables": []},
        "parameters": {"ds": ds, "errorsOccurred": bool(errors)},
    }

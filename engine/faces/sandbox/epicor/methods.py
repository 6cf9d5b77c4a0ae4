"""What a method of a business object is: its signature and the function behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from engine.faces.sandbox.epicor.errors import refused, unreadable
from engine.faces.sandbox.epicor.filter_text import compile_filter
from engine.faces.sandbox.epicor.odata import ROWS_BY_DEFAULT, select
from engine.faces.sandbox.epicor.rows import typed
from engine.faces.sandbox.epicor.schema import COLUMNS
from engine.faces.sandbox.epicor.session import Session
from engine.faces.sandbox.tables import Row

Answer = dict[str, Any]
Tables = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Method:
    """One method: `parameters` is `name:kind` by spaces, kinds text, number, flag, date and ds; all are required.

    `reads` methods are GET with query parameters (a POST with a body is taken too, as several clients
    send it); the others are POST only. `effect` marks those that may change the books.
    """

    run: Callable[[Session, Mapping[str, Any]], Answer]
    parameters: str = ""
    reads: bool = False
    effect: bool = False

    def arguments(self, given: Mapping[str, Any], *, from_query: bool) -> dict[str, Any]:
        """The parameters, typed; what the signature does not name is left out, as clients send whole answers back.

        Raises:
            EpicorError: one is missing or of another kind.
        """
        taken = {}
        for parameter in self.parameters.split():
            name, _, kind = parameter.partition(":")
            if name not in given:
                raise unreadable(f"Parameter '{name}' is required and was not given.")
            taken[name] = _argument(name, kind, given[name], from_query=from_query)
        return taken


def _argument(name: str, kind: str, value: Any, *, from_query: bool) -> Any:
    if from_query and kind == "number" and value.removeprefix("-").isdigit():
        return int(value)
    if from_query and kind == "flag" and value in ("true", "false"):
        return value == "true"
    if kind == "number" and isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        return value
    if kind in ("text", "date") and isinstance(value, str):
        return value
    if kind == "flag" and isinstance(value, bool):
        return value
    if kind == "ds" and isinstance(value, dict):
        return value
    raise unreadable(f"Cannot convert the value of parameter '{name}'.")


def read_tables(ds: Mapping[str, Any], known: tuple[str, ...]) -> Tables:
    """The typed rows of a tableset by table, in the order of `known`.

    Raises:
        EpicorError: a table that the tableset does not have, or (with rows) that the sandbox does not model.
    """
    for name, rows in ds.items():
        if name not in known and rows:
            raise unreadable(f"The table '{name}' is not part of this tableset here.")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise unreadable(f"The table '{name}' must be an array of rows.")
    return {name: [typed(name, row) for row in ds.get(name, [])] for name in known}


def tableset(**tables: Any) -> Answer:
    """Rows by table as a tableset travels: unchanged rows carry an empty RowMod."""
    ds: Answer = {name: [{"RowMod": "", **row} for row in rows] for name, rows in tables.items()}
    return {**ds, "ExtensionTables": []}


def out(**parameters: Any) -> Answer:
    """The answer of a method with out parameters."""
    return {"parameters": parameters}


def mode(row: Row) -> str:
    """A row's RowMod: A, U, D, or nothing for a row that is only carried along.

    Raises:
        EpicorError: another letter.
    """
    letter = row.get("RowMod") or ""
    if letter not in ("", "A", "U", "D"):
        raise unreadable(f"RowMod '{letter}' is not valid.")
    return str(letter)


def list_rows(table: str, clause: str, session: Session, arguments: Mapping[str, Any]) -> tuple[list[Row], bool]:
    """One page of a table by a where clause, and whether more follow; page size 0 is the default limit."""
    text = str(arguments[clause]).strip()
    wanted = compile_filter(text, COLUMNS[table], where_clause=True) if text else None
    size = int(arguments["pageSize"]) or ROWS_BY_DEFAULT
    number = max(1, int(arguments["absolutePage"]))
    if size < 0:
        raise refused("pageSize is not valid.")
    rows = list(select(session, table, wanted, ()))
    return rows[(number - 1) * size : number * size], len(rows) > number * size


def lister(table: str, clause: str = "whereClause", shown_as: str | None = None) -> Method:
    """A GetList or GetRows over one table."""

    def run(session: Session, arguments: Mapping[str, Any]) -> Answer:
        rows, more = list_rows(table, clause, session, arguments)
        return {"returnObj": tableset(**{shown_as or table: rows}), "parameters": {"morePages": more}}

    return Method(run, f"{clause}:text pageSize:number absolutePage:number", reads=True)

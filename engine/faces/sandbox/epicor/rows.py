"""Rows as they come in and as they are kept: typed by their columns, dated, rounded, stamped."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from engine.faces.sandbox.epicor.errors import refused, unreadable
from engine.faces.sandbox.epicor.schema import COLUMNS, Columns
from engine.faces.sandbox.tables import Row
from engine.words.money import round_money

EMPTY: dict[str, Any] = {"text": "", "number": 0, "flag": False, "date": None}
"""What a column holds that was never given a value, by kind."""

EMPTY_ID = "00000000-0000-0000-0000-000000000000"


def typed(table: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with dates spelt as the server spells them and without nulls.

    Raises:
        EpicorError: a column that does not exist, or a value of another kind. Whether the real server
            drops unknown columns is not known; refusing them is the stricter reading.
    """
    kinds = COLUMNS[table].kinds
    taken = {}
    for name, value in row.items():
        kind = kinds.get(name)
        if kind is None:
            raise unreadable(f"The property '{name}' does not exist on type 'Erp.Tablesets.{table}Row'.")
        if value is not None:
            taken[name] = _of_kind(kind, value, f"{table}.{name}")
    return taken


def value_of(columns: Columns, row: Row, name: str) -> Any:
    """What a reader sees in a column, whether or not the row keeps a value for it."""
    value = row.get(name)
    return EMPTY[columns.kinds[name]] if value is None else value


def _of_kind(kind: str, value: Any, where: str) -> Any:
    if kind == "flag" and isinstance(value, bool):
        return value
    if kind == "number" and isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        return value
    if kind == "text" and isinstance(value, str):
        return value
    if kind == "date" and isinstance(value, str):
        return date_text(as_date(value, where)) if value else None
    if kind == "date" and isinstance(value, date):
        return date_text(value)
    raise unreadable(f"Cannot convert the value of {where} to {kind}: {value!r}.")


def as_date(text: str, where: str = "date") -> date:
    """The day of `2026-11-01` or `2026-11-01T00:00:00`; the time of day is dropped.

    Raises:
        EpicorError: something else.
    """
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        raise unreadable(f"Cannot convert the value of {where} to a date: {text!r}.") from None


def date_text(day: date) -> str:
    """The day as the server writes it."""
    return f"{day.isoformat()}T00:00:00"


def decimal(row: Row, name: str) -> Decimal:
    """The number in a column, 0 when it has none."""
    return Decimal(row.get(name) or 0)


def rounded(amount: Decimal, currency: str) -> Decimal:
    """The amount at the scale of its currency, half up."""
    return round_money(amount, currency, "half_up")


def fits(row: Row, table: str, **lengths: int) -> None:
    """Refuse text longer than its column."""
    for name, most in lengths.items():
        if len(row.get(name) or "") > most:
            raise refused(f"{name} is longer than {most} characters.", table, name)


def new_row_id() -> str:
    """A SysRowID."""
    return str(uuid.uuid4())


def segments(account: str) -> dict[str, str]:
    """The SegValue columns of an account whose segments are joined by `|`."""
    return {f"SegValue{number}": part for number, part in enumerate(account.split("|"), 1)}

"""Rows that the target proposes: our body laid over them, and what of the body that then is sent is ours."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

OwnNames = Mapping[str, Sequence[Sequence[str] | None]]
"""By table, for each of its rows, the names of our own fields; None where the row is ours as it is."""


def lay_over(defaults: Any, body: Any, *, without: Collection[str] = ()) -> Any:
    """The body with each row of its `ds` tables laid over the first row that table has in `defaults`.

    `defaults` is the answer of a call that proposes rows (tables under `parameters.ds`, `returnObj` or
    `ds`). The body's values win, keys it does not have are kept, but for those `without`; nothing else
    changes, and neither argument is changed.
    """
    tables = _tables_of(defaults)
    rows_of = body.get("ds") if isinstance(body, dict) else None
    if not tables or not isinstance(rows_of, dict):
        return body
    laid = {name: _over_first(tables.get(name), rows, without) for name, rows in rows_of.items()}
    return {**body, "ds": laid}


def own_names(ours: Any, laid: Any) -> OwnNames:
    """The names of our own fields in a body that was laid over proposed rows; tables left out are all ours."""
    if laid is ours:
        return {}
    return {
        table: [list(row) if isinstance(row, dict) else None for row in rows]
        for table, rows in ours["ds"].items()
        if laid["ds"][table] is not rows
    }


def only_own(laid: Any, own: OwnNames) -> Any:
    """The body again as it was before it was laid over anything."""
    if not own:
        return laid
    tables = {**laid["ds"]}
    for table, names in own.items():
        tables[table] = [_only(row, kept) for row, kept in zip(tables[table], names, strict=True)]
    return {**laid, "ds": tables}


def _only(row: Any, own: Sequence[str] | None) -> Any:
    return row if own is None else {name: row[name] for name in own}


def _over_first(default_rows: Any, rows: Any, without: Collection[str]) -> Any:
    if not isinstance(rows, list) or not isinstance(default_rows, list) or not default_rows:
        return rows
    first = default_rows[0]
    if not isinstance(first, dict):
        return rows
    proposed = {name: value for name, value in first.items() if name not in without}
    return [{**proposed, **row} if isinstance(row, dict) else row for row in rows]


def _tables_of(answer: Any) -> dict[str, Any]:
    if not isinstance(answer, dict):
        return {}
    parameters = answer.get("parameters")
    inner = parameters.get("ds") if isinstance(parameters, dict) else None
    found = next((t for t in (inner, answer.get("returnObj"), answer.get("ds")) if isinstance(t, dict)), {})
    return dict(found)

"""OData reads of entity sets: options, keys, filtering, ordering, paging, one level of `$expand`.

As the contract describes the real server: option names are case-sensitive, 100 rows are given when
`$top` is absent, and there is never an `@odata.nextLink`. On a child set `$filter` is applied to the
parent's columns.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from engine.faces.sandbox.epicor.errors import malformed
from engine.faces.sandbox.epicor.filter_text import Filter, compile_filter
from engine.faces.sandbox.epicor.rows import value_of
from engine.faces.sandbox.epicor.schema import COLUMNS, INDEXES, KEYS, Columns
from engine.faces.sandbox.epicor.session import Session
from engine.faces.sandbox.tables import Row, rank

ROWS_BY_DEFAULT = 100

_OPTIONS = frozenset({"$filter", "$select", "$orderby", "$top", "$skip", "$count", "$expand"})
_KEY_PART = re.compile(r"\s*(?:([A-Za-z_]\w*)\s*=\s*)?('(?:[^']|'')*'|[^,'()\s]+)\s*(?:,|$)")


@dataclass(frozen=True, slots=True)
class EntitySet:
    """A set of a service: its table, and for a child set the table whose columns `$filter` knows."""

    table: str
    parent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The OData options of one read."""

    filter: str | None = None
    select: tuple[str, ...] = ()
    orderby: tuple[tuple[str, bool], ...] = ()
    top: int = ROWS_BY_DEFAULT
    skip: int = 0
    count: bool = False
    expand: tuple[str, ...] = ()


def read_options(query: Iterable[tuple[str, str]]) -> Options:
    """The options in a query string; other parameters without `$` are left alone.

    Raises:
        EpicorError: an option that is unknown, written in other letters, given twice or unreadable.
    """
    given: dict[str, str] = {}
    for name, text in query:
        if name.startswith("$"):
            if name not in _OPTIONS or name in given:
                raise malformed(f"The query option '{name}' is unknown or given twice.")
            given[name] = text
    count = given.get("$count", "false")
    if count not in ("true", "false"):
        raise malformed(f"'{count}' is not a valid value of $count.")
    return Options(
        filter=given.get("$filter"),
        select=_names(given.get("$select", "")),
        orderby=_orders(given.get("$orderby", "")),
        top=_whole(given.get("$top", str(ROWS_BY_DEFAULT)), "$top"),
        skip=_whole(given.get("$skip", "0"), "$skip"),
        count=count == "true",
        expand=_names(given.get("$expand", "")),
    )


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",")) if text.strip() else ()


def _whole(text: str, option: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise malformed(f"'{text}' is not a valid value of {option}.")
    return int(text)


def _orders(text: str) -> tuple[tuple[str, bool], ...]:
    orders = []
    for part in _names(text):
        name, *way = part.split()
        if way not in ([], ["asc"], ["desc"]):
            raise malformed(f"Syntax error in $orderby at '{part}'.")
        orders.append((name, way == ["desc"]))
    return tuple(orders)


def read_set(
    session: Session, entity_set: EntitySet, options: Options, *, within: Row | None = None
) -> tuple[list[Row], int | None]:
    """The page of rows the options ask for, and the count of all when `$count` asks; `within` is a parent row."""
    columns = COLUMNS[entity_set.table]
    for name in (*options.select, *(name for name, _ in options.orderby)):
        if name not in columns.kinds:
            raise malformed(f"Could not find a property named '{name}' on type 'Erp.{columns.table}'.")
    if within is not None and entity_set.parent is not None:
        found = children(session, entity_set.table, entity_set.parent, within)
        test = compile_filter(options.filter, columns).test if options.filter is not None else None
        rows: Iterable[Row] = sort(found if test is None else filter(test, found), options.orderby)
    elif entity_set.parent is not None and options.filter is not None:
        wanted = compile_filter(options.filter, COLUMNS[entity_set.parent])
        parents = select(session, entity_set.parent, wanted, ())
        found = [row for parent in parents for row in children(session, entity_set.table, entity_set.parent, parent)]
        rows = sort(found, options.orderby)
    else:
        compiled = compile_filter(options.filter, columns) if options.filter is not None else None
        rows = select(session, entity_set.table, compiled, options.orderby)
    if options.count:
        every = list(rows)
        return every[options.skip : options.skip + options.top], len(every)
    return list(islice(rows, options.skip, options.skip + options.top)), None


def select(
    session: Session, table: str, wanted: Filter | None, orderby: tuple[tuple[str, bool], ...]
) -> Iterator[Row]:
    """A company's rows that pass a filter, in order; by index where the filter allows, without end."""
    here = {"Company": session.company} if "Company" in KEYS[table] else {}
    if wanted is not None:
        indexed = {name: value for name, value in wanted.equals.items() if name in INDEXES.get(table, ())}
        if indexed:
            found = filter(wanted.test, session.store.find(table, **here, **indexed))
            return iter(sort(found, orderby or tuple((name, False) for name in KEYS[table])))
    fields = tuple(name for name, _ in orderby) or KEYS[table]
    ways = {descending for _, descending in orderby}
    rows: Iterable[Row] = session.store.ordered(table, fields)
    if ways == {True}:
        rows = reversed(session.store.ordered(table, fields))
    elif len(ways) == 2:
        rows = sort(rows, orderby)
    if here:
        rows = (row for row in rows if row["Company"] == session.company)
    return iter(rows) if wanted is None else filter(wanted.test, rows)


def sort(rows: Iterable[Row], orderby: tuple[tuple[str, bool], ...]) -> list[Row]:
    """The rows in order, each field in its own direction."""
    ordered = list(rows)
    for name, descending in reversed(orderby):
        ordered.sort(key=lambda row: rank(row.get(name)), reverse=descending)
    return ordered


def children(session: Session, table: str, parent: str, row: Row) -> list[Row]:
    """The rows of a child table that belong to a parent's row, in key order."""
    # PODetail spells its parent's key PONUM; everywhere else the names agree.
    spelt = {"PONum": "PONUM"} if table == "PODetail" else {}
    key = {spelt.get(name, name): row.get(name) for name in KEYS[parent]}
    found = session.store.find(table, **key)
    return sort(found, tuple((name, False) for name in KEYS[table]))


def parse_key(text: str, table: str) -> tuple[Any, ...]:
    """The key inside `Set(...)`: values in key order, or `name=value` in any order.

    Raises:
        EpicorError: the literals do not fit the key.
    """
    values: dict[str, Any] = {}
    names, place = KEYS[table], 0
    while place < len(text):
        match = _KEY_PART.match(text, place)
        if match is None or len(values) >= len(names):
            raise malformed(f"The key '{text}' cannot be read.")
        name = match[1] or names[len(values)]
        values[name] = _key_value(match[2], COLUMNS[table].kinds.get(name), text)
        place = match.end()
    if set(values) != set(names):
        raise malformed(f"The key '{text}' does not have the parts {', '.join(names)}.")
    return tuple(values[name] for name in names)


def _key_value(literal: str, kind: str | None, text: str) -> Any:
    if literal.startswith("'"):
        if kind == "text":
            return literal[1:-1].replace("''", "'")
    elif kind == "number" and literal.removeprefix("-").isdigit():
        return int(literal)
    elif kind == "flag" and literal in ("true", "false"):
        return literal == "true"
    elif kind == "date":
        return f"{literal[:10]}T00:00:00"
    elif kind == "text" and re.fullmatch(r"[0-9a-fA-F-]{36}", literal):
        return literal
    raise malformed(f"The key '{text}' cannot be read at {literal}.")


def shown(table: str, row: Row, select: tuple[str, ...] = ()) -> dict[str, Any]:
    """The row as a reader gets it: the selected columns, or all that carry a value besides the key."""
    columns: Columns = COLUMNS[table]
    if select:
        return {name: value_of(columns, row, name) for name in select}
    return {name: value_of(columns, row, name) for name in row}

"""What the tests of values share: nodes as the YAML reader makes them, and one record's scope."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from engine.language.node import Node
from engine.language.transform.render import compile_template
from engine.words.problem import Place


def node_of(value: Any, line: int = 1, column: int = 1) -> Node:
    """A value as the YAML reader hands it over; every map entry and list item on a line of its own."""
    place = Place(file="mapping.yaml", line=line, column=column)
    if isinstance(value, dict):
        fields, keys = {}, {}
        for offset, (key, inner) in enumerate(value.items(), start=1):
            keys[key] = Place(file="mapping.yaml", line=line + offset, column=1)
            fields[key] = node_of(inner, line + offset, len(key) + 3)
        return Node(place=place, fields=fields, keys=keys)
    if isinstance(value, list):
        return Node(place=place, items=tuple(node_of(inner, line + at, 3) for at, inner in enumerate(value)))
    return Node(place=place, scalar=value, exact=True, text_place=place)


@pytest.fixture(scope="session")
def node() -> Callable[..., Node]:
    return node_of


@pytest.fixture
def scope() -> dict[str, Any]:
    return {
        "id": "bill_1",
        "total": Decimal("100.00"),
        "count": 3,
        "vendor_name": "Acme",
        "prepaid_account": None,
        "empty": "",
        "date": date(2026, 11, 23),
        "credit": True,
        "vendor": {"VendorNum": 7, "Inactive": False, "items": "field", "Post Box": "12", "keys": 5},
        "books": {"paid_by": "airbase", "amortise_in": None},
        "lines": [
            {"account": "6100", "amount": Decimal("60.00"), "memo": None},
            {"account": "6200", "amount": Decimal("40.00"), "memo": "June"},
        ],
        "answer": {"parameters": {"lUpdateRan": True}},
        "result": "a name that the compiled form uses too",
    }


@pytest.fixture
def evaluate(scope: dict[str, Any]) -> Callable[[str], Any]:
    """The value of a template in that scope."""
    return lambda text: compile_template(node_of(text), "bills").render(scope)

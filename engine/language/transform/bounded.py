"""JMESPath within limits: a path, or a record made for it, never fills the memory or keeps a run waiting."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from math import prod
from typing import Any

from jmespath import visitor

STEPS_MAX = 1_000_000
SIZE_MAX = 1_000_000
"""Letters of a text or items of a list, at any moment."""
COPIES_MAX = 1_000
"""How often one value may stand in what a path makes, by lists and objects inside each other."""

_MAKING = frozenset({"multi_select_list", "multi_select_dict"})


class TooMuch(ValueError):
    """A path takes more steps, or makes something larger, than is ever needed."""


class Bounded(visitor.TreeInterpreter):
    """Works one path out for one record, step by step, and counts."""

    def __init__(self, options: visitor.Options) -> None:
        super().__init__(options)
        self._left = STEPS_MAX

    def visit(self, node: Any, *args: Any, **named: Any) -> Any:
        """One step."""
        self._left -= 1
        if self._left < 0:
            raise TooMuch(f"it takes more than {STEPS_MAX:,} steps")
        value = _step(node["type"])(self, node, *args, **named)
        if isinstance(value, (str, list, dict)) and len(value) > SIZE_MAX:
            raise TooMuch(f"it makes something of more than {SIZE_MAX:,} letters or items")
        return value

    def visit_flatten(self, node: Any, value: Any) -> Any:
        """As usual, after a look at how long the joined list would be."""
        inner = self.visit(node["children"][0], value)
        if isinstance(inner, list):
            check_size(len(one) for one in inner if isinstance(one, list))
        known: Any = {**node, "children": [{"type": "literal", "value": inner, "children": []}]}
        return super().visit_flatten(known, value)


@cache
def _step(kind: str) -> Callable[..., Any]:
    """What a kind of step does; found once and not for each record."""
    step: Callable[..., Any] = getattr(Bounded, f"visit_{kind}", Bounded.default_visit)
    return step


def check_size(lengths: Iterable[int]) -> None:
    """Do nothing for lengths that may be put together. Raises TooMuch before anything is made."""
    total = 0
    for length in lengths:
        total += length
        if total > SIZE_MAX:
            raise TooMuch(f"it makes something of more than {SIZE_MAX:,} letters or items")


def lengths_in(value: Any) -> Iterable[int]:
    """The lengths of all that a JSON value would be written out as; without end where it repeats itself often."""
    if isinstance(value, str):
        yield len(value)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield len(key)
            yield from lengths_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from lengths_in(inner)
    else:
        yield 8


def copies_in(nodes: Iterable[dict[str, Any]]) -> int:
    """How often the lists and objects of a path may repeat one value, at the most."""
    return prod(max(len(node["children"]), 1) for node in nodes if node["type"] in _MAKING)

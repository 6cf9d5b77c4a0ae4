"""JMESPath within limits: a path, or a record made for it, never fills the memory or keeps a run waiting."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod
from typing import Any

STEPS_MAX = 1_000_000
SIZE_MAX = 1_000_000
"""Letters of a text or items of a list, at any moment."""
COPIES_MAX = 1_000
"""How often one value may stand in what a path makes, by lists and objects inside each other."""

_TOO_LARGE = f"it makes something of more than {SIZE_MAX:,} letters or items"
_MAKING = frozenset({"multi_select_list", "multi_select_dict"})


class TooMuch(ValueError):
    """A path takes more steps, or makes something larger, than is ever needed."""


class Steps:
    """How many steps one path may still take for one record."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left = STEPS_MAX

    def take(self, number: int) -> None:
        """So many more. Raises TooMuch before they are taken."""
        self._left -= number
        if self._left < 0:
            raise TooMuch(f"it takes more than {STEPS_MAX:,} steps")


def check_made(value: Any) -> Any:
    """Hand on what a path or one of its functions made. Raises TooMuch when it is too large."""
    if isinstance(value, (str, list, dict)) and len(value) > SIZE_MAX:
        raise TooMuch(_TOO_LARGE)
    return value


def check_size(lengths: Iterable[int]) -> None:
    """Do nothing for lengths that may be put together. Raises TooMuch before anything is made."""
    total = 0
    for length in lengths:
        total += length
        if total > SIZE_MAX:
            raise TooMuch(_TOO_LARGE)


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

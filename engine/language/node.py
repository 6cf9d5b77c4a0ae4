"""A YAML value that remembers where it stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from engine.words.problem import Place, Problem


class ProblemFound(Exception):
    """A part of a file cannot be compiled; carries the problem to whoever collects them."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One YAML value: a mapping (`fields`), a list (`items`) or a scalar (`scalar`).

    `keys` has the place of every key. `exact` says that the scalar's text stands in the file letter by
    letter from `text_place` on, so that a place inside it can be named.
    """

    place: Place
    fields: dict[str, Node] | None = None
    keys: dict[str, Place] = field(default_factory=dict)
    items: tuple[Node, ...] | None = None
    scalar: None | bool | int | Decimal | str = None
    exact: bool = False
    text_place: Place | None = None

    @property
    def is_map(self) -> bool:
        """Whether this is a YAML mapping."""
        return self.fields is not None

    @property
    def is_list(self) -> bool:
        """Whether this is a YAML list."""
        return self.items is not None

    def at(self, offset: int) -> Place:
        """The place of a character of the scalar's text: exact where that is known, else its start."""
        start = self.text_place or self.place
        if not self.exact:
            return self.place
        return Place(file=start.file, line=start.line, column=start.column + offset)

    def get(self, key: str) -> Node | None:
        """The value at a key of a mapping, or None."""
        return self.fields.get(key) if self.fields is not None else None

    def key_place(self, key: str) -> Place:
        """The place of a key, or of this value when the key is not there."""
        return self.keys.get(key, self.place)

    def plain(self) -> Any:
        """The value without places: dict, list, or scalar."""
        if self.fields is not None:
            return {key: value.plain() for key, value in self.fields.items()}
        if self.items is not None:
            return [value.plain() for value in self.items]
        return self.scalar

    def walk(self, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Node]]:
        """This node and every node below it, each with its path."""
        yield path, self
        for key, value in (self.fields or {}).items():
            yield from value.walk((*path, key))
        for index, value in enumerate(self.items or ()):
            yield from value.walk((*path, index))

    def find(self, path: tuple[str | int, ...]) -> Node:
        """The node at a path, or the deepest one on the way to it."""
        node = self
        for step in path:
            if isinstance(step, str) and node.fields is not None and step in node.fields:
                node = node.fields[step]
            elif isinstance(step, int) and node.items is not None and step < len(node.items):
                node = node.items[step]
            else:
                break
        return node

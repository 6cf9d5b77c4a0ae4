"""Where a part of a file stands, in words: `bills > source > endpoint`."""

from __future__ import annotations

from functools import lru_cache
from pathlib import PurePath

from engine.language.node import Node

Path = tuple[str | int, ...]


def part_words(file: str, path: Path, root: Node | None = None) -> str:
    """The path in words, led by the file's stem; a list item is called by its `name`, else counted from 1."""
    words = [_stem(file)]
    node = root
    for step in path:
        inner = node.find((step,)) if node is not None else None
        words.append(_step_words(step, inner if inner is not node else None))
        node = inner
    return " > ".join(words)


@lru_cache(maxsize=256)
def _stem(file: str) -> str:
    return PurePath(file).stem


def _step_words(step: str | int, node: Node | None) -> str:
    if isinstance(step, str):
        return step
    name = node.get("name") if node is not None else None
    if name is not None and isinstance(name.scalar, str):
        return name.scalar
    return str(step + 1)

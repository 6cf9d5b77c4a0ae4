"""The plain key paths that a JMESPath mentions, told from its parsed form."""

from __future__ import annotations

from typing import Any

KeyPath = tuple[str, ...]

# Functions that hand on (some of) the items of their first argument, and whose second is asked of each item.
_OF_ITEMS = frozenset({"sort_by", "min_by", "max_by"})
_SAME_ITEMS = frozenset({"sort", "reverse", "to_array"})
_IN_TURN = frozenset({"subexpression", "index_expression", "pipe"})
_ONE_INTO_OTHER = frozenset({"projection", "filter_projection"})
_STAY = frozenset({"identity", "current", "index", "slice"})


def key_paths(tree: dict[str, Any]) -> tuple[KeyPath, ...]:
    """Every key path from the record's root, lists stepped through; none where a path cannot be told."""
    mentioned: dict[KeyPath, None] = {}
    _follow(tree, (), mentioned)
    return tuple(path for path in mentioned if not _goes_on(path, mentioned))


def _goes_on(path: KeyPath, mentioned: dict[KeyPath, None]) -> bool:
    return any(len(other) > len(path) and other[: len(path)] == path for other in mentioned)


def _follow(part: dict[str, Any], here: KeyPath | None, mentioned: dict[KeyPath, None]) -> KeyPath | None:
    """Note the keys of one part that starts at `here`; the path of its result, None when unknown."""
    kind, children = part["type"], part.get("children", ())
    if kind in _STAY:
        return here
    if kind == "field":
        if here is None:
            return None
        path = (*here, part["value"])
        mentioned[path] = None
        return path
    if kind in _IN_TURN:
        for child in children:
            here = _follow(child, here, mentioned)
        return here
    if kind in _ONE_INTO_OTHER:
        items = _follow(children[0], here, mentioned)
        for condition in children[2:]:
            _follow(condition, items, mentioned)
        return _follow(children[1], items, mentioned)
    if kind == "flatten":
        return _follow(children[0], here, mentioned)
    if kind == "function_expression":
        return _follow_function(part["value"], children, here, mentioned)
    if kind == "value_projection":
        _follow(children[0], here, mentioned)
        return None
    for child in children:
        _follow(child, here, mentioned)
    return None


def _follow_function(
    name: str, arguments: list[dict[str, Any]], here: KeyPath | None, mentioned: dict[KeyPath, None]
) -> KeyPath | None:
    if name in _OF_ITEMS:
        items = _follow(arguments[0], here, mentioned)
        _follow_reference(arguments[1], items, mentioned)
        return items
    if name == "map":
        return _follow_reference(arguments[0], _follow(arguments[1], here, mentioned), mentioned)
    paths = [_follow(argument, here, mentioned) for argument in arguments]
    return paths[0] if name in _SAME_ITEMS else None


def _follow_reference(part: dict[str, Any], items: KeyPath | None, mentioned: dict[KeyPath, None]) -> KeyPath | None:
    if part["type"] != "expref":
        return None
    return _follow(part["children"][0], items, mentioned)

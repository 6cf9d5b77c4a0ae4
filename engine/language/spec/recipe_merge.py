"""Lays a mapping over its recipe; every value keeps its place in its own file."""

from __future__ import annotations

from dataclasses import dataclass

from engine.language.node import Node
from engine.language.spec.mapping_schema import RECIPE_KEYS

_KEY_BY_KEY = ("target", "dedupe", "acknowledge", "reconcile")
_APPENDED = ("transform", "check")
_OF_RECIPE = (*RECIPE_KEYS, "switched_on", "after")


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """A mapping with its recipe: the whole as one node, and the parts that are read one after the other."""

    root: Node
    transform: tuple[Node, ...]
    check: tuple[Node, ...]


def merge(mapping: Node, recipe: Node | None) -> Merged:
    """The mapping's target, dedupe, acknowledge and reconcile lie over the recipe's key by key, its transform and
    check come before the recipe's, and of everything else the mapping's counts when it is given.
    """
    fields, keys = dict(mapping.fields or {}), dict(mapping.keys)
    for key in _OF_RECIPE if recipe is not None else ():
        below = recipe.get(key) if recipe is not None else None
        if recipe is None or below is None:
            continue
        above = fields.get(key)
        if above is None:
            fields[key], keys[key] = below, recipe.key_place(key)
        elif key in _KEY_BY_KEY:
            fields[key] = _lay_over(above, below)
        elif key == "transform":
            fields[key] = _join_steps(above, below)
        elif key == "check":
            fields[key] = Node(place=above.place, items=(*(above.items or ()), *(below.items or ())))
    root = Node(place=mapping.place, fields=fields, keys=keys)
    parts = [
        tuple(node for file in (mapping, recipe) if file is not None and (node := file.get(key)) is not None)
        for key in _APPENDED
    ]
    return Merged(root=root, transform=parts[0], check=parts[1])


def _lay_over(above: Node, below: Node) -> Node:
    if above.fields is None or below.fields is None:
        return above
    return Node(place=above.place, fields={**below.fields, **above.fields}, keys={**below.keys, **above.keys})


def _join_steps(above: Node, below: Node) -> Node:
    """The mapping's steps and then the recipe's; steps of both for one list stand together."""
    if above.fields is None or below.fields is None:
        return above
    fields = {**above.fields}
    for name, step in below.fields.items():
        ours = fields.get(name)
        both_repeat = ours is not None and ours.get("for") is not None and step.get("for") is not None
        fields[name] = _join_steps(ours, step) if ours is not None and both_repeat else fields.get(name, step)
    return Node(place=above.place, fields=fields, keys={**below.keys, **above.keys})

"""Which mapping names which: unknown names under `after` and `twins`, and circles under `after`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from engine.language.node import Node
from engine.language.spec.part_words import part_words
from engine.words.problem import Problem, did_you_mean

Waits = dict[str, list[tuple[str, Node, int]]]


def check_order(mappings: Mapping[str, Node | None]) -> Iterator[Problem]:
    """E307 for a mapping that is not there, E507 for mappings that wait for each other."""
    for root in mappings.values():
        yield from _strangers(root, mappings)
    waits = {name: list(_after(root)) for name, root in mappings.items()}
    for name, afters in waits.items():
        for other, node, index in afters:
            if other not in mappings:
                hint = did_you_mean(other, mappings) or f"there are: {', '.join(sorted(mappings))}"
                yield _problem(node, index, "E307", f"there is no mapping '{other}'", hint)
            elif other == name:
                yield _problem(node, index, "E507", f"'{name}' waits for itself", "remove it")
    yield from _circles(waits)


def _strangers(root: Node | None, mappings: Mapping[str, Node | None]) -> Iterator[Problem]:
    twins = root.get("twins") if root is not None else None
    for index, twin in enumerate(twins.items or () if twins is not None else ()):
        node = twin.get("mapping")
        if node is not None and isinstance(node.scalar, str) and node.scalar not in mappings:
            hint = did_you_mean(node.scalar, mappings) or f"there are: {', '.join(sorted(mappings))}"
            where = part_words(node.place.file, ("twins", index, "mapping"))
            sentence = f"there is no mapping '{node.scalar}'"
            yield Problem(place=node.place, code="E307", sentence=sentence, where=where, hint=hint)


def _after(root: Node | None) -> Iterator[tuple[str, Node, int]]:
    node = root.get("after") if root is not None else None
    for index, item in enumerate(node.items or () if node is not None else ()):
        if isinstance(item.scalar, str):
            yield item.scalar, item, index


def _circles(waits: Waits) -> Iterator[Problem]:
    """One problem for each circle, at the `after` that closes it."""
    finished: set[str] = set()
    for start in sorted(waits):
        trail: list[str] = []
        yield from _follow(start, waits, trail, finished)


def _follow(name: str, waits: Waits, trail: list[str], finished: set[str]) -> Iterator[Problem]:
    if name in finished:
        return
    trail.append(name)
    for other, node, index in waits.get(name, []):
        if other == name:
            continue
        if other in trail:
            circle = " → ".join([*trail[trail.index(other) :], other])
            sentence = f"mappings that wait for each other: {circle}"
            yield _problem(node, index, "E507", sentence, "remove one of them from `after`")
        else:
            yield from _follow(other, waits, trail, finished)
    trail.pop()
    finished.add(name)


def _problem(node: Node, index: int, code: str, sentence: str, hint: str) -> Problem:
    where = part_words(node.place.file, ("after", index))
    return Problem(place=node.place, code=code, sentence=sentence, where=where, hint=hint)

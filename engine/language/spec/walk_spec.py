"""Going through the parts of a compiled mapping."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any

from engine.language.spec.model import (
    CrosswalkStep,
    EachStep,
    MappingSpec,
    Step,
)
from engine.language.transform.body import Body
from engine.language.transform.render import NameUse, Template
from engine.language.transform.select import Selector

_EXPRESSIONS = frozenset({Template, Body, Selector})


def inner_steps(spec: MappingSpec) -> Iterator[Step]:
    """Every step, with those inside lists in their place."""
    for step in spec.steps:
        if isinstance(step, EachStep):
            yield from step.steps
        else:
            yield step


def crosswalk_steps(spec: MappingSpec) -> Iterator[CrosswalkStep]:
    """The steps that use a crosswalk."""
    return (step for step in inner_steps(spec) if isinstance(step, CrosswalkStep))


def name_uses(part: Any) -> Iterator[NameUse]:
    """Every name that the expressions of a part use."""
    for leaf in _leaves(part):
        if isinstance(leaf, (Template, Body)):
            yield from leaf.names


def record_selectors(spec: MappingSpec) -> Iterator[Selector]:
    """The paths that are read from the whole record, so not those of a list's items or of an answer."""
    yield spec.source.id
    yield from (entry.path for entry in spec.filters)
    yield from (field.path for field in spec.fields)
    yield from (group.each for group in spec.groups)


def _leaves(part: Any) -> list[Any]:
    found: list[Any] = []
    _collect(part, found)
    return found


def _collect(part: Any, found: list[Any]) -> None:
    kind = part.__class__
    if kind in _EXPRESSIONS:
        found.append(part)
    elif kind is tuple:
        for inner in part:
            _collect(inner, found)
    else:
        for name in _parts_of(kind):
            _collect(getattr(part, name), found)


@cache
def _parts_of(kind: type) -> tuple[str, ...]:
    """The fields of a part of the model; nothing else has any."""
    return tuple(field.name for field in fields(kind)) if is_dataclass(kind) else ()

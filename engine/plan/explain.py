"""Where every value sent for a record comes from: expression, source path, crosswalk row, each with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from engine.language.spec.model import (
    CrosswalkStep,
    EachStep,
    LookupStep,
    MappingSpec,
    PeriodStep,
    Step,
    ValueStep,
)
from engine.plan.decision import Document

_INDEX = re.compile(r"\[(\d+)\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """One thing a value rests on: its name, what it was worked out from, where that is written."""

    name: str
    told: str
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """One value of the document: its path, the value, the expression with its place, and what it rests on."""

    path: str
    value: Any
    expression: str
    place: str
    origins: tuple[Origin, ...]


def explain(spec: MappingSpec, document: Document) -> tuple[Explained, ...]:
    """Every value of the document's body that is not a literal, in the order in which it is sent."""
    body = spec.target.call.body
    if body is None:
        return ()
    names = _names(spec)
    return tuple(
        Explained(
            path=path,
            value=value,
            expression=template.text,
            place=str(template.place),
            origins=tuple(_origins(template.names, path, names, document)),
        )
        for path, template, value in body.leaves(document.scope)
        if not template.is_literal and value is not None
    )


def _names(spec: MappingSpec) -> dict[str, tuple[str, str]]:
    """What each name of the scope is worked out from, and where; `lines.account` for a value of a list."""
    names = {field.name: (f"the record's {field.path.text}", str(field.place)) for field in spec.fields}
    for group in spec.groups:
        for field in group.fields:
            told = f"{field.path.text} of each item of the record's {group.each.text}"
            names[f"{group.name}.{field.name}"] = (told, str(field.place))
    for step in spec.steps:
        if isinstance(step, EachStep):
            for inner in step.steps:
                names[f"{step.group}.{inner.name}"] = (_told(inner), str(inner.place))
        else:
            names[step.name] = (_told(step), str(step.place))
    return names


def _told(step: Step) -> str:
    if isinstance(step, ValueStep):
        return step.value.text
    if isinstance(step, CrosswalkStep):
        return f"the crosswalk {step.crosswalk} by {', '.join(value.text for _, value in step.match)}"
    if isinstance(step, LookupStep):
        return f"{step.connection} {step.set} by {', '.join(value.text for _, value in step.match)}"
    if isinstance(step, PeriodStep):
        return f"the period of {step.date.text}"
    return step.name


def _origins(uses: Any, path: str, names: dict[str, tuple[str, str]], document: Document) -> Iterator[Origin]:
    line = _INDEX.search(path)
    seen: set[str] = set()
    waiting = [use.path for use in uses]
    while waiting:
        root, *keys = waiting.pop(0)
        name = _known(root, keys, names, document)
        if name is None or name in seen:
            continue
        seen.add(name)
        told, place = names[name]
        yield Origin(name=name, told=told, place=place)
        called = name if "." not in name or line is None else name.replace(".", f"[{line.group(1)}].", 1)
        hit = document.hits.get(called)
        if hit is not None:
            yield Origin(name=f"row {hit.rule}" if hit.rule else "row", told=_row(hit.values), place=str(hit.place))


def _known(root: str, keys: list[str], names: dict[str, tuple[str, str]], document: Document) -> str | None:
    if keys and f"{root}.{keys[0]}" in names:
        return f"{root}.{keys[0]}"
    if root in names:
        return root
    if root not in document.scope:
        # A loop variable: the list whose items have this field.
        for name in names:
            if "." in name and keys and name.split(".", 1)[1] == keys[0]:
                return name
    return None


def _row(values: Any) -> str:
    return ", ".join(f"{column} {value}" for column, value in values.items())

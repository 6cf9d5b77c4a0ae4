"""Compiles `transform`: the mapping's steps, then the recipe's."""

from __future__ import annotations

from collections.abc import Iterator

from engine.language.node import Node
from engine.language.spec.compile_extract import may_define
from engine.language.spec.model import (
    CrosswalkStep,
    EachStep,
    LookupStep,
    PeriodStep,
    Step,
    ValueStep,
)
from engine.language.spec.scope import KnownName, Scope
from engine.language.transform.render import Template
from engine.words.problem import did_you_mean

InnerStep = ValueStep | CrosswalkStep | LookupStep
Match = tuple[tuple[str, Template], ...]


def compile_steps(blocks: tuple[Node, ...], scope: Scope, target: str) -> tuple[Step, ...]:
    """The steps in order; every name is known afterwards, also where its step is wrong."""
    return tuple(step for block in blocks for step in _block(block, scope, target))


def _block(block: Node, scope: Scope, target: str) -> Iterator[Step]:
    for name, entry in (block.fields or {}).items():
        damaged = scope.findings.is_damaged(block, name)
        if entry.get("for") is not None:
            each = None if damaged else _each(name, block, entry, scope, target)
            if each is not None:
                yield each
            elif scope.known(name) is None:
                scope.define(name, KnownName(is_list=True))
            continue
        is_fresh = may_define(name, block, scope)
        step = None if damaged else _step(name, block, entry, scope, target)
        scope.define(name, _known(name, entry, right=step is not None))
        if step is not None and is_fresh:
            yield step


def _step(name: str, parent: Node, entry: Node, scope: Scope, target: str) -> InnerStep | PeriodStep | None:
    if entry.get("period") is not None:
        date = scope.template(entry.get("period"))
        closed = entry.plain().get("closed", "hold")
        place = parent.key_place(name)
        return None if date is None else PeriodStep(name=name, date=date, closed=closed, place=place)
    return _inner_step(name, parent, entry, scope, target)


def _inner_step(name: str, parent: Node, entry: Node, scope: Scope, target: str) -> InnerStep | None:
    place = parent.key_place(name)
    if entry.fields is None:
        value = scope.template(entry)
        return None if value is None else ValueStep(name=name, value=value, place=place)
    match = compile_match(entry.get("match"), scope)
    given = entry.plain()
    take = tuple(given["take"]) if isinstance(given["take"], list) else given["take"]
    if entry.get("crosswalk") is None:
        connection, optional = given.get("connection", target), given.get("optional", False)
        if match is None:
            return None
        return LookupStep(
            name=name,
            connection=connection,
            set=given["lookup"],
            match=match,
            take=take,
            optional=optional,
            many=given.get("many", False),
            place=place,
        )
    on = scope.template(entry.get("on"))
    if match is None or (on is None and entry.get("on") is not None):
        return None
    return CrosswalkStep(
        name=name,
        crosswalk=given["crosswalk"],
        match=match,
        take=take,
        on=on,
        optional=given.get("optional", False),
        place=place,
    )


def compile_match(node: Node | None, scope: Scope) -> Match | None:
    """The pairs of a `match`; None when one of them is wrong."""
    pairs = [(key, scope.template(value)) for key, value in (node.fields if node and node.fields else {}).items()]
    right = tuple((key, value) for key, value in pairs if value is not None)
    return right if len(right) == len(pairs) else None


def _known(name: str, entry: Node, *, right: bool) -> KnownName:
    """What is known of a step's result: the fields it takes, when they are a list."""
    take = entry.get("take")
    if not right or take is None:
        return KnownName(words=f"'{name}'")
    if take.is_list:
        many = entry.plain().get("many", False)
        return KnownName(fields=frozenset(take.plain()), is_list=many, words=f"'{name}'")
    return KnownName(fields=frozenset(), words=f"'{name}'")


def _each(name: str, parent: Node, entry: Node, scope: Scope, target: str) -> EachStep | None:
    loop = parse_for(entry, scope)
    if loop is None:
        return None
    variable, group = loop
    if name != group:
        hint = f"write the key '{group}': its steps join the items of '{group}'"
        scope.findings.add(
            entry, "E107", f"steps for '{group}' stand under '{name}'", hint, at=parent.key_place(name)
        )
        return None
    items = scope.known(group) or KnownName()
    steps: list[InnerStep] = []
    complete = True
    for key, value in (entry.fields or {}).items():
        if key == "for":
            continue
        if items.fields is not None and key in items.fields:
            twice = f"an item of '{group}' has '{key}' already"
            scope.findings.add(entry, "E309", twice, "rename one", at=entry.key_place(key))
        step = _inner_step(key, entry, value, scope.for_each(group, variable), target)
        complete = complete and step is not None
        steps.extend([step] if step is not None else [])
        if items.fields is not None:
            items = KnownName(fields=items.fields | {key}, is_list=True, words=items.words)
        scope.define(group, items)
    if not complete:
        return None
    return EachStep(name=name, variable=variable, group=group, steps=tuple(steps), place=parent.key_place(name))


def parse_for(entry: Node, scope: Scope) -> tuple[str, str] | None:
    """Variable and list of `for: line in lines`; an unknown list is a problem."""
    node = entry.get("for")
    if node is None or not isinstance(node.scalar, str):
        return None
    variable, group = node.scalar.split(" in ")
    known = scope.known(group)
    at = node.at(len(variable) + len(" in "))
    if known is None or not known.is_list:
        if not scope.is_lenient:
            sentence = f"'{group}' is not a list of this mapping"
            hint = did_you_mean(group, scope.lists) or "lists are extracted with `each`"
            scope.findings.add(node, "E301", sentence, hint, at=at)
        return None
    if scope.known(variable) is not None:
        hint = "choose another word for the item"
        scope.findings.add(node, "E309", f"the name '{variable}' is defined already", hint)
    return variable, group

"""Bodies: the JSON of a request, with templates at its leaves and list items that repeat."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.language.node import Node, ProblemFound
from engine.language.transform.operators import LIST_LENGTH_MAX, kind_of
from engine.language.transform.render import NameUse, RenderError, Template, compile_template, literal
from engine.language.transform.scan import KEYWORDS
from engine.words.problem import Place, Problem

KeyPath = tuple[str, ...]
Leaf = tuple[str, Template, Any]
Scoped = tuple[str, Template, Any, Mapping[str, Any]]
Render = Callable[[Mapping[str, Any]], Any]

_FOR = re.compile(r"\s*(?P<variable>[A-Za-z]\w*)\s+in\s+(?P<group>[A-Za-z]\w*(\.[A-Za-z]\w*)*)\s*", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForClause:
    """`for: line in lines`: the name each item gets, and the list's name with the keys read from it."""

    variable: str
    group: KeyPath
    items: Template

    def scopes(self, scope: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """The scope of every item; `loop.index` counts from 1.

        Raises:
            RenderError: the name is not known, or is no list.
        """
        found = self.items.render(scope)
        if not isinstance(found, (list, tuple)):
            sentence = f"{'.'.join(self.group)} is {kind_of(found)}, and for wants a list"
            raise RenderError(sentence, self.items)
        if len(found) > LIST_LENGTH_MAX:
            raise RenderError(f"a list of {len(found)} items; {LIST_LENGTH_MAX} are the most", self.items)
        for index, item in enumerate(found, start=1):
            yield {**scope, self.variable: item, "loop": {"index": index}}


def compile_for(node: Node, where: str) -> ForClause:
    """Compile the scalar `line in lines`.

    Raises:
        ProblemFound: E202, it has another form.
    """
    found = _FOR.fullmatch(node.scalar) if isinstance(node.scalar, str) else None
    if found is None or KEYWORDS & {found["variable"], *found["group"].split(".")}:
        hint = "write for: line in lines"
        raise ProblemFound(_problem(node.place, "E202", "this repeats nothing", where, hint))
    variable, group = found["variable"], tuple(found["group"].split("."))
    if variable in ("loop", "self", group[0]):
        sentence = f"an item of {found['group']} cannot be called {variable}"
        raise ProblemFound(_problem(node.place, "E309", sentence, where, "write for: line in lines"))
    # The list is compiled like any expression, so that it is read and reported by the same rules.
    place = node.at(found.start("group"))
    expression = Node(place=place, scalar=f"{{{{{found['group']}}}}}")
    return ForClause(variable=variable, group=group, items=compile_template(expression, where))


@dataclass(frozen=True, slots=True)
class _Value:
    template: Template

    @property
    def render(self) -> Render:
        return self.template.render

    def leaves(self, path: str, scope: Mapping[str, Any]) -> Iterator[Scoped]:
        yield path, self.template, self.template.render(scope), scope

    def field_paths(self, _: KeyPath) -> Iterator[tuple[KeyPath, Place]]:
        yield from ()

    def names(self, loops: Mapping[str, KeyPath]) -> Iterator[NameUse]:
        for use in self.template.names:
            yield from _resolved(use, loops)

    @property
    def is_written(self) -> bool:
        """Whether the value stands in the file as it is, so that a null is sent."""
        return self.template.is_literal


@dataclass(frozen=True, slots=True)
class _Fields:
    """`written` is all of it as far as it is the same for every record, `worked_out` the rest."""

    entries: tuple[tuple[str, Place, _Part], ...]
    written: dict[str, Any] = field(compare=False)
    worked_out: tuple[tuple[str, Render], ...] = field(compare=False)
    is_written: bool = True

    def render(self, scope: Mapping[str, Any]) -> dict[str, Any]:
        rendered = self.written.copy()
        for key, render in self.worked_out:
            value = render(scope)
            if value is not None:
                rendered[key] = value
            else:
                del rendered[key]
        return rendered

    def leaves(self, path: str, scope: Mapping[str, Any]) -> Iterator[Scoped]:
        for key, _, part in self.entries:
            yield from part.leaves(f"{path}.{key}" if path else key, scope)

    def field_paths(self, path: KeyPath) -> Iterator[tuple[KeyPath, Place]]:
        for key, place, part in self.entries:
            yield (*path, key), place
            yield from part.field_paths((*path, key))

    def names(self, loops: Mapping[str, KeyPath]) -> Iterator[NameUse]:
        for _, _, part in self.entries:
            yield from part.names(loops)


@dataclass(frozen=True, slots=True)
class _Item:
    """One written item of a list, or as many as its `for` finds."""

    part: _Part
    repeated: ForClause | None

    def scopes(self, scope: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        if self.repeated is None:
            yield scope
        else:
            yield from self.repeated.scopes(scope)


@dataclass(frozen=True, slots=True)
class _Items:
    items: tuple[_Item, ...]
    is_written: bool = True

    def render(self, scope: Mapping[str, Any]) -> list[Any]:
        rendered: list[Any] = []
        for item in self.items:
            for inner in item.scopes(scope):
                value = item.part.render(inner)
                if value is not None or item.part.is_written:
                    rendered.append(value)
        return rendered

    def leaves(self, path: str, scope: Mapping[str, Any]) -> Iterator[Scoped]:
        index = 0
        for item in self.items:
            for inner in item.scopes(scope):
                found = list(item.part.leaves(f"{path}[{index}]", inner))
                yield from found
                left_out = isinstance(item.part, _Value) and found[0][2] is None and not item.part.is_written
                index += 0 if left_out else 1

    def field_paths(self, path: KeyPath) -> Iterator[tuple[KeyPath, Place]]:
        for item in self.items:
            yield from item.part.field_paths(path)

    def names(self, loops: Mapping[str, KeyPath]) -> Iterator[NameUse]:
        for item in self.items:
            inner = loops
            if item.repeated is not None:
                uses = [use for name in item.repeated.items.names for use in _resolved(name, loops)]
                yield from uses
                group = uses[0].path if uses else item.repeated.group
                inner = {**loops, item.repeated.variable: group, "loop": ()}
            yield from item.part.names(inner)


_Part = _Value | _Fields | _Items


@dataclass(frozen=True, slots=True)
class Body:
    """A compiled body; rendering never changes it, so threads may share it."""

    place: Place
    _part: _Part = field(repr=False)

    @property
    def names(self) -> tuple[NameUse, ...]:
        """Every name the templates use; a loop variable is given as the list it goes through."""
        return tuple(self._part.names({}))

    def render(self, scope: Mapping[str, Any]) -> Any:
        """The body for one scope; amounts and dates stay Decimal and date.

        A key whose template gives nothing is left out; a written null is kept.

        Raises:
            RenderError: a template has no value, or `for` finds no list.
        """
        return self._part.render(scope)

    def field_paths(self) -> tuple[tuple[KeyPath, Place], ...]:
        """The path of every key, with its place; items of a list are at the path of the list."""
        return tuple(self._part.field_paths(()))

    def leaves(self, scope: Mapping[str, Any]) -> Iterator[Leaf]:
        """Every value with its path, such as `ds.APInvDtl[0].InvoiceLine`, and its template.

        What is left out is given too, with the value None.
        """
        for path, template, value, _ in self._part.leaves("", scope):
            yield path, template, value

    def scoped_leaves(self, scope: Mapping[str, Any]) -> Iterator[Scoped]:
        """The same with the scope each value was worked out in: inside a `for` it has the item and `loop`."""
        return self._part.leaves("", scope)


def compile_body(node: Node, where: str, problems: list[Problem]) -> Body | None:
    """Compile a body; every problem is added to `problems`, and then there is no body."""
    before = len(problems)
    part = _compile(node, where, problems)
    return Body(node.place, part) if len(problems) == before else None


def _compile(node: Node, where: str, problems: list[Problem]) -> _Part:
    if node.fields is not None:
        return _compile_fields(node, node.fields, where, problems)
    if node.items is not None:
        items = (_compile_item(item, where, problems) for item in node.items)
        return _Items(tuple(item for item in items if item is not None))
    try:
        return _Value(compile_template(node, where))
    except ProblemFound as found:
        problems.append(found.problem)
        return _Value(literal(None, node.place))


def _compile_fields(node: Node, fields: Mapping[str, Node], where: str, problems: list[Problem]) -> _Fields:
    entries: list[tuple[str, Place, _Part]] = []
    for key, value in fields.items():
        place = node.key_place(key)
        if key == "for":
            hint = "repeat an item of a list: - {for: line in lines, …}"
            problems.append(_problem(place, "E104", "only an item of a list can be repeated", where, hint))
        if "{{" in key:
            problems.append(_problem(place, "E203", "a key is a plain word, not a template", where, ""))
        entries.append((key, place, _compile(value, f"{where} > {key}", problems)))
    literals = {key: part.template for key, _, part in entries if isinstance(part, _Value) and part.is_written}
    written = {key: literals[key].render({}) if key in literals else None for key, _, _ in entries}
    worked_out = tuple((key, part.render) for key, _, part in entries if key not in literals)
    return _Fields(tuple(entries), written, worked_out)


def _compile_item(node: Node, where: str, problems: list[Problem]) -> _Item | None:
    clause = node.get("for")
    if clause is None or node.fields is None:
        return _Item(_compile(node, where, problems), None)
    try:
        repeated = compile_for(clause, f"{where} > for")
    except ProblemFound as found:
        problems.append(found.problem)
        repeated = None
    rest = {key: value for key, value in node.fields.items() if key != "for"}
    return _Item(_compile_fields(node, rest, where, problems), repeated)


def _resolved(use: NameUse, loops: Mapping[str, KeyPath]) -> Iterator[NameUse]:
    name, *keys = use.path
    if name not in loops:
        yield use
    elif name != "loop":
        yield NameUse((*loops[name], *keys), use.place)


def _problem(place: Place, code: str, sentence: str, where: str, hint: str) -> Problem:
    return Problem(place=place, code=code, sentence=sentence, where=where, hint=hint)

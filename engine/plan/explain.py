"""Where every value comes from: source path, expression, crosswalk row, setting, each with its place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engine.language.crosswalk.crosswalk import Hit
from engine.language.spec.model import (
    CrosswalkStep,
    EachStep,
    EntrySpec,
    GroupSpec,
    LookupStep,
    MappingSpec,
    PeriodStep,
    Step,
    ValueStep,
)
from engine.language.transform.render import NameUse, RenderError, Template
from engine.plan.item import Item

DEPTH_MAX = 12

BooksPlace = Callable[[str, str], str]
"""Where a company's setting stands in books.yaml."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """One thing a value rests on: its name and value, what it was worked out from, and where that is written.

    `depth` says how many steps it is away from the value explained. A row of a crosswalk has no value of its
    own: it is told in words.
    """

    name: str
    value: Any
    told: str
    place: str
    depth: int = 0
    is_row: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """One value: its path, the value, the expression with its place, and what it rests on, nearest first."""

    path: str
    value: Any
    expression: str
    place: str
    origins: tuple[Origin, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedEntry:
    """One line of what is booked: its side, and where account and amount come from."""

    side: str
    booked_by_target: bool
    account: Explained
    amount: Explained


class Explainer:
    """Explains the values of one record, as far as they were worked out."""

    def __init__(self, item: Item, books_place: BooksPlace) -> None:
        self._item = item
        self._spec = item.spec
        self._books_place = books_place
        self._known = dict(_parts(item.spec))

    def body(self) -> tuple[Explained, ...]:
        """Every value of the document's body that is not a literal, in the order in which it is sent.

        Raises:
            RenderError: the record does not come as far as a body.
        """
        body = self._spec.target.call.body
        if body is None:
            return ()
        return tuple(
            self._explained(path, template, value, scope)
            for path, template, value, scope in body.scoped_leaves(self._item.scope)
            if not template.is_literal and value is not None
        )

    def entries(self) -> tuple[ExplainedEntry, ...]:
        """What the document books, line by line, as far as it is known."""
        return tuple(
            found
            for entry in self._spec.entries
            for scope in self._scopes(entry)
            if (found := self._entry(entry, scope)) is not None
        )

    def known(self) -> tuple[Origin, ...]:
        """Every name that was worked out, in the mapping's order: for a record that waits."""
        found: list[Origin] = []
        for (root, *keys), part in self._known.items():
            if root not in self._item.scope:
                continue
            if not keys:
                found += self._told(part, (root,), None, 0)
                continue
            for index, line in enumerate(self._item.scope[root]):
                if keys[0] in line:
                    found += self._told(part, (root, *keys), index, 0)
        return tuple(found)

    def stopped_at(self) -> tuple[Origin, ...]:
        """The field, step or check that a record which waits did not pass; nothing when its status decides."""
        for name, part in self._known.items():
            lines = self._item.scope.get(name[0])
            if len(name) == 1 and name[0] not in self._item.scope:
                return tuple(self._told(part, name, None, 0))
            for index, line in enumerate(lines if len(name) > 1 and isinstance(lines, list) else ()):
                if name[1] not in line:
                    return tuple(self._told(part, name, index, 0))
        return self._failed_check()

    def _failed_check(self) -> tuple[Origin, ...]:
        for check in (one for one in self._spec.checks if one.otherwise != "warn"):
            try:
                if check.require.render(self._item.scope) is False:
                    return (Origin(name="check", value=False, told=check.require.text, place=str(check.place)),)
            except RenderError:
                return (Origin(name="check", value=None, told=check.require.text, place=str(check.place)),)
        return ()

    def _scopes(self, entry: EntrySpec) -> Iterator[Mapping[str, Any]]:
        if entry.variable is None or entry.group is None:
            yield self._item.scope
        elif entry.group in self._item.scope:
            for _, _, scope in self._item.each(entry.variable, entry.group):
                yield scope

    def _entry(self, entry: EntrySpec, scope: Mapping[str, Any]) -> ExplainedEntry | None:
        try:
            account, amount = entry.account.render(scope), entry.amount.render(scope)
        except RenderError:
            return None
        return ExplainedEntry(
            side=entry.side,
            booked_by_target=entry.booked_by_target,
            account=self._explained("account", entry.account, account, scope),
            amount=self._explained("amount", entry.amount, amount, scope),
        )

    def _explained(self, path: str, template: Template, value: Any, scope: Mapping[str, Any]) -> Explained:
        index = self._line(scope)
        return Explained(
            path=path,
            value=value,
            expression=template.text,
            place=str(template.place),
            origins=tuple(self._trace(template.names, scope, index, 0, set())),
        )

    def _line(self, scope: Mapping[str, Any]) -> int | None:
        loop = scope.get("loop")
        return loop["index"] - 1 if isinstance(loop, Mapping) else None

    def _trace(
        self,
        uses: Iterable[NameUse],
        scope: Mapping[str, Any],
        index: int | None,
        depth: int,
        seen: set[tuple[str, ...]],
    ) -> Iterator[Origin]:
        for use in uses:
            name = self._resolved(use.path, scope, index)
            if name in seen or depth > DEPTH_MAX:
                continue
            seen.add(name)
            if name[0] == "books" and len(name) > 1:
                yield self._setting(name[1], depth)
                continue
            part = self._known.get(name[:2]) or self._known.get(name[:1])
            if part is None:
                continue
            inside = name[:2] in self._known and len(name) > 1
            yield from self._told(part, name, index if inside else None, depth)
            yield from self._trace(_uses(part), scope, index, depth + 1, seen)

    def _resolved(self, path: tuple[str, ...], scope: Mapping[str, Any], index: int | None) -> tuple[str, ...]:
        """The name with a loop variable replaced by the list it goes through."""
        root = path[0]
        if root in self._item.scope or root in ("loop", "books") or index is None:
            return path
        if root in scope:
            for group in self._groups():
                lines = self._item.scope.get(group)
                if isinstance(lines, list) and index < len(lines) and lines[index] is scope[root]:
                    return (group, *path[1:])
        for step in self._spec.steps:
            if isinstance(step, EachStep) and step.variable == root:
                return (step.group, *path[1:])
        return path

    def _groups(self) -> tuple[str, ...]:
        return tuple(group.name for group in self._spec.groups)

    def _told(self, part: _Part, name: tuple[str, ...], index: int | None, depth: int) -> Iterator[Origin]:
        called = _called(name, index)
        yield Origin(
            name=called, value=self._value(name, index), told=part.told(index), place=part.place, depth=depth
        )
        hit = self._item.hits.get(_called(name[:2] if index is not None else name[:1], index))
        if hit is not None:
            yield Origin(
                name=f"rule {hit.rule}" if hit.rule else "row",
                value=None,
                told=_row(hit),
                place=str(hit.place),
                depth=depth + 1,
                is_row=True,
            )

    def _value(self, name: tuple[str, ...], index: int | None) -> Any:
        value: Any = self._item.scope.get(name[0])
        keys = name[1:]
        if index is not None:
            value = value[index] if isinstance(value, list) and index < len(value) else None
        for key in keys:
            value = value.get(key) if isinstance(value, Mapping) else value
        return value

    def _setting(self, name: str, depth: int) -> Origin:
        company = self._item.company
        code = company.code if company is not None else ""
        return Origin(
            name=f"books.{name}",
            value=company.settings.get(name) if company is not None else None,
            told=f"the setting {name} of {code}",
            place=self._books_place(code, name),
            depth=depth,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """A field or a step: what defines a name."""

    step: Step | None
    path: str
    within: str
    place: str

    def told(self, index: int | None) -> str:
        """What it is worked out from."""
        step = self.step
        if step is None and self.within and index is not None:
            return f"the record's {self.within}, item {index + 1}: {self.path}"
        if step is None:
            return f"the record's {self.path}"
        if isinstance(step, ValueStep):
            return step.value.text
        if isinstance(step, CrosswalkStep):
            return f"crosswalk {step.crosswalk} by {_matched(step)}"
        if isinstance(step, LookupStep):
            return f"looked up in {step.connection} {step.set} by {_matched(step)}"
        return f"the period of {step.date.text}" if isinstance(step, PeriodStep) else step.name


def _parts(spec: MappingSpec) -> Iterator[tuple[tuple[str, ...], _Part]]:
    """What defines each name; a value of a list has the list's name before its own."""
    for field in spec.fields:
        yield (field.name,), _Part(step=None, path=field.path.text, within="", place=str(field.place))
    for group in spec.groups:
        yield from _group_parts(group)
    for step in spec.steps:
        if not isinstance(step, EachStep):
            yield (step.name,), _Part(step=step, path="", within="", place=str(step.place))
            continue
        for inner in step.steps:
            yield (step.group, inner.name), _Part(step=inner, path="", within=step.group, place=str(inner.place))


def _group_parts(group: GroupSpec) -> Iterator[tuple[tuple[str, ...], _Part]]:
    for field in group.fields:
        part = _Part(step=None, path=field.path.text, within=group.each.text, place=str(field.place))
        yield (group.name, field.name), part


def _uses(part: _Part) -> tuple[NameUse, ...]:
    step = part.step
    if isinstance(step, ValueStep):
        return step.value.names
    if isinstance(step, CrosswalkStep):
        dated = step.on.names if step.on is not None else ()
        return (*(use for _, value in step.match for use in value.names), *dated)
    if isinstance(step, LookupStep):
        return tuple(use for _, value in step.match for use in value.names)
    return step.date.names if isinstance(step, PeriodStep) else ()


def _matched(step: CrosswalkStep | LookupStep) -> str:
    return ", ".join(f"{name} = {value.text}" for name, value in step.match)


def _called(name: tuple[str, ...], index: int | None) -> str:
    if index is None:
        return ".".join(name)
    return f"{name[0]}[{index}]" + "".join(f".{key}" for key in name[1:])


def _row(hit: Hit) -> str:
    values = [f"{column} {value}" for column, value in hit.values.items() if value]
    said = ["says hold"] if hit.action == "hold" else values or ["says nothing"]
    note = f" ({hit.note})" if hit.note else ""
    return f"{', '.join(said)}{note}"

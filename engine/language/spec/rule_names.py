"""Names that stand outside the mapping: connections, crosswalks and their columns, settings of books.yaml."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from engine.language.spec.known import Known
from engine.language.spec.model import CrosswalkStep, LookupStep, MappingSpec
from engine.language.spec.spec_part import SpecPart, steps_with_parts
from engine.language.spec.walk_spec import name_uses
from engine.words.problem import Problem, did_you_mean


def check_names(spec: MappingSpec, known: Known) -> Iterator[Problem]:
    """E304, E305, E308 and E310."""
    yield from _connections(spec, known)
    for step, part in steps_with_parts(spec):
        if isinstance(step, CrosswalkStep):
            yield from _crosswalk(step, part, known)
    for use in name_uses(spec):
        if use.path[0] == "books" and len(use.path) > 1 and use.path[1] not in known.books_settings:
            hint = did_you_mean(use.path[1], known.books_settings)
            sentence = f"books.yaml has no setting '{use.path[1]}'"
            yield SpecPart(spec=spec).problem("E310", sentence, hint, at=use.place)


def _connections(spec: MappingSpec, known: Known) -> Iterator[Problem]:
    if not known.connections:
        return
    top = SpecPart(spec=spec)
    named = [
        (spec.source.connection, top / "source" / "connection"),
        (spec.target.connection, top / "target" / "connection"),
        *(
            (step.connection, part / "connection")
            for step, part in steps_with_parts(spec)
            if isinstance(step, LookupStep) and part.node.get("connection") is not None
        ),
    ]
    for name, part in named:
        if name not in known.connections:
            hint = _hint(name, known.connections)
            yield part.problem("E305", f"connections.yaml has no connection '{name}'", hint)


def _crosswalk(step: CrosswalkStep, part: SpecPart, known: Known) -> Iterator[Problem]:
    columns = known.crosswalk_columns.get(step.crosswalk)
    if columns is None:
        hint = _hint(step.crosswalk, known.crosswalk_columns)
        yield (part / "crosswalk").problem("E304", f"there is no crosswalk '{step.crosswalk}'", hint)
        return
    if not columns:
        return
    folded = {column.casefold() for column in columns}
    wrong = [(part / "match" / name, True, name) for name, _ in step.match if name.casefold() not in folded]
    wrong += [(inner, False, name) for inner, name in taken_parts(step.take, part) if name.casefold() not in folded]
    for inner, at_key, name in wrong:
        sentence = f"the crosswalk '{step.crosswalk}' has no column '{name}'"
        yield inner.problem("E308", sentence, _hint(name, columns), at_key=at_key)


def taken_parts(take: str | tuple[str, ...], part: SpecPart) -> list[tuple[SpecPart, str]]:
    """Each name under `take` with its part of the file."""
    if isinstance(take, str):
        return [(part / "take", take)]
    return [(part / "take" / index, name) for index, name in enumerate(take)]


def _hint(name: str, known: Iterable[str]) -> str:
    names = sorted(known)
    listed = f"there are: {', '.join(names)}" if 0 < len(names) <= 12 else ""
    return did_you_mean(name, names) or listed

"""What the mappings read at a connection: the feeds and entity sets that `ping` tries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from engine.language.spec.model import EachStep, LookupStep, MappingSpec, Step


def used_things(specs: Iterable[MappingSpec], connection: str) -> tuple[str, ...]:
    """The feeds and sets at a connection that the mappings read, each once, in the order of the mappings."""
    found = (thing for spec in specs if spec.switched_on for at, thing in _things(spec) if at == connection)
    return tuple(dict.fromkeys(found))


def _things(spec: MappingSpec) -> Iterator[tuple[str, str]]:
    yield spec.source.connection, spec.source.endpoint
    yield from _looked_up(spec.steps)
    target = spec.target.connection
    yield from ((target, ensure.set) for ensure in spec.target.ensure)
    yield from ((target, find.set) for find in (spec.dedupe.find if spec.dedupe is not None else ()))


def _looked_up(steps: Iterable[Step]) -> Iterator[tuple[str, str]]:
    for step in steps:
        if isinstance(step, LookupStep):
            yield step.connection, step.set
        elif isinstance(step, EachStep):
            yield from _looked_up(step.steps)

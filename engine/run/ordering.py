"""Mappings by name, and the order in which they run: each after those it waits for."""

from __future__ import annotations

from collections.abc import Sequence
from graphlib import TopologicalSorter

from engine.language.spec.model import MappingSpec
from engine.words.errors import InputError
from engine.words.problem import did_you_mean


def named(specs: Sequence[MappingSpec], name: str) -> MappingSpec:
    """The mapping of that name.

    Raises:
        InputError: there is none.
    """
    for spec in specs:
        if spec.name == name:
            return spec
    hint = did_you_mean(name, [spec.name for spec in specs])
    known = ", ".join(spec.name for spec in specs)
    raise InputError(f"there is no mapping '{name}'{f'; {hint}' if hint else ''} (there are: {known})")


def in_order_of_need(specs: Sequence[MappingSpec]) -> tuple[MappingSpec, ...]:
    """The mappings, each after the ones its `after` names (of those given); else by name."""
    by_name = {spec.name: spec for spec in sorted(specs, key=lambda spec: spec.name)}
    sorter = TopologicalSorter(
        {name: [earlier for earlier in spec.after if earlier in by_name] for name, spec in by_name.items()}
    )
    return tuple(by_name[name] for name in sorter.static_order())

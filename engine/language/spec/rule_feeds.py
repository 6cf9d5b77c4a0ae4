"""Mappings that share a feed: each record has one taker, and one id."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

from engine.language.spec.model import FilterSpec, MappingSpec
from engine.language.spec.spec_part import SpecPart
from engine.words.problem import Problem


def check_feeds(specs: Sequence[MappingSpec]) -> Iterator[Problem]:
    """E502 and E508, for each two mappings that read one feed; switched off ones count."""
    ordered = sorted(specs, key=lambda spec: spec.name)
    for first, second in combinations(ordered, 2):
        if _feed(first) == _feed(second):
            yield from _one_id(first, second)
            yield from _one_taker(first, second)


def _feed(spec: MappingSpec) -> tuple[str, str]:
    return spec.source.connection, spec.source.endpoint


def _one_id(first: MappingSpec, second: MappingSpec) -> Iterator[Problem]:
    part = SpecPart(spec=second) / "source"
    if first.source.id.text != second.source.id.text:
        sentence = f"'{first.name}' takes '{first.source.id.text}' as the id of the same feed"
        yield (part / "id").problem("E508", sentence, "a record has one id, whichever mapping takes it")
    if first.source.each_company is not second.source.each_company:
        sentence = f"'{first.name}' and '{second.name}' do not agree whether the feed is read for each company"
        yield part.problem("E508", sentence, "write each_company alike in both", at_key=True)
    if sorted(first.source.params) != sorted(second.source.params):
        sentence = f"'{first.name}' and '{second.name}' do not ask for the same part of the feed"
        hint = "write params alike in both: what one of them does not read would count as gone from the feed"
        yield part.problem("E508", sentence, hint, at_key=True)


def _one_taker(first: MappingSpec, second: MappingSpec) -> Iterator[Problem]:
    ours = {entry.path.text: entry for entry in first.filters if entry.routes}
    theirs = {entry.path.text: entry for entry in second.filters if entry.routes}
    shared = [(ours[path], theirs[path]) for path in ours if path in theirs]
    if any(not _common(one, other) for one, other in shared):
        return
    top = SpecPart(spec=second)
    if shared:
        one, other = shared[0]
        value = _common(one, other)[0]
        sentence = f"'{first.name}' takes records whose {one.path.text} is '{value}' too"
        part = top / "filter" / other.path.text
        yield part.problem("E502", sentence, "leave the value to one of the two mappings", at_key=True)
        return
    place = next(iter(theirs.values())).place if theirs else None
    sentence = f"'{first.name}' and '{second.name}' can take the same record of {second.source.endpoint}"
    hint = "give both a filter with `take` alone on the same path, with different values"
    yield (top / ("filter" if second.filters else "source")).problem("E502", sentence, hint, at_key=True, at=place)


def _common(one: FilterSpec, other: FilterSpec) -> list[Any]:
    return [value for value in other.take if any(_same(value, mine) for mine in one.take)]


def _same(value: Any, other: Any) -> bool:
    return bool(value == other) and isinstance(value, bool) is isinstance(other, bool)

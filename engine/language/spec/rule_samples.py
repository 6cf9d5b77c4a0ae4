"""What a mapping's own tests show: paths that no sample has, steps that nothing uses, too few tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from engine.language.spec.model import EachStep, EntrySpec, MappingSpec, Step, ValueStep
from engine.language.spec.spec_part import SpecPart
from engine.language.spec.walk_spec import name_uses, record_selectors
from engine.language.transform.failure import TransformError
from engine.language.transform.select import Selector
from engine.words.problem import Problem

TESTS_LEAST = 3


def check_samples(spec: MappingSpec) -> Iterator[Problem]:
    """W520, W521, W610, and E602 for a test that does not fit its mapping."""
    yield from _paths_nobody_has(spec)
    yield from _unused_steps(spec)
    yield from _tests(spec)


def _tests(spec: MappingSpec) -> Iterator[Problem]:
    top = SpecPart(spec=spec)
    if len(spec.tests) < TESTS_LEAST:
        sentence = f"{len(spec.tests)} of at least {TESTS_LEAST} tests"
        hint = "test what posts, what is skipped and what is held or refused"
        yield (top / "tests").problem("W610", sentence, hint, at_key=True)
    for index, test in enumerate(spec.tests):
        part = top / "tests" / index
        if spec.source.each_company and test.company is None:
            sentence = "the test does not say under which company the record is read"
            yield part.problem("E602", sentence, "add company")
        if test.expects == "books" and not spec.entries and spec.target.mode != "create_once":
            yield (part / "books").problem("E602", "this mapping books nothing", "expect sends", at_key=True)


def _paths_nobody_has(spec: MappingSpec) -> Iterator[Problem]:
    samples = [test.given for test in spec.tests]
    for selector in record_selectors(spec):
        yield from _missing(spec, selector, samples)
    for group in spec.groups:
        items = [item for sample in samples for item in _items(group.each, sample)]
        for field in group.fields:
            yield from _missing(spec, field.path, items)


def _missing(spec: MappingSpec, selector: Selector, samples: list[Any]) -> Iterator[Problem]:
    missing = [selector.missing_in(sample) for sample in samples]
    absent = [path for path in missing if path is not None]
    if samples and len(absent) == len(samples):
        sentence = f"no record of the tests has '{absent[0]}'"
        hint = "check the path, or add a test whose record has it"
        yield SpecPart(spec=spec).problem("W520", sentence, hint, at=selector.place)


def _items(each: Selector, sample: Any) -> list[Any]:
    """The items of a sample's list; a sample that the path does not fit has none to show."""
    try:
        found = each(sample)
    except TransformError:
        return []
    return found if isinstance(found, list) else []


def _unused_steps(spec: MappingSpec) -> Iterator[Problem]:
    used = _used_paths(spec)
    names = {path[0] for path in used}
    top = SpecPart(spec=spec) / "transform"
    for step in spec.steps:
        if isinstance(step, EachStep):
            for inner in step.steps:
                if (step.group, inner.name) not in used and not _may_hold(inner):
                    yield _unused(top / step.name / inner.name)
        elif step.name not in names and not _may_hold(step):
            yield _unused(top / step.name)


def _may_hold(step: Step) -> bool:
    """Whether a step has an effect by itself: a look-up that finds nothing holds the record."""
    return not isinstance(step, ValueStep | EachStep) and not getattr(step, "optional", False)


def _unused(part: SpecPart) -> Problem:
    sentence = f"nothing uses '{part.path[-1]}'"
    return part.problem("W521", sentence, "use it, or remove it", at_key=True)


def _used_paths(spec: MappingSpec) -> set[tuple[str, ...]]:
    """The first two words of every name used; the item of a list counts as the list."""
    used = {use.path[:2] for use in name_uses(spec)}
    for part in (*spec.steps, *spec.entries):
        if isinstance(part, (EachStep, EntrySpec)) and part.group is not None:
            for use in name_uses(part):
                if use.path[0] == part.variable:
                    used.add((part.group, *use.path[1:2]))
    return used

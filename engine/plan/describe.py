"""A mapping in plain English, with its T-account."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from engine.language.spec.model import (
    CrosswalkStep,
    EachStep,
    FilterSpec,
    LookupStep,
    MappingSpec,
    PeriodStep,
    Step,
    ValueStep,
)

_WIDTH = 10


def describe(spec: MappingSpec) -> str:
    """What the mapping does, from reading to writing back, one part a paragraph."""
    parts = (
        f"{spec.name}: {spec.title}",
        _indent("files", ", ".join(spec.files)),
        *([] if spec.switched_on else [_indent("state", "switched off: its records are claimed and held")]),
        *_reading(spec),
        *_working_out(spec.steps, ""),
        *_checks(spec),
        *_t_account(spec),
        *_writing(spec),
        _indent("tests", f"{len(spec.tests)}: " + ", ".join(test.name for test in spec.tests)),
    )
    return "\n".join(parts)


def _indent(word: str, text: str) -> str:
    return f"  {word:<{_WIDTH}} {text}"


def _reading(spec: MappingSpec) -> Iterator[str]:
    source = spec.source
    each = ", once for each company of books.yaml" if source.each_company else ""
    after = f" (runs after {', '.join(spec.after)})" if spec.after else ""
    yield _indent("reads", f"{source.connection} {source.endpoint}{each}{after}")
    for entry in spec.filters:
        yield _indent("takes" if entry.routes else "sorts", _filter(entry))
    for field in spec.fields:
        optional = ", may be missing" if field.optional else ""
        longest = f", at most {field.max_length} characters" if field.max_length else ""
        yield _indent("value", f"{field.name} from {field.path.text}{longest}{optional}")
    for group in spec.groups:
        names = ", ".join(field.name for field in group.fields)
        yield _indent("list", f"{group.name} from {group.each.text}: {names}")


def _filter(entry: FilterSpec) -> str:
    taken = ", ".join(map(str, entry.take))
    if entry.skip is None:
        return f"records whose {entry.path.text} is {taken}; others belong to other mappings"
    waiting = f"{', '.join(map(str, entry.skip))} waits; " if entry.skip else ""
    return f"{entry.path.text}: {taken} goes on; {waiting}anything else is held"


def _working_out(steps: Iterable[Step], within: str) -> Iterator[str]:
    for step in steps:
        name = f"{within}{step.name}"
        if isinstance(step, EachStep):
            yield from _working_out(step.steps, f"each {step.variable} > ")
        elif isinstance(step, CrosswalkStep):
            yield _indent("codes", f"{name} by the crosswalk {step.crosswalk}, from {_matched(step)}")
        elif isinstance(step, LookupStep):
            yield _indent("looks up", f"{name} in {step.connection} {step.set}, by {_matched(step)}")
        elif isinstance(step, PeriodStep):
            closed = "held when its period is closed" if step.closed == "hold" else "or the next open day"
            yield _indent("dates", f"{name} is {step.date.text}, {closed}")
        elif isinstance(step, ValueStep):
            yield _indent("sets", f"{name} to {step.value.text}")


def _matched(step: CrosswalkStep | LookupStep) -> str:
    return ", ".join(f"{name} = {value.text}" for name, value in step.match)


def _checks(spec: MappingSpec) -> Iterator[str]:
    for check in spec.checks:
        word = "holds" if check.otherwise == "hold" else "skips"
        yield _indent(word, f'unless {check.require.text}: "{check.because.text}"')


def _t_account(spec: MappingSpec) -> Iterator[str]:
    if not spec.entries:
        return
    yield _indent("books", f"{'debit':<44}| credit")
    for entry in spec.entries:
        each = f" for each {entry.variable}" if entry.variable else ""
        line = f"{entry.account.text} {entry.amount.text}{each}"
        yield _indent("", f"{line:<44}|" if entry.side == "debit" else f"{'':<44}| {line}")


_MODES = {
    "create_once": "enters each document once",
    "keep_in_step": "keeps the target in step: creates what is missing, updates what differs",
    "report": "compares only, and reports what differs",
}


def _writing(spec: MappingSpec) -> Iterator[str]:
    target = spec.target
    company = f" in company {target.company.text}" if target.company else ""
    yield _indent("writes", f"{_MODES[target.mode]}: {target.connection} {target.call.path.text}{company}")
    if spec.dedupe is not None:
        yield _indent("same if", " and ".join(part.text for part in spec.dedupe.key))
        if spec.dedupe.not_found == "ask":
            yield _indent("in doubt", "a person decides when a document sent without an answer is not found")
    if spec.acknowledge is not None:
        told = " and ".join(
            word
            for word, call in (("entered", spec.acknowledge.entered), ("refused", spec.acknowledge.refused))
            if call
        )
        yield _indent("tells", f"{spec.source.connection} what was {told}")

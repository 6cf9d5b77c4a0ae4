"""A mapping in plain English, with its T-account."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from engine.language.spec.model import (
    CrosswalkStep,
    EachStep,
    EntrySpec,
    FieldSpec,
    FilterSpec,
    LookupStep,
    MappingSpec,
    PeriodStep,
    Step,
    ValueStep,
)
from engine.language.spec.twin_model import DocumentTwin
from engine.language.transform.render import Template
from engine.words.json_value import shown

_KINDS = {
    "money": "an amount",
    "decimal": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "date": "a date",
    "book_date": "a date of the books, in the company's time zone",
}
_MODES = {
    "create_once": "enters each document once",
    "keep_in_step": "keeps the target in step: creates what is missing, updates what differs",
    "report": "compares only, and reports what differs",
}
_SIDE = 40
_WHOLE = re.compile(r"\{\{(?P<inside>(?:(?!\}\}).)*)\}\}", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """One part of the description: its heading and its sentences; `fixed` lines are kept as they are."""

    heading: str
    lines: tuple[str, ...]
    fixed: bool = False


def describe(spec: MappingSpec, *, width: int = 110) -> str:
    """What the mapping does, from reading to writing back, as text of this width."""
    head = [f"{spec.name}: {spec.title}"]
    if spec.owner:
        head.append(f"owned by {spec.owner}")
    if not spec.switched_on:
        head.append("SWITCHED OFF: its records are claimed and held, and nothing is sent")
    parts = ["\n".join(head)]
    for paragraph in paragraphs(spec):
        lines = [paragraph.heading]
        for line in paragraph.lines:
            if paragraph.fixed:
                lines.append(f"  {line}")
            else:
                lines += textwrap.wrap(
                    line,
                    width,
                    initial_indent="  - ",
                    subsequent_indent="    ",
                    break_on_hyphens=False,
                    break_long_words=False,
                )
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def paragraphs(spec: MappingSpec) -> Iterator[Paragraph]:
    """The description, part by part; a part that the mapping does not have is left out."""
    candidates = (
        Paragraph(heading="Which records it takes", lines=tuple(_reading(spec))),
        Paragraph(heading="What it reads from each record", lines=tuple(_values(spec))),
        Paragraph(heading="What it works out", lines=tuple(_working_out(spec.steps))),
        Paragraph(heading="When a record waits", lines=tuple(_checks(spec))),
        Paragraph(heading="What it books", lines=tuple(_t_account(spec.entries)), fixed=True),
        Paragraph(heading="What it writes", lines=tuple(_writing(spec))),
        Paragraph(heading="How nothing is entered twice", lines=tuple(_dedupe(spec))),
        Paragraph(heading="How the control report reads both sides", lines=tuple(_reconciling(spec))),
        Paragraph(heading=f"Tests in the mapping ({len(spec.tests)})", lines=tuple(test.name for test in spec.tests)),
        Paragraph(heading="Written in", lines=spec.files),
    )
    yield from (paragraph for paragraph in candidates if paragraph.lines)


def plain(template: Template) -> str:
    """A template as a person says it: a lone expression without its braces, one inside text as `<name>`."""
    text = template.text.strip()
    whole = _WHOLE.fullmatch(text)
    return whole["inside"].strip() if whole else _spoken(template)


def _spoken(template: Template) -> str:
    """A text with values in it: `vendor {{ name }}` is told as `vendor <name>`."""
    return _WHOLE.sub(lambda found: f"<{found['inside'].strip()}>", template.text)


def _reading(spec: MappingSpec) -> Iterator[str]:
    source = spec.source
    each = ", once for each company of books.yaml" if source.each_company else ""
    yield f"reads {source.connection} {source.endpoint}{each}"
    if spec.after:
        yield f"runs after {', '.join(spec.after)}"
    yield from (_filter(entry) for entry in spec.filters)


def _reconciling(spec: MappingSpec) -> Iterator[str]:
    if spec.reconcile is None:
        return
    for listing in spec.reconcile.documents:
        yield f"lists the documents of a period by {spec.target.connection} {listing.set}"
    for posting in spec.reconcile.postings:
        how = "lines in the general ledger" if posting.in_gl else "lines that are not posted yet"
        yield f"lists the {how} by {spec.target.connection} {posting.set}"
    for account, value in spec.reconcile.accounts:
        yield f"takes {account} for the account {plain(value)}"
    if spec.reconcile.on_clearing is not None:
        yield f"before it is booked, a record moves the clearing account by {plain(spec.reconcile.on_clearing)}"


def _filter(entry: FilterSpec) -> str:
    path = entry.path.text
    taken = _listed(entry.take)
    if entry.routes:
        return f"takes records whose {path} is {taken}; others belong to other mappings"
    waiting = f"; {_listed(entry.skip)} waits for a later run" if entry.skip else ""
    return f"goes on when {path} is {taken}{waiting}; with any other {path} the record is held for a person"


def _listed(values: Iterable[object]) -> str:
    return " or ".join(shown(value) for value in values)


def _values(spec: MappingSpec) -> Iterator[str]:
    for field in spec.fields:
        yield _field(field)
    for group in spec.groups:
        yield f"{group.name}: a list, one for each item of {group.each.text}, with"
        yield from (f"{group.name} > {_field(field)}" for field in group.fields)


def _field(field: FieldSpec) -> str:
    kind = f", {_KINDS[field.kind]}" if field.kind in _KINDS else ""
    longest = f", at most {field.max_length} characters" if field.max_length else ""
    missing = "; may be missing" if field.optional else "; held when missing"
    return f"{field.name} is {field.path.text}{kind}{longest}{missing}"


def _working_out(steps: Iterable[Step], within: str = "") -> Iterator[str]:
    for step in steps:
        name = f"{within}{step.name}"
        if isinstance(step, EachStep):
            yield from _working_out(step.steps, f"for each {step.variable}: ")
        elif isinstance(step, CrosswalkStep):
            missing = ", nothing when no row fits" if step.optional else ", held when no row fits"
            yield f"{name} by the crosswalk {step.crosswalk}.csv, from {_matched(step)}{missing}"
        elif isinstance(step, LookupStep):
            missing = "may be missing" if step.optional else "held when it is not there"
            yield f"{name} is looked up in {step.connection} {step.set}, where {_matched(step)}; {missing}"
        elif isinstance(step, PeriodStep):
            closed = (
                "held while its period is closed"
                if step.closed == "hold"
                else "moved to the next open day when its period is closed"
            )
            yield f"{name} is {plain(step.date)}, {closed}"
        elif isinstance(step, ValueStep):
            yield f"{name} is {plain(step.value)}"


def _matched(step: CrosswalkStep | LookupStep) -> str:
    return ", ".join(name if plain(value) == name else f"{name} = {plain(value)}" for name, value in step.match)


_OTHERWISE = {
    "hold": "held",
    "skip": "skipped, and looked at again later",
    "warn": "entered, with a warning",
}


def _checks(spec: MappingSpec) -> Iterator[str]:
    for check in spec.checks:
        yield f"{_OTHERWISE[check.otherwise]}, unless {plain(check.require)}: {_spoken(check.because)}"


def _t_account(entries: Iterable[EntrySpec]) -> Iterator[str]:
    lines = [(entry.side, _entry(entry)) for entry in entries]
    if not lines:
        return
    wide = max(_SIDE, *(len(text) for side, text in lines if side == "debit"))
    yield f"{'debit':<{wide}} | credit"
    yield f"{'-' * wide}-+-{'-' * _SIDE}"
    for side, text in lines:
        yield f"{text:<{wide}} |" if side == "debit" else f"{'':<{wide}} | {text}"


def _entry(entry: EntrySpec) -> str:
    each = f", for each {entry.variable}" if entry.variable else ""
    by = " (booked by the target)" if entry.booked_by_target else ""
    return f"{plain(entry.account)}  {plain(entry.amount)}{each}{by}"


def _writing(spec: MappingSpec) -> Iterator[str]:
    target = spec.target
    company = f", in the company named by {plain(target.company)}" if target.company else ""
    yield f"{_MODES[target.mode]}: {target.connection} {plain(target.call.path)}{company}"
    for ensure in target.ensure:
        match = ", ".join(f"{name} {plain(value)}" for name, value in ensure.match)
        yield f"makes sure first that {ensure.set} has {match}"
    if target.report is not None:
        yield f"writes {target.report.file} for a person to import: {', '.join(target.report.columns)}"
    if spec.acknowledge is not None:
        entered = "entered" if spec.acknowledge.when == "entered" else "posted to the general ledger"
        words = ((entered, spec.acknowledge.entered), ("refused", spec.acknowledge.refused))
        told = " and ".join(word for word, call in words if call)
        yield f"writes back to {spec.source.connection} what was {told}"


def _dedupe(spec: MappingSpec) -> Iterator[str]:
    dedupe = spec.dedupe
    if dedupe is None:
        return
    yield f"two documents are the same when they agree in {' and '.join(plain(part) for part in dedupe.key)}"
    if dedupe.find:
        yield f"looks for it first in {', then '.join(dict.fromkeys(find.set for find in dedupe.find))}"
    if dedupe.similar is not None:
        yield (
            f"held when {dedupe.similar.set} has one keyed by hand for the same vendor, under another spelling of "
            f"its number or with its amount within {dedupe.similar.days} days"
        )
    yield from _twins(spec)
    yield from _standing(spec)
    if dedupe.not_found == "ask":
        yield "a person decides when a document that was sent without an answer is not found"
    else:
        yield (
            f"sent without an answer, it is looked for after {dedupe.settle_s} seconds, "
            "and sent again only if it is not found"
        )


def _twins(spec: MappingSpec) -> Iterator[str]:
    """Where else the same spend is looked for."""
    for twin in spec.twins:
        if isinstance(twin, DocumentTwin):
            match = ", ".join(f"{name} {plain(value)}" for name, value in twin.match)
            where = " of any company" if twin.every_company else ""
            yield f"held when {twin.set}{where} has one with {match}, within {twin.days} days: {twin.says}"
        else:
            yield (
                f"held when {twin.mapping} has entered {plain(twin.amount)} for {plain(twin.label)} within "
                f"{twin.days} days: {twin.says}"
            )


def _standing(spec: MappingSpec) -> Iterator[str]:
    """How the sweep tells how far a document has come, and what must keep the target from paying it."""
    finds = spec.dedupe.find if spec.dedupe is not None else ()
    in_gl = [f"{find.in_gl.text} in {find.set}" for find in finds if find.in_gl is not None]
    settled = [f"{find.settled.text} in {find.set}" for find in finds if find.settled is not None]
    if in_gl:
        yield f"in the general ledger when {' or '.join(in_gl)}; settled when {' or '.join(settled) or 'never'}"
    if spec.exposed is not None:
        locks = ", ".join(f"{lock.path.text} is {plain(lock.equals)}" for lock in spec.exposed.locks)
        yield f"exposed to a second payment, where {plain(spec.exposed.where)}, unless {locks}"

"""What a target promises: a key against doubles, what it books, and parts that fit its mode."""

from __future__ import annotations

from collections.abc import Iterator

from engine.language.spec.model import MappingSpec
from engine.language.spec.spec_part import SpecPart
from engine.words.problem import Problem


def check_modes(spec: MappingSpec) -> Iterator[Problem]:
    """E501, E506 and E509."""
    top = SpecPart(spec=spec)
    target = spec.target
    if spec.dedupe is None and target.mode != "report":
        sentence = "nothing makes a document unique: a second one could not be told from the first"
        yield (top / "target").problem("E501", sentence, "add dedupe with a key", at_key=True)
    if target.mode == "create_once" and not spec.entries:
        hint = "add entries: what is debited and what is credited"
        yield top.problem("E506", "the mapping does not say what it books", hint)
    yield from _report(spec)
    yield from _dedupe(spec)
    yield from _bulk(spec)
    yield from _acknowledge(spec)


def _report(spec: MappingSpec) -> Iterator[Problem]:
    part = SpecPart(spec=spec) / "target"
    report = spec.target.report
    if spec.target.mode == "report" and report is None:
        yield (part / "mode").problem("E509", "mode report needs `report`", "add report: {file: …, columns: […]}")
    if report is None:
        return
    if spec.target.mode != "report":
        sentence = f"`report` does not fit mode {spec.target.mode}"
        yield (part / "report").problem("E509", sentence, "write mode: report, or remove it", at_key=True)
        return
    body = spec.target.call.body
    keys = {path[0] for path, _ in body.field_paths()} if body is not None else set()
    for index, column in enumerate(report.columns):
        if column not in keys:
            sentence = f"the body has no key '{column}' for this column"
            yield (part / "report" / "columns" / index).problem("E509", sentence, "columns are keys of the body")


def _dedupe(spec: MappingSpec) -> Iterator[Problem]:
    dedupe = spec.dedupe
    if dedupe is None:
        return
    part = SpecPart(spec=spec) / "dedupe"
    once = spec.target.mode == "create_once"
    if dedupe.not_found == "ask" and not once:
        sentence = f"not_found: ask does not fit mode {spec.target.mode}"
        yield (part / "not_found").problem("E509", sentence, "a document in step may be sent again: remove it")
    if once and not dedupe.find and dedupe.not_found == "send":
        sentence = "an in-doubt document would be sent again without being looked for"
        yield part.problem("E509", sentence, "add find, or write not_found: ask", at_key=True)


def _acknowledge(spec: MappingSpec) -> Iterator[Problem]:
    told = spec.acknowledge
    if told is None or told.when == "entered":
        return
    if spec.dedupe is None or not any(find.in_gl is not None for find in spec.dedupe.find):
        part = SpecPart(spec=spec) / "acknowledge" / "when"
        sentence = "when: in_gl, but no find of dedupe says what is in the general ledger: it would never be told"
        yield part.problem("E509", sentence, "add in_gl to find, or write when: entered")


def _bulk(spec: MappingSpec) -> Iterator[Problem]:
    bulk = spec.target.bulk
    if bulk is None:
        return
    part = SpecPart(spec=spec) / "target" / "bulk"
    if spec.target.mode == "report" and bulk.place.file == spec.place.file:  # a recipe's is passed over
        yield part.problem("E509", "`bulk` does not fit mode report", "remove it", at_key=True)
    if (bulk.rows is None) is not (bulk.row_key is None):
        sentence = "`rows` and `row_key` go together: which row answers which document"
        yield part.problem("E509", sentence, "write both or neither", at_key=True)
    elif bulk.row_reference is not None and bulk.rows is None:
        sentence = "`row_reference` stands on `rows`, which is missing"
        yield (part / "row_reference").problem("E509", sentence, "add rows and row_key", at_key=True)

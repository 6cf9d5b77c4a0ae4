"""What the target is known to have: services, methods, entity sets, tables and their fields.

A catalogue knows some services of a system, not all. A name is wrong when its service is known and has
nothing of the kind, or when it is nearly the name of a known one; of any other service nothing is said.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Iterator

from engine.language.spec.call_model import CallSpec
from engine.language.spec.known import Catalogue, Known
from engine.language.spec.model import LookupStep, MappingSpec
from engine.language.spec.rule_names import taken_parts
from engine.language.spec.spec_part import SpecPart, steps_with_parts
from engine.language.transform.body import Body
from engine.words.problem import Problem, did_you_mean

_SERVICE_PATH = re.compile(r"[A-Za-z][\w.]*/[A-Za-z]\w*\Z")
_PATH_IN_EXPRESSION = re.compile(r"'([A-Za-z][\w.]*/[A-Za-z]\w*)'")
_ALMOST = 0.9
_OWN_FIELD = "_c"
"""How a field ends that a company has added to a table itself."""


def check_against_catalogue(spec: MappingSpec, known: Known) -> Iterator[Problem]:
    """E503 and E504, where the kind of the connection has a catalogue."""
    top = SpecPart(spec=spec)
    source = known.catalogue_of(spec.source.connection)
    if source is not None and _SERVICE_PATH.match(spec.source.endpoint):
        yield from _set(spec.source.endpoint, top / "source" / "endpoint", source)
    for step, part in steps_with_parts(spec):
        catalogue = known.catalogue_of(step.connection) if isinstance(step, LookupStep) else None
        if isinstance(step, LookupStep) and catalogue is not None:
            fields = [*_keys(part / "match"), *taken_parts(step.take, part)]
            yield from _set(step.set, part / "lookup", catalogue, fields)
    target = known.catalogue_of(spec.target.connection)
    if target is not None:
        yield from _target(spec, target)


def _target(spec: MappingSpec, catalogue: Catalogue) -> Iterator[Problem]:
    for name, part in _finds(spec):
        yield from _set(name, part / "set", catalogue, _keys(part / "match"))
    services = _services(catalogue)
    for call, part in _calls(spec):
        paths = _paths(call)
        for name, offset in paths:
            yield from _path(name, call, part / call.verb, offset, catalogue)
        if call.body is not None and spec.target.mode != "report":
            is_known = any(_service(name) in services for name, _ in paths)
            yield from _body(call.body, part / "body", catalogue, is_known=is_known)


def _finds(spec: MappingSpec) -> Iterator[tuple[str, SpecPart]]:
    top = SpecPart(spec=spec)
    for index, ensure in enumerate(spec.target.ensure):
        yield ensure.set, top / "target" / "ensure" / index / "find"
    for index, find in enumerate(spec.dedupe.find if spec.dedupe is not None else ()):
        yield find.set, top / "dedupe" / "find" / index


def _calls(spec: MappingSpec) -> Iterator[tuple[CallSpec, SpecPart]]:
    top = SpecPart(spec=spec)
    target = top / "target"
    for index, call in enumerate(spec.target.defaults):
        yield call, target / "defaults" / index
    for index, ensure in enumerate(spec.target.ensure):
        create = target / "ensure" / index / "create"
        for inner, call in enumerate(ensure.defaults):
            yield call, create / "defaults" / inner
        yield ensure.create, create
    yield spec.target.call, target
    for index, find in enumerate(spec.dedupe.find if spec.dedupe is not None else ()):
        if find.read is not None:
            yield find.read, top / "dedupe" / "find" / index / "read"


def _keys(part: SpecPart) -> list[tuple[SpecPart, str]]:
    return [(part / key, key) for key in part.node.fields or ()]


def _set(
    name: str, part: SpecPart, catalogue: Catalogue, fields: Iterable[tuple[SpecPart, str]] = ()
) -> Iterator[Problem]:
    """An entity set, and the fields of it that are matched or taken."""
    if not catalogue.has_set(name):
        if _is_wrong(name, catalogue):
            yield part.problem("E504", f"there is no entity set '{name}'", did_you_mean(name, catalogue.sets()))
        return
    known = catalogue.set_fields(name)
    for inner, field in fields:
        if _is_unknown_field(field, known):
            near = did_you_mean(field, known)
            at_key = inner.path[-2] == "match"
            yield inner.problem("E503", f"'{name}' has no field '{field}'", near, at_key=at_key)


def _paths(call: CallSpec) -> list[tuple[str, int]]:
    """The methods or sets that a path names, or that its expression chooses from, with their offsets."""
    if call.path.is_literal:
        return [(call.path.text, 0)] if _SERVICE_PATH.match(call.path.text) else []
    return [(hit[1], hit.start(1)) for hit in _PATH_IN_EXPRESSION.finditer(call.path.text)]


def _path(name: str, call: CallSpec, part: SpecPart, offset: int, catalogue: Catalogue) -> Iterator[Problem]:
    if catalogue.has_method(name) or (call.verb != "call" and catalogue.has_set(name)):
        return
    if _is_wrong(name, catalogue):
        near = did_you_mean(name, [*catalogue.methods(), *catalogue.sets()])
        yield part.problem("E504", f"there is no method '{name}'", near, at=part.node.at(offset))


def _body(body: Body, part: SpecPart, catalogue: Catalogue, *, is_known: bool) -> Iterator[Problem]:
    """The tables under `ds` and their fields, at the key of each; `is_known` is about the call's service."""
    tables = frozenset(catalogue.tables())
    for path, place in body.field_paths():
        if path[0] != "ds" or len(path) not in {2, 3}:
            continue
        table = path[1]
        if len(path) == 2 and table not in tables and (is_known or _almost(table, tables)):
            near = did_you_mean(table, tables)
            yield (part / "ds" / table).problem("E504", f"there is no table '{table}'", near, at=place)
        if len(path) == 3 and _is_unknown_field(path[2], fields := catalogue.table_fields(table)):
            near = did_you_mean(path[2], fields)
            sentence = f"the table {table} has no field '{path[2]}'"
            yield (part / "ds" / table).problem("E503", sentence, near, at=place)


def _is_unknown_field(field: str, known: frozenset[str]) -> bool:
    return bool(known) and field not in known and not field.endswith(_OWN_FIELD)


def _is_wrong(name: str, catalogue: Catalogue) -> bool:
    services = _services(catalogue)
    service = _service(name)
    return service in services or _almost(_core(service), {_core(known) for known in services})


def _services(catalogue: Catalogue) -> set[str]:
    return {_service(name) for name in (*catalogue.methods(), *catalogue.sets()) if "/" in name}


def _service(name: str) -> str:
    return name.rpartition("/")[0]


def _core(service: str) -> str:
    """What tells a service from the others: `APInvoice` of `Erp.BO.APInvoiceSvc`."""
    return service.rpartition(".")[2].removesuffix("Svc")


def _almost(word: str, known: Collection[str]) -> bool:
    return bool(difflib.get_close_matches(word, known, n=1, cutoff=_ALMOST))

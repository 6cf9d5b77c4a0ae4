"""Checks a file against the schema of its kind, and says each mistake once, at its own place.

jsonschema-rs finds out quickly that a file is right, as nearly every file is; only jsonschema says what is wrong.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import jsonschema_rs

from engine.language.node import Node
from engine.language.spec.part_words import Path, part_words
from engine.language.spec.schema_words import Schema
from engine.words.problem import Place, Problem, did_you_mean

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

_CHECKS_MAX = 64
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)
_checks: dict[int, tuple[Schema, jsonschema_rs.Draft202012Validator]] = {}
"""By the identity of a schema, which is kept so that nothing else can come to have it."""

_TYPE_WORDS = {
    "string": "text",
    "object": "a map of keys",
    "array": "a list",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _BrokenRule:
    """A rule of the schema that a value breaks: the rule's word and argument, and the schema it stands in."""

    word: str
    wanted: Any
    given: Any
    schema: dict[str, Any]
    path: Path
    about_keys: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapeFault:
    """One fault of a file's shape: the problem, the path of the value, and the key it is about, if any."""

    problem: Problem
    path: Path
    key: str | None = None


def check_shape(node: Node, schema: Schema) -> list[Problem]:
    """Every fault of the file's shape as a problem: E104 to E107 and E112."""
    return [fault.problem for fault in shape_faults(node, schema)]


def shape_faults(node: Node, schema: Schema) -> tuple[ShapeFault, ...]:
    """Every fault of the file's shape; a missing key that was only misspelt is not a second one."""
    plain = node.plain()
    if _is_right(plain, schema):
        return ()
    import jsonschema

    checker = _Checker(node)
    errors = jsonschema.Draft202012Validator(schema).iter_errors(plain)
    found = [fault for error in errors for fault in checker.faults(_broken_rule(error))]
    found = _first_of_each_value(found)
    unknown = [fault for fault in found if fault.problem.code == "E104"]
    return tuple(fault for fault in found if not _was_misspelt(fault, unknown))


def _is_right(plain: Any, schema: Schema) -> bool:
    """Whether a file keeps its schema for certain."""
    if id(schema) not in _checks:
        if len(_checks) >= _CHECKS_MAX:
            _checks.clear()
        _checks[id(schema)] = (schema, jsonschema_rs.Draft202012Validator(schema))
    try:
        return _checks[id(schema)][1].is_valid(_without_points(plain))
    except (ValueError, ArithmeticError):  # letters that JSON cannot have, or a number beyond measure
        return False


def _without_points(plain: Any) -> Any:
    """The same with every number with a point moved to the middle between two whole ones.

    1.0 is a whole number to one of the two libraries and not to the other; a schema here bounds whole numbers, and
    others by nothing but 0.
    """
    if isinstance(plain, dict):
        return {key: _without_points(value) for key, value in plain.items()}
    if isinstance(plain, list):
        return [_without_points(value) for value in plain]
    return math.floor(plain) + 0.5 if isinstance(plain, Decimal) else plain


def _first_of_each_value(faults: list[ShapeFault]) -> list[ShapeFault]:
    kept: dict[tuple[Path, str | None, str], ShapeFault] = {}
    for fault in faults:
        about_keys = fault.problem.code in {"E104", "E105"}
        kept.setdefault((fault.path, fault.key, fault.problem.code if about_keys else "value"), fault)
    return list(kept.values())


def _was_misspelt(fault: ShapeFault, unknown: list[ShapeFault]) -> bool:
    """Whether an unknown key beside it, or one that belongs here, was meant as the missing one."""
    if fault.problem.code != "E105":
        return False
    keys = (fault.key or "").split(" or ")
    beside = {other.problem.hint for other in unknown if other.path == fault.path}
    anywhere = {other.problem.hint for other in unknown}
    return any(
        any(f"did you mean '{key}'?" in hint or f"'{key}' is missing here" in hint for hint in beside)
        or any(f"'{key}' belongs " in hint for hint in anywhere)
        for key in keys
    )


def _broken_rule(error: ValidationError) -> _BrokenRule:
    return _BrokenRule(
        word=str(error.validator),
        wanted=error.validator_value,
        given=error.instance,
        schema=dict(error.schema) if isinstance(error.schema, Mapping) else {},
        path=tuple(error.absolute_path),
        about_keys="propertyNames" in error.absolute_schema_path,
    )


class _Checker:
    def __init__(self, root: Node) -> None:
        self._root = root

    def faults(self, error: _BrokenRule) -> Iterator[ShapeFault]:
        path, word = error.path, error.word
        node = self._root.find(path)
        if word == "additionalProperties":
            yield from self._unknown_keys(error, path, node)
        elif word == "required":
            missing = [key for key in error.wanted if key not in error.given]
            yield from (self._missing(path, key, _about(error.schema, key)) for key in missing)
        elif word == "dependentRequired":
            yield from self._missing_beside(error, path, node)
        elif word in {"anyOf", "oneOf"}:
            yield from self._one_of(error, path, node)
        elif error.about_keys:
            sentence = f"'{error.given}' is not a name that can be used here"
            yield self._key_fault(path, node, str(error.given), "E107", sentence, _say(error))
        else:
            code, sentence, hint = _value_fault(error)
            yield self._fault(self._value_place(path, node), path, None, code, sentence, hint)

    def _unknown_keys(self, error: _BrokenRule, path: Path, node: Node) -> Iterator[ShapeFault]:
        known = dict(error.schema.get("properties", {}))
        missing = [name for name in error.schema.get("required", ()) if name not in error.given]
        for key in error.given:
            if key not in known:
                near = did_you_mean(key, known) or self._elsewhere(key, path)
                hint = near or "; ".join(f"'{name}' is missing here" for name in missing) or _known_keys(known)
                yield self._key_fault(path, node, key, "E104", f"unknown key '{key}'", hint)

    def _elsewhere(self, key: str, path: Path) -> str:
        """A hint when a wrong indentation has put a key of a neighbour here."""
        if path:
            return ""
        for neighbour, keys in _KEYS_OF_PARTS.items():
            if key in keys and self._root.get(neighbour) is not None:
                return f"'{key}' belongs under '{neighbour}'; check the indentation"
        return ""

    def _missing(self, path: Path, key: str, about: str) -> ShapeFault:
        return self._fault(self._part_place(path), path, key, "E105", f"'{key}' is missing", about)

    def _missing_beside(self, error: _BrokenRule, path: Path, node: Node) -> Iterator[ShapeFault]:
        for key, needed in error.wanted.items():
            for other in needed:
                if key in error.given and other not in error.given:
                    sentence = f"'{key}' needs '{other}' beside it"
                    yield self._fault(node.key_place(key), path, other, "E105", sentence, "")

    def _one_of(self, error: _BrokenRule, path: Path, node: Node) -> Iterator[ShapeFault]:
        if not isinstance(error.given, dict):
            return
        wanted = [branch["required"][0] for branch in error.wanted]
        given = [key for key in error.given if key in wanted]
        if len(given) > 1:
            sentence = f"'{given[0]}' and '{given[1]}' exclude each other"
            yield self._key_fault(path, node, given[1], "E112", sentence, "keep one of them")
            return
        known = error.schema.get("properties", {})
        for key in error.given:
            hint = did_you_mean(key, wanted) if key not in known else ""
            if hint:
                yield self._key_fault(path, node, key, "E104", f"unknown key '{key}'", hint)
                return
        names = " or ".join(wanted)
        sentence = f"one of {', '.join(wanted)} is missing" if len(wanted) > 1 else f"'{names}' is missing"
        yield self._fault(self._part_place(path), path, names, "E105", sentence, "")

    def _part_place(self, path: Path) -> Place:
        """Where a part begins for a reader: at its key, or at the list item."""
        if path and isinstance(path[-1], str):
            return self._root.find(path[:-1]).key_place(path[-1])
        return self._root.find(path).place

    def _value_place(self, path: Path, node: Node) -> Place:
        empty = node.scalar is None and not node.is_map and not node.is_list
        return self._part_place(path) if empty else node.place

    def _key_fault(self, path: Path, node: Node, key: str, code: str, sentence: str, hint: str) -> ShapeFault:
        place = node.key_place(key)
        where = part_words(place.file, path, self._root)
        problem = Problem(place=place, code=code, sentence=sentence, where=where, hint=hint)
        return ShapeFault(problem=problem, path=path, key=key)

    def _fault(self, place: Place, path: Path, key: str | None, code: str, sentence: str, hint: str) -> ShapeFault:
        where = part_words(place.file, path, self._root)
        problem = Problem(place=place, code=code, sentence=sentence, where=where, hint=hint)
        return ShapeFault(problem=problem, path=path, key=key)


_KEYS_OF_PARTS = {
    "source": ("connection", "endpoint", "id", "params", "each_company"),
    "target": ("company", "mode", "at_once_per", "ensure", "defaults", "call", "body", "succeeded", "warning"),
    "dedupe": ("key", "find", "not_found", "settle_s", "compare"),
    "acknowledge": ("when", "entered", "refused"),
}


def _value_fault(error: _BrokenRule) -> tuple[str, str, str]:
    """Code, sentence and hint of a value that does not fit."""
    given, wanted, about = error.given, error.wanted, error.schema.get("description", "")
    if error.word == "type":
        types = [wanted] if isinstance(wanted, str) else list(wanted)
        words = " or ".join(_TYPE_WORDS[name] for name in types)
        return "E106", f"this must be {words}, not {_kind(given)}", _hint_of_kind(error, types) or about
    if error.word in {"enum", "const"}:
        allowed = [str(word) for word in wanted] if isinstance(wanted, list) else [str(wanted)]
        near = did_you_mean(str(given), allowed)
        return "E107", f"{_show(given)} is not allowed here", near or f"one of {', '.join(allowed)}"
    if error.word == "pattern":
        return "E107", f"{_show(given)} does not fit here", _say(error)
    if error.word in {"minLength", "minItems", "minProperties"}:
        return "E106", "nothing stands here", about
    if error.word in {"minimum", "maximum"}:
        small = error.word == "minimum"
        sentence = f"{_show(given)} is too {'small' if small else 'large'}"
        return "E107", sentence, f"at {'least' if small else 'most'} {wanted}"
    return "E106", f"{_show(given)} does not fit here", about


def _hint_of_kind(error: _BrokenRule, types: list[str]) -> str:
    """How a value of the wrong kind is written rightly, where that can be told."""
    given, pattern = error.given, error.schema.get("pattern")
    if "string" in types and isinstance(given, (int, Decimal)) and not isinstance(given, bool):
        fits = pattern is None or re.search(pattern, str(given))
        return f'write "{given}", in quotes' if fits else _say(error)
    if isinstance(given, str) and not {"integer", "number"}.isdisjoint(types):
        is_number = _NUMBER.fullmatch(given)
        if is_number:
            return f"write {given}, without quotes"
        return "digits and a point alone, such as 1234.50" if "number" in types else ""
    return ""


def _kind(given: Any) -> str:
    if given is None:
        return "nothing"
    if isinstance(given, bool):
        return str(given).lower()
    if isinstance(given, dict):
        return "a map of keys"
    if isinstance(given, list):
        return "a list"
    return "text" if isinstance(given, str) else "a number"


def _show(given: Any) -> str:
    text = str(given)
    return f"'{text[:60]}…'" if len(text) > 60 else f"'{text}'"


def _say(error: _BrokenRule) -> str:
    return str(error.schema.get("patternErrorMessage", ""))


def _about(schema: Any, key: str) -> str:
    return str(schema.get("properties", {}).get(key, {}).get("description", ""))


def _known_keys(known: dict[str, Any]) -> str:
    return f"known here: {', '.join(known)}" if 0 < len(known) <= 12 else ""

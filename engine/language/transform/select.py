"""JMESPath: taking a value out of a record. Compiled once; a run only calls."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal, DecimalException
from typing import Any

import jmespath
from jmespath import exceptions, lexer

from engine.language.node import Node, ProblemFound
from engine.language.transform.bounded import COPIES_MAX, copies_in
from engine.language.transform.failure import TransformError
from engine.language.transform.key_paths import key_paths
from engine.language.transform.paths import FUNCTIONS, parts_of, reader_of
from engine.words.problem import Place, Problem, did_you_mean

LENGTH_MAX = 2000

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*", re.ASCII)


class SelectError(TransformError):
    """A JMESPath does not fit the record, such as a sum over something that is no list of numbers."""

    def __init__(self, sentence: str, selector: Selector) -> None:
        super().__init__(sentence)
        self.selector = selector


@dataclass(frozen=True, slots=True)
class Selector:
    """A compiled JMESPath; calling it with a record gives the value, None when it is absent.

    Raises:
        SelectError: a function of the path cannot work with what the record holds.
    """

    text: str
    place: Place
    _read: Callable[[Any], Any] = field(repr=False, compare=False)
    _paths: tuple[tuple[str, ...], ...] = field(repr=False, compare=False)

    def __call__(self, record: Any) -> Any:
        """The value in a record."""
        try:
            return self._read(record)
        except exceptions.JMESPathTypeError as error:
            sentence = (
                f"{error.function_name}() in '{self.text}' was given {_article(error.actual_type)} "
                f"where it wants {' or '.join(error.expected_types)}"
            )
            raise SelectError(sentence, self) from error
        except (exceptions.JMESPathError, TypeError, ValueError, DecimalException, RecursionError) as error:
            sentence = f"'{self.text}' does not fit this record: {error}"
            if isinstance(error, TypeError):
                sentence = f"'{self.text}' compares or joins values of different kinds; see to_number()"
            raise SelectError(sentence, self) from error

    def paths(self) -> tuple[tuple[str, ...], ...]:
        """The plain key paths it mentions, through lists, as far as they can be told from the text."""
        return self._paths

    def missing_in(self, sample: Any) -> str | None:
        """The first key path that no object at that position of the sample has.

        None when all are there, or when the sample has nothing at that position to tell by.
        """
        for path in self._paths:
            here = [sample]
            for depth, key in enumerate(path, start=1):
                objects = [value for value in _flat(here) if isinstance(value, dict)]
                if objects and not any(key in value for value in objects):
                    return ".".join(path[:depth])
                here = [value[key] for value in objects if key in value]
        return None


def compile_selector(node: Node, where: str) -> Selector:
    """Compile the JMESPath that a scalar holds.

    Raises:
        ProblemFound: E201, with the place of the character where reading stopped.
    """
    text = node.scalar
    if not isinstance(text, str) or not text.strip():
        raise _problem(node, 0, where, "a JMESPath is a text such as vendor.erp_reference_id", "")
    if len(text) > LENGTH_MAX:
        raise _problem(node, 0, where, f"a JMESPath of {len(text)} characters; {LENGTH_MAX} are the most", "")
    if _PLAIN.fullmatch(text):
        keys = tuple(text.split("."))
        return Selector(text, node.place, _reader_of_keys(keys), (keys,))
    tree = _parse(text, node, where)
    _check_functions(tree, text, node, where)
    if copies_in(parts_of(tree)) > COPIES_MAX:
        sentence = f"lists and objects inside each other, which repeat one value more than {COPIES_MAX:,} times"
        raise _problem(node, 0, where, sentence, "")
    tree = _with_decimals(tree)
    try:
        return Selector(text, node.place, reader_of(tree), key_paths(tree))
    except RecursionError as error:
        raise _problem(node, 0, where, "a JMESPath that cannot be read", _hint(text)) from error


def _reader_of_keys(keys: tuple[str, ...]) -> Callable[[Any], Any]:
    if len(keys) == 1:
        only = keys[0]
        return lambda record: record.get(only) if isinstance(record, dict) else None

    def read(record: Any) -> Any:
        for key in keys:
            if not isinstance(record, dict):
                return None
            record = record.get(key)
        return record

    return read


def _parse(text: str, node: Node, where: str) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", PendingDeprecationWarning)
            tree = _own(jmespath.compile(text).parsed)
            _check_literals(text, node, where)
    except exceptions.LexerError as error:
        raise _problem(node, error.lexer_position, where, _sentence(error.message), "") from error
    except exceptions.IncompleteExpressionError as error:
        raise _problem(node, len(text), where, "the JMESPath breaks off here", "") from error
    except exceptions.ParseError as error:
        sentence = "the JMESPath breaks off here"
        if error.token_value:
            sentence = f"unexpected {error.token_value!r} in a JMESPath"
        raise _problem(node, error.lex_position, where, sentence, _hint(text)) from error
    except PendingDeprecationWarning as error:
        offset = max(text.find("`"), 0)
        hint = "write text in single quotes, numbers in backticks"
        raise _problem(node, offset, where, "backticks hold JSON", hint) from error
    except (exceptions.JMESPathError, RecursionError) as error:
        raise _problem(node, 0, where, "a JMESPath that cannot be read", _hint(text)) from error
    return tree


def _own(tree: Any) -> Any:
    """The tree with parts of its own: the parser hands out one tree to everyone who compiles the same text."""
    if not isinstance(tree, dict):
        return tree
    return {**tree, "children": [_own(child) for child in tree.get("children", ())]}


def _check_literals(text: str, node: Node, where: str) -> None:
    """Refuse a number of so many digits that reading it as a float changed it."""
    for token in lexer.Lexer().tokenize(text):
        if token["type"] != "literal" or text[token["start"]] != "`":
            continue
        after = token["start"] + token["end"]  # the lexer counts one less where the literal ends the text
        closing = after if text[after : after + 1] == "`" else after - 1
        lexeme = text[token["start"] + 1 : closing].replace("\\`", "`")
        exact = json.loads(lexeme, parse_float=Decimal)
        if exact != _decimals_in(token["value"]):
            sentence = f"{lexeme} has more digits than can be kept here"
            raise _problem(node, token["start"], where, sentence, "write at most 15 digits")


def _check_functions(tree: Any, text: str, node: Node, where: str) -> None:
    for part in parts_of(tree):
        if part["type"] != "function_expression":
            continue
        name, given = part["value"], len(part["children"])
        found = re.search(rf"(?<![\w]){re.escape(name)}\s*\(", text)
        offset = found.start() if found else 0
        known = FUNCTIONS.FUNCTION_TABLE.get(name)
        if known is None:
            hint = did_you_mean(name, FUNCTIONS.FUNCTION_TABLE)
            raise _problem(node, offset, where, f"JMESPath has no function '{name}'", hint)
        wanted = len(known["signature"])
        variadic = bool(known["signature"]) and bool(known["signature"][-1].get("variadic"))
        if given != wanted and not (variadic and given > wanted):
            raise _problem(node, offset, where, f"{name}() takes {wanted} arguments, not {given}", "")


def _with_decimals(tree: Any) -> Any:
    for part in parts_of(tree):
        if part["type"] == "literal":
            part["value"] = _decimals_in(part["value"])
    return tree


def _decimals_in(value: Any) -> Any:
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, list):
        return [_decimals_in(inner) for inner in value]
    if isinstance(value, dict):
        return {key: _decimals_in(inner) for key, inner in value.items()}
    return value


def _flat(values: list[Any]) -> list[Any]:
    flat: list[Any] = []
    for value in values:
        flat.extend(_flat(value) if isinstance(value, list) else [value])
    return flat


def _article(kind: str) -> str:
    return "nothing" if kind in ("null", "NoneType") else f"a value of type {kind}"


def _sentence(message: str) -> str:
    return message[:1].lower() + message[1:]


def _hint(text: str) -> str:
    if "{{" in text:
        return "a JMESPath is written without {{ }}"
    return "keys with spaces or dashes stand in double quotes, text in single quotes" if "-" in text else ""


def _problem(node: Node, offset: int, where: str, sentence: str, hint: str) -> ProblemFound:
    problem = Problem(place=node.at(offset), code="E201", sentence=sentence, where=where, hint=hint)
    return ProblemFound(problem)

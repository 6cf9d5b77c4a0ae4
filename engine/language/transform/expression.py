"""Expressions: Jinja's grammar, an allow-list of its parts, and operators of our own.

Jinja only parses. `allowed` replaces what touches a value by functions of `operators` and `filters`, and
`closures` puts these together; none of Jinja's own filters, tests or globals is ever reached.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from jinja2 import TemplateSyntaxError, nodes
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

from engine.language.transform import operators
from engine.language.transform.allowed import NotAllowed, rewrite, words_for
from engine.language.transform.closures import Evaluate, closure
from engine.language.transform.failure import TransformError
from engine.language.transform.filters import FILTERS, TESTS, FilterSpec
from engine.language.transform.operators import Unknown
from engine.language.transform.scan import Refused, Use, Word, check_words, plain_path, uses_of, words_of

LENGTH_MAX = 4000


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression: `evaluate` works it out in a scope; `words` is how messages call its value.

    What it gives may be `Unknown`, which whoever uses the value refuses.
    """

    evaluate: Evaluate
    uses: tuple[Use, ...]
    words: str


@lru_cache(maxsize=4096)
def compile_expression(source: str) -> Expression:
    """Compile the text between `{{` and `}}`; offsets in what it raises count from its first character.

    Mappings of one recipe say the same again and again: an expression keeps nothing between two uses.

    Raises:
        Refused: it cannot be read, or uses what the language does not have.
    """
    if len(source) > LENGTH_MAX:
        raise Refused(LENGTH_MAX, "E203", f"an expression of more than {LENGTH_MAX} characters")
    words = words_of(source, _ENVIRONMENT)
    check_words(words)
    uses = uses_of(words)
    path = plain_path(words)
    if path is not None:
        return Expression(_reader_of_path(path), uses, ".".join(path))
    tree = _parse(source, words)
    try:
        evaluate = closure(rewrite(tree), _FUNCTIONS)
    except NotAllowed as error:
        place = next((word.offset for word in words if word.text == error.word), words[0].offset)
        raise Refused(place, error.code, error.sentence) from error
    return Expression(evaluate, uses, words_for(tree))


def _reader_of_path(path: tuple[str, ...]) -> Evaluate:
    tree: nodes.Expr = nodes.Name(path[0], "load", lineno=1)
    for key in path[1:]:
        tree = nodes.Getattr(tree, key, "load", lineno=1)
    return closure(rewrite(tree), _FUNCTIONS)


def _parse(source: str, words: Sequence[Word]) -> nodes.Expr:
    parser = Parser(_ENVIRONMENT, source, state="variable")
    try:
        tree = parser.parse_expression()
        fault = "" if parser.stream.eos else f"unexpected {parser.stream.current.value!r}"
    except RecursionError as error:
        raise Refused(words[0].offset, "E203", "an expression nested too deeply") from error
    except TemplateSyntaxError as error:
        fault = error.message or "an expression that cannot be read"
    if not fault:
        return tree
    # The parser stops at the word it cannot use; what it has not read yet tells which one that is.
    unread = sum(1 for _ in parser.stream)
    if not unread:
        raise Refused(len(source.rstrip()), "E202", "the expression breaks off here")
    raise Refused(words[len(words) - unread].offset, "E202", fault)


def _filter_call(name: str, spec: FilterSpec) -> Callable[..., Any]:
    function = spec.function

    def call(value: Any, words: str, *arguments: Any) -> Any:
        for argument in arguments:
            if isinstance(argument, Unknown):
                argument.fail()
        if isinstance(value, Unknown):
            if not (spec.takes_missing and value.optional):
                value.fail()
            value = None
        if value is None and not spec.takes_missing:
            return None
        try:
            return operators.check_size(function(value, *arguments))
        except TransformError as error:
            raise TransformError(f"{words}: {name} {error.sentence}") from error

    return call


def _test_call(function: Callable[[Any], bool]) -> Callable[[Any], bool]:
    def call(value: Any) -> bool:
        if isinstance(value, Unknown):
            if not value.optional:
                value.fail()
            value = None
        return function(value)

    return call


def _with_sign(function: Callable[..., Any], sign: str) -> Callable[..., Any]:
    return lambda left, right, *words: function(left, sign, right, *words)


def _functions() -> dict[str, Callable[..., Any]]:
    return {
        ".": operators.read_key,
        "[]": operators.read_item,
        "~": operators.join_text,
        "negative": operators.negative,
        "number": Decimal,
        "==": operators.equal,
        "!=": operators.unequal,
        "in": operators.contained,
        "not in": operators.not_contained,
        **{sign: _with_sign(operators.arithmetic, sign) for sign in "+-*"},
        **{sign: _with_sign(operators.ordered, sign) for sign in ("<", "<=", ">", ">=")},
        **{f"filter {name}": _filter_call(name, spec) for name, spec in FILTERS.items()},
        **{f"is {name}": _test_call(test.function) for name, test in TESTS.items()},
    }


def _environment() -> ImmutableSandboxedEnvironment:
    """What Jinja's parser asks for; nothing is ever run in it."""
    environment = ImmutableSandboxedEnvironment(undefined=Unknown, autoescape=False)
    for table in (environment.globals, environment.filters, environment.tests):
        table.clear()
    return environment


_ENVIRONMENT = _environment()
_FUNCTIONS = _functions()

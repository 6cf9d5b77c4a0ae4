"""Templates: a literal, exactly one `{{ expression }}`, or text with expressions inside."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from jinja2 import TemplateError

from engine.language.node import Node, ProblemFound
from engine.language.transform.closures import Evaluate
from engine.language.transform.expression import compile_expression
from engine.language.transform.failure import TransformError
from engine.language.transform.operators import SHORT, TEXT_LENGTH_MAX, as_text, check_size, refuse_unknown
from engine.language.transform.scan import Refused
from engine.words.json_value import shown
from engine.words.problem import Place, Problem

_QUOTED_OR_CLOSING = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|}}|['"]""", re.DOTALL)
"""Text in quotes, the end of an expression, or a quote that nothing closes."""
_ONE_PAIR = re.compile(r"""\s*\{\s*[A-Za-z_][^{}"]*\}\s*""")


@dataclass(frozen=True, slots=True)
class NameUse:
    """A name that an expression uses, with the keys read from it: `vendor.Inactive`.

    Positions in lists are left out, so `lines[0].account` is ('lines', 'account').
    """

    path: tuple[str, ...]
    place: Place


class RenderError(TransformError):
    """A template has no value for this record; the record is held."""

    def __init__(self, sentence: str, template: Template) -> None:
        super().__init__(sentence)
        self.template = template


@dataclass(frozen=True, slots=True)
class Template:
    """A compiled value; may be rendered by several threads at once."""

    text: str
    place: Place
    is_literal: bool
    names: tuple[NameUse, ...]
    _value: Callable[[Mapping[str, Any]], Any] = field(repr=False, compare=False)

    def render(self, scope: Mapping[str, Any]) -> Any:
        """The value for one scope; an expression that stands alone keeps its type.

        Raises:
            RenderError: a name or key is not there, or values do not fit together.
        """
        try:
            value = self._value(scope)
            kind = type(value)
            if kind in SHORT or (kind is str and len(value) <= TEXT_LENGTH_MAX):
                return value
            refuse_unknown(value)
            return check_size(value)
        except TransformError as error:
            raise RenderError(error.sentence, self) from error
        except (TemplateError, ArithmeticError, TypeError, ValueError, LookupError, RecursionError) as error:
            raise RenderError(f"{self.text} cannot be worked out: {error}", self) from error


def literal(value: Any, place: Place) -> Template:
    """A template that is always this value."""
    return Template(shown(value), place, is_literal=True, names=(), _value=lambda _: value)


def compile_template(node: Node, where: str) -> Template:
    """Compile a scalar.

    Raises:
        ProblemFound: E202, E203, E204 or E205 with the place of the word; E106 when it is not a scalar.
    """
    if node.is_map or node.is_list:
        sentence = f"a value is wanted here, not a {'map' if node.is_map else 'list'}"
        raise ProblemFound(Problem(place=node.place, code="E106", sentence=sentence, where=where))
    text = node.scalar
    if not isinstance(text, str):
        return literal(text, node.place)
    try:
        parts = tuple(_parts(text))
        if not any(is_expression for _, _, is_expression in parts):
            _check_braces(text)
            return literal(text, node.place)
        return _compile_parts(text, parts, node)
    except Refused as refused:
        problem = Problem(
            place=node.at(refused.offset),
            code=refused.code,
            sentence=refused.sentence,
            where=where,
            hint=refused.hint,
        )
        raise ProblemFound(problem) from refused


Part = tuple[str, int, bool]


def _compile_parts(text: str, parts: tuple[Part, ...], node: Node) -> Template:
    names: list[NameUse] = []
    pieces: list[str | tuple[Evaluate, str]] = []
    for part, offset, is_expression in parts:
        if not is_expression:
            pieces.append(part)
            continue
        try:
            expression = compile_expression(part)
        except Refused as refused:
            raise Refused(offset + refused.offset, refused.code, refused.sentence, refused.hint) from refused
        names.extend(NameUse(use.path, node.at(offset + use.offset)) for use in expression.uses)
        pieces.append((expression.evaluate, expression.words))
    alone = [piece for piece in pieces if not isinstance(piece, str)]
    stands_alone = len(alone) == 1 and not "".join(p for p in pieces if isinstance(p, str)).strip()
    value = alone[0][0] if stands_alone else _joined(tuple(pieces))
    return Template(text, node.place, is_literal=False, names=tuple(names), _value=value)


def _joined(pieces: tuple[str | tuple[Evaluate, str], ...]) -> Evaluate:
    def value(scope: Mapping[str, Any]) -> str:
        shown = [piece if isinstance(piece, str) else as_text(piece[0](scope), piece[1]) for piece in pieces]
        return "".join(shown)

    return value


def _parts(text: str) -> Iterator[Part]:
    """The stretches of a text: what it says, where it begins, and whether it is an expression."""
    at = 0
    while True:
        opening = text.find("{{", at)
        end = len(text) if opening < 0 else opening
        _check_plain(text, at, end)
        if end > at:
            yield text[at:end], at, False
        if opening < 0:
            return
        closing = _closing(text, opening + 2)
        yield text[opening + 2 : closing], opening + 2, True
        at = closing + 2


def _check_plain(text: str, start: int, end: int) -> None:
    for mark, sentence, code in (
        ("{%", "statements are not part of this language", "E203"),
        ("{#", "comments are written in YAML, after a #", "E203"),
        ("}}", "}} without a {{ before it", "E202"),
    ):
        found = text.find(mark, start, end)
        if found >= 0:
            raise Refused(found, code, sentence)


def _check_braces(text: str) -> None:
    """One pair of braces around a name is a slip that would be sent as text, or would switch off what asks for it."""
    if _ONE_PAIR.fullmatch(text):
        raise Refused(0, "E202", "an expression stands in two pairs of braces", 'write "{{ … }}"')


def _closing(text: str, start: int) -> int:
    """Where the `}}` stands that closes an expression; one inside quotes does not."""
    for found in _QUOTED_OR_CLOSING.finditer(text, start):
        if found[0] == "}}":
            return found.start()
        if len(found[0]) == 1:
            break
    raise Refused(start - 2, "E202", "an expression that is not closed", "}} is missing, or a quote")

"""Finds the quote or bracket behind a fault that the YAML parser notices only lines later."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

_OPENING = (yaml.FlowSequenceStartToken, yaml.FlowMappingStartToken)
_CLOSING = (yaml.FlowSequenceEndToken, yaml.FlowMappingEndToken)

Position = tuple[int, int]


def long_quote(text: str, line: int) -> Position | None:
    """Where a quoted text begins that ends in this line but began above it."""
    for token in _tokens(text):
        is_quoted = isinstance(token, yaml.ScalarToken) and not token.plain
        if is_quoted and token.start_mark.line < token.end_mark.line == line - 1:
            return token.start_mark.line + 1, token.start_mark.column + 1
        if token.start_mark.line >= line:
            return None
    return None


def open_bracket(text: str) -> tuple[Position, str] | None:
    """The innermost bracket that nothing closes, and what would close it."""
    opened: list[Any] = []
    for token in _tokens(text):
        if isinstance(token, _OPENING):
            opened.append(token)
        elif isinstance(token, _CLOSING):
            opened[-1:] = []
    if not opened:
        return None
    mark = opened[-1].start_mark
    return (mark.line + 1, mark.column + 1), "]" if isinstance(opened[-1], _OPENING[0]) else "}"


def _tokens(text: str) -> Iterator[Any]:
    """The tokens up to the fault: where the scanner stops, what it has read is all there is to tell."""
    tokens = yaml.scan(text, Loader=yaml.SafeLoader)
    while True:
        try:
            yield next(tokens)
        except (StopIteration, yaml.YAMLError):
            return

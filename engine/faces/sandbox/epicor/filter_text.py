"""`$filter` texts and where clauses, compiled into a test of rows."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from engine.faces.sandbox.epicor.errors import malformed
from engine.faces.sandbox.epicor.rows import EMPTY
from engine.faces.sandbox.epicor.schema import Columns
from engine.faces.sandbox.tables import Row, fold

Test = Callable[[Row], bool]

_TOKENS_MAX = 2000
_DEPTH_MAX = 60
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')"
    r"|(?P<guid>[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})"
    r"|(?P<date>\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?Z?)?)(?![\w.])"
    r"|(?P<number>-?\d+(?:\.\d+)?)(?![\w.])"
    r"|(?P<name>[A-Za-z_]\w*)|(?P<mark>[(),]|<>|<=|>=|[=<>]))"
)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}
_SYMBOLS = {"=": "eq", "<>": "ne", ">": "gt", ">=": "ge", "<": "lt", "<=": "le"}
_TEXT_TESTS: dict[str, Callable[[str, str], bool]] = {
    "startswith": str.startswith,
    "endswith": str.endswith,
    "contains": operator.contains,
}


@dataclass(frozen=True, slots=True)
class Filter:
    """A compiled filter; `equals` are values every passing row must have, for reading by index."""

    test: Test
    equals: Mapping[str, Any]


def compile_filter(text: str, columns: Columns, *, where_clause: bool = False) -> Filter:
    """Compile a `$filter`, or with `where_clause` the older spelling with `=`, `<>` and quoted dates.

    Text compares without case, as the database behind it does.

    Raises:
        EpicorError: an ODataException that says what cannot be read.
    """
    if where_clause:
        text = re.split(r"(?i)\bBY\b(?=(?:[^']*'[^']*')*[^']*$)", text)[0]
    parser = _Parser(_tokens(text), columns, where_clause=where_clause)
    test = parser.either(0)
    parser.end()
    return Filter(test, parser.equals)


def _tokens(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    place, end = 0, len(text.rstrip())
    while place < end:
        match = _TOKEN.match(text, place)
        if match is None or len(found) >= _TOKENS_MAX:
            raise malformed(f"Syntax error at position {place} in '{text}'.")
        kind = str(match.lastgroup)
        found.append((kind, match[kind]))
        place = match.end()
    return found


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]], columns: Columns, *, where_clause: bool) -> None:
        self._tokens = tokens
        self._place = 0
        self._columns = columns
        self._where = where_clause
        self.equals: dict[str, Any] = {}

    def end(self) -> None:
        if self._place < len(self._tokens):
            raise malformed(f"Syntax error at '{self._tokens[self._place][1]}'.")

    def either(self, depth: int) -> Test:
        if depth > _DEPTH_MAX:
            raise malformed("The expression is nested too deeply.")
        before = dict(self.equals)
        tests = [self._both(depth)]
        while self._word("or"):
            tests.append(self._both(depth))
        if len(tests) > 1:
            # Only what every row must fulfil may narrow the read; a choice promises nothing.
            self.equals = before
            return lambda row: any(test(row) for test in tests)
        return tests[0]

    def _both(self, depth: int) -> Test:
        tests = [self._single(depth)]
        while self._word("and"):
            tests.append(self._single(depth))
        return tests[0] if len(tests) == 1 else lambda row: all(test(row) for test in tests)

    def _single(self, depth: int) -> Test:
        if self._word("not"):
            before = dict(self.equals)
            inner = self._single(depth + 1) if depth < _DEPTH_MAX else self.either(depth + 1)
            self.equals = before
            return lambda row: not inner(row)
        if self._mark("("):
            test = self.either(depth + 1)
            self._expect(")")
            return test
        kind, name = self._next()
        if kind != "name":
            raise malformed(f"Syntax error at '{name}': a property name was expected.")
        if name in _TEXT_TESTS and self._mark("("):
            return self._text_test(name)
        return self._comparison(name)

    def _text_test(self, name: str) -> Test:
        column = self._column(self._next()[1], "text")
        self._expect(",")
        kind, literal = self._next()
        if kind != "text":
            raise malformed(f"No function signature for the function with name '{name}' matches.")
        self._expect(")")
        wanted, matches = _unquoted(literal).casefold(), _TEXT_TESTS[name]
        return lambda row: matches((row.get(column) or "").casefold(), wanted)

    def _comparison(self, name: str) -> Test:
        column = self._column(name)
        kind = self._columns.kinds[column]
        sign = self._peek()
        sign = _SYMBOLS.get(sign, sign) if self._where else sign
        if sign not in _COMPARE:
            if kind != "flag":
                raise malformed(f"Syntax error after '{name}': an operator was expected.")
            return lambda row: bool(row.get(column))
        self._place += 1
        wanted = self._literal(kind, name)
        if sign == "eq" and wanted:
            self.equals[column] = wanted
        if wanted is None:
            return _null_test(column, sign)
        compare, empty = _COMPARE[sign], EMPTY[kind]

        def test(row: Row) -> bool:
            value = row.get(column)
            value = empty if value is None else value
            return sign == "ne" if value is None else compare(fold(value), wanted)

        return test

    def _literal(self, kind: str, name: str) -> Any:
        found, text = self._next()
        if found == "name" and text == "null":
            return None
        if kind == "flag" and found == "name" and text in ("true", "false"):
            return text == "true"
        if kind == "number" and found == "number":
            return Decimal(text) if "." in text else int(text)
        if kind == "date" and found == "date":
            return _moment(text)
        if kind == "date" and found == "text" and self._where:
            return _moment(_unquoted(text))
        if kind == "text" and found in ("text", "guid"):
            return fold(_unquoted(text))
        raise malformed(f"A binary operator with incompatible types was detected: '{name}' and {text}.")

    def _column(self, name: str, kind: str | None = None) -> str:
        found = self._columns.kinds.get(name)
        if found is None or (kind is not None and found != kind):
            raise malformed(f"Could not find a property named '{name}' on type 'Erp.{self._columns.table}'.")
        return name

    def _peek(self) -> str:
        return self._tokens[self._place][1] if self._place < len(self._tokens) else ""

    def _next(self) -> tuple[str, str]:
        if self._place >= len(self._tokens):
            raise malformed("Syntax error: the expression ends too early.")
        self._place += 1
        return self._tokens[self._place - 1]

    def _word(self, word: str) -> bool:
        text = self._peek().casefold() if self._where else self._peek()
        return text == word and self._take()

    def _mark(self, mark: str) -> bool:
        return self._peek() == mark and self._take()

    def _take(self) -> bool:
        self._place += 1
        return True

    def _expect(self, mark: str) -> None:
        if not self._mark(mark):
            raise malformed(f"Syntax error: '{mark}' was expected, not '{self._peek()}'.")


def _null_test(column: str, sign: str) -> Test:
    if sign not in ("eq", "ne"):
        raise malformed("null can only be compared with eq and ne.")
    return lambda row: (row.get(column) is None) == (sign == "eq")


def _unquoted(literal: str) -> str:
    return literal[1:-1].replace("''", "'") if literal.startswith("'") else literal


def _moment(text: str) -> str:
    plain = text.removesuffix("Z").split(".")[0]
    plain = f"{plain}T00:00:00" if len(plain) == 10 else plain
    return fold(f"{plain}:00" if len(plain) == 16 else plain)  # type: ignore[no-any-return]

"""From a parsed JMESPath to functions of a value, one inside the other.

The grammar and the functions are the library's, and so is what every part means; only its walk through the parsed
form for every record is not used. Whatever goes through a list or an object counts its steps, so that neither a path
nor a record made for it keeps a run waiting.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from jmespath.visitor import TreeInterpreter

from engine.language.transform.bounded import Steps, check_made, check_size
from engine.language.transform.exact import DecimalFunctions

FUNCTIONS = DecimalFunctions()

Part = dict[str, Any]
Read = Callable[[Any, Steps], Any]

_IN_TURN = frozenset({"subexpression", "index_expression", "pipe"})
_MEANS = TreeInterpreter.COMPARATOR_FUNC


def reader_of(tree: Part) -> Callable[[Any], Any]:
    """The function that takes out of a record what the path says."""
    read = _reader(tree)
    return lambda record: check_made(read(record, Steps()))


def parts_of(tree: Any) -> list[Part]:
    """Every part of a parsed path."""
    found, waiting = [], [tree]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict) and "type" in part:
            found.append(part)
            waiting.extend(reversed(part.get("children", ())))
    return found


class _Expression:
    """What `&` makes of a part. The library's functions know it by the name of this class, and call `visit`."""

    __slots__ = ("_steps", "_weight", "expression")

    def __init__(self, expression: Read, weight: int, steps: Steps) -> None:
        self.expression, self._weight, self._steps = expression, weight, steps

    def visit(self, expression: Read, value: Any) -> Any:
        """The part's value for one item."""
        self._steps.take(self._weight)
        return expression(value, self._steps)


def _reader(part: Part) -> Read:
    return _RULES[part["type"]](part)


def _readers(part: Part) -> list[Read]:
    return [_reader(child) for child in part["children"]]


def _weight(part: Part) -> int:
    """The steps that one item takes at the most, but for the lists inside it, which count their own."""
    return len(parts_of(part))


def _itself(_: Part) -> Read:
    return lambda value, _steps: value


def _field(part: Part) -> Read:
    key = part["value"]
    return lambda value, _steps: value.get(key) if isinstance(value, dict) else None


def _literal(part: Part) -> Read:
    literal = part["value"]
    return lambda _value, _steps: literal


def _index(part: Part) -> Read:
    index = part["value"]

    def read(value: Any, _steps: Steps) -> Any:
        return value[index] if isinstance(value, list) and -len(value) <= index < len(value) else None

    return read


def _slice(part: Part) -> Read:
    there = slice(*part["children"])
    return lambda value, _steps: value[there] if isinstance(value, list) else None


def _in_turn(part: Part) -> Read:
    first, *others = _flat(part)
    begin = _reader(first)
    if len(others) == 1:
        then = _reader(others[0])
        return lambda value, steps: then(begin(value, steps), steps)
    reads = [_reader(other) for other in others]

    def read(value: Any, steps: Steps) -> Any:
        value = begin(value, steps)
        for one in reads:
            value = one(value, steps)
        return value

    return read


def _flat(part: Part) -> Iterable[Part]:
    """The parts that are asked one after the other: `a.b.c` is parsed as `(a.b).c`."""
    for child in part["children"]:
        if child["type"] in _IN_TURN:
            yield from _flat(child)
        else:
            yield child


def _comparator(part: Part) -> Read:
    left, right = _readers(part)
    means = _MEANS[part["value"]]
    literal = part["children"][1].get("value") if part["children"][1]["type"] == "literal" else None
    if part["value"] == "eq" and isinstance(literal, str):  # as in [?type_label=='Department']
        return lambda value, steps: left(value, steps) == literal
    if part["value"] == "eq":
        return lambda value, steps: _equal(left(value, steps), right(value, steps))
    if part["value"] == "ne":
        return lambda value, steps: not _equal(left(value, steps), right(value, steps))

    def read(value: Any, steps: Steps) -> Any:
        one, other = left(value, steps), right(value, steps)
        return means(one, other) if _has_order(one) and _has_order(other) else None

    return read


def _equal(one: Any, other: Any) -> bool:
    """Whether both are the same; zero and one are not what false and true are."""
    if type(one) is not str and type(other) is not str and isinstance(one, bool) is not isinstance(other, bool):
        return False
    same: bool = one == other
    return same


def _has_order(value: Any) -> bool:
    return isinstance(value, (str, int, Decimal)) and not isinstance(value, bool)


def _or(part: Part) -> Read:
    left, right = _readers(part)

    def read(value: Any, steps: Steps) -> Any:
        found = left(value, steps)
        return right(value, steps) if _is_false(found) else found

    return read


def _and(part: Part) -> Read:
    left, right = _readers(part)

    def read(value: Any, steps: Steps) -> Any:
        found = left(value, steps)
        return found if _is_false(found) else right(value, steps)

    return read


def _not(part: Part) -> Read:
    (inner,) = _readers(part)
    return lambda value, steps: _is_false(inner(value, steps))


def _is_false(value: Any) -> bool:
    """Nothing, `false`, and what is empty; zero is a number like any other."""
    return not value and (value is False or not isinstance(value, (int, Decimal)))


def _list(part: Part) -> Read:
    items = _readers(part)
    return lambda value, steps: None if value is None else [item(value, steps) for item in items]


def _object(part: Part) -> Read:
    fields = [(child["value"], _reader(child["children"][0])) for child in part["children"]]
    return lambda value, steps: None if value is None else {key: field(value, steps) for key, field in fields}


def _projection(part: Part) -> Read:
    source, each, *conditions = _readers(part)
    weight = sum(_weight(child) for child in part["children"][1:])
    condition = conditions[0] if conditions else None
    of_values = part["type"] == "value_projection"

    def read(value: Any, steps: Steps) -> Any:
        base = source(value, steps)
        if of_values:
            base = list(base.values()) if isinstance(base, dict) else None
        if not isinstance(base, list):
            return None
        steps.take(len(base) * weight)
        taken = base if condition is None else (item for item in base if not _is_false(condition(item, steps)))
        return [found for item in taken if (found := each(item, steps)) is not None]

    return read


def _flatten(part: Part) -> Read:
    (source,) = _readers(part)

    def read(value: Any, steps: Steps) -> Any:
        base = source(value, steps)
        if not isinstance(base, list):
            return None
        check_size(len(one) for one in base if isinstance(one, list))
        joined: list[Any] = []
        for one in base:
            if isinstance(one, list):
                joined += one
            else:
                joined.append(one)
        return joined

    return read


def _reference(part: Part) -> Read:
    (inner,) = _readers(part)
    weight = _weight(part)
    return lambda _value, steps: _Expression(inner, weight, steps)


def _function(part: Part) -> Read:
    name, arguments = part["value"], _readers(part)
    return lambda value, steps: check_made(FUNCTIONS.call_function(name, [one(value, steps) for one in arguments]))


_RULES: dict[str, Callable[[Part], Read]] = {
    **dict.fromkeys(("current", "identity"), _itself),
    **dict.fromkeys(_IN_TURN, _in_turn),
    **dict.fromkeys(("projection", "filter_projection", "value_projection"), _projection),
    "field": _field,
    "literal": _literal,
    "index": _index,
    "slice": _slice,
    "comparator": _comparator,
    "or_expression": _or,
    "and_expression": _and,
    "not_expression": _not,
    "multi_select_list": _list,
    "multi_select_dict": _object,
    "flatten": _flatten,
    "expref": _reference,
    "function_expression": _function,
}

"""From the allowed parts of a parsed expression to functions of a scope, one inside the other.

Nothing is generated and nothing is looked up while it runs but the names in the scope: an expression costs what
its operators cost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import nodes

from engine.language.transform.operators import Unknown

Evaluate = Callable[[Mapping[str, Any]], Any]
Functions = Mapping[str, Callable[..., Any]]


def closure(node: nodes.Node, functions: Functions) -> Evaluate:
    """The function that works this part out; the parts are those that `allowed.rewrite` leaves."""
    return _RULES[type(node)](node, functions)


def _constant(node: nodes.Const, _: Functions) -> Evaluate:
    value = node.value
    return lambda _scope: value


def _name(node: nodes.Name, _: Functions) -> Evaluate:
    name = node.name

    def read(scope: Mapping[str, Any]) -> Any:
        try:
            return scope[name]
        except KeyError:
            return Unknown(name=name)

    return read


def _list(node: nodes.List, functions: Functions) -> Evaluate:
    items = [closure(item, functions) for item in node.items]
    return lambda scope: [item(scope) for item in items]


def _tuple(node: nodes.Tuple, functions: Functions) -> Evaluate:
    items = [closure(item, functions) for item in node.items]
    return lambda scope: tuple(item(scope) for item in items)


def _call(node: nodes.Filter, functions: Functions) -> Evaluate:
    function = functions[node.name]
    given = [closure(part, functions) for part in (node.node, *node.args) if part is not None]
    first, *others = given
    constants = tuple(part.value for part in node.args if isinstance(part, nodes.Const))
    if node.name == ".":
        return _field(first, function, *constants)
    if not others:  # a test
        return lambda scope: function(first(scope))
    if len(others) == 1 == len(constants):  # a filter with nothing in brackets, and the words of the value
        words = constants[0]
        return lambda scope: function(first(scope), words)
    if len(others) == 3 and all(isinstance(part, nodes.Const) for part in node.args[1:]):  # an operator
        second, (left_words, right_words) = others[0], constants[-2:]
        return lambda scope: function(first(scope), second(scope), left_words, right_words)
    if len(others) == 2:
        second, third = others
        return lambda scope: function(first(scope), second(scope), third(scope))
    return lambda scope: function(*[one(scope) for one in given])


def _field(owner: Evaluate, function: Callable[..., Any], key: str, words: str) -> Evaluate:
    """A key of an object, which is what is read most; all but the usual case is the function's."""

    def read(scope: Mapping[str, Any]) -> Any:
        value = owner(scope)
        return value[key] if type(value) is dict and key in value else function(value, key, words)

    return read


def _and(node: nodes.And, functions: Functions) -> Evaluate:
    left, right = closure(node.left, functions), closure(node.right, functions)
    return lambda scope: left(scope) and right(scope)


def _or(node: nodes.Or, functions: Functions) -> Evaluate:
    left, right = closure(node.left, functions), closure(node.right, functions)
    return lambda scope: left(scope) or right(scope)


def _not(node: nodes.Not, functions: Functions) -> Evaluate:
    inner = closure(node.node, functions)
    return lambda scope: not inner(scope)


def _choice(node: nodes.CondExpr, functions: Functions) -> Evaluate:
    test, then = closure(node.test, functions), closure(node.expr1, functions)
    otherwise = closure(node.expr2 or nodes.Const(None), functions)
    return lambda scope: then(scope) if test(scope) else otherwise(scope)


_RULES: dict[type[nodes.Node], Callable[[Any, Functions], Evaluate]] = {
    nodes.Const: _constant,
    nodes.Name: _name,
    nodes.List: _list,
    nodes.Tuple: _tuple,
    nodes.Filter: _call,
    nodes.And: _and,
    nodes.Or: _or,
    nodes.Not: _not,
    nodes.CondExpr: _choice,
}

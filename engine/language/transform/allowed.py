"""What an expression may be made of: the parts of Jinja's parsed form, one rule for each.

A part without a rule is refused. Every operator and field access becomes a call of a function of
`operators`, in the form of a filter, which is the only form that Jinja has for a call by name.
"""

from __future__ import annotations

import functools
import inspect
import itertools
from collections.abc import Callable
from typing import Any

from jinja2 import nodes

from engine.language.transform.filters import FILTERS, TESTS, FilterSpec

DEPTH_MAX = 50

_COMPARISONS = {
    "eq": "==",
    "ne": "!=",
    "lt": "<",
    "lteq": "<=",
    "gt": ">",
    "gteq": ">=",
    "in": "in",
    "notin": "not in",
}
_ARITHMETIC: dict[type[nodes.BinExpr], str] = {nodes.Add: "+", nodes.Sub: "-", nodes.Mul: "*"}


class NotAllowed(Exception):
    """A part of an expression that the language does not have; `word` is where to look for it."""

    def __init__(self, sentence: str, code: str = "E203", word: str = "") -> None:
        super().__init__(sentence)
        self.sentence, self.code, self.word = sentence, code, word


def rewrite(node: nodes.Node, depth: int = 0) -> nodes.Expr:
    """The parsed form with our operators in place of Jinja's.

    Raises:
        NotAllowed: a part that the language does not have.
    """
    if depth > DEPTH_MAX:
        raise NotAllowed("an expression nested too deeply")
    rule = _RULES.get(type(node))
    if rule is None:
        raise NotAllowed(f"expressions have no {type(node).__name__.lower()}")
    return rule(node, depth + 1)


def words_for(node: nodes.Node) -> str:
    """How a message calls the value of this part."""
    if isinstance(node, nodes.Name):
        return node.name
    if isinstance(node, nodes.Getattr):
        return f"{words_for(node.node)}.{node.attr}"
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        return f"{words_for(node.node)}[{node.arg.value!r}]"
    if isinstance(node, nodes.Const):
        return repr(node.value)[:40]
    if isinstance(node, nodes.Filter) and node.node is not None:
        return f"{words_for(node.node)} | {node.name}"
    return "the value"


def call(name: str, value: nodes.Expr, *arguments: nodes.Expr) -> nodes.Expr:
    """A call of one of the functions that `expression` gives to Jinja."""
    return nodes.Filter(value, name, list(arguments), [], None, None, lineno=1)


def _constant(value: Any) -> nodes.Const:
    return nodes.Const(value, lineno=1)


def _words(node: nodes.Node) -> nodes.Const:
    return _constant(words_for(node))


def _name(node: nodes.Name, _: int) -> nodes.Expr:
    if node.name.startswith("_") or node.name == "self" or node.ctx != "load":
        raise NotAllowed(f"'{node.name}' is not a name here", word=node.name)
    return nodes.Name(node.name, "load", lineno=1)


def _literal(node: nodes.Const, _: int) -> nodes.Expr:
    if isinstance(node.value, float):
        return call("number", _constant(repr(node.value)))
    if node.value is None or isinstance(node.value, (bool, int, str)):
        return _constant(node.value)
    raise NotAllowed(f"{node.value!r} is not a value here")


def _list(node: nodes.List, depth: int) -> nodes.Expr:
    return nodes.List([rewrite(item, depth) for item in node.items], lineno=1)


def _field(node: nodes.Getattr, depth: int) -> nodes.Expr:
    _check_key(node.attr)
    return call(".", rewrite(node.node, depth), _constant(node.attr), _words(node.node))


def _item(node: nodes.Getitem, depth: int) -> nodes.Expr:
    position = node.arg
    turned = isinstance(position, nodes.Neg)
    if isinstance(position, nodes.Neg):
        position = position.node
    if not isinstance(position, nodes.Const) or type(position.value) not in (int, str):
        raise NotAllowed("only a number or a text may stand in [ ]", word="[")
    key = position.value
    if isinstance(key, str):
        if turned:
            raise NotAllowed("a text has no sign", word="[")
        _check_key(key)
    index = _constant(-key if turned else key)
    return call("[]", rewrite(node.node, depth), index, _words(node.node))


def _check_key(key: str) -> None:
    if key.startswith("_"):
        raise NotAllowed(f"'{key}' begins with _, which no field does here", word=key)


def _filter(node: nodes.Filter, depth: int) -> nodes.Expr:
    spec = FILTERS.get(node.name)
    if spec is None or node.node is None:
        raise NotAllowed(f"unknown filter '{node.name}'", "E204", node.name)
    if node.dyn_args or node.dyn_kwargs:
        raise NotAllowed("expressions have no * arguments", word=node.name)
    arguments = [rewrite(argument, depth) for argument in _arguments(node, spec)]
    return call(f"filter {node.name}", rewrite(node.node, depth), _words(node.node), *arguments)


def _arguments(node: nodes.Filter, spec: FilterSpec) -> list[nodes.Expr]:
    """All that the filter is given, in the order in which it takes it."""
    named = {str(pair.key): pair.value for pair in node.kwargs}
    signature = inspect.signature(spec.function)
    try:
        bound = signature.bind(None, *node.args, **named)
    except TypeError:
        sentence = f"the filter {node.name} is written {node.name}{spec.usage}"
        raise NotAllowed(sentence, "E202", node.name) from None
    for name, check in spec.checks.items():
        given = bound.arguments.get(name)
        fault = check(given.value) if isinstance(given, nodes.Const) else None
        if fault:
            raise NotAllowed(f"{node.name} {fault}", "E202", node.name)
    bound.apply_defaults()
    return [given if isinstance(given, nodes.Expr) else _constant(given) for given in bound.args[1:]]


def _test(node: nodes.Test, depth: int) -> nodes.Expr:
    if node.name not in TESTS:
        raise NotAllowed(f"unknown test 'is {node.name}'", "E204", node.name)
    if node.args or node.kwargs or node.dyn_args or node.dyn_kwargs:
        raise NotAllowed(f"'is {node.name}' takes nothing after it", "E202", node.name)
    return call(f"is {node.name}", rewrite(node.node, depth))


def _comparison(node: nodes.Compare, depth: int) -> nodes.Expr:
    if not 1 <= len(node.ops) <= 2:
        raise NotAllowed("a comparison of more than three values")
    if len(node.ops) > 1 and _compares_three(node.ops[0].expr):  # each is worked out twice, and so on inside it
        raise NotAllowed("a comparison of three values in the middle of another one")
    sides = [node.expr, *(operand.expr for operand in node.ops)]
    parts = [
        call(_COMPARISONS[operand.op], rewrite(left, depth), rewrite(right, depth), _words(left), _words(right))
        for operand, (left, right) in zip(node.ops, itertools.pairwise(sides), strict=True)
    ]
    return functools.reduce(lambda whole, part: nodes.And(whole, part, lineno=1), parts)


def _compares_three(node: nodes.Node) -> bool:
    return any(isinstance(one, nodes.Compare) and len(one.ops) > 1 for one in (node, *node.find_all(nodes.Compare)))


def _arithmetic(node: nodes.BinExpr, depth: int) -> nodes.Expr:
    sides = rewrite(node.left, depth), rewrite(node.right, depth)
    return call(_ARITHMETIC[type(node)], *sides, _words(node.left), _words(node.right))


def _negative(node: nodes.Neg, depth: int) -> nodes.Expr:
    return call("negative", rewrite(node.node, depth), _words(node.node))


def _joined(node: nodes.Concat, depth: int) -> nodes.Expr:
    words = nodes.Tuple([_words(part) for part in node.nodes], "load", lineno=1)
    parts = [rewrite(part, depth) for part in node.nodes]
    return call("~", parts[0], words, *parts[1:])


def _both(node: nodes.And | nodes.Or, depth: int) -> nodes.Expr:
    return type(node)(rewrite(node.left, depth), rewrite(node.right, depth), lineno=1)


def _not(node: nodes.Not, depth: int) -> nodes.Expr:
    return nodes.Not(rewrite(node.node, depth), lineno=1)


def _choice(node: nodes.CondExpr, depth: int) -> nodes.Expr:
    otherwise = _constant(None) if node.expr2 is None else rewrite(node.expr2, depth)
    return nodes.CondExpr(rewrite(node.test, depth), rewrite(node.expr1, depth), otherwise, lineno=1)


_RULES: dict[type[nodes.Node], Callable[[Any, int], nodes.Expr]] = {
    nodes.Name: _name,
    nodes.Const: _literal,
    nodes.List: _list,
    nodes.Getattr: _field,
    nodes.Getitem: _item,
    nodes.Filter: _filter,
    nodes.Test: _test,
    nodes.Compare: _comparison,
    nodes.Add: _arithmetic,
    nodes.Sub: _arithmetic,
    nodes.Mul: _arithmetic,
    nodes.Neg: _negative,
    nodes.Concat: _joined,
    nodes.And: _both,
    nodes.Or: _both,
    nodes.Not: _not,
    nodes.CondExpr: _choice,
}

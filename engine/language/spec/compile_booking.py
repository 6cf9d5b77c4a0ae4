"""Compiles the checks and the entries."""

from __future__ import annotations

from typing import Literal

from engine.language.node import Node
from engine.language.spec.compile_steps import parse_for
from engine.language.spec.model import CheckSpec, EntrySpec
from engine.language.spec.scope import Scope


def compile_checks(blocks: tuple[Node, ...], scope: Scope) -> tuple[CheckSpec, ...]:
    """The mapping's checks, then the recipe's."""
    found = [_check(item, scope) for block in blocks for item in block.items or ()]
    return tuple(check for check in found if check is not None)


def _check(node: Node, scope: Scope) -> CheckSpec | None:
    if scope.findings.has_damage(node):
        return None
    require, because = scope.template(node.get("require")), scope.template(node.get("because"))
    if require is None or because is None:
        return None
    if require.is_literal and not isinstance(node.plain()["require"], bool):
        sentence = "this is plain text, and a check asks a question"
        scope.findings.add(node.find(("require",)), "E202", sentence, 'write "{{ … }}", with two braces and quotes')
        return None
    otherwise = node.plain().get("else", "hold")
    return CheckSpec(require=require, otherwise=otherwise, because=because, place=node.place)


def compile_entries(root: Node, scope: Scope) -> tuple[EntrySpec, ...]:
    """What is booked, line by line."""
    node = root.get("entries")
    items = node.items if node is not None and node.items is not None else ()
    found = [_entry(item, scope) for item in items]
    return tuple(entry for entry in found if entry is not None)


def _entry(node: Node, scope: Scope) -> EntrySpec | None:
    if scope.findings.has_damage(node):
        return None
    variable = group = None
    inner = scope
    if node.get("for") is not None:
        loop = parse_for(node, scope)
        if loop is None:
            return None
        variable, group = loop
        inner = scope.for_each(group, variable)
    side: Literal["debit", "credit"] = "debit" if node.get("debit") is not None else "credit"
    account, amount = inner.template(node.get("account")), inner.template(node.get(side))
    if account is None or amount is None:
        return None
    return EntrySpec(
        variable=variable,
        group=group,
        account=account,
        amount=amount,
        side=side,
        booked_by_target=node.get("booked_by") is not None,
        place=node.place,
    )

"""Compiles what the target could pay although the source pays."""

from __future__ import annotations

from engine.language.node import Node
from engine.language.spec.compile_equals import compile_equals
from engine.language.spec.compile_steps import compile_match
from engine.language.spec.model import ExposedSpec
from engine.language.spec.scope import Scope


def compile_exposed(root: Node, scope: Scope) -> ExposedSpec | None:
    """The section; None when there is none or a part of it is wrong."""
    node = root.get("exposed")
    if node is None or node.fields is None or scope.findings.is_damaged(root, "exposed"):
        return None
    select = scope.findings.selector
    where, match = scope.template(node.get("where")), compile_match(node.get("match"), scope)
    reference, balance = select(node.get("reference")), select(node.get("balance"))
    amount, locks_node = compile_equals("amount", node.get("amount"), scope), node.get("locks")
    named = (locks_node.fields or {}) if locks_node is not None else {}
    locks = [compile_equals(name, lock, scope) for name, lock in named.items()]
    selected = select(node.get("selected"))
    if where is None or match is None or reference is None or balance is None or amount is None:
        return None
    return ExposedSpec(
        where=where,
        set=node.plain()["set"],
        match=match,
        reference=reference,
        amount=amount,
        balance=balance,
        locks=tuple(lock for lock in locks if lock is not None),
        selected=selected,
        place=root.key_place("exposed"),
    )

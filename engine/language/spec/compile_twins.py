"""Compiles where else the same spend may stand."""

from __future__ import annotations

from engine.language.node import Node
from engine.language.spec.compile_steps import compile_match
from engine.language.spec.scope import Scope
from engine.language.spec.twin_model import DocumentTwin, RecordTwin, Twin


def compile_twins(root: Node, scope: Scope) -> tuple[Twin, ...]:
    """The places to look, without those that are wrong."""
    node = root.get("twins")
    if node is None or node.items is None:
        return ()
    made = (_twin(item, scope) for item in node.items if not scope.findings.has_damage(item))
    return tuple(twin for twin in made if twin is not None)


def _twin(node: Node, scope: Scope) -> Twin | None:
    given = node.plain()
    date = scope.template(node.get("date"))
    if node.get("mapping") is not None:
        label, amount = scope.template(node.get("label")), scope.template(node.get("amount"))
        if label is None or amount is None or date is None:
            return None
        return RecordTwin(
            says=given["says"],
            mapping=given["mapping"],
            label=label,
            amount=amount,
            date=date,
            days=given["days"],
            place=node.place,
        )
    match, select = compile_match(node.get("match"), scope), scope.findings.selector
    reference, dated = select(node.get("reference")), select(node.get("dated"))
    if match is None or reference is None or dated is None or date is None:
        return None
    return DocumentTwin(
        says=given["says"],
        set=given["set"],
        match=match,
        key=tuple(given.get("key", ())),
        reference=reference,
        dated=dated,
        date=date,
        days=given["days"],
        every_company=given.get("every_company", False),
        place=node.place,
    )

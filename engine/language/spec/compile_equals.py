"""Compiles a value to compare: where it stands, and what must stand there."""

from __future__ import annotations

from engine.language.node import Node
from engine.language.spec.model import KeptSpec
from engine.language.spec.scope import Scope


def compile_equals(name: str, node: Node | None, scope: Scope) -> KeptSpec | None:
    """The comparison; None when it is wrong or not there."""
    if node is None:
        return None
    path, equals = scope.findings.selector(node.get("path")), scope.template(node.get("equals"))
    if path is None or equals is None:
        return None
    return KeptSpec(name=name, path=path, equals=equals, place=node.place)

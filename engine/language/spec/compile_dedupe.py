"""Compiles what makes a document unique, and what is written back to the source."""

from __future__ import annotations

from engine.language.node import Node
from engine.language.spec.compile_steps import compile_match
from engine.language.spec.compile_target import compile_call
from engine.language.spec.model import AcknowledgeSpec, DedupeSpec, FindSpec, KeptSpec
from engine.language.spec.scope import KnownName, Scope

_LINES = ("accounts", "amounts")


def compile_dedupe(root: Node, scope: Scope) -> DedupeSpec | None:
    """The dedupe key and its look-ups; None when there is none."""
    node = root.get("dedupe")
    if node is None or node.fields is None:
        return None
    key_node, find_node = node.get("key"), node.get("find")
    keys = [scope.template(part) for part in (key_node.items if key_node and key_node.items else ())]
    finds = [_find(item, scope) for item in (find_node.items if find_node and find_node.items else ())]
    if scope.findings.is_damaged(root, "dedupe"):
        return None
    given = node.plain()
    return DedupeSpec(
        key=tuple(key for key in keys if key is not None),
        find=tuple(find for find in finds if find is not None),
        not_found=given.get("not_found", "send"),
        settle_s=given.get("settle_s", 300),
        compare=given.get("compare", "target"),
        place=root.key_place("dedupe"),
    )


def _find(node: Node, scope: Scope) -> FindSpec | None:
    if scope.findings.has_damage(node):
        return None
    select = scope.findings.selector
    match = compile_match(node.get("match"), scope)
    read_node = node.get("read")
    read = compile_call(read_node, scope) if read_node is not None else None
    reference = select(node.get("reference"))
    kept_node = node.get("kept")
    kept_fields = kept_node.fields if kept_node is not None and kept_node.fields is not None else {}
    accounts, amounts = select(kept_fields.get("accounts")), select(kept_fields.get("amounts"))
    kept = [_equals(name, value, scope) for name, value in kept_fields.items() if name not in _LINES]
    bears_node = node.get("bears")
    bears = _equals("bears", bears_node, scope) if bears_node is not None else None
    if match is None or reference is None:
        return None
    return FindSpec(
        set=node.plain()["set"],
        match=match,
        read=read,
        reference=reference,
        accounts=accounts,
        amounts=amounts,
        kept=tuple(one for one in kept if one is not None),
        bears=bears,
        place=node.place,
    )


def _equals(name: str, node: Node, scope: Scope) -> KeptSpec | None:
    path, equals = scope.findings.selector(node.get("path")), scope.template(node.get("equals"))
    if path is None or equals is None:
        return None
    return KeptSpec(name=name, path=path, equals=equals, place=node.place)


def compile_acknowledge(root: Node, scope: Scope) -> AcknowledgeSpec | None:
    """What is written back to the source; None when nothing is."""
    node = root.get("acknowledge")
    if node is None or node.fields is None:
        return None
    inner = scope.inside(reference=KnownName(), reason=KnownName())
    calls = {
        name: compile_call(call, inner)
        for name, call in node.fields.items()
        if not scope.findings.is_damaged(node, name)
    }
    place = root.key_place("acknowledge")
    return AcknowledgeSpec(entered=calls.get("entered"), refused=calls.get("refused"), place=place)

"""Compiles what makes a document unique, and what is written back to the source."""

from __future__ import annotations

from engine.language.node import Node
from engine.language.spec.call_model import TogetherSpec
from engine.language.spec.compile_equals import compile_equals
from engine.language.spec.compile_similar import compile_similar
from engine.language.spec.compile_steps import compile_match
from engine.language.spec.compile_target import compile_call
from engine.language.spec.model import AcknowledgeSpec, DedupeSpec, FindSpec, TroubleSpec
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
    similar_node = node.get("similar")
    return DedupeSpec(
        key=tuple(key for key in keys if key is not None),
        find=tuple(find for find in finds if find is not None),
        not_found=given.get("not_found", "send"),
        settle_s=given.get("settle_s", 300),
        compare=given.get("compare", "target"),
        similar=compile_similar(similar_node, scope) if similar_node is not None else None,
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
    kept = [compile_equals(name, value, scope) for name, value in kept_fields.items() if name not in _LINES]
    bears_node = node.get("bears")
    bears = compile_equals("bears", bears_node, scope) if bears_node is not None else None
    group_node = node.get("group")
    if match is None or reference is None:
        return None
    return FindSpec(
        set=node.plain()["set"],
        match=match,
        read=read,
        together=_together(node),
        reference=reference,
        accounts=accounts,
        amounts=amounts,
        kept=tuple(one for one in kept if one is not None),
        bears=bears,
        in_gl=select(node.get("in_gl")),
        settled=select(node.get("settled")),
        group=compile_equals("group", group_node, scope) if group_node is not None else None,
        trouble=_trouble(node.get("trouble"), scope),
        place=node.place,
    )


def _together(node: Node) -> TogetherSpec | None:
    together = node.get("together")
    if together is None:
        return None
    given = together.plain()
    return TogetherSpec(
        under=given["under"],
        row=given["row"],
        tables=tuple(given["tables"].items()),
        place=node.key_place("together"),
    )


def _trouble(node: Node | None, scope: Scope) -> TroubleSpec | None:
    if node is None:
        return None
    match, path = compile_match(node.get("match"), scope), scope.findings.selector(node.get("path"))
    if match is None or path is None:
        return None
    return TroubleSpec(set=node.plain()["set"], match=match, path=path, place=node.place)


def compile_acknowledge(root: Node, scope: Scope) -> AcknowledgeSpec | None:
    """What is written back to the source; None when nothing is."""
    node = root.get("acknowledge")
    if node is None or node.fields is None:
        return None
    inner = scope.inside(reference=KnownName(), reason=KnownName())
    calls = {
        name: compile_call(call, inner)
        for name, call in node.fields.items()
        if name != "when" and not scope.findings.is_damaged(node, name)
    }
    place = root.key_place("acknowledge")
    return AcknowledgeSpec(
        when=node.plain().get("when", "entered"),
        entered=calls.get("entered"),
        refused=calls.get("refused"),
        place=place,
    )

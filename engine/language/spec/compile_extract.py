"""Compiles what is taken out of a record."""

from __future__ import annotations

from engine.language.node import Node
from engine.language.spec.findings import Findings
from engine.language.spec.model import FieldSpec, GroupSpec
from engine.language.spec.scope import RESERVED, KnownName, Scope


def compile_extract(root: Node, scope: Scope) -> tuple[tuple[FieldSpec, ...], tuple[GroupSpec, ...]]:
    """The fields and lists; every name is known afterwards, also where its path is wrong."""
    node = root.get("extract")
    fields: list[FieldSpec] = []
    groups: list[GroupSpec] = []
    for name, entry in (node.fields if node is not None and node.fields is not None else {}).items():
        assert node is not None
        is_fresh = may_define(name, node, scope)
        damaged = scope.findings.is_damaged(node, name)
        if entry.get("each") is not None:
            group = None if damaged else _group(name, node, entry, scope.findings)
            groups.extend([group] if group is not None and is_fresh else [])
            names = frozenset(key for key in entry.fields or () if key != "each")
            scope.define(name, KnownName(fields=names, is_list=True, words=f"an item of '{name}'"))
            continue
        if damaged:
            scope.define(name, KnownName(is_list=True, words=f"'{name}'"))
            continue
        field = _field(name, node, entry, scope.findings)
        fields.extend([field] if field is not None and is_fresh else [])
        is_scalar = field is not None and field.kind != "as_is"
        scope.define(name, KnownName(fields=frozenset() if is_scalar else None, words=f"'{name}'"))
    return tuple(fields), tuple(groups)


def may_define(name: str, parent: Node, scope: Scope) -> bool:
    """Whether a name is still free; a second definition is a problem."""
    place = parent.key_place(name)
    if name in RESERVED:
        hint = f"'{name}' has a meaning of its own here; choose another name"
        scope.findings.add(parent, "E309", f"the name '{name}' is taken", hint, at=place)
        return False
    if scope.known(name) is not None:
        scope.findings.add(parent, "E309", f"the name '{name}' is defined twice", "rename one", at=place)
        return False
    return True


def _field(name: str, parent: Node, entry: Node, findings: Findings) -> FieldSpec | None:
    selector = findings.selector(entry.get("path") or entry)
    if selector is None:
        return None
    plain = entry.plain() if entry.is_map else {}
    return FieldSpec(
        name=name,
        path=selector,
        kind=plain.get("as", "as_is"),
        optional=plain.get("optional", False),
        max_length=plain.get("max_length"),
        place=parent.key_place(name),
    )


def _group(name: str, parent: Node, entry: Node, findings: Findings) -> GroupSpec | None:
    each = findings.selector(entry.get("each"))
    fields = [_field(key, entry, value, findings) for key, value in (entry.fields or {}).items() if key != "each"]
    right = tuple(field for field in fields if field is not None)
    if each is None or len(right) < len(fields):
        return None
    return GroupSpec(name=name, each=each, fields=right, place=parent.key_place(name))

"""Compiles where records come from, and which of them are taken."""

from __future__ import annotations

from typing import Any

from engine.language.node import Node
from engine.language.spec.findings import Findings
from engine.language.spec.model import FilterSpec, SourceSpec


def compile_source(root: Node, findings: Findings) -> SourceSpec | None:
    """The source; None when it is wrong."""
    node = root.get("source")
    if node is None or node.fields is None or findings.is_damaged(root, "source"):
        return None
    plain = node.plain()
    record_id = findings.selector(node.get("id"))
    if record_id is None:
        return None
    return SourceSpec(
        connection=plain["connection"],
        endpoint=plain["endpoint"],
        params=tuple((key, str(value)) for key, value in plain.get("params", {}).items()),
        id=record_id,
        each_company=plain.get("each_company", False),
        place=root.key_place("source"),
    )


def compile_filters(root: Node, findings: Findings) -> tuple[FilterSpec, ...]:
    """The filter's entries, those that are right."""
    node = root.get("filter")
    if node is None or node.fields is None:
        return ()
    found = []
    for path, entry in node.fields.items():
        if not findings.is_damaged(node, path):
            compiled = _compile_filter(path, node, entry, findings)
            found.extend([compiled] if compiled is not None else [])
    return tuple(found)


def _compile_filter(path: str, parent: Node, entry: Node, findings: Findings) -> FilterSpec | None:
    place = parent.key_place(path)
    key = Node(place=place, scalar=path, exact=True, text_place=place)
    selector = findings.selector(findings.called_like(key, entry))
    if selector is None:
        return None
    plain: dict[str, Any] = entry.plain()
    skip = tuple(plain["skip"]) if "skip" in plain else None
    both = [value for value in plain["take"] if skip is not None and value in skip]
    if both:
        findings.add(entry, "E112", f"'{both[0]}' stands under take and under skip", "keep one of them")
        return None
    return FilterSpec(path=selector, take=tuple(plain["take"]), skip=skip, place=place)

"""Compiles how documents that people keyed are told to be the same as ours."""

from __future__ import annotations

from engine.language.node import Node
from engine.language.spec.compile_equals import compile_equals
from engine.language.spec.model import FamilySpec, SimilarSpec
from engine.language.spec.scope import Scope

REDIRECTS = "vendor-redirects"


def compile_similar(node: Node, scope: Scope) -> SimilarSpec | None:
    """The section; None when a part of it is wrong."""
    family = node.get("family")
    if scope.findings.has_damage(node) or family is None:
        return None
    vendor, reference = scope.template(family.get("vendor")), scope.findings.selector(node.get("reference"))
    number, amount, day = (compile_equals(name, node.get(name), scope) for name in ("number", "amount", "date"))
    if vendor is None or reference is None or number is None or amount is None or day is None:
        return None
    given, of_family = node.plain(), family.plain()
    return SimilarSpec(
        family=FamilySpec(
            vendor=vendor,
            redirects=of_family.get("redirects", REDIRECTS),
            set=of_family["set"],
            by=of_family["by"],
            take=of_family["take"],
        ),
        set=given["set"],
        by=given["by"],
        key=tuple(given["key"]),
        reference=reference,
        number=number,
        amount=amount,
        date=day,
        days=given.get("days", 10),
        place=node.place,
    )

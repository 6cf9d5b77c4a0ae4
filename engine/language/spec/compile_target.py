"""Compiles the target: its calls, what must exist before, and how many go at once."""

from __future__ import annotations

from engine.language.node import Node
from engine.language.spec.call_model import BulkSpec, CallSpec, EnsureSpec, Verb
from engine.language.spec.compile_steps import compile_match
from engine.language.spec.mapping_schema import VERBS
from engine.language.spec.model import TargetSpec
from engine.language.spec.report_model import ReportSpec
from engine.language.spec.scope import KnownName, Scope
from engine.language.transform.render import literal


def compile_target(root: Node, scope: Scope) -> TargetSpec | None:
    """The target; None when a part of it is wrong. A report needs no call, and then gets an empty one."""
    node = root.get("target")
    if node is None or node.fields is None:
        return None
    on_answer = scope.inside(answer=KnownName())
    call = compile_call(node, scope, call_needed=node.plain().get("mode") != "report")
    ensure = _ensure(node, scope)
    defaults = compile_calls(node, scope)
    company, group = scope.template(node.get("company")), scope.template(node.get("at_once_per"))
    succeeded = on_answer.template(node.get("succeeded"))
    warning = on_answer.template(node.get("warning"))
    bulk = _bulk(node, scope)
    if call is None or scope.findings.is_damaged(root, "target"):
        return None
    given = node.plain()
    return TargetSpec(
        connection=given["connection"],
        company=company,
        mode=given.get("mode", "create_once"),
        at_once_per=group,
        ensure=ensure,
        defaults=defaults,
        call=call,
        succeeded=succeeded,
        warning=warning,
        bulk=bulk,
        report=_report(node),
        place=root.key_place("target"),
    )


def compile_call(node: Node, scope: Scope, *, call_needed: bool = True) -> CallSpec | None:
    """The call that stands among a node's keys; None when it is wrong or missing."""
    verb = _verb(node)
    if verb is None and call_needed:
        return None
    path = scope.template(node.get(verb)) if verb is not None else literal("", node.place)
    params = node.get("params")
    pairs = compile_match(params, scope) if params is not None and params.is_map else ()
    body_node = node.get("body")
    body = scope.body(body_node)
    if path is None or pairs is None or (body is None and body_node is not None):
        return None
    place = node.key_place(verb) if verb is not None else node.place
    once_per, without = scope.template(node.get("once_per")), node.get("without")
    return CallSpec(
        verb=verb or "get",
        path=path,
        params=pairs,
        body=body,
        once_per=once_per,
        without=tuple(without.plain()) if without is not None else (),
        place=place,
    )


def compile_calls(node: Node, scope: Scope) -> tuple[CallSpec, ...]:
    """The calls under `defaults`."""
    defaults = node.get("defaults")
    items = defaults.items if defaults is not None and defaults.items is not None else ()
    calls = [compile_call(item, scope) for item in items if not scope.findings.has_damage(item)]
    return tuple(call for call in calls if call is not None)


def _verb(node: Node) -> Verb | None:
    for verb in VERBS:
        if node.get(verb) is not None:
            return verb
    return None


def _ensure(target: Node, scope: Scope) -> tuple[EnsureSpec, ...]:
    node = target.get("ensure")
    items = node.items if node is not None and node.items is not None else ()
    found = [_ensure_one(item, scope) for item in items if not scope.findings.has_damage(item)]
    return tuple(one for one in found if one is not None)


def _ensure_one(node: Node, scope: Scope) -> EnsureSpec | None:
    find, create = node.find(("find",)), node.find(("create",))
    match = compile_match(find.get("match"), scope)
    call = compile_call(create, scope)
    defaults = compile_calls(create, scope)
    if match is None or call is None:
        return None
    name = find.plain()["set"]
    return EnsureSpec(set=name, match=match, defaults=defaults, create=call, place=node.place)


def _bulk(target: Node, scope: Scope) -> BulkSpec | None:
    node = target.get("bulk")
    if node is None or scope.findings.is_damaged(target, "bulk"):
        return None
    given = node.plain()
    select = scope.findings.selector
    return BulkSpec(
        list=given["list"],
        most=given["most"],
        rows=select(node.get("rows")),
        row_key=select(node.get("row_key")),
        row_reference=select(node.get("row_reference")),
        refused=select(node.get("refused")),
        place=target.key_place("bulk"),
    )


def _report(target: Node) -> ReportSpec | None:
    node = target.get("report")
    if node is None:
        return None
    given = node.plain()
    return ReportSpec(file=given["file"], columns=tuple(given["columns"]), place=target.key_place("report"))

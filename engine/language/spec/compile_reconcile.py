"""Compiles how both sides are read for the control report."""

from __future__ import annotations

from engine.language.node import Node
from engine.language.spec.compile_steps import compile_match
from engine.language.spec.reconcile_model import ListingSpec, PostingSpec, ReconcileSpec
from engine.language.spec.scope import KnownName, Scope
from engine.language.transform.render import Template
from engine.language.transform.select import Selector


def compile_reconcile(root: Node, scope: Scope) -> ReconcileSpec | None:
    """The reconcile section; None when there is none or it is wrong."""
    node = root.get("reconcile")
    if node is None or node.fields is None or scope.findings.is_damaged(root, "reconcile"):
        return None
    asking = scope.inside(first=KnownName(), last=KnownName(), company=KnownName())
    source = node.get("source")
    reads = source.plain().get("reads", ()) if source is not None else ()
    accounts = node.get("accounts")
    pairs = compile_match(accounts, scope) if accounts is not None and accounts.is_map else ()
    listings = [_listing(item, asking) for item in _items(node, "documents")]
    postings = [_posting(item, asking) for item in _items(node, "postings")]
    return ReconcileSpec(
        source_reads=tuple(tuple((key, str(value)) for key, value in params.items()) for params in reads),
        vendor=scope.template(node.get("vendor")),
        base_amount=scope.template(node.get("base_amount")),
        on_clearing=scope.template(node.get("on_clearing")),
        clearing=scope.template(node.get("clearing")),
        pays=scope.findings.selector(node.get("pays")),
        releases=scope.findings.selector(node.get("releases")),
        used_for=scope.findings.selector(node.get("used_for")),
        accounts=pairs or (),
        documents=tuple(one for one in listings if one is not None),
        postings=tuple(one for one in postings if one is not None),
        place=root.key_place("reconcile"),
    )


def _items(node: Node, key: str) -> tuple[Node, ...]:
    part = node.get(key)
    return tuple(part.items) if part is not None and part.items is not None else ()


def _params(node: Node, scope: Scope) -> tuple[tuple[str, Template], ...]:
    params = node.get("params")
    return (compile_match(params, scope) or ()) if params is not None and params.is_map else ()


def _selectors(node: Node, scope: Scope, *names: str) -> dict[str, Selector | None]:
    return {name: scope.findings.selector(node.get(name)) for name in names}


def _listing(node: Node, scope: Scope) -> ListingSpec | None:
    reference = scope.findings.selector(node.get("reference"))
    if reference is None:
        return None
    paths = _selectors(
        node,
        scope,
        *("posting_key", "number", "amount", "base_amount", "currency", "date", "vendor", "in_gl", "ours"),
    )
    return ListingSpec(
        set=node.plain()["set"],
        params=_params(node, scope),
        reference=reference,
        place=node.place,
        **paths,
    )


def _posting(node: Node, scope: Scope) -> PostingSpec | None:
    select = scope.findings.selector
    document, account, natural = (select(node.get(name)) for name in ("document", "account", "natural"))
    debit, line = select(node.get("debit")), select(node.get("line"))
    if document is None or account is None or natural is None or debit is None or line is None:
        return None
    return PostingSpec(
        set=node.plain()["set"],
        params=_params(node, scope),
        document=document,
        account=account,
        natural=natural,
        debit=debit,
        line=line,
        credit=select(node.get("credit")),
        by=select(node.get("by")),
        date=select(node.get("date")),
        text=select(node.get("text")),
        ours=select(node.get("ours")),
        in_gl=node.plain().get("in_gl", True),
        place=node.place,
    )

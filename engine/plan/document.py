"""The end of planning: checks, entries, the dedupe key, and the body."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from engine.domain.entries import Entry, difference
from engine.domain.lifecycle import State
from engine.language.spec.call_model import CallSpec, EnsureSpec
from engine.language.spec.model import CheckSpec, EntrySpec, FindSpec
from engine.language.transform.render import RenderError
from engine.plan.decision import Document, Put
from engine.plan.extract import Waits, is_missing
from engine.plan.item import Item
from engine.words.json_value import digest
from engine.words.money import show_money

_UNSEEN = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"})
"""Unicode's categories of signs without a shape; blanks of every width are none of them."""
_JOINERS = "\u200c\u200d"
"""They belong between the letters of some scripts."""


def conclude(item: Item) -> Document | Put:
    """The document of a record whose scope is complete, or the state it waits in.

    Raises:
        Waits, RenderError: something cannot be worked out for this record.
    """
    spec, scope, warnings = item.spec, item.scope, list[str]()
    for check in spec.checks:
        if not _passes(item, check):
            reason = str(check.because.render(scope))
            if check.otherwise != "warn":
                return _waiting(item, check, reason)
            warnings.append(reason)
    entries = _entries(item)
    key, namespace = _key(item)
    path, params, body = rendered_call(spec.target.call, scope)
    company = spec.target.company.render(scope) if spec.target.company else item.record.company
    _check_what_is_asked_later(item)
    return Document(
        record=item.record.key,
        facts=item.facts(),
        company=company,
        scope={name: scope[name] for name in spec.used_later if name in scope},
        verb=spec.target.call.verb,
        path=path,
        params=params,
        body=body,
        namespace=f"{spec.target.connection}/{company or ''}/{namespace}",
        key=key,
        entries=entries,
        hits=item.hits,
        hash=digest([spec.target.call.verb, path, [list(pair) for pair in params], body]),
        warnings=tuple(warnings),
    )


def rendered_call(call: CallSpec, scope: dict[str, Any]) -> tuple[str, tuple[tuple[str, str], ...], Any]:
    """Path, params and body of a call for one record.

    Raises:
        Waits, RenderError: one of them cannot be worked out.
    """
    params = tuple((name, str(value.render(scope))) for name, value in call.params)
    try:
        body = call.body.render(scope) if call.body is not None else None
    except RenderError as error:
        raise Waits("expression_failed", error.sentence) from None
    return str(call.path.render(scope)), params, body


def _check_what_is_asked_later(item: Item) -> None:
    """Look-ups and calls around the one with the effect: what cannot be worked out must hold the record now."""
    target, finds = item.spec.target, item.spec.dedupe.find if item.spec.dedupe is not None else ()
    if target.at_once_per is not None:
        target.at_once_per.render(item.scope)
    asked: tuple[FindSpec | EnsureSpec, ...] = (*finds, *target.ensure)
    for ask in asked:
        for name, value in ask.match:
            if is_missing(value.render(item.scope)):
                raise Waits("value_missing", f"{name} is missing, so {ask.set} cannot be asked")
    reads = tuple(find.read for find in finds if find.read is not None)
    for call in (*reads, *target.defaults, *(call for one in target.ensure for call in (*one.defaults, one.create))):
        rendered_call(call, item.scope)
        if call.once_per is not None:
            call.once_per.render(item.scope)


def _passes(item: Item, check: CheckSpec) -> bool:
    answer = check.require.render(item.scope)
    if not isinstance(answer, bool):
        raise Waits("expression_failed", f"{check.place}: the check gives {answer!r}, neither true nor false")
    return answer


def _waiting(item: Item, check: CheckSpec, reason: str) -> Put:
    state, cause = (State.HELD, "check_failed") if check.otherwise == "hold" else (State.SKIPPED, "not_yet")
    return Put(record=item.record.key, state=state, cause=cause, reason=reason, facts=item.facts())


def _entries(item: Item) -> tuple[Entry, ...]:
    entries = tuple(entry for spec in item.spec.entries for entry in _expanded(item, spec))
    out_by = difference(entries)
    if out_by:
        debits = sum((entry.debit for entry in entries), Decimal(0))
        credits_ = sum((entry.credit for entry in entries), Decimal(0))
        raise Waits(
            "unbalanced",
            f"does not balance: debits {show_money(debits)}, credits {show_money(credits_)}, "
            f"out by {show_money(abs(out_by))}",
        )
    return entries


def _expanded(item: Item, spec: EntrySpec) -> Iterator[Entry]:
    if spec.variable is None or spec.group is None:
        yield _entry(spec, item.scope)
        return
    for _, _, scope in item.each(spec.variable, spec.group):
        yield _entry(spec, scope)


def _entry(spec: EntrySpec, scope: dict[str, Any]) -> Entry:
    account, amount = spec.account.render(scope), spec.amount.render(scope)
    if is_missing(account):
        raise Waits("value_missing", "an entry has no account")
    if isinstance(amount, bool) or not isinstance(amount, (Decimal, int)):
        raise Waits("value_wrong", f"the {spec.side} of account {account} is {amount!r}, not an amount")
    signed = Decimal(amount) if spec.side == "debit" else -Decimal(amount)
    return Entry(account=str(account), amount=signed, booked_by_target=spec.booked_by_target)


def _key(item: Item) -> tuple[tuple[str, ...], str]:
    dedupe = item.spec.dedupe
    if dedupe is None:
        return (item.record.key.source_id,), "report"
    key = tuple(part.render(item.scope) for part in dedupe.key)
    if any(is_missing(part) for part in key):
        raise Waits("value_missing", "a part of the dedupe key is missing")
    texts = tuple(str(part) for part in key)
    for text in texts:
        _check_legible(text)
    return texts, dedupe.find[0].set if dedupe.find else item.spec.target.call.path.text


def _check_legible(text: str) -> None:
    """Nobody sees a sign without a shape, so nobody would find the document again by what stands on the paper."""
    bare = text.strip()
    if bare.isprintable():
        return
    for before, sign in zip(" " + bare, bare, strict=False):
        joins = sign in _JOINERS and not before.isascii()
        if not joins and unicodedata.category(sign) in _UNSEEN:
            called = unicodedata.name(sign, "a sign without a name").lower()
            hidden = f"has a sign that cannot be seen (U+{ord(sign):04X}, {called})"
            raise Waits("value_wrong", f"{bare!a} {hidden}: take it away at the source")

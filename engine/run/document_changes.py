"""What a document says otherwise than the last attempt to send it, in the words of the books."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from engine.plan.decision import Document
from engine.run.sent import ours_of, remember_rules
from engine.words.json_changes import Change, changes
from engine.words.money import show_money


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentChanges:
    """The differences between two documents: what they book, what they send, and which rules coded them.

    `known` is False when what was sent before is not in the ledger any more.
    """

    entries: tuple[str, ...] = ()
    values: tuple[Change, ...] = ()
    rules: tuple[Change, ...] = ()
    known: bool = True

    def as_json(self) -> dict[str, Any]:
        """The differences as JSON."""
        return {
            "known": self.known,
            "entries": list(self.entries),
            "values": [one.as_json() for one in self.values],
            "rules": [one.as_json() for one in self.rules],
        }


def against_last(request: Any, document: Document) -> DocumentChanges:
    """What a document says otherwise than the stored request of the last attempt."""
    return between(
        request,
        {
            "body": document.body,
            "sent": {
                "verb": document.verb,
                "path": document.path,
                "company": document.company,
                "key": list(document.key),
                "entries": [[one.account, str(one.amount), one.booked_by_target] for one in document.entries],
                "own": {},
                "rules": remember_rules(document),
            },
        },
    )


def between(before: Any, after: Any) -> DocumentChanges:
    """What the second of two stored requests says otherwise than the first."""
    old, new = _sent(before), _sent(after)
    if old is None or new is None:
        return DocumentChanges(known=False)
    parts = ("company", "key", "verb", "path")
    return DocumentChanges(
        entries=tuple(entry_changes(old["entries"], new["entries"])),
        values=(
            *changes({part: old[part] for part in parts}, {part: new[part] for part in parts}),
            *changes(ours_of(before), ours_of(after)),
        ),
        rules=changes(old["rules"], new["rules"]),
    )


def _sent(request: Any) -> Mapping[str, Any] | None:
    sent = request.get("sent") if isinstance(request, Mapping) else None
    is_whole = isinstance(sent, Mapping) and {"rules", "entries"} <= set(sent) and ("own" in sent or "ours" in sent)
    return sent if is_whole else None


def entry_changes(before: Sequence[Sequence[Any]], after: Sequence[Sequence[Any]]) -> list[str]:
    """The lines of the books that differ: entry by entry where there are as many, else by what came and went.

    Each entry is account, signed amount, and whether the target books it.
    """
    old = [(str(one[0]), Decimal(str(one[1]))) for one in before]
    new = [(str(one[0]), Decimal(str(one[1]))) for one in after]
    if len(old) == len(new):
        return [_told(was, now) for was, now in zip(old, new, strict=True) if was != now]
    gone, come = Counter(old) - Counter(new), Counter(new) - Counter(old)
    return [
        *(f"no more {_side(amount)} on {account}" for account, amount in gone.elements()),
        *(f"new: {_side(amount)} on {account}" for account, amount in come.elements()),
    ]


def _told(was: tuple[str, Decimal], now: tuple[str, Decimal]) -> str:
    if was[1] == now[1]:
        return f"{_side(was[1])}: account {was[0]} -> {now[0]}"
    if was[0] == now[0]:
        return f"account {was[0]}: {_side(was[1])} -> {_side(now[1])}"
    return f"{_side(was[1])} on {was[0]} -> {_side(now[1])} on {now[0]}"


def _side(amount: Decimal) -> str:
    return f"{show_money(abs(amount))} {'debit' if amount >= 0 else 'credit'}"

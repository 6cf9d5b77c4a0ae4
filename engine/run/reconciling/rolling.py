"""Sections B and C: an account from its signed opening to its closing, and what explains a difference; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from engine.domain.lifecycle import State
from engine.domain.record import RecordKey
from engine.run.reconciling.comparing import Pair, comparable_lines
from engine.run.reconciling.report import Finding, Movement, RollForward
from engine.run.reconciling.sides import IN_TARGET, BookedLine, LedgerFact, Period, SourceFact, TargetSide
from engine.words.money import show_money

_ZERO = Decimal("0.00")
_NATURAL = re.compile(r"\w+")
_NAMED_MAX = 5
_BY_HAND_LEAST = 3
"""The shortest reference of a dismissal that is looked for in the text of a booked line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account to roll forward: a control account or a clearing account, with what a person or sign-off said.

    `is_only_one` says that the company has no other of its kind.
    """

    name: str
    kind: str
    opening: Decimal | None
    opening_from: str
    stated_at_source: Decimal | None = None
    is_only_one: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """What the roll-forwards are made from: our documents beside their records, and everything booked."""

    pairs: Iterable[Pair]
    facts: Mapping[RecordKey, SourceFact]
    ledger: Mapping[RecordKey, LedgerFact]
    target: TargetSide
    period: Period
    company: str
    currency: str


def natural_of(account: str, lines: Iterable[BookedLine]) -> str:
    """An account as books.yaml names it."""
    for line in lines:
        if line.account.casefold() == account.casefold():
            return line.natural
    found = _NATURAL.match(account)
    return found.group() if found else account


def roll(account: Account, booked: Booked) -> tuple[RollForward, tuple[Finding, ...]]:
    """The account's roll-forward, and the booked lines that no record explains."""
    movements = list(_movements(account, booked))
    by_hand, unexplained = _others(account, booked)
    movements += [Movement(what=f"by hand for {row.label}", amount=line.amount) for line, row in by_hand]
    moved = sum((one.amount or _ZERO for one in movements), _ZERO)
    booked_there = (line for line in booked.target.lines if line.in_gl and line.natural == account.name)
    there = sum((line.amount for line in booked_there), _ZERO)
    expected = None if account.opening is None else account.opening + moved
    closing = None if account.opening is None else account.opening + there
    not_yet = tuple(_not_yet(account, booked)) if account.kind == "clearing" else ()
    whole = expected is not None and all(one.amount is not None for one in not_yet)
    at_source = sum((one.amount or _ZERO for one in not_yet), expected) if whole and expected is not None else None
    rolled = RollForward(
        account=account.name,
        kind=account.kind,
        opening=account.opening,
        opening_from=account.opening_from,
        movements=tuple(movements),
        expected=expected,
        documents=_documents(account, booked) if account.kind == "control" else None,
        in_gl=closing,
        difference=there - moved,
        not_yet=not_yet,
        expected_at_source=at_source if account.kind == "clearing" else None,
        stated_at_source=account.stated_at_source,
    )
    told = [_unexplained(line, account, booked) for line in unexplained]
    return rolled, (*told, *_residue(rolled, unexplained, booked), *_stated(rolled, booked))


def _movements(account: Account, booked: Booked) -> Iterator[Movement]:
    """Our documents in the general ledger, by mapping; those whose record is of another period apart."""
    totals: dict[str, Decimal] = {}
    for row, document in booked.pairs:
        if not document.in_gl:
            continue
        amount = _amount_of(account.name, row, booked.target.lines_of(document), booked.currency)
        if amount:
            fact = booked.facts.get(row.key)
            moved_in = fact is not None and fact.day is not None and not booked.period.has(fact.day)
            what = f"{row.mapping}{' moved in from another period' if moved_in else ''} in GL"
            totals[what] = totals.get(what, _ZERO) + amount
    for what, amount in sorted(totals.items()):
        yield Movement(what=what, amount=amount)


def _amount_of(account: str, row: LedgerFact, lines: tuple[BookedLine, ...], currency: str) -> Decimal:
    """What a record moves there: as sent, or where only the target knows its rate, as booked."""
    if not comparable_lines(row, currency):
        return sum((line.amount for line in lines if line.natural == account), _ZERO)
    return sum((amount for name, amount in row.entries or () if natural_of(name, lines) == account), _ZERO)


def _documents(account: Account, booked: Booked) -> Decimal | None:
    """The closing by the target's own documents: the opening less what they owe."""
    if account.opening is None:
        return None
    total = account.opening
    for row, document in booked.pairs:
        lines = booked.target.lines_of(document)
        if document.in_gl and document.amount is not None and _amount_of(account.name, row, lines, booked.currency):
            foreign = row.currency != booked.currency
            total -= -_amount_of(account.name, row, lines, booked.currency) if foreign else document.amount
    return total


def _others(account: Account, booked: Booked) -> tuple[list[tuple[BookedLine, LedgerFact]], list[BookedLine]]:
    """Lines that belong to no record of ours: those a dismissal explains, and the rest."""
    ours = {document.posting_key.casefold() for _, document in booked.pairs}
    dismissed = [
        row
        for row in booked.ledger.values()
        if row.state is State.DISMISSED and row.company == booked.company and len(row.reference) >= _BY_HAND_LEAST
    ]
    by_hand, rest = [], []
    for line in booked.target.lines:
        if line.natural != account.name or not line.in_gl or line.document.casefold() in ours:
            continue
        said = f"{line.name} {line.text} {line.document}".casefold()
        named = (one for one in dismissed if one.reference.casefold() in said)
        row = next((one for one in named if abs(line.amount) == abs(one.amount or 0)), None)
        if row is None:
            rest.append(line)
        else:
            dismissed.remove(row)
            by_hand.append((line, row))
    return by_hand, rest


def _unexplained(line: BookedLine, account: Account, booked: Booked) -> Finding:
    by = f" by {line.by}" if line.by else ""
    about = f" ({line.text})" if line.text else ""
    booked_there = f"books {show_money(line.amount)} to {account.name}{about}"
    return Finding(
        kind="booked by others",
        what=line.name,
        amount=line.amount,
        currency=booked.currency,
        sentence=f"{line.name}{by} on {line.day} {booked_there}: no record of ours",
        reference=line.document or line.name,
        account=account.name,
    )


def _residue(rolled: RollForward, unexplained: list[BookedLine], booked: Booked) -> Iterator[Finding]:
    """What is left of a difference after the lines of others and what our own documents book otherwise than sent."""
    left = rolled.difference - sum((line.amount for line in unexplained), _ZERO)
    for row, document in booked.pairs:
        if document.in_gl and comparable_lines(row, booked.currency):
            lines = booked.target.lines_of(document)
            there = sum((line.amount for line in lines if line.natural == rolled.account and line.in_gl), _ZERO)
            left -= there - _amount_of(rolled.account, row, lines, booked.currency)
    if left:
        yield Finding(
            kind="roll-forward",
            what=rolled.account,
            amount=left,
            currency=booked.currency,
            sentence=f"{rolled.account} closes {show_money(left)} away from the expected, and no document says why",
            account=rolled.account,
        )


def _not_yet(account: Account, booked: Booked) -> Iterator[Movement]:
    """What the source's balance has and the general ledger not yet: entered documents, and records that wait."""
    totals: dict[str, Decimal | None] = {}
    lost: dict[str, list[str]] = {}
    for row, document in booked.pairs:
        if not document.in_gl:
            amount = _amount_of(account.name, row, booked.target.lines_of(document), booked.currency)
            if amount:
                _add(totals, f"entered {row.mapping}", amount)
    for key, fact in booked.facts.items():
        waiting = booked.ledger.get(key)
        if waiting is None or fact.mapping is None or fact.company != booked.company or fact.day is None:
            continue
        if fact.day > booked.period.last or waiting.state in IN_TARGET | _SETTLED_OTHERWISE:
            continue
        if fact.touches_clearing and (not fact.clearing or fact.clearing == account.name):
            known = fact.clearing or account.is_only_one
            moved = fact.on_clearing if known or not fact.on_clearing else None
            what = f"{waiting.state.value.replace('_', ' ')} {fact.mapping}"
            _add(totals, what, moved)
            if moved is None:
                lost.setdefault(what, []).append(f"{fact.label} ({key.source_id})")
    for what, amount_ in sorted(totals.items()):
        yield Movement(what=what, amount=amount_, records=tuple(lost.get(what, ())[:_NAMED_MAX]))


_SETTLED_OTHERWISE = frozenset({State.DISMISSED, State.WITHDRAWN, State.CUT_OVER, State.NOT_POSTED})


def _add(totals: dict[str, Decimal | None], what: str, amount: Decimal | None) -> None:
    known = totals.get(what, _ZERO)
    totals[what] = None if known is None or amount is None else known + amount


def _stated(rolled: RollForward, booked: Booked) -> Iterator[Finding]:
    if rolled.stated_at_source is None or rolled.expected_at_source is None:
        return
    left = rolled.stated_at_source - rolled.expected_at_source
    if left:
        yield Finding(
            kind="balance at the source",
            what=rolled.account,
            amount=left,
            currency=booked.currency,
            sentence=f"the source's balance of {rolled.account} is {show_money(rolled.stated_at_source)}, "
            f"{show_money(rolled.expected_at_source)} is expected",
            account=rolled.account,
        )

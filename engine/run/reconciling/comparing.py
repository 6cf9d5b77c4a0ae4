"""Section E: our documents against the target's, by document, account and vendor; pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from engine.domain.record import RecordKey
from engine.run.reconciling.report import Compared, Finding, InBase
from engine.run.reconciling.sides import BookedLine, LedgerFact, SourceFact, TargetDocument, TargetSide

_ZERO = Decimal("0.00")
Pair = tuple[LedgerFact, TargetDocument]


def expected_by_account(row: LedgerFact, lines: Iterable[BookedLine]) -> dict[str, Decimal]:
    """What was asked, by account; an entry that names an account as books.yaml does is that of the line it fits."""
    booked = {line.account.casefold(): line.account for line in lines}
    whole = {line.natural.casefold(): line.account for line in lines}
    totals: dict[str, Decimal] = defaultdict(lambda: _ZERO)
    for account, amount in row.entries or ():
        folded = account.casefold()
        totals[booked.get(folded) or whole.get(folded) or account] += amount
    return {account: amount for account, amount in totals.items() if amount}


def there_by_account(lines: Iterable[BookedLine]) -> dict[str, Decimal]:
    """What is booked, by account."""
    totals: dict[str, Decimal] = defaultdict(lambda: _ZERO)
    for line in lines:
        totals[line.account] += line.amount
    return {account: amount for account, amount in totals.items() if amount}


def comparable_lines(row: LedgerFact, currency: str) -> bool:
    """Whether what was asked can be held against booked lines, which are in the company's currency."""
    return row.entries is not None and row.currency == currency


def in_base(
    pairs: Iterable[Pair], facts: Mapping[RecordKey, SourceFact], currency: str, mappings: Iterable[str]
) -> tuple[InBase, ...]:
    """The documents in other currencies of the mappings that tell their base amount, the largest difference first.

    Source and target each take their own rate: a difference is told, and nothing is wrong with the document.
    """
    telling = frozenset(mappings)
    found = [
        InBase(
            what=row.label,
            reference=document.reference,
            amount=document.amount,
            currency=row.currency or "",
            at_source=facts[row.key].base_amount if row.key in facts else None,
            at_target=document.base_amount,
        )
        for row, document in pairs
        if row.mapping in telling and row.currency not in (None, currency)
    ]
    return tuple(sorted(found, key=lambda one: -abs(one.difference or _ZERO)))


def document_findings(
    pairs: Iterable[Pair], target: TargetSide, facts: Mapping[RecordKey, SourceFact], currency: str
) -> Iterator[Finding]:
    """Documents that say something else than was sent: at most one finding for each, with all that differs."""
    for row, document in pairs:
        told, amount = _told(row, document, target.lines_of(document), currency)
        if told:
            fact = facts.get(row.key)
            yield Finding(
                kind="document differs",
                what=row.label,
                amount=amount,
                currency=row.currency or "",
                sentence=f"{row.label}, entered as {document.reference}: {'; '.join(told)}",
                record=str(row.key),
                reference=document.reference,
                vendor=document.vendor or (fact.vendor if fact else ""),
            )


def _told(
    row: LedgerFact, document: TargetDocument, lines: tuple[BookedLine, ...], currency: str
) -> tuple[list[str], Decimal | None]:
    told: list[str] = []
    amount: Decimal | None = None
    if document.amount is not None and row.amount is not None and document.amount != row.amount:
        amount = document.amount - row.amount
        told.append(f"its amount is {document.amount}, {row.amount} was sent")
    if document.currency is not None and document.currency != row.currency:
        amount = row.amount
        told.append(f"it is in {document.currency}, {row.currency} was sent")
    if document.in_gl and not lines:
        return [*told, "it is said to be in the general ledger, and nothing is booked for it there"], row.amount
    if not lines or not comparable_lines(row, currency):
        return told, amount
    expected, there = expected_by_account(row, lines), there_by_account(lines)
    moved = _ZERO
    for account in sorted({*expected, *there}):
        left = there.get(account, _ZERO) - expected.get(account, _ZERO)
        if left:
            moved = max(moved, abs(left))
            told.append(f"{account} has {there.get(account, _ZERO)}, {expected.get(account, _ZERO)} was sent")
    return told, amount if amount is not None else moved


def strangers(pairs: Iterable[Pair], ledger: Mapping[RecordKey, LedgerFact], target: TargetSide) -> Iterator[Finding]:
    """Documents that bear our stamp and that no record knows, and those keyed by hand that look like one of ours."""
    ours = {document.reference.casefold() for _, document in pairs}
    others = [name for name in target.documents if name not in ours]
    stamped, numbered = set(), set()
    for name in others:
        document = target.documents[name]
        stamped |= {name} if document.ours else set()
        numbered |= {_looks(document)} if document.number else set()
    stamped -= {row.reference.casefold() for row in ledger.values() if row.reference.casefold() in stamped}
    alike = {_looks(one): row for row, one in pairs if one.number and _looks(one) in numbered}
    for name in others:
        document = target.documents[name]
        row = alike.get(_looks(document)) if document.number else None
        if name in stamped:
            yield _stranger(document, target, "it bears our stamp, and no record of the ledger was entered as it")
        elif row is not None:
            yield _stranger(
                document, target, f"it has number and amount of {row.label}, which was entered as {row.reference}"
            )


def _looks(document: TargetDocument) -> tuple[str, Decimal | None]:
    return _bare(document.number), document.amount


def _stranger(document: TargetDocument, target: TargetSide, why: str) -> Finding:
    lines = target.lines_of(document)
    debit = sum((line.amount for line in lines if line.amount > 0), _ZERO)
    return Finding(
        kind="unknown document",
        what=document.number or document.reference,
        amount=document.amount if document.amount is not None else debit,
        currency=document.currency or "",
        sentence=f"{document.reference}: {why}",
        reference=document.reference,
        vendor=document.vendor,
    )


def _bare(number: str) -> str:
    return "".join(letter for letter in number.casefold() if letter.isalnum())


def by_account(pairs: Iterable[Pair], target: TargetSide, currency: str) -> tuple[Compared, ...]:
    """Every account that our documents in the general ledger book to."""
    expected: dict[str, Decimal] = defaultdict(lambda: _ZERO)
    there: dict[str, Decimal] = defaultdict(lambda: _ZERO)
    for row, document in pairs:
        lines = target.lines_of(document)
        if not document.in_gl or not comparable_lines(row, currency):
            continue
        for account, amount in expected_by_account(row, lines).items():
            expected[account] += amount
        for account, amount in there_by_account(lines).items():
            there[account] += amount
    names = sorted({*expected, *there})
    return tuple(Compared(what=name, expected=expected[name], there=there[name]) for name in names)


def by_vendor(
    pairs: Iterable[Pair], missing: Iterable[LedgerFact], facts: Mapping[RecordKey, SourceFact], currency: str
) -> tuple[Compared, ...]:
    """Every vendor of the entered documents that have an amount of their own, in the company's currency."""
    expected: dict[str, Decimal] = defaultdict(lambda: _ZERO)
    there: dict[str, Decimal] = defaultdict(lambda: _ZERO)
    for row, document in pairs:
        if document.vendor and row.currency == currency:
            fact = facts.get(row.key)
            expected[(fact.vendor if fact and fact.vendor else document.vendor)] += row.amount or _ZERO
            there[document.vendor] += document.amount or _ZERO
    for row in missing:
        fact = facts.get(row.key)
        if fact is not None and fact.vendor and row.currency == currency:
            expected[fact.vendor] += row.amount or _ZERO
    names = sorted({*expected, *there})
    return tuple(Compared(what=name, expected=expected[name], there=there[name]) for name in names)

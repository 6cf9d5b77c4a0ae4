"""What a document books: accounts, debits and credits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of what is booked: debit positive, credit negative, in the document's currency."""

    account: str
    amount: Decimal
    booked_by_target: bool = False

    @property
    def debit(self) -> Decimal:
        """The debit, or zero."""
        return max(self.amount, Decimal(0))

    @property
    def credit(self) -> Decimal:
        """The credit as a positive amount, or zero."""
        return max(-self.amount, Decimal(0))


def difference(entries: Iterable[Entry]) -> Decimal:
    """Debits less credits; zero when the entries balance."""
    return sum((entry.amount for entry in entries), Decimal(0))


def by_account(entries: Iterable[Entry]) -> Mapping[str, Decimal]:
    """The net amount of each account, in the order of first mention."""
    totals: dict[str, Decimal] = {}
    for entry in entries:
        totals[entry.account] = totals.get(entry.account, Decimal(0)) + entry.amount
    return totals

"""The control report: what it says, and whether it ties."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from engine.run.reconciling.sides import Reading

TIES, DOES_NOT_TIE, UNKNOWN = "TIES", "DOES NOT TIE", "UNKNOWN"

BUCKETS: dict[str, str] = {
    "in_gl": "In GL",
    "entered": "Entered, not GL",
    "held": "Held",
    "refused": "Refused",
    "in_doubt": "In doubt",
    "skipped": "Skipped",
    "dismissed": "Dismissed",
    "not_posted": "Not posted",
    "moved_out": "Moved out",
}
"""Where a source record can stand, with the heading of its column."""


@dataclass(slots=True)
class Count:
    """A number of records and their amount; `unknown` are those without an amount that can be read."""

    count: int = 0
    amount: Decimal = Decimal("0.00")
    unknown: int = 0

    def add(self, amount: Decimal | None) -> None:
        """Count one."""
        self.count += 1
        if amount is None:
            self.unknown += 1
        else:
            self.amount += amount

    def as_json(self) -> dict[str, Any]:
        """The count, its amount as text."""
        return {"count": self.count, "amount": str(self.amount), "without_amount": self.unknown}


@dataclass(slots=True)
class StateRow:
    """One line of section A: a mapping's records of one currency, each in one bucket."""

    mapping: str
    currency: str
    source: Count = field(default_factory=Count)
    buckets: dict[str, Count] = field(default_factory=lambda: {name: Count() for name in BUCKETS})

    @property
    def check(self) -> tuple[int, Decimal]:
        """What the buckets leave of the source: nothing, when it ties."""
        counts = self.buckets.values()
        left = self.source.amount - sum((one.amount for one in counts), Decimal(0))
        return self.source.count - sum(one.count for one in counts), left


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """One line of a roll-forward: a debit positive; `amount` None is not known, because of these `records`."""

    what: str
    amount: Decimal | None
    records: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RollForward:
    """An account from its opening to its closing, ours beside the target's; debits positive, None is unknown.

    `difference` is the target's closing less what is expected, which is known without the opening.
    """

    account: str
    kind: str
    opening: Decimal | None
    opening_from: str
    movements: tuple[Movement, ...]
    expected: Decimal | None
    documents: Decimal | None
    in_gl: Decimal | None
    difference: Decimal
    not_yet: tuple[Movement, ...] = ()
    expected_at_source: Decimal | None = None
    stated_at_source: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that does not tie: what kind, which record or document, how much, and the sentence."""

    kind: str
    what: str
    amount: Decimal | None
    currency: str
    sentence: str
    record: str = ""
    reference: str = ""
    account: str = ""
    vendor: str = ""

    def as_json(self) -> dict[str, Any]:
        """The finding, its amount as text."""
        return {
            "kind": self.kind,
            "what": self.what,
            "amount": None if self.amount is None else str(self.amount),
            "currency": self.currency,
            "sentence": self.sentence,
            "record": self.record,
            "reference": self.reference,
            "account": self.account,
            "vendor": self.vendor,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """An account or a vendor: what we expect there, and what the target has."""

    what: str
    expected: Decimal
    there: Decimal

    @property
    def difference(self) -> Decimal:
        """The target's less ours."""
        return self.there - self.expected


@dataclass(frozen=True, slots=True, kw_only=True)
class InBase:
    """A document in another currency: what source and target say it is in the company's; None is unknown."""

    what: str
    reference: str
    amount: Decimal | None
    currency: str
    at_source: Decimal | None
    at_target: Decimal | None

    @property
    def difference(self) -> Decimal | None:
        """The target's less the source's."""
        known = self.at_source is not None and self.at_target is not None
        return self.at_target - self.at_source if known else None  # type: ignore[operator]

    def as_json(self) -> dict[str, Any]:
        """The document, amounts as text and null where unknown."""
        amounts = {
            "amount": self.amount,
            "at_source": self.at_source,
            "at_target": self.at_target,
            "difference": self.difference,
        }
        shown = {name: None if amount is None else str(amount) for name, amount in amounts.items()}
        return {"what": self.what, "reference": self.reference, "currency": self.currency, **shown}


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedCredit:
    """A credit that the source used up for other records, and whose document is open at the target."""

    what: str
    record: str
    used_for: tuple[str, ...]
    balance: Decimal
    currency: str

    def as_json(self) -> dict[str, Any]:
        """The credit, its balance as text."""
        return {
            "what": self.what,
            "record": self.record,
            "used_for": list(self.used_for),
            "balance": str(self.balance),
            "currency": self.currency,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposed:
    """What was paid at the source and is open at the target, and what its payment run could take, by currency."""

    paid_and_open: Mapping[str, Count]
    unlocked: Mapping[str, Count]
    oldest: str = ""
    used_credits: tuple[UsedCredit, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlReport:
    """The whole report of a company and a period; parts that need a side that was not read are None.

    `source` and `target` are what the workspace calls the two systems.
    """

    source: str
    target: str
    company: str
    period: str
    first: str
    last: str
    zone: str
    currency: str
    run_at: str
    rules: str
    readings: tuple[Reading, ...]
    states: tuple[StateRow, ...] | None = None
    unclaimed: int | None = None
    without_place: int = 0
    roll_forwards: tuple[RollForward, ...] = ()
    exposure: Exposed | None
    by_account: tuple[Compared, ...] | None = None
    by_vendor: tuple[Compared, ...] | None = None
    in_base: tuple[InBase, ...] | None = None
    findings: tuple[Finding, ...] = ()
    unknown: tuple[str, ...]

    @property
    def verdict(self) -> str:
        """Whether it ties; never, while something is unknown."""
        if self.unknown:
            return UNKNOWN
        return DOES_NOT_TIE if self.findings else TIES

    @property
    def exit_code(self) -> int:
        """0 when it ties, 1 when not, 3 while something is unknown."""
        return {TIES: 0, DOES_NOT_TIE: 1, UNKNOWN: 3}[self.verdict]

    @property
    def amount(self) -> Decimal:
        """What does not tie, added up without regard to sign, in the company's currency."""
        return sum(
            (abs(one.amount) for one in self.findings if one.amount is not None and one.currency == self.currency),
            Decimal("0.00"),
        )

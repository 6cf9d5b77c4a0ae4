"""What a run did, for people and for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from engine.domain.lifecycle import NEEDS_PERSON, State

WARNED_MAX = 5
"""So many records are named with a warning."""


@dataclass(slots=True)
class Tally:
    """A number of records, and their amounts by currency."""

    count: int = 0
    amounts: dict[str, Decimal] = field(default_factory=dict)

    def add(self, amount: Decimal | None, currency: str | None, *, count: int = 1) -> None:
        """Count one record, or several with what they amount to together."""
        self.count += count
        if amount is not None and currency:
            self.amounts[currency] = self.amounts.get(currency, Decimal(0)) + amount

    def as_json(self) -> dict[str, Any]:
        """Count and amounts, amounts as text."""
        return {
            "count": self.count,
            "amounts": {key: str(value) for key, value in sorted(self.amounts.items())},
        }


@dataclass(slots=True)
class RunResult:
    """One run of one mapping. `became` tallies where the records it looked at stand now, by state and cause.

    `stopped` says why sending ended early: the target accepted nothing, or the process was asked to stop; the
    rest stays ready. `settles_in_s` is when a run that did not wait can settle the first one in doubt.
    `left_elsewhere` records wait for the runners that have the turns named in `elsewhere`. `unread` says by
    feed why it could not be read to its end: nothing of it was decided. `broke_off` names the kind of error that
    ended the whole run. `warned` are the warnings of records, by sentence, until they are told.
    """

    mapping: str
    run: str
    read: int = 0
    sent: int = 0
    adopted: int = 0
    unchanged: int = 0
    acknowledged: int = 0
    in_step: bool = False
    became: dict[tuple[str, str], Tally] = field(default_factory=dict)
    elsewhere: dict[str, str] = field(default_factory=dict)
    left_elsewhere: int = 0
    unread: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    warned: dict[str, dict[str, None]] = field(default_factory=dict)
    report_file: str | None = None
    stopped: str = ""
    settles_in_s: float | None = None
    broke_off: str = ""

    def warn_of(self, number: str, sentences: Sequence[str]) -> None:
        """Note the warnings of one record that is entered all the same; of each sentence, a record counts once."""
        for sentence in sentences:
            self.warned.setdefault(sentence, {})[number] = None

    def tell_warnings(self) -> None:
        """Put what was noted among the warnings of the run, each sentence once with the records it is about."""
        for sentence, numbers in self.warned.items():
            named = ", ".join(list(numbers)[:WARNED_MAX])
            more = f" and {len(numbers) - WARNED_MAX:,} more" if len(numbers) > WARNED_MAX else ""
            self.warnings.append(f"{named}{more}: {sentence}")
        self.warned.clear()

    @property
    def needs_person(self) -> int:
        """How many records wait for somebody."""
        return sum(
            tally.count
            for (state, cause), tally in self.became.items()
            if State(state) in NEEDS_PERSON or cause == "differs"
        )

    def as_json(self) -> Mapping[str, Any]:
        """The result for `--format json` and for the ledger."""
        return {
            "mapping": self.mapping,
            "run": self.run,
            "read": self.read,
            "sent": self.sent,
            "adopted": self.adopted,
            "unchanged": self.unchanged,
            "acknowledged": self.acknowledged,
            "became": [
                {"state": state, "cause": cause, **tally.as_json()}
                for (state, cause), tally in sorted(self.became.items())
            ],
            "elsewhere": self.elsewhere,
            "left_elsewhere": self.left_elsewhere,
            "unread": self.unread,
            "warnings": self.warnings,
            "report_file": self.report_file,
            "stopped": self.stopped,
            "broke_off": self.broke_off,
        }

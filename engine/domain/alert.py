"""An alert: what people are told of a state that needs them, without a secret or a person's name in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from engine.words.money import show_money


class Event(StrEnum):
    """What is told of a cause."""

    RAISED = "raised"
    AGAIN = "again"
    CLEARED = "cleared"
    TEST = "test"


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """A cause that stands: one message for all it concerns.

    `cause` names it within its rule and stays the same while it stands; `oldest` is the age of the oldest thing.
    """

    cause: str
    title: str
    command: str
    count: int = 0
    amounts: Mapping[str, Decimal] = field(default_factory=dict)
    oldest: datetime | None = None
    advice: str = ""

    def as_json(self) -> dict[str, Any]:
        """The cause as it is kept; amounts as text."""
        return {
            "cause": self.cause,
            "title": self.title,
            "command": self.command,
            "count": self.count,
            "amounts": {currency: f"{amount:f}" for currency, amount in sorted(self.amounts.items())},
            "oldest": None if self.oldest is None else self.oldest.isoformat(),
            "advice": self.advice,
        }

    @staticmethod
    def from_json(kept: Mapping[str, Any]) -> Raised:
        """The cause as it was kept."""
        return Raised(
            cause=kept["cause"],
            title=kept["title"],
            command=kept["command"],
            count=kept["count"],
            amounts={currency: Decimal(amount) for currency, amount in kept["amounts"].items()},
            oldest=None if kept["oldest"] is None else datetime.fromisoformat(kept["oldest"]),
            advice=kept["advice"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One message. `id` is the same when it is told a second time because nobody knows whether it arrived."""

    id: str
    event: Event
    workspace: str
    rule: str
    raised: Raised
    raised_at: datetime
    at: datetime

    @property
    def title(self) -> str:
        """The message in one sentence."""
        before = {Event.CLEARED: "over: ", Event.AGAIN: "still so: ", Event.TEST: "a test: "}.get(self.event, "")
        return f"{before}{self.raised.title}"

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """What a person reads below the title, each with its name."""
        told = [("workspace", self.workspace)]
        if self.raised.count:
            told.append(("records", f"{self.raised.count:,}"))
        told += [
            ("amount", f"{show_money(amount)} {currency}") for currency, amount in sorted(self.raised.amounts.items())
        ]
        if self.raised.oldest is not None:
            told.append(("oldest", f"{self.raised.oldest:%Y-%m-%d %H:%M} UTC"))
        told.append(("since", f"{self.raised_at:%Y-%m-%d %H:%M} UTC"))
        if self.raised.advice and self.event is not Event.CLEARED:
            told.append(("what to do", self.raised.advice))
        return tuple(told)

    def as_json(self) -> dict[str, Any]:
        """The message for a program."""
        kept = self.raised.as_json()
        return {
            "id": self.id,
            "event": self.event.value,
            "workspace": self.workspace,
            "rule": self.rule,
            "cause": kept["cause"],
            "title": self.title,
            "count": kept["count"],
            "amounts": kept["amounts"],
            "oldest": kept["oldest"],
            "advice": kept["advice"],
            "next": kept["command"],
            "raised_at": self.raised_at.isoformat(),
            "at": self.at.isoformat(),
        }

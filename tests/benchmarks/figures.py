"""What a scenario found, as figures: medians of repeats, and whether a target is met."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table: who did what, and the figures by their names, in the order to be shown."""

    scenario: str
    tool: str
    figures: Mapping[str, float]

    def as_json(self) -> dict[str, Any]:
        """The row as JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What is wanted of a figure, and what came."""

    text: str
    found: float
    met: bool


@dataclass(slots=True)
class Results:
    """Everything a run of the benchmark found."""

    rows: list[Row] = field(default_factory=list)
    goals: list[Goal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, scenario: str, tool: str, **figures: float) -> None:
        """One more line."""
        self.rows.append(Row(scenario=scenario, tool=tool, figures=figures))

    def at_least(self, text: str, found: float, wanted: float) -> None:
        """A figure that should not be below."""
        self.goals.append(Goal(text=text, found=found, met=found >= wanted))

    def at_most(self, text: str, found: float, wanted: float) -> None:
        """A figure that should not be above."""
        self.goals.append(Goal(text=text, found=found, met=found <= wanted))

    def as_json(self) -> dict[str, Any]:
        """All of it as JSON."""
        return {
            "rows": [row.as_json() for row in self.rows],
            "goals": [asdict(goal) for goal in self.goals],
            "notes": self.notes,
        }


def medians(found: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Each figure's median over the repeats."""
    return {name: float(median(one[name] for one in found)) for name in found[0]}

"""The odd records of the feed: what is peculiar about each, and what should become of it.

`state` is where the record should stand after a run with the shipped mappings, when go-live is
2026-10-01, October and November 2026 are open, bills are paid by Airbase, schedules are amortised
by Airbase (in EPIC07 by Epicor), and 75,000 is the approval limit of EPIC07. `NEVER_SEEN` marks
entries that the feed does not list by default.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.faces.sandbox.seed.labels import airbase_id

ENTERED = "entered"
HELD = "held"
CUT_OVER = "cut_over"
UNCLAIMED = "unclaimed"
NEVER_SEEN = "never_seen"


@dataclass(frozen=True, slots=True, kw_only=True)
class OddRecord:
    """One odd record: its name in tests, its id in Airbase, the state it should reach, and why."""

    name: str
    state: str
    reason: str
    entry: Mapping[str, Any]

    @property
    def airbase_id(self) -> str:
        """Its id in Airbase; the same in every build."""
        return airbase_id(odd_label(self.name))


def odd_label(name: str) -> str:
    """The label an odd record's id is made of."""
    return f"odd:{name}"

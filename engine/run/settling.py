"""What is in doubt in one run: found once its settle window has passed, and waited for until then."""

from __future__ import annotations

from dataclasses import dataclass

from engine.domain.lifecycle import State
from engine.language.spec.model import MappingSpec
from engine.run.ledger_pages import record_pages
from engine.run.recovering import interrupted_into_doubt, resolve_doubt, seconds_left
from engine.run.setup import Setup
from engine.run.turns import Turns


@dataclass(frozen=True, slots=True)
class Settling:
    """The records in doubt of one mapping, as far as the run has their turn. Used while nothing of ours is sent."""

    setup: Setup
    spec: MappingSpec
    run: str
    turns: Turns

    def settle(self) -> bool:
        """Resolve what is in doubt and whose window has passed; says whether there was any."""
        self._doubt_interrupted()
        any_resolved = False
        for rows in record_pages(self.setup.ledger, mapping=self.spec.name, states=(State.IN_DOUBT,)):
            due = [
                row for row in rows if self.turns.take(row.company) and not seconds_left(self.setup, self.spec, row)
            ]
            if due:
                resolve_doubt(self.setup, self.spec, due, self.run)
                any_resolved = True
        return any_resolved

    def soonest_s(self) -> float | None:
        """Seconds until the next settle window of this mapping ends; None when nothing waits for one."""
        self._doubt_interrupted()
        waiting = [
            seconds_left(self.setup, self.spec, row)
            for rows in record_pages(self.setup.ledger, mapping=self.spec.name, states=(State.IN_DOUBT,))
            for row in rows
            if row.cause == "no_answer" and self.turns.take(row.company)
        ]
        return min(waiting, default=None)

    def _doubt_interrupted(self) -> None:
        """What a runner that died has left `sending` is in doubt."""
        sending = record_pages(self.setup.ledger, mapping=self.spec.name, states=(State.SENDING,))
        for company in {row.company for rows in sending for row in rows}:
            if self.turns.take(company) is not None:
                interrupted_into_doubt(self.setup, self.spec, company, self.run)

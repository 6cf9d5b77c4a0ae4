"""When a run stops sending: nobody is let in any more, or one document after the other is not entered."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from engine.adapters.connectors.port import Answer
from engine.domain.lifecycle import State
from engine.domain.outcome import Proof

TAKEN = frozenset({State.ENTERED, State.HELD})
"""The target has the document, ours or another one: it is not what makes it refuse the next."""
PASSING_MAX = 5
UNAUTHORIZED = 401


@dataclass(slots=True)
class Budget:
    """What one run may spend on a target that does not take what it is sent; safe to use from several threads.

    `PASSING_MAX` answers in a row that refuse us and not the document, the first login that is refused (more of
    them lock a user out), and `unentered_max` documents in a row that were refused or got no proof, or that the
    target took by its word and did not show: each says that the next one would fare no better. `stopped` then says
    why; the rest stays ready for the next run. `proven_in_a_row` counts those that were last found as they were sent.
    """

    unentered_max: int
    stopped: str = ""
    proven_in_a_row: int = 0
    _passing: int = 0
    _unentered: int = 0
    _unproven: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def stop(self, why: str) -> None:
        """Spend nothing more, for a reason that lies elsewhere; an earlier reason stands."""
        with self._lock:
            self._stop(why)

    def why_not(self) -> str:
        """Why nothing leaves any more; empty while it may."""
        return f"the sending had stopped before it left: {self.stopped}" if self.stopped else ""

    def count_refusal_of_us(self, answer: Answer) -> None:
        """The answer, or the want of one, was about us or the moment, and not about a document."""
        with self._lock:
            self._passing += 1
            if self._passing >= PASSING_MAX or answer.status == UNAUTHORIZED:
                self._stop(answer.message or "the target does not accept us")

    def count(self, answer: Answer, *, taken: bool) -> None:
        """The answer to a document that was sent; `taken` says that the target has it now."""
        if not taken and (answer.passing or answer.proof is Proof.NOT_SENT):
            self.count_refusal_of_us(answer)
            return
        with self._lock:
            self._passing = 0
            self._unentered = 0 if taken else self._unentered + 1
            self._stop_after(self._unentered, answer.message or "no answer")

    def count_read_back(self, *, proven: bool, said: str) -> None:
        """What was found of a document that the target said it took; `said` is why that proves nothing."""
        with self._lock:
            self._unproven = 0 if proven else self._unproven + 1
            self.proven_in_a_row = self.proven_in_a_row + 1 if proven else 0
            self._stop_after(self._unproven, said)

    def _stop_after(self, in_a_row: int, last: str) -> None:
        if in_a_row >= self.unentered_max:
            told = f"{in_a_row} documents in a row were not entered (setting stop_after_refused)"
            self._stop(f"{told}; the last: {last}")

    def _stop(self, why: str) -> None:
        self.stopped = self.stopped or why

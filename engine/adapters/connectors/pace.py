"""A token bucket: no more requests in a second than a connection allows."""

from __future__ import annotations

import threading

from engine.words.clock import Clock


class Pace:
    """Lets `per_s` requests through in a second, after a burst of at most one second's worth; 0 is no limit."""

    def __init__(self, per_s: float, clock: Clock) -> None:
        self._per_s = per_s
        self._clock = clock
        self._burst = max(1.0, per_s)
        self._left = self._burst
        self._at_s = clock.instant().seconds
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Take one turn; waits outside the lock, so that turns are given in the order asked."""
        if self._per_s <= 0:
            return
        with self._lock:
            now_s = self._clock.instant().seconds
            self._left = min(self._burst, self._left + (now_s - self._at_s) * self._per_s)
            self._at_s = now_s
            self._left -= 1
            pause_s = -self._left / self._per_s
        if pause_s > 0:
            self._clock.sleep(pause_s)

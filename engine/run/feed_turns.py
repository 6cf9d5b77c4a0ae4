"""Reading a feed and writing back to it, kept apart between the runs of all machines that share the ledger.

What is written back leaves the feed, and what stands behind it moves up: who reads meanwhile jumps over records. So
who reads holds the feed's reading turn, and waits until no run writes back. Who writes back holds the writing turn of
its mapping and looks, before and again and again, whether anybody reads: then it gives its turn back and rests until
that is over. Nobody waits in a circle: a reader holds nothing that a resting writer needs but the turn to read.
Sending goes on all the while; what is not written back yet waits in the ledger.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from engine.adapters.store.port import Lease
from engine.language.spec.model import MappingSpec
from engine.run.reading import mappings_of_feed
from engine.run.setup import Setup, Tell, ignore
from engine.run.turns import KeptLeases

LOOK_S = 0.25
"""Seconds between two looks at the turn of another."""


class FeedTurns:
    """The turns of one run at its mapping's feed; a feed that nobody writes back to needs none."""

    def __init__(self, setup: Setup, spec: MappingSpec, leases: KeptLeases, tell: Tell = ignore) -> None:
        feed = f"{spec.source.connection} {spec.source.endpoint}"
        self._setup, self._leases, self._tell = setup, leases, tell
        self._reading = f"reading {feed}"
        self._writing = f"writing back to {feed} for {spec.name}"
        self._all_writing = [
            f"writing back to {feed} for {one.name}"
            for one in mappings_of_feed(setup, spec)
            if one.acknowledge is not None and setup.may_acknowledge(one)
        ]
        self._dead: set[Lease] = set()
        self._looked_s: float | None = None

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Inside, no other run writes back to the feed.

        Raises:
            Stopping: the process was asked to stop while another run was waited for.
        """
        if not self._all_writing:
            yield
            return
        while self._leases.take(self._reading) is None:
            self._wait_for(self._reading, self._tell)
        try:
            for name in self._all_writing:
                self._wait_for(name, self._tell)
            yield
        finally:
            self._leases.give_back(self._reading)

    def may_write(self) -> bool:
        """Before each batch: wait until nobody reads. False when another run of the mapping writes back for us too.

        Raises:
            Stopping: the process was asked to stop meanwhile.
        """
        while self._looked_s is None or self._now_s() - self._looked_s >= LOOK_S:
            # First the turn, then the look: a reader takes its turn first, and then looks for ours.
            if self._leases.take(self._writing) is None:
                return False
            self._looked_s = self._now_s()
            if self._holder(self._reading) is None:
                return True
            self.rest()
            self._wait_for(self._reading, ignore)
        return True

    def give_way(self) -> None:
        """While there is nothing to write: let go of the turn if somebody wants to read."""
        if self._looked_s is not None and self._holder(self._reading) is not None:
            self.rest()

    def rest(self) -> None:
        """Nothing is being written back, and nothing will be without asking again."""
        self._looked_s = None
        self._leases.give_back(self._writing)

    def _wait_for(self, name: str, tell: Tell) -> None:
        """Until nobody has this turn, or who has it is dead, because it was not renewed in time."""
        seen, since = None, self._setup.clock.instant()
        while (lease := self._holder(name)) is not None:
            self._setup.stop_if_asked()
            now = self._setup.clock.instant()
            if seen is None:
                tell(f"waiting for the turn of {lease.holder}", 0)
            if lease != seen:
                seen, since = lease, now
            elif now.seconds_since(since, since) > self._setup.lease_s:
                self._dead.add(lease)
            self._setup.clock.sleep(LOOK_S)

    def _holder(self, name: str) -> Lease | None:
        lease = self._setup.ledger.lease_holder(name)
        return lease if lease not in self._dead else None

    def _now_s(self) -> float:
        return self._setup.clock.instant().seconds

"""From the inbox to the queue: events wake the mappings that read where they came from."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import timedelta

from engine.adapters.store.inbox import PAGE
from engine.faces.service.heard import HeardWorkspace, kept_for
from engine.run.jobs.port import Job, Jobs, Task
from engine.wiring.logs import get_log
from engine.words.clock import Clock
from engine.words.errors import LedgerError

QUIET_S = 0.5
"""A burst is over when nothing came in one such span."""

GATHER_MAX_S = 3.0
"""A burst is not waited for longer than this."""

LOOK_S = 10.0
"""The inbox is looked at so often even when nothing was heard here: another process may have died over it."""

PRUNE_EVERY = timedelta(hours=1)
STOP_S = 10.0


class Waker:
    """Wakes mappings from a thread of its own.

    An event is marked as woken only when a run that begins its reading after the event's arrival was asked for,
    so nothing is lost whenever this process dies: what was not marked wakes its mappings after the next start.
    """

    def __init__(self, heard: Sequence[HeardWorkspace], jobs: Jobs, clock: Clock) -> None:
        self._heard = tuple(heard)
        self._jobs = jobs
        self._clock = clock
        self._came = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="waker", daemon=True)
        self._pruned_at = clock.now() - PRUNE_EVERY
        self._log = get_log()

    def start(self) -> None:
        """Begin with what waits from before."""
        self._came.set()
        self._thread.start()

    def wake(self) -> None:
        """An event was kept; returns at once."""
        self._came.set()

    def stop(self) -> None:
        """End; what is still to be woken waits in the inbox. A second call does nothing."""
        self._stopping.set()
        self._came.set()
        if self._thread.is_alive():
            self._thread.join(STOP_S)

    @property
    def is_alive(self) -> bool:
        """Whether it works."""
        return self._thread.is_alive()

    def _work(self) -> None:
        while not self._stopping.is_set():
            if self._came.wait(LOOK_S):
                self._gather()
            # Before the inbox is read: what is kept from here on is looked at in the next round.
            self._came.clear()
            for heard in self._heard:
                self._attend(heard)
            if self._clock.now() - self._pruned_at >= PRUNE_EVERY:
                self._pruned_at = self._clock.now()

    def _gather(self) -> None:
        """Wait until a burst is over."""
        until_s = self._clock.instant().seconds + GATHER_MAX_S
        while not self._stopping.is_set() and self._clock.instant().seconds < until_s:
            self._came.clear()
            # Slept through, not woken from: an event of a burst costs this thread nothing.
            if self._stopping.wait(QUIET_S) or not self._came.is_set():
                return

    def _attend(self, heard: HeardWorkspace) -> None:
        try:
            while not self._stopping.is_set() and self._wake_page(heard):
                pass
            if self._clock.now() - self._pruned_at >= PRUNE_EVERY:
                self._prune(heard)
        except LedgerError as error:
            # Not lost: the events stand in the inbox, and are looked at again in a moment.
            self._log.warning("events cannot be passed on", workspace=heard.name, error=str(error))

    def _wake_page(self, heard: HeardWorkspace) -> bool:
        """Wake the mappings of the oldest events that wait; says whether there may be more to do at once."""
        events = heard.inbox.waiting()
        needed = {event.number: heard.mappings_for(event.connection, event.kind) for event in events}
        accepted = set()
        for mapping, connection in {name: one.connection for one in events for name in needed[one.number]}.items():
            job = Job(workspace=heard.name, task=Task.RUN, subject=mapping, why=f"webhook {connection}")
            if self._jobs.submit_unless_waiting(job):
                accepted.add(mapping)
        woken = [event for event in events if accepted.issuperset(needed[event.number])]
        if woken:
            heard.inbox.mark_woken(woken)
            self._log.info("webhooks", workspace=heard.name, events=len(woken), woke=sorted(accepted))
        return len(events) == PAGE and bool(woken)

    def _prune(self, heard: HeardWorkspace) -> None:
        for connection, one in heard.connections.items():
            if one.webhooks is not None:
                heard.inbox.prune(connection, self._clock.now() - kept_for(one.webhooks))

"""Whether the service can do its work now, and if not, why not, by name."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence

from engine.faces.service.heard import HeardWorkspace
from engine.run.jobs.port import Jobs
from engine.wiring.credentials import needed_fields
from engine.wiring.hidden import HIDDEN
from engine.words.clock import Clock
from engine.words.errors import ConnectorError

FRESH_S = 2.0
"""The answer is good for so long, however often it is asked for."""


class Readiness:
    """Asks the ledgers, the queue, the workspaces' files, the credentials and this process's own threads."""

    def __init__(self, heard: Sequence[HeardWorkspace], jobs: Jobs, clock: Clock, wakes: Callable[[], bool]) -> None:
        self._heard = tuple(heard)
        self._jobs = jobs
        self._clock = clock
        self._wakes = wakes
        self._lock = threading.Lock()
        self._until_s = -1.0
        self._reasons: tuple[str, ...] = ()

    def reasons(self) -> tuple[str, ...]:
        """Why it is not ready, a sentence each, without secrets; empty when it is."""
        with self._lock:
            if self._clock.instant().seconds >= self._until_s:
                self._reasons = tuple(HIDDEN.masked(reason) for reason in self._look())
                self._until_s = self._clock.instant().seconds + FRESH_S
            return self._reasons

    def _look(self) -> Iterator[str]:
        if not self._wakes():
            yield "webhooks: what hands events to the queue has stopped: restart the service"
        try:
            self._jobs.open_jobs()
        except ConnectorError as error:
            yield f"jobs: {error}"
        for heard in self._heard:
            yield from (f"{heard.name}: {reason}" for reason in _of_workspace(heard))


def _of_workspace(heard: HeardWorkspace) -> Iterator[str]:
    try:
        heard.ledger.runs(limit=1)
    except ConnectorError as error:
        yield f"ledger: {error}"
    workspace = heard.current.now()
    if errors := workspace.errors:
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        yield f"workspace: {errors[0]}{more}"
    try:
        set_now = {(one.connection, one.field) for one in heard.vault.names() if not one.upcoming}
        for connection in heard.connections:
            for field, _ in needed_fields(heard.current.good(), connection):
                if (connection, field) not in set_now:
                    yield f"credentials: {connection} has no {field}"
                elif trouble := heard.vault.trouble(connection, field):
                    yield f"credentials: {trouble}"
    except ConnectorError as error:
        yield f"credentials: {error}"

"""The HTTP face, put together: what hears, wakes, tells and listens, started and stopped in order."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack

from engine.adapters.store.sql import open_ledger
from engine.faces.service.app import make_app
from engine.faces.service.heard import HeardWorkspace, heard_workspace
from engine.faces.service.ledger_metrics import Lags, no_lags
from engine.faces.service.listener import HOST, Listener
from engine.faces.service.metrics import Metrics
from engine.faces.service.waker import Waker
from engine.run.jobs.port import JobEnd, Jobs
from engine.wiring.app import ledger_url, open_vault
from engine.wiring.current_workspace import CurrentWorkspace
from engine.words.clock import Clock, IdMaker
from engine.words.errors import InputError


class HttpFace:
    """Hears the webhooks of some workspaces, by their names in addresses, and says how they stand.

    `lags` gives the schedules' lag in seconds, by workspace and schedule. Their ledgers are open from `start` to
    `stop`.
    """

    def __init__(
        self,
        workspaces: Mapping[str, CurrentWorkspace],
        jobs: Jobs,
        *,
        clock: Clock,
        make_id: IdMaker,
        host: str = HOST,
        port: int = 0,
        lags: Lags = no_lags,
    ) -> None:
        self._workspaces = dict(workspaces)
        self._jobs, self._clock, self._make_id = jobs, clock, make_id
        self._host, self._port, self._lags = host, port, lags
        self._open = ExitStack()
        self._metrics: Metrics | None = None

    def start(self) -> str:
        """Listen, and wake what waits in the inbox from before; gives the URL, without a slash at its end.

        Raises:
            InputError: the port is taken, or connections.yaml cannot be read.
            CredentialsError, LedgerError: a vault or ledger cannot be opened.
        """
        with ExitStack() as opening:
            heard = [self._heard(name, current, opening) for name, current in self._workspaces.items()]
            self._metrics = Metrics(heard, self._clock, self._lags)
            waker = Waker(heard, self._jobs, self._clock)
            app = make_app(heard, jobs=self._jobs, waker=waker, metrics=self._metrics, clock=self._clock)
            listener = Listener(app, self._host, self._port)
            waker.start()
            opening.callback(waker.stop)
            url = listener.start()
            opening.callback(listener.stop)
            self._open = opening.pop_all()
        return url

    def job_ended(self, end: JobEnd) -> None:
        """Count a job that ended."""
        if self._metrics is not None:
            self._metrics.job_ended(end)

    def stop(self) -> None:
        """Answer what is under way, and end; a second call does nothing. Stop it before the queue."""
        self._open.close()

    def _heard(self, name: str, current: CurrentWorkspace, opening: ExitStack) -> HeardWorkspace:
        workspace = current.good()
        if workspace.connections is None:
            raise InputError(f"{name}: connections.yaml cannot be read", workspace.errors)
        vault = open_vault(workspace)
        url, key = ledger_url(workspace), vault.audit_key
        ledger = open_ledger(url, audit_key=key, clock=self._clock, make_id=self._make_id)
        opening.callback(ledger.close)
        return heard_workspace(name, current, vault, ledger, self._clock)

"""Prometheus metrics: what this process answered and ran, and how the ledgers stand."""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

import engine
from engine.faces.service.answer import Answer
from engine.faces.service.heard import HeardWorkspace
from engine.faces.service.ledger_metrics import Lags, LedgerMetrics, no_lags
from engine.run.jobs.port import JobEnd
from engine.words.clock import Clock

JOB_BUCKETS_S = (1, 5, 15, 60, 300, 900, 3600)


class Metrics:
    """The metrics of one process, in a registry of their own.

    Counters count from the start of the process. What is read from a ledger is the same in every process that
    serves it, so take it from one of them. `lags` gives the schedules' lag in seconds, by workspace and schedule.
    """

    def __init__(self, heard: Sequence[HeardWorkspace], clock: Clock, lags: Lags = no_lags) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        Gauge("ml_connector_info", "The program's version.", ("version",), registry=self._registry).labels(
            engine.__version__
        ).set(1)
        self._webhooks = Counter(
            "ml_connector_webhooks",
            "Webhook requests by answer.",
            ("workspace", "connection", "answer"),
            registry=self._registry,
        )
        self._jobs = Histogram(
            "ml_connector_job_seconds",
            "Jobs that ended in this process, by how they ended, and how long they took.",
            ("workspace", "task", "ending"),
            buckets=JOB_BUCKETS_S,
            registry=self._registry,
        )
        self._ledgers = LedgerMetrics(heard, clock, lags, self._registry)

    def webhook(self, workspace: str, connection: str, answer: Answer) -> None:
        """Count an answer."""
        self._webhooks.labels(workspace, connection, answer.value).inc()

    def job_ended(self, end: JobEnd) -> None:
        """Count a job."""
        took = (end.ended_at - end.started_at).total_seconds()
        self._jobs.labels(end.job.workspace, end.job.task.value, end.ending.value).observe(took)

    def text(self) -> bytes:
        """Everything, in Prometheus's text format."""
        self._ledgers.take()
        return generate_latest(self._registry)

"""The metrics that come from the ledgers and vaults, read when Prometheus asks, and not more often than is cheap."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from engine.adapters.store.measuring import RecordSum
from engine.domain.lifecycle import State
from engine.faces.service.heard import HeardWorkspace
from engine.wiring.credential_warnings import CredentialState, credential_states
from engine.wiring.logs import get_log
from engine.words.clock import Clock
from engine.words.errors import ConnectorError, LedgerError

FRESH_S = 10.0
"""A ledger is not asked again within so many seconds."""

SHARE = 20
"""Nor within so many times the seconds that asking took: a large ledger takes up no more of a processor."""

RUN_BUCKETS_S = (1, 5, 15, 60, 300, 900, 3600)
CALL_BUCKETS_S = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
_ENTERED = frozenset({State.ENTERED, State.IN_GL, State.SETTLED})

Lags = Callable[[], Mapping[tuple[str, str], float]]
"""Seconds by which each schedule is late, by workspace and schedule; 0 when it is not."""


def no_lags() -> Mapping[tuple[str, str], float]:
    """Where nothing is scheduled."""
    return {}


@dataclass(slots=True)
class _Known:
    """What was last read of one workspace, and until when that is new enough."""

    until_s: float = -1.0
    is_up: bool = False
    records: tuple[RecordSum, ...] = ()
    doubt_since: Mapping[str, datetime] = field(default_factory=dict)
    waiting: int = 0
    waiting_since: datetime | None = None
    alerts: Mapping[str, int] = field(default_factory=dict)
    credentials: tuple[CredentialState, ...] = ()


class LedgerMetrics(Collector):
    """Collects the gauges of every workspace; one whose ledger does not answer says so and keeps the others whole."""

    def __init__(
        self, heard: Sequence[HeardWorkspace], clock: Clock, lags: Lags, registry: CollectorRegistry
    ) -> None:
        self._heard = tuple(heard)
        self._clock = clock
        self._lags = lags
        self._lock = threading.Lock()
        self._known = {one.name: _Known() for one in heard}
        labels = ("workspace", "mapping")
        self._runs = Histogram(
            "ml_connector_run_seconds",
            "Runs that ended, and how long they took.",
            labels,
            buckets=RUN_BUCKETS_S,
            registry=registry,
        )
        self._calls = Histogram(
            "ml_connector_call_seconds",
            "Calls with an effect at a target, and how long they took.",
            labels,
            buckets=CALL_BUCKETS_S,
            registry=registry,
        )
        self._errors = Counter(
            "ml_connector_metrics_errors",
            "Times that a ledger could not be asked.",
            ("workspace",),
            registry=registry,
        )
        registry.register(self)

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Nothing beforehand: reading is left to a scrape."""
        yield from ()

    def take(self) -> None:
        """Read anew what is not new enough any more."""
        with self._lock:
            for heard in self._heard:
                if self._clock.instant().seconds >= self._known[heard.name].until_s:
                    self._read(heard)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The gauges as last read."""
        now = self._clock.now()
        up = _gauge("up", "Whether the ledger answers.", "workspace")
        records = _gauge("records", "Records.", "workspace", "mapping", "state")
        entered = _gauge(
            "entered_amount",
            "Money entered, by currency; for graphs, not for books.",
            "workspace",
            "mapping",
            "currency",
        )
        doubt = _gauge("oldest_in_doubt_seconds", "Age of the oldest request in doubt.", "workspace", "mapping")
        waiting = _gauge("webhooks_waiting", "Events that have not woken their mappings yet.", "workspace")
        oldest = _gauge("oldest_webhook_waiting_seconds", "Age of the oldest of them.", "workspace")
        alerts = _gauge("alerts_open", "Alerts that are open.", "workspace", "rule")
        age = _gauge("credential_age_seconds", "Age of a credential.", "workspace", "connection", "field")
        left = _gauge("credential_left_seconds", "Until a credential ends.", "workspace", "connection", "field")
        lag = _gauge("schedule_lag_seconds", "By how much a schedule is late.", "workspace", "schedule")
        for name, known in self._known.items():
            up.add_metric((name,), known.is_up)
            _add_records(name, known.records, records, entered)
            for mapping, since in known.doubt_since.items():
                doubt.add_metric((name, mapping), (now - since).total_seconds())
            waiting.add_metric((name,), known.waiting)
            if known.waiting_since is not None:
                oldest.add_metric((name,), (now - known.waiting_since).total_seconds())
            for rule, count in known.alerts.items():
                alerts.add_metric((name, rule), count)
            for one in known.credentials:
                if one.set_at is not None:
                    age.add_metric((name, one.connection, one.field), (now - one.set_at).total_seconds())
                if one.expires is not None:
                    ends = datetime.combine(one.expires, time(), UTC)
                    left.add_metric((name, one.connection, one.field), (ends - now).total_seconds())
        for (workspace, schedule), seconds in self._lags().items():
            lag.add_metric((workspace, schedule), seconds)
        yield from (up, records, entered, doubt, waiting, oldest, alerts, age, left, lag)

    def _read(self, heard: HeardWorkspace) -> None:
        known, begun_s = self._known[heard.name], self._clock.instant().seconds
        try:
            self._read_ledger(heard, known)
            known.credentials = credential_states(heard.current.good(), heard.vault, None, self._clock.now())
            known.is_up = True
        except ConnectorError as error:
            known.is_up = not isinstance(error, LedgerError)
            self._errors.labels(heard.name).inc()
            get_log().warning("metrics cannot be read", workspace=heard.name, error=str(error))
        ended_s = self._clock.instant().seconds
        known.until_s = ended_s + max(FRESH_S, SHARE * (ended_s - begun_s))

    def _read_ledger(self, heard: HeardWorkspace, known: _Known) -> None:
        measures = heard.measures
        for run in measures.runs_ended():
            self._runs.labels(heard.name, run.mapping).observe(run.seconds)
        for call in measures.calls_ended():
            self._calls.labels(heard.name, call.mapping).observe(call.seconds)
        known.records = measures.record_sums()
        known.doubt_since = measures.doubt_since()
        waiting = measures.inbox_waiting()
        known.waiting, known.waiting_since = waiting.count, waiting.since
        known.alerts = measures.alerts_open()


def _gauge(name: str, about: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"ml_connector_{name}", about, labels=labels)


def _add_records(
    name: str, sums: Sequence[RecordSum], records: GaugeMetricFamily, entered: GaugeMetricFamily
) -> None:
    counts: dict[tuple[str, str], int] = {}
    for one in sums:
        key = (one.mapping, one.state.value)
        counts[key] = counts.get(key, 0) + one.count
    for (mapping, state), count in counts.items():
        records.add_metric((name, mapping, state), count)
    money: dict[tuple[str, str], list[RecordSum]] = {}
    for one in sums:
        if one.state in _ENTERED and one.currency:
            money.setdefault((one.mapping, one.currency), []).append(one)
    for (mapping, currency), parts in money.items():
        entered.add_metric((name, mapping, currency), sum(part.amount for part in parts))

"""A workspace that hears webhooks, served over real HTTP, with a queue below the port that a test can look into."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from engine.adapters.store.inbox import KeptEvent
from engine.adapters.store.sql import SqlLedger, open_ledger
from engine.domain.signature_rule import SignatureRule
from engine.faces.sandbox.demo import make_demo
from engine.faces.service.app import make_app
from engine.faces.service.heard import HeardWorkspace, heard_workspace
from engine.faces.service.listener import Listener
from engine.faces.service.metrics import Metrics
from engine.faces.service.waker import Waker
from engine.run.jobs.port import Job, OpenJob
from engine.wire.webhook import sign
from engine.wiring.credentials import open_vault
from engine.wiring.current_workspace import CurrentWorkspace
from engine.wiring.workspace import LEDGER, load_workspace
from engine.words.clock import Clock, SystemClock, random_id
from engine.words.json_value import encode
from engine.words.secret import Secret

NAME = "acme"
READERS = ["bills", "card-transactions"]
SECRET, NEXT = "hook-secret-2c9d7e51", "hook-secret-next-88b1f4"
PATH_SECRET = "Zk3vPq8sWmYt1LrXoB5uHc7dNf2gJa9e"
SIGNED = """
      signature: {header: X-Signature, prefix: "sha256=", timestamp_header: X-Timestamp}
      wakes: {vendor_changed: [], "purchase_request_approved": [bills]}"""
RULE = SignatureRule(
    header="X-Signature", prefix="sha256=", timestamp_header="X-Timestamp", signed="{timestamp}.{body}"
)
CREDENTIALS = (("airbase", "api_key"), ("epicor", "api_key"), ("epicor", "username"), ("epicor", "password"))


def make_workspace(folder: Path, *, ledger: str = "", webhooks: str = SIGNED) -> None:
    """A workspace of three mappings whose Airbase connection hears webhooks; two of them read it."""
    make_demo(folder)
    for path in (folder / "mappings").glob("*.yaml"):
        if path.stem not in (*READERS, "vendors"):
            path.unlink()
        else:
            path.write_text(path.read_text(encoding="utf-8").partition("\ntests:")[0] + "\n", encoding="utf-8")
    set_webhooks(folder, webhooks, ledger=ledger)
    vault = open_vault(load_workspace(folder))
    for connection, name in CREDENTIALS:
        vault.set(connection, name, Secret(f"planted-{connection}-{name}"))
    vault.set("airbase", "webhook_secret", Secret(SECRET))


def set_webhooks(folder: Path, webhooks: str, *, ledger: str = "") -> None:
    """Write connections.yaml anew."""
    (folder / "connections.yaml").write_text(
        f"{f'ledger: {ledger!r}' if ledger else ''}\n"
        "connections:\n"
        "  airbase:\n    kind: airbase\n    environment: sandbox\n    base_url: http://127.0.0.1:8731\n"
        f"    webhooks:{webhooks or ' {}'}\n"
        "  epicor:\n    kind: epicor\n    environment: sandbox\n    base_url: http://127.0.0.1:8732/sandbox\n"
        "    login: basic\n",
        encoding="utf-8",
    )


class Lined:
    """A queue in memory: one job of a lane may wait, and one that has begun does not count as waiting."""

    def __init__(self, *, takes: bool = True) -> None:
        self.takes = takes
        self.submitted: list[Job] = []
        self.waiting: dict[str, Job] = {}
        self.failing: Exception | None = None
        self._lock = threading.Lock()

    def submit(self, job: Job, *, key: str) -> bool:
        raise NotImplementedError

    def submit_unless_waiting(self, job: Job) -> bool:
        with self._lock:
            if self.failing is not None:
                raise self.failing
            if self.takes and job.lane not in self.waiting:
                self.waiting[job.lane] = job
                self.submitted.append(job)
            return self.takes

    def begin_all(self) -> list[str]:
        """Let every waiting job begin; their mappings."""
        with self._lock:
            begun = [job.subject for job in self.waiting.values()]
            self.waiting.clear()
            return begun

    def open_jobs(self) -> tuple[OpenJob, ...]:
        if self.failing is not None:
            raise self.failing
        return ()


@dataclass
class Service:
    """One served workspace."""

    folder: Path
    url: str
    heard: HeardWorkspace
    ledger: SqlLedger
    jobs: Lined
    waker: Waker
    metrics: Metrics
    listener: Listener
    client: httpx.Client
    events: list[str] = field(default_factory=list)

    def post(
        self,
        content: Any = None,
        *,
        secret: str | None = SECRET,
        now: datetime | None = None,
        path: str = f"/webhooks/{NAME}/airbase",
        headers: dict[str, str] | None = None,
        rule: SignatureRule = RULE,
    ) -> httpx.Response:
        """Send an event, signed unless `secret` is None."""
        body = content if isinstance(content, bytes) else encode(event() if content is None else content)
        signed = sign(rule, body, Secret(secret), now or datetime.now(UTC)) if secret is not None else {}
        sent = {"content-type": "application/json", **signed, **(headers or {})}
        return self.client.post(self.url + path, content=body, headers=sent)

    def kept(self) -> tuple[KeptEvent, ...]:
        return self.heard.inbox.latest(100_000)

    def metric(self, line: str) -> str:
        """The value of one sample, by its name and labels; empty when it is not there."""
        text = self.client.get(f"{self.url}/metrics").text
        return next((row.rpartition(" ")[2] for row in text.splitlines() if row.rpartition(" ")[0] == line), "")


def event(kind: str = "purchase_request_approved", **more: Any) -> dict[str, Any]:
    """An event as the one public receiver of Airbase's webhooks has them."""
    return {
        "id": str(uuid.uuid4()),
        "object": "purchase_request",
        "type": kind,
        "created_date": "2026-05-04T10:00:00",
        "data": {"amount": "1000000.00"},
        **more,
    }


def open_ledger_of(folder: Path, clock: Clock) -> SqlLedger:
    """The workspace's ledger."""
    workspace = load_workspace(folder)
    assert workspace.connections is not None
    url = workspace.connections.ledger or f"sqlite:///{workspace.state / LEDGER}"
    return open_ledger(url, audit_key=open_vault(workspace).audit_key, clock=clock, make_id=random_id)


@contextmanager
def served(folder: Path, jobs: Lined | None = None, *, wakes: bool = True, port: int = 0) -> Iterator[Service]:
    """A workspace, heard until the block ends; without `wakes` events only gather in the inbox."""
    clock, queue = SystemClock(), jobs or Lined()
    with ExitStack() as stack:
        ledger = open_ledger_of(folder, clock)
        stack.callback(ledger.close)
        current = CurrentWorkspace(folder, clock)
        heard = heard_workspace(NAME, current, open_vault(current.now()), ledger, clock)
        waker, metrics = Waker([heard], queue, clock), Metrics([heard], clock)
        listener = Listener(make_app([heard], jobs=queue, waker=waker, metrics=metrics, clock=clock), port=port)
        if wakes:
            waker.start()
            stack.callback(waker.stop)
        url = listener.start()
        stack.callback(listener.stop)
        client = stack.enter_context(httpx.Client(timeout=30))
        yield Service(
            folder=folder,
            url=url,
            heard=heard,
            ledger=ledger,
            jobs=queue,
            waker=waker,
            metrics=metrics,
            listener=listener,
            client=client,
        )


def statuses(answers: Sequence[httpx.Response]) -> list[int]:
    return [answer.status_code for answer in answers]

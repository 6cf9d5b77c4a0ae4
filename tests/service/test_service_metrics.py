"""Health, readiness and metrics of a served workspace, and that none of them shows a secret."""

from __future__ import annotations

import io
import json
import logging
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from engine.adapters.store.port import Conclusion, Decision, Intent
from engine.adapters.store.sql import SqlLedger
from engine.domain.lifecycle import State
from engine.domain.record import RecordKey, SourceRecord
from engine.faces.service.job_log import log_job_end
from engine.run.jobs.port import Ending, Job, JobEnd, Task
from engine.wire.webhook import sign
from engine.wiring.credentials import open_vault
from engine.wiring.logs import configure_logs, get_log
from engine.wiring.workspace import load_workspace
from engine.words.clock import Instant
from engine.words.errors import InputError, LedgerError
from engine.words.json_value import encode
from engine.words.secret import Secret
from tests.service.scene import NAME, RULE, SECRET, Lined, Service, event, served, set_webhooks
from tests.service.test_webhooks import until

FEED = "/v1/accounting/ledger_entries/"


def fill(ledger: SqlLedger) -> None:
    """A run with one bill entered, one in doubt, one held; amounts that floats cannot hold."""
    ledger.start_run("run-1", "bills", "tester")
    names = ("entered", "doubt", "held")
    records = [
        SourceRecord(key=RecordKey(connection="airbase", feed=FEED, source_id=one), payload={"id": one}, company="E")
        for one in names
    ]
    ledger.register(records, "run-1")
    rows = {row.key.source_id: row for row in ledger.records()}
    ready = {"mapping": "bills", "company": "E", "currency": "USD", "amount": Decimal("0.10")}
    ledger.decide(
        [
            Decision(record_id=rows["entered"].id, state=State.READY, **ready),
            Decision(record_id=rows["doubt"].id, state=State.READY, **ready),
            Decision(record_id=rows["held"].id, state=State.HELD, cause="period_closed", reason="x", **ready),
        ],
        "run-1",
        "tester",
    )
    lease = ledger.take_lease("bills@E", "tester", 60)
    assert lease is not None
    for name, state in (("entered", State.ENTERED), ("doubt", State.IN_DOUBT)):
        intent = Intent(
            record_id=rows[name].id,
            namespace="epicor",
            dedupe_key=name,
            document_hash="d",
            mapping_hash="m",
            request={"name": name},
        )
        attempt = ledger.begin(intent, lease, "run-1", "tester")
        decision = Decision(record_id=rows[name].id, state=state, reference=name if state is State.ENTERED else None)
        conclusion = Conclusion(
            proof="effect" if state is State.ENTERED else "unknown",
            status=200,
            message="",
            answer={},
            decision=decision,
            doubt=None if state is State.ENTERED else Instant(epoch="boot", seconds=1.0),
        )
        ledger.conclude_many([(attempt, conclusion)], "run-1", "tester")
    ledger.end_run("run-1", {"mapping": "bills"})


def job_end(ending: Ending = Ending.DONE, **more: Any) -> JobEnd:
    now = datetime.now(UTC)
    return JobEnd(
        id="job-1",
        job=Job(workspace=NAME, task=Task.RUN, subject="bills", why="webhook airbase"),
        ending=ending,
        worker="w1",
        started_at=now - timedelta(seconds=2),
        ended_at=now,
        **more,
    )


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_the_metrics_are_what_the_ledger_says(kind: str, folder: Path, request: pytest.FixtureRequest) -> None:
    if kind == "postgres":
        set_webhooks(
            folder, "\n      signature: {header: X-Signature}", ledger=request.getfixturevalue("postgres_url")
        )
    vault = open_vault(load_workspace(folder))
    vault.set("airbase", "api_key", Secret("k" * 20), expires=(datetime.now(UTC) + timedelta(days=10)).date())
    with served(folder, wakes=False) as service:
        fill(service.ledger)
        service.post(secret=None)
        service.metrics.job_ended(job_end(Ending.NEEDS_PERSON))
        got = {
            name: service.metric(f"ml_connector_{name}")
            for name in (
                'up{workspace="acme"}',
                'records{mapping="bills",state="entered",workspace="acme"}',
                'records{mapping="bills",state="held",workspace="acme"}',
                'entered_amount{currency="USD",mapping="bills",workspace="acme"}',
                'run_seconds_count{mapping="bills",workspace="acme"}',
                'call_seconds_count{mapping="bills",workspace="acme"}',
                'webhooks_total{answer="unsigned",connection="airbase",workspace="acme"}',
                'webhooks_waiting{workspace="acme"}',
                'job_seconds_count{ending="needs a person",task="run",workspace="acme"}',
                'info{version="0.1.0"}',
            )
        }
        assert list(got.values()) == ["1.0", "1.0", "1.0", "0.1", "1.0", "2.0", "1.0", "0.0", "1.0", "1.0"]
        doubt = service.metric('ml_connector_oldest_in_doubt_seconds{mapping="bills",workspace="acme"}')
        assert 0 <= float(doubt) < 60
        left = service.metric(
            'ml_connector_credential_left_seconds{connection="airbase",field="api_key",workspace="acme"}'
        )
        assert 8.9 < float(left) / 86_400 < 10


def test_a_scrape_asks_the_ledger_no_more_than_is_cheap(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    real = service.heard.measures.record_sums

    def slow() -> Any:
        asked.append(1)
        time.sleep(0.7)
        return real()

    monkeypatch.setattr(service.heard.measures, "record_sums", slow)
    for _ in range(5):
        assert service.metric('ml_connector_up{workspace="acme"}') == "1.0"
    assert len(asked) == 1
    ledgers = service.metrics._ledgers
    assert ledgers._known[NAME].until_s - service.heard.current._clock.instant().seconds > 12, "20 times 0.7 s"


def test_ready_says_what_is_missing_by_name(folder: Path) -> None:
    jobs = Lined()
    with served(folder, jobs) as service:
        get = service.client.get

        def ready() -> tuple[int, list[str]]:
            time.sleep(2.1)  # the answer, and the look at the files, is good for two seconds
            answer = get(f"{service.url}/readyz")
            return answer.status_code, answer.json()["reasons"]

        assert get(f"{service.url}/healthz").text == "alive\n"
        assert ready() == (200, [])
        jobs.failing = LedgerError("the jobs' database is away")
        open_vault(load_workspace(folder)).remove("airbase", "webhook_secret")
        open_vault(load_workspace(folder)).remove("epicor", "password")
        bills = folder / "mappings" / "bills.yaml"
        text = bills.read_text(encoding="utf-8")
        bills.write_text(text.replace("\nfilter:", "\nfliter:"), encoding="utf-8")
        status, reasons = ready()
        assert status == 503
        assert [reason.partition(" E104")[0] for reason in reasons] == [
            "jobs: the jobs' database is away",
            reasons[1].partition(" E104")[0],
            "acme: credentials: airbase has no webhook_secret",
            "acme: credentials: epicor has no password",
        ]
        assert reasons[1].startswith("acme: workspace: mappings/bills.yaml:")
        assert "fliter" in reasons[1]
        service.ledger.close()
        service.waker.stop()
        status, reasons = ready()
        assert {reason.partition(": ")[0] for reason in reasons} >= {"webhooks", "jobs", "acme"}
        assert "acme: ledger: the ledger is closed" in reasons
        assert get(f"{service.url}/healthz").status_code == 200
        assert get(f"{service.url}/metrics").status_code == 200
        assert service.metric('ml_connector_up{workspace="acme"}') == "0.0"


def test_webhooks_are_heard_while_an_edit_is_wrong(service: Service, folder: Path) -> None:
    (folder / "connections.yaml").write_text("connections: [", encoding="utf-8")
    time.sleep(2.1)
    assert service.post().status_code == 202
    until(lambda: service.jobs.begin_all() == ["bills"])


def test_no_secret_comes_out_in_any_form_of_the_log_or_any_answer(folder: Path) -> None:
    for form in ("json", "people"):
        out = io.StringIO()
        configure_logs(form, "debug", out)  # type: ignore[arg-type]
        with served(folder) as service:
            secrets = [one.reveal() for one in _opened(service)]
            signature = "https://files.example.com/r.pdf?X-Amz-Signature=planted-signature"
            for told in (*secrets, signature):
                service.post({"id": f"{told} \x1b[31mred", "type": told, "api_key": told})
                service.post(secret=None, path=f"/webhooks/{NAME}/airbase/{told}")
                service.post(secret=None, path=f"/{told}")
                get_log().error(f"said {told}", detail={"deep": [told], "password": "any"}, text=f"\x1b[2J{told}")
                logging.getLogger("uvicorn.error").warning("a library says %s\nforged line", told)
                logging.getLogger("dbos").info("of no interest: %s", told)
                try:
                    raise LedgerError(f"with {told}")  # noqa: TRY301 - its traceback is what is looked at
                except LedgerError:
                    get_log().exception("failed")
            until(lambda: not service.heard.inbox.waiting())
            answers = [service.client.get(service.url + path).text for path in ("/metrics", "/readyz", "/healthz")]
            kept = repr(service.kept())
            payloads = [service.ledger.payload(one.payload_hash) for one in service.kept()]
        text = out.getvalue()
        for secret in (*secrets, "planted-signature"):
            assert secret not in text, f"{secret} stands in the {form} log"
            assert not any(secret in answer for answer in answers)
        assert "********" in text
        assert "\x1b" not in text
        assert "of no interest" not in text
        assert text.count("a library says") == len(secrets) + 1
        assert kept
        assert all(one["event"]["api_key"] == "********" for one in payloads)
        lines = text.splitlines()
        if form == "json":
            told = [json.loads(line) for line in lines]
            assert all({"at", "level", "event"} <= one.keys() for one in told)
            assert all(one["at"].endswith("Z") for one in told)
        else:
            assert not any(line.startswith("forged line") for line in lines)


def _opened(service: Service) -> list[Secret]:
    """Every credential that is a secret, opened as the service opens them."""
    vault = service.heard.vault
    fields = (("airbase", "api_key"), ("epicor", "api_key"), ("epicor", "password"), ("airbase", "webhook_secret"))
    return [vault.get(*one) for one in fields]


def test_a_healthy_run_logs_one_line() -> None:
    out = io.StringIO()
    configure_logs("people", "info", out)
    summary = {"mapping": "bills", "read": 40, "sent": 3, "became": [], "warnings": [], "stopped": ""}
    log_job_end(job_end(summary=summary))
    log_job_end(job_end(Ending.FAILED, error="airbase did not answer", kind="unreachable"))
    healthy, failed = out.getvalue().splitlines()
    assert healthy.partition("UTC  ")[2] == (
        'info     run done  workspace=acme  subject=bills  why="webhook airbase"  job=job-1  worker=w1  ms=2000  '
        "read=40  sent=3"
    )
    assert "error    run failed" in failed
    assert 'error="airbase did not answer"' in failed


class _Full(io.StringIO):
    """A file on a full disk."""

    def write(self, _text: str) -> int:
        raise OSError(28, "No space left on device")


def test_what_the_queues_library_repeats_is_told_once_a_minute() -> None:
    out = io.StringIO()
    configure_logs("json", "info", out)
    for attempt in range(50):
        logging.getLogger("dbos").warning(f"the database is away, attempt {attempt}")
        logging.getLogger("uvicorn").warning("of another library")
    logging.getLogger("dbos").warning("something else")
    told = [json.loads(line)["event"] for line in out.getvalue().splitlines()]
    assert told.count("of another library") == 50
    assert [one for one in told if one != "of another library"] == [
        "the database is away, attempt 0",
        "something else",
    ]
    configure_logs()


def test_a_log_that_cannot_be_written_ends_no_work() -> None:
    configure_logs("people", "info", _Full())
    log_job_end(job_end())
    get_log().error("told to nobody")
    logging.getLogger("dbos").warning("of a library")
    configure_logs()


def test_a_burst_of_events_logs_one_line(service: Service) -> None:
    out = io.StringIO()
    configure_logs("json", "info", out)
    for _ in range(20):
        service.post()

    def lines() -> list[dict[str, Any]]:
        return [json.loads(line) for line in out.getvalue().splitlines()]

    # The line is written after the events were marked as woken.
    until(lambda: sum(line["events"] for line in lines() if line["event"] == "webhooks") == 20)
    assert len(lines()) <= 2
    assert SECRET not in out.getvalue()


def test_a_taken_port_is_told_in_words(service: Service, folder: Path) -> None:
    port = int(service.url.rpartition(":")[2])
    told = f"127.0.0.1:{port} cannot be listened on: Address already in use"
    with pytest.raises(InputError, match=told), served(folder, port=port):
        pass


def test_a_client_that_says_nothing_is_let_go(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.faces.service.listener.HEADERS_S", 0.5)
    port = int(service.url.rpartition(":")[2])
    for drops in (b"", b"POST /webhooks/acme/airbase HTTP/1.1\r\nHost: x\r\n"):
        with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
            client.sendall(drops)
            began = time.monotonic()
            for letter in (b"X", b"-", b"A", b"b"):
                try:
                    client.sendall(letter if drops else b"")
                except OSError:
                    break
                time.sleep(0.1)
            assert client.recv(100) == b""
            assert time.monotonic() - began < 3
    assert service.post().status_code == 202


def test_stopping_finishes_what_is_under_way(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = threading.Event()
    body = encode(event())
    headers = {"content-type": "application/json", **sign(RULE, body, Secret(SECRET), datetime.now(UTC))}
    with ThreadPoolExecutor(1) as pool:
        with served(folder, wakes=False) as service:
            keep = service.heard.inbox.keep

            def slow(new: Any) -> bool:
                begun.set()
                time.sleep(1)
                return keep(new)

            monkeypatch.setattr(service.heard.inbox, "keep", slow)
            url = f"{service.url}/webhooks/{NAME}/airbase"
            sending = pool.submit(httpx.post, url, content=body, headers=headers, timeout=20)
            assert begun.wait(10)
        assert sending.result().status_code == 202
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)

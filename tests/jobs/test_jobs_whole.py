"""`serve` as a whole: a webhook wakes a mapping, the metrics count it, and a failing job is told once."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import httpx

from engine.domain.signature_rule import SignatureRule
from engine.wire.webhook import sign
from engine.wiring.app import open_vault
from engine.wiring.workspace import MARK, load_workspace
from engine.words.json_value import encode
from engine.words.secret import Secret
from tests.alerts.receivers import http_receiver
from tests.jobs.conftest import MakeCompany
from tests.jobs.stage import Company, until, workers
from tests.jobs.test_jobs_webhooks import HEARS
from tests.run.house import bills

SECRET = "hook-secret-7f31"
RULE = SignatureRule(
    header="X-Signature", prefix="sha256=", timestamp_header="X-Timestamp", signed="{timestamp}.{body}"
)


def test_an_approval_is_entered_counted_and_its_failure_told_once(make: MakeCompany, tmp_path: Path) -> None:
    with http_receiver() as receiver, workers(tmp_path / "w") as started:
        acme = make("acme", bills(3), airbase=HEARS)
        alerts = acme.folder / "alerts.yaml"
        alerts.write_text(
            f"channels:\n  pager: {{kind: webhook, address: {receiver.url}/hook}}\n"
            "rules:\n  - {on: job_failed, tell: [pager]}\n",
            encoding="utf-8",
        )
        vault = open_vault(load_workspace(acme.folder))
        vault.set("airbase", "webhook_secret", Secret(SECRET))
        vault.set("alerts.pager", "signing_secret", Secret("a-signing-secret"))
        one = started.start("-w", str(acme.folder), "--listen", "127.0.0.1:0", command="serve")
        url = next(str(line["listening"]) for line in one.lines() if line["event"] == "working")
        assert httpx.get(f"{url}/readyz").status_code == 200
        assert [told(url, acme, "event-1") for _ in range(2)] == [202, 200]
        until(lambda: acme.states()["entered"] == 3, worker=one)
        until(lambda: 'ml_connector_job_seconds_count{ending="done",task="run"' in httpx.get(f"{url}/metrics").text)
        runs = [line for line in one.lines() if line["event"].startswith("run ")]
        assert [(line["subject"], line["why"]) for line in runs] == [("bills", "webhook airbase")]
        assert receiver.take() == []
        mapping = acme.folder / "mappings" / "bills.yaml"
        right = mapping.read_text(encoding="utf-8")
        mapping.write_text(right.replace("recipe:", "recipee:"), encoding="utf-8")
        time.sleep(2.5)
        for number in (2, 3):
            told(url, acme, f"event-{number}")
            until(lambda number=number: len([x for x in one.lines() if x["event"] == "run failed"]) == number - 1)
        until(lambda: receiver.posted, worker=one)
        (post,) = receiver.take()
        assert "the workspace's files have errors" in str(post.json)
        mapping.write_text(right, encoding="utf-8")
        assert one.stop() == 0
        assert SECRET not in one.log.read_text(encoding="utf-8")
    assert (acme.folder / MARK).exists()


def told(url: str, company: Company, event_id: str) -> int:
    """Airbase tells that something was approved; the status of the answer."""
    body = encode({"id": event_id, "type": "approved", "created_date": "2026-11-04T10:00:00"})
    signed = sign(RULE, body, Secret(SECRET), datetime.now(UTC))
    headers = {"content-type": "application/json", **signed}
    return httpx.post(f"{url}/webhooks/{company.name}/airbase", content=body, headers=headers).status_code

"""Approval webhooks through a real `serve`: entered once, one run for a burst, and a killed process loses none."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from engine.wire.webhook import sign
from engine.wiring.app import open_vault
from engine.wiring.workspace import load_ledger_part
from engine.words.json_value import encode
from engine.words.secret import Secret
from tests.jobs.conftest import MakeCompany
from tests.jobs.stage import HEARS, Company, address, until, workers
from tests.run.house import bills
from tests.service.scene import RULE, SECRET, event

SIGNS = {"header": "X-Signature", "prefix": "sha256=", "timestamp_header": "X-Timestamp"}


def approve(company: Company, url: str) -> str:
    """A person approves a new bill in Airbase, which tells the service; gives its number once that has answered."""
    admin = f"{company.sandbox.urls['airbase']}/_sandbox/airbase"
    told = {
        "url": f"{url}/webhooks/{company.name}/airbase",
        "secret": SECRET,
        "signed": "{timestamp}.{body}",
        **SIGNS,
    }
    assert httpx.post(f"{admin}/webhook", json=told).status_code == 204
    approved = httpx.post(f"{admin}/approve").json()
    assert approved["webhook"] == 202
    return str(approved["invoice_number"])


def post(client: httpx.Client, url: str) -> int:
    body = encode(event())
    headers = {"content-type": "application/json", **sign(RULE, body, Secret(SECRET), datetime.now(UTC))}
    return client.post(url, content=body, headers=headers).status_code


@pytest.mark.slow
def test_approvals_are_entered_once_whatever_becomes_of_the_process(make: MakeCompany, tmp_path: Path) -> None:
    acme = make("acme", bills(3), airbase=HEARS)
    open_vault(load_ledger_part(acme.folder)).set("airbase", "webhook_secret", Secret(SECRET))
    with workers(tmp_path / "w", "-w", str(acme.folder)) as started:
        one = started.start("--listen", "127.0.0.1:0", command="serve")
        url = address(one)
        numbers = [approve(acme, url)]
        until(lambda: acme.invoices()[numbers[0]] == 1, worker=one)
        before = len(acme.runs())
        with httpx.Client(timeout=30) as client, ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(lambda _: post(client, f"{url}/webhooks/acme/airbase"), range(200)))
            assert answers == [202] * 200
            until(lambda: 'ml_connector_webhooks_waiting{workspace="acme"} 0.0' in client.get(f"{url}/metrics").text)
            assert client.get(f"{url}/readyz").json() == {"ready": True, "reasons": []}
        # One after the burst; one more where the machine was so slow that it was not over in the longest wait.
        until(lambda: len(acme.runs()) > before, worker=one)
        assert len(acme.runs()) - before <= 3
        numbers.append(approve(acme, url))
        one.kill()
        assert acme.invoices()[numbers[1]] == 0, "killed before its run: the case that is looked at"
        two = started.start("--listen", "127.0.0.1:0", command="serve")
        until(lambda: acme.invoices()[numbers[1]] == 1, worker=two)
        assert two.stop() == 0
    assert set(acme.invoices().values()) == {1}
    assert len(acme.invoices()) == 5
    for worker in started.started:
        assert SECRET not in worker.log.read_text(encoding="utf-8")

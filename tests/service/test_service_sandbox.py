"""A bill approved in the sandbox's Airbase tells the service, and the run it wakes enters it."""

from __future__ import annotations

import time

import httpx

from engine.wiring.credentials import open_vault
from engine.words.secret import Secret
from tests.run.conftest import MakeHouse, make_house
from tests.run.house import bills
from tests.service.scene import NEXT, SECRET, Lined, served

__all__ = ["make_house"]

WEBHOOKS = 'webhooks:\n  signature: {header: X-Signature, timestamp_header: X-Timestamp}\n  wakes: {"*": [bills]}'


def test_an_approval_is_entered_by_the_run_it_wakes(make_house: MakeHouse) -> None:
    house = make_house(*bills(2), airbase=WEBHOOKS)
    open_vault(house.workspace()).set("airbase", "webhook_secret", Secret(SECRET))
    admin = f"{house.sandbox.urls['airbase']}/_sandbox/airbase"
    told = {"header": "X-Signature", "timestamp_header": "X-Timestamp", "signed": "{timestamp}.{body}"}
    jobs = Lined()
    with served(house.folder, jobs) as service:
        url = f"{service.url}/webhooks/acme/airbase"
        assert httpx.post(f"{admin}/approve").json()["webhook"] is None
        for secret, answered in ((NEXT, 401), (SECRET, 202)):
            assert httpx.post(f"{admin}/webhook", json={"url": url, "secret": secret, **told}).status_code == 204
            approved = httpx.post(f"{admin}/approve").json()
            assert approved["webhook"] == answered
        give_up_at = time.monotonic() + 15
        while not jobs.submitted:
            assert time.monotonic() < give_up_at
            time.sleep(0.05)
    (job,) = jobs.submitted
    house.run(job.subject)
    assert house.row(approved["airbase_id"]).state == "entered"
    assert approved["invoice_number"] in house.invoices()
    known = bills(2)[0]["airbase_id"]
    again = httpx.post(f"{admin}/approve", json={"airbase_id": known}).json()
    assert again["airbase_id"] == known
    assert "refused" in again["webhook"], "the service is gone: the sandbox says so"
    assert httpx.delete(f"{admin}/webhook").status_code == 204


def test_the_sandbox_tells_this_machine_only(make_house: MakeHouse) -> None:
    house = make_house(*bills(1))
    admin = f"{house.sandbox.urls['airbase']}/_sandbox/airbase"
    for given in (
        {"url": "https://example.com/"},
        {"url": "http://10.0.0.1/"},
        {},
        {"url": "http://127.0.0.1:9/", "secret": "x"},
        {"url": "http://127.0.0.1:9/", "head": "x"},
    ):
        assert httpx.post(f"{admin}/webhook", json=given).status_code == 400
    assert httpx.post(f"{admin}/approve", json={"airbase_id": "nobody"}).status_code == 404

"""The connectors against the sandbox: the good paths over a real wire, and every login."""

from __future__ import annotations

from dataclasses import replace

import pytest
from subjects import START, Vault

from engine.adapters.connectors.port import Call, Lookup
from engine.adapters.connectors.registry import make_connector
from engine.domain.outcome import Proof
from engine.faces.sandbox import sandbox as living
from engine.faces.sandbox.faults import Fault, FaultKind, Shape
from engine.words.clock import ManualClock

COMPANY = "EPIC06"
VENDORS = "Erp.BO.VendorSvc/Vendors"
KEYS = Vault(
    api_key=living.EPICOR_API_KEY,
    username=living.EPICOR_USER,
    password=living.EPICOR_PASSWORD,
    client_id=living.EPICOR_CLIENT_ID,
    client_secret=living.EPICOR_CLIENT_SECRET,
)


@pytest.fixture(scope="module")
def sandbox():
    running = living.Sandbox()
    running.start()
    yield running
    running.stop()


@pytest.fixture
def connect(sandbox):
    made = []

    def make(kind, **settings):
        url = sandbox.urls[kind]
        if kind == "epicor":
            settings.setdefault("token_url", sandbox.urls["epicor_token"])
        given = {"environment": "test", "base_url": url, "read_timeout_s": 1, **settings}
        keys = Vault(api_key=living.AIRBASE_TOKEN) if kind == "airbase" else KEYS
        made.append(make_connector(kind, kind, given, keys, ManualClock(START)))
        return made[-1]

    yield make
    for connector in made:
        connector.close()


def rows_of(connector, feed, company=None):
    pages = list(connector.read(feed, company=company))
    assert pages[-1].complete
    return [row for page in pages for row in page.rows]


@pytest.mark.parametrize("page_size", [7, 100])
def test_every_vendor_once_on_both_sides(connect, page_size):
    vendors = rows_of(connect("epicor", page_size=page_size), VENDORS, COMPANY)
    numbers = [row["VendorNum"] for row in vendors]
    assert len(numbers) == len(set(numbers)) > 7
    entries = rows_of(connect("airbase", page_size=page_size), "/v1/accounting/ledger_entries/")
    ids = [row["id"] for row in entries]
    assert len(ids) == len(set(ids)) > 7


def test_look_ups_agree_with_reading(connect):
    epicor = connect("epicor")
    vendors = rows_of(epicor, VENDORS, COMPANY)
    matches = [(("VendorID", f" {row['VendorID'].lower()} "),) for row in vendors] + [(("VendorID", "O'Nobody"),)]
    found = epicor.find(Lookup(set=VENDORS, matches=matches, fields=("VendorNum", "Name"), company=COMPANY))
    assert [found[match][0]["VendorNum"] for match in matches[:-1]] == [row["VendorNum"] for row in vendors]
    assert found[matches[-1]] == ()


@pytest.mark.parametrize("login", ["basic", "client_credentials", "password", "app_server"])
def test_every_login(sandbox, connect, login):
    epicor = connect("epicor", login=login)
    assert epicor.ping(company=COMPANY).ok
    call = Call(verb="call", path="Erp.BO.APInvGrpSvc/GetNewAPInvGrpNoLock", company=COMPANY, body={"ds": {}})
    assert epicor.call(call).proof is Proof.EFFECT
    sandbox.epicor.door.expire_tokens()
    assert epicor.call(call).proof is Proof.EFFECT


def test_what_the_sandbox_refuses(connect):
    epicor, airbase = connect("epicor"), connect("airbase")
    absent = Call(
        verb="get",
        path="Erp.BO.APInvoiceSvc/GetByID",
        company=COMPANY,
        params=(("vendorNum", "1"), ("invoiceNum", "none/of that")),
    )
    answer = epicor.call(absent)
    assert (answer.proof, answer.status) == (Proof.NO_EFFECT, 404)
    patch = Call(verb="patch", path="/v1/accounting/ledger_entries/nobody/", body={"status": "x"}, effect=True)
    answer = airbase.call(patch)
    assert (answer.proof, answer.status) == (Proof.NO_EFFECT, 404)
    assert answer.message


def test_pings(connect):
    assert connect("airbase").ping().ok
    wrong = connect("airbase", auth_scheme="Bearer").ping()
    assert "auth_scheme: Token" in wrong.advice
    assert not connect("epicor").ping(company="NOWHERE").ok


@pytest.mark.parametrize(
    ("fault", "proof", "passing"),
    [
        (Fault(kind=FaultKind.NO_ANSWER_AFTER_COMMIT), Proof.NONE, False),
        (Fault(kind=FaultKind.NO_ANSWER_BEFORE_COMMIT), Proof.NONE, False),
        (Fault(kind=FaultKind.SLOW, seconds=1.5), Proof.NONE, False),
        (Fault(kind=FaultKind.MALFORMED, shape=Shape.HTML), Proof.NONE, False),
        (Fault(kind=FaultKind.MALFORMED, shape=Shape.TRUNCATED), Proof.NONE, False),
        (Fault(kind=FaultKind.MALFORMED, shape=Shape.CUT), Proof.NONE, False),
        (Fault(kind=FaultKind.STATUS, status=500), Proof.NONE, False),
        (Fault(kind=FaultKind.STATUS, status=503, own_words=False, commits=True), Proof.NONE, False),
        (Fault(kind=FaultKind.STATUS, status=503), Proof.NO_EFFECT, True),
        (Fault(kind=FaultKind.STATUS, status=429, retry_after_s=9), Proof.NO_EFFECT, True),
    ],
)
def test_what_a_broken_write_proves(sandbox, connect, fault, proof, passing):
    sandbox.faults.add(replace(fault, system="epicor", path="APInvGrpSvc", times=1))
    call = Call(
        verb="call", path="Erp.BO.APInvGrpSvc/GetNewAPInvGrpNoLock", company=COMPANY, body={"ds": {}}, effect=True
    )
    answer = connect("epicor").call(call)
    sandbox.faults.clear()
    assert (answer.proof, answer.passing) == (proof, passing), answer.message
    assert answer.retry_after_s == fault.retry_after_s

"""The whole sandbox: both systems on real ports, kept on disk, looked at and disturbed through HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from engine.faces.sandbox.demo import FOLDER, demo_folder
from engine.faces.sandbox.sandbox import (
    AIRBASE_TOKEN,
    EPICOR_API_KEY,
    EPICOR_CLIENT_ID,
    EPICOR_CLIENT_SECRET,
    EPICOR_PASSWORD,
    EPICOR_USER,
    Sandbox,
)
from engine.faces.sandbox.seed import ODD, build
from engine.faces.sandbox.seed.vendors import SUPPLIER_LIST
from engine.words.errors import InputError

LOGIN = {"Authorization": f"Token {AIRBASE_TOKEN}"}
KEY = {"x-api-key": EPICOR_API_KEY}
VENDORS = "/api/v2/odata/EPIC06/Erp.BO.VendorSvc/Vendors"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as started:
        yield started


def _vendors(sandbox: Sandbox) -> httpx.Response:
    return httpx.get(sandbox.urls["epicor"] + VENDORS, headers=KEY, auth=(EPICOR_USER, EPICOR_PASSWORD))


def _key_bill(sandbox: Sandbox, number: str) -> None:
    sandbox.clerk.key_invoice(
        "EPIC06",
        SUPPLIER_LIST[20].number,
        number,
        on=date(2026, 11, 3),
        lines=(("6100|10", Decimal("60.00")), ("6200|20", Decimal("40.00"))),
    )


def test_both_systems_are_seeded_and_answer(sandbox: Sandbox) -> None:
    entries = httpx.get(sandbox.urls["airbase"] + "/v1/accounting/ledger_entries/", headers=LOGIN)
    vendors = _vendors(sandbox)

    assert len(entries.json()["data"]) == 100
    assert vendors.status_code == 200
    assert len(vendors.json()["value"]) == len(build().epicor["EPIC06"]["Vendor"])


def test_a_bearer_token_from_the_identity_provider_is_accepted(sandbox: Sandbox) -> None:
    form = {
        "grant_type": "client_credentials",
        "client_id": EPICOR_CLIENT_ID,
        "client_secret": EPICOR_CLIENT_SECRET,
        "scope": "epicor_erp",
    }
    token = httpx.post(sandbox.urls["epicor_token"], data=form).json()["access_token"]
    headers = {**KEY, "Authorization": f"Bearer {token}"}
    url = sandbox.urls["epicor"] + VENDORS

    assert httpx.get(url, headers=headers).status_code == 200
    httpx.post(sandbox.urls["faults"], json={"kind": "token_expired", "system": "epicor", "times": 1})
    assert [httpx.get(url, headers=headers).status_code for _ in range(2)] == [401, 401]


def test_books_are_found_again_in_a_folder(tmp_path: Path) -> None:
    path = f"/v1/accounting/ledger_entries/{ODD['quotes'].airbase_id}/"
    with Sandbox(tmp_path) as first:
        order = [entry["id"] for entry in first.airbase.books.entries()]
        httpx.patch(first.urls["airbase"] + path, headers=LOGIN, json={"status": "sync_complete"})
        _key_bill(first, "KEPT-1")
    with Sandbox(tmp_path) as second:
        entry = httpx.get(second.urls["airbase"] + path, headers=LOGIN).json()
        assert entry["status"] == "sync_complete"
        assert [entry["id"] for entry in second.airbase.books.entries()] == order
        assert [row["InvoiceNum"] for row in second.epicor.books.invoices("EPIC06")] == ["KEPT-1"]


def test_a_half_seeded_folder_is_completed(tmp_path: Path) -> None:
    with Sandbox(tmp_path):
        pass
    for file in tmp_path.glob("epicor.sqlite*"):
        file.unlink()
    with Sandbox(tmp_path) as again:
        assert _vendors(again).json()["value"]


def test_faults_are_switched_through_http(sandbox: Sandbox) -> None:
    url = sandbox.urls["faults"]
    made = httpx.post(url, json={"kind": "status", "status": 503, "system": "epicor", "every": 2})

    assert made.status_code == 201
    assert [_vendors(sandbox).status_code for _ in range(4)] == [200, 503, 200, 503]
    assert httpx.get(url).json()["faults"][0] | {"seen": 4, "met": 2} == httpx.get(url).json()["faults"][0]
    assert httpx.delete(f"{url}/{made.json()['id']}").status_code == 204
    assert httpx.delete(f"{url}/{made.json()['id']}").status_code == 404
    httpx.post(url, json={"kind": "slow"})
    assert httpx.delete(url).status_code == 204
    assert httpx.get(url).json() == {"faults": []}
    assert _vendors(sandbox).status_code == 200


def test_a_wrong_fault_is_refused_through_http(sandbox: Sandbox) -> None:
    answer = httpx.post(sandbox.urls["faults"], json={"kind": "slow", "secs": 1})
    assert answer.status_code == 400
    assert "'secs'" in answer.json()["detail"]


def test_epicor_words_its_errors_itself(sandbox: Sandbox) -> None:
    httpx.post(sandbox.urls["faults"], json={"kind": "status", "status": 409, "system": "epicor", "times": 1})
    body = _vendors(sandbox).json()
    assert body["ErrorType"].endswith("DuplicateRecordException")


def test_the_portal_rotates_and_ends_the_token(sandbox: Sandbox) -> None:
    portal = sandbox.urls["airbase"] + "/_sandbox/airbase/token"
    feed = sandbox.urls["airbase"] + "/v1/accounting/ledger_entries/"

    assert httpx.delete(portal).status_code == 204
    assert httpx.get(feed, headers=LOGIN).status_code == 401
    token = httpx.post(portal, json={}).json()["token"]
    assert httpx.get(feed, headers={"Authorization": f"Token {token}"}).status_code == 200


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "http://evil.example"}])
def test_pages_of_the_web_cannot_reach_the_switches(sandbox: Sandbox, headers: dict[str, str]) -> None:
    answer = httpx.post(sandbox.urls["faults"], json={"kind": "slow"}, headers=headers)
    assert answer.status_code == 403
    assert httpx.get(sandbox.urls["faults"]).json() == {"faults": []}


def test_the_books_show_what_was_entered_and_posted(sandbox: Sandbox) -> None:
    _key_bill(sandbox, "SEEN-1")
    company = httpx.get(sandbox.urls["books"] + ".json").json()["companies"]["EPIC06"]

    assert [(row["group"], row["invoices"]) for row in company["ap_groups"]] == [("HAND", 1)]
    lines = [(line["gl_account"], line["amount"]) for line in company["invoices"][0]["lines"]]
    assert lines == [("6100|10", 60), ("6200|20", 40)]
    assert sandbox.clerk.post_ap_group("EPIC06", "HAND") == ""
    posted = sandbox.report()["companies"]["EPIC06"]
    balances = {row["gl_account"]: row["balance"] for row in posted["trial_balance"]}
    assert balances == {"2100|00": Decimal(-100), "6100|10": Decimal(60), "6200|20": Decimal(40)}
    assert posted["invoices"][0]["posted"]
    assert "SEEN-1" in httpx.get(sandbox.urls["books"]).text


def test_the_page_escapes_what_it_shows(sandbox: Sandbox) -> None:
    _key_bill(sandbox, "<script>1</script>")
    sandbox.airbase.books.change_entry(ODD["quotes"].airbase_id, error_message="<img src=x>")
    page = httpx.get(sandbox.urls["books"])

    assert "&lt;script&gt;1&lt;/script&gt;" in page.text
    assert "&lt;img src=x&gt;" in page.text
    assert "<script" not in page.text
    assert "<img" not in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'")


def test_a_port_that_is_taken_is_an_error_and_leaves_nothing_open(sandbox: Sandbox) -> None:
    port = httpx.URL(sandbox.urls["airbase"]).port
    with pytest.raises(OSError, match="in use"):
        Sandbox(airbase_port=port or 0).start()


def test_one_sandbox_at_a_time_has_its_books(tmp_path: Path) -> None:
    with (
        Sandbox(tmp_path),
        pytest.raises(InputError, match=r"process \d+ .* runs the sandbox of .* already: stop it"),
    ):
        Sandbox(tmp_path)
    Sandbox(tmp_path).stop()


def test_who_stands_in_the_demonstration_means_that_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert demo_folder() == Path(FOLDER)
    for made in ("sandbox", "mappings"):
        (tmp_path / made).mkdir()
    (tmp_path / "connections.yaml").touch()
    assert demo_folder() == tmp_path
    monkeypatch.chdir(tmp_path / "mappings")
    assert demo_folder() == tmp_path

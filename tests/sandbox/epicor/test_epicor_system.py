from __future__ import annotations

import threading
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlencode

import pytest

from engine.faces.sandbox.exchange import SandboxRequest, SandboxResponse
from engine.faces.sandbox.tables import TableStore
from tests.sandbox.epicor.epicor_world import AP, GROUPS, KEY, VENDORS, World, fill, json, master, two_lines


@pytest.fixture
def world() -> World:
    made = World()
    fill(made.sandbox)
    return made


def token(world: World, **form: str) -> SandboxResponse:
    credentials = {"client_id": "app", "client_secret": "app-secret"}
    body = urlencode(credentials | form).encode()
    return world.sandbox.respond(SandboxRequest(method="POST", path="/connect/token", body=body))


def as_bearer(world: World, text: str) -> SandboxResponse:
    headers = {"x-api-key": KEY, "authorization": f"Bearer {text}"}
    return world.send("GET", f"{VENDORS}/Vendors", headers=headers)


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Basic c3ZjOnNlY3JldA=="},
        {"x-api-key": "wrong", "authorization": "Basic c3ZjOnNlY3JldA=="},
        {"x-api-key": KEY},
        {"x-api-key": KEY, "authorization": "Basic c3ZjOndyb25n"},
        {"x-api-key": KEY, "authorization": "Basic !!!"},
        {"x-api-key": KEY, "authorization": "Bearer nothing"},
    ],
)
def test_without_key_and_credentials_there_is_a_401_in_xml(world: World, headers: dict[str, str]) -> None:
    answer = world.send("GET", f"{VENDORS}/Vendors", headers=headers)
    assert answer.status == 401
    assert answer.content_type == "application/xml"
    assert b"<HttpStatus>Unauthorized</HttpStatus>" in answer.body


def test_the_key_may_stand_in_the_query(world: World) -> None:
    headers = {"authorization": "Basic c3ZjOnNlY3JldA=="}
    assert world.send("GET", f"{VENDORS}/Vendors", headers=headers, query={"api-key": KEY}).status == 200


def test_tokens_come_from_three_grants_and_end_with_time_or_on_demand(world: World) -> None:
    first = json(token(world, grant_type="client_credentials", scope="epicor_erp"))
    assert (first["token_type"], first["expires_in"], "refresh_token" in first) == ("Bearer", 3600, False)
    assert as_bearer(world, first["access_token"]).status == 200
    world.clock.sleep(3601)
    assert as_bearer(world, first["access_token"]).status == 401
    second = json(
        token(world, grant_type="password", username="svc", password="secret", scope="openid email epicor_erp")
    )
    assert as_bearer(world, second["access_token"]).status == 200
    world.sandbox.door.expire_tokens()
    assert as_bearer(world, second["access_token"]).status == 401
    third = json(token(world, grant_type="refresh_token", refresh_token=second["refresh_token"]))
    assert as_bearer(world, third["access_token"]).status == 200
    assert token(world, grant_type="refresh_token", refresh_token=second["refresh_token"]).status == 400


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "client_credentials", "scope": "other"}, "invalid_scope"),
        ({"grant_type": "client_credentials"}, "invalid_scope"),
        ({"grant_type": "client_credentials", "client_secret": "no", "scope": "epicor_erp"}, "invalid_client"),
        ({"grant_type": "password", "username": "svc", "password": "no", "scope": "epicor_erp"}, "invalid_grant"),
        ({"grant_type": "other", "scope": "epicor_erp"}, "unsupported_grant_type"),
    ],
)
def test_a_grant_that_is_refused(world: World, form: dict[str, str], error: str) -> None:
    answer = token(world, **form)
    assert (answer.status, json(answer)) == (400, {"error": error})


def test_the_token_resource_takes_name_and_password_from_headers(world: World) -> None:
    path = "/sandbox/TokenResource.svc/"
    good = SandboxRequest(method="POST", path=path, headers={"username": "svc", "password": "secret"})
    issued = json(world.sandbox.respond(good))
    assert set(issued) == {"AccessToken", "ExpiresIn", "RefreshToken", "TokenType"}
    assert as_bearer(world, issued["AccessToken"]).status == 200
    bad = SandboxRequest(method="POST", path=path, headers={"username": "svc", "password": "no"})
    assert world.sandbox.respond(bad).status == 401
    world.sandbox.door.token_resource_enabled = False
    assert world.sandbox.respond(good).status == 404


def test_rights_and_access_scopes_close_services(world: World) -> None:
    denied = world.call("Erp.Proc.APInvoicePostSvc/RunDirect", {"ds": {}})
    assert (denied.status, json(denied)["ErrorType"]) == (403, "System.UnauthorizedAccessException")
    narrow = {"x-api-key": "narrow", "authorization": "Basic c3ZjOnNlY3JldA=="}
    assert world.send("GET", f"{VENDORS}/Vendors", headers=narrow).status == 200
    assert world.send("GET", f"{GROUPS}/APInvGrps", headers=narrow).status == 403


def test_companies_are_kept_apart(world: World) -> None:
    assert world.send("GET", f"{VENDORS}/Vendors", company="NOPE").status == 404
    fill(world.sandbox, "EPIC07")
    world.group()
    assert world.call(f"{AP}/UpdateMaster", master(two_lines())).status == 200
    assert json(world.send("GET", f"{AP}/APInvoices", company="EPIC07"))["value"] == []
    assert json(world.send("GET", f"{GROUPS}/APInvGrps", company="epic06"))["value"][0]["GroupID"] == "AB261105"


def test_a_full_house_of_licences_is_a_400(world: World) -> None:
    world.group()
    inside, leave = threading.Event(), threading.Event()

    def wait(_path: str, moment: str) -> None:
        if moment == "before":
            inside.set()
            leave.wait(5)

    world.sandbox.on_commit = wait
    world.sandbox.seats = 1
    answers: list[SandboxResponse] = []
    worker = threading.Thread(target=lambda: answers.append(world.call(f"{AP}/UpdateMaster", master(two_lines()))))
    worker.start()
    assert inside.wait(5)
    full = world.read(f"{VENDORS}/Vendors")
    assert (full.status, json(full)["ErrorType"]) == (400, "Ice.Common.LicenseAccessException")
    assert "Maximum users exceeded on license type" in json(full)["ErrorMessage"]
    world.sandbox.seats = None
    assert world.rows(f"{AP}/APInvoices") == [], "a call that waits to commit is seen by others"
    leave.set()
    worker.join(5)
    assert answers[0].status == 200
    assert len(world.rows(f"{AP}/APInvoices")) == 1


class Crash(Exception):
    pass


@pytest.mark.parametrize(("moment", "kept"), [("before", 0), ("after", 1)])
def test_a_crash_on_either_side_of_the_commit(world: World, moment: str, kept: int) -> None:
    world.group()

    def crash(_path: str, reached: str) -> None:
        if reached == moment:
            raise Crash

    world.sandbox.on_commit = crash
    with pytest.raises(Crash):
        world.call(f"{AP}/UpdateMaster", master(two_lines()))
    assert len(world.sandbox.books.invoices("EPIC06")) == kept


def test_the_hook_hears_of_calls_with_effect_only(world: World) -> None:
    world.group()
    world.commits.clear()
    world.rows(f"{VENDORS}/Vendors")
    world.call(f"{AP}/GetNewAPInvHedInvoice", {"ds": {}, "cGroupID": "AB261105"})
    assert world.commits == []
    world.call(f"{AP}/UpdateMaster", master(two_lines()))
    assert world.commits == [("UpdateMaster", "before"), ("UpdateMaster", "after")]
    world.commits.clear()
    world.call(f"{AP}/UpdateMaster", master(two_lines()))
    assert world.commits == [("UpdateMaster", "before")], "a refused call has no after"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"<html>"])
def test_a_body_that_is_no_object_is_a_400(world: World, body: bytes) -> None:
    headers = {"x-api-key": KEY, "authorization": "Basic c3ZjOnNlY3JldA=="}
    path = f"/sandbox/api/v2/odata/EPIC06/{AP}/Update"
    answer = world.sandbox.respond(SandboxRequest(method="POST", path=path, headers=headers, body=body))
    assert answer.status == 400


@pytest.mark.parametrize("path", ["/", "/other/api/v2/odata/EPIC06/x/y", "/sandbox/api/v1/x", "/sandbox"])
def test_other_addresses_are_404(world: World, path: str) -> None:
    assert world.sandbox.respond(SandboxRequest(method="GET", path=path)).status == 404


def test_two_calls_at_once_for_one_key_give_one_invoice(world: World) -> None:
    world.group()
    answers: list[int] = []
    start = threading.Barrier(8)

    def send() -> None:
        start.wait(5)
        answers.append(world.call(f"{AP}/UpdateMaster", master(two_lines())).status)

    workers = [threading.Thread(target=send) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(10)
    assert sorted(answers) == [200] + [409] * 7


def test_the_books_survive_a_restart(tmp_path: Path) -> None:
    store = TableStore(tmp_path / "epicor.sqlite")
    first = World(store=store)
    fill(first.sandbox)
    first.group()
    assert first.call(f"{AP}/UpdateMaster", master(two_lines())).status == 200
    first.clerk.post_ap_group("EPIC06", "AB261105")
    books = first.sandbox.books
    before = (books.invoices("EPIC06"), books.trial_balance("EPIC06"), store.next_number("SysRevID"))
    store.close()
    store = TableStore(tmp_path / "epicor.sqlite")
    again = World(store=store)
    books = again.sandbox.books
    assert (books.invoices("EPIC06"), books.trial_balance("EPIC06")) == before[:2]
    assert store.next_number("SysRevID") > before[2]
    assert again.call(f"{AP}/DeleteByID", {"vendorNum": 12, "invoiceNum": "INV-1"}).status == 400
    assert books.invoices("EPIC06")[0]["DocInvoiceAmt"] == Decimal("100.00")
    store.close()

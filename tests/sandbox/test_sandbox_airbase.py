"""The sandbox's Airbase keeps to what was recorded of the real one."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from engine.faces.sandbox.airbase.access import RateLimit
from engine.faces.sandbox.seed import ODD
from tests.sandbox.airbase_world import ENTRIES, World

VENDORS = "/v1/accounting/vendors/"
ACCOUNTS = "/v1/accounting/accounts/"
TAGS = "/v1/accounting/tags/"
SYNC = "/v1/accounting/entity/sync/"


def _every(client: httpx.Client, path: str, **params: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    page = 1
    while data := client.get(path, params={**params, "page": str(page)}).json()["data"]:
        rows += data
        page += 1
    return rows


def test_without_the_token_nothing_is_shown(world: World) -> None:
    wrong = world.client.get(ENTRIES, headers={"Authorization": "Token wrong"})
    bearer = world.client.get(ENTRIES, headers={"Authorization": "Bearer the-token"})

    assert (wrong.status_code, wrong.json()) == (401, {"detail": "Invalid token."})
    assert bearer.status_code == 401
    assert wrong.headers["www-authenticate"] == "Token"
    assert "data" not in bearer.json()


def test_a_rotated_token_replaces_the_old_one(world: World) -> None:
    world.system.tokens.rotate("new-token")

    assert world.client.get(ENTRIES).status_code == 401
    renewed = world.client.get(ENTRIES, headers={"Authorization": "Token new-token"})
    assert renewed.status_code == 200
    assert renewed.headers["x-airbase-auth-token-id"] == "2"


def test_the_trailing_slash_is_required(world: World) -> None:
    assert world.client.get(ENTRIES.rstrip("/")).status_code == 404


def test_a_page_has_a_hundred_rows_and_no_total(world: World) -> None:
    body = world.client.get(ENTRIES).json()

    assert len(body["data"]) == 100
    assert body["pagination"]["page_size"] == 100
    assert set(body["pagination"]) == {"next", "previous", "page", "page_size"}
    assert httpx.URL(body["pagination"]["next"]).params["page"] == "2"


def test_the_page_size_is_lowered_to_the_maximum(world: World) -> None:
    body = world.client.get(ENTRIES, params={"page_size": "9999"}).json()
    assert len(body["data"]) == body["pagination"]["page_size"] == 250


def test_a_page_past_the_end_is_empty_and_not_an_error(world: World) -> None:
    answer = world.client.get(ENTRIES, params={"page": "99"})

    assert answer.status_code == 200
    assert answer.json() == {
        "data": [],
        "pagination": {"next": None, "previous": None, "page": 99, "page_size": 100},
    }


@pytest.mark.parametrize("page", ["0", "-1", "two", "1.5"])
def test_a_page_that_is_no_number_is_not_found(world: World, page: str) -> None:
    assert world.client.get(ENTRIES, params={"page": page}).status_code == 404


def test_only_rows_ready_to_sync_are_listed_by_default(world: World) -> None:
    rows = _every(world.client, ENTRIES)

    assert {row["status"] for row in rows} == {"sync_ready"}
    assert ODD["draft"].airbase_id not in {row["id"] for row in rows}
    drafts = {row["id"] for row in _every(world.client, ENTRIES, status="draft")}
    assert drafts == {ODD[name].airbase_id for name in ("draft", "bill_after_card")}


def test_an_unknown_filter_filters_nothing(world: World) -> None:
    assert len({row["type"] for row in _every(world.client, ENTRIES, type="bill")}) > 5


def test_acknowledging_while_paging_loses_rows(world: World) -> None:
    total = len(_every(world.client, ENTRIES))
    seen, page = 0, 1
    while data := world.client.get(ENTRIES, params={"page": str(page)}).json()["data"]:
        seen += len(data)
        page += 1
        for row in data:
            world.client.patch(f"{ENTRIES}{row['id']}/", json={"status": "sync_complete"})

    assert total - 100 > seen >= total // 2
    assert len(_every(world.client, ENTRIES)) == total - seen


def test_the_outcome_of_a_sync_can_be_written_back(world: World) -> None:
    path = f"{ENTRIES}{ODD['quotes'].airbase_id}/"
    done = {"status": "sync_complete", "error_message": None, "erp_reference_id": "EPIC06|1|X", "erp_url": "e"}

    answer = world.client.patch(path, json=done)

    assert answer.status_code == 200
    kept = world.client.get(path).json()
    assert answer.json() == kept
    assert (kept["status"], kept["error_message"], kept["erp_url"]) == ("sync_complete", "", "e")


def test_nothing_else_of_an_entry_can_be_written(world: World) -> None:
    path = f"{ENTRIES}{ODD['quotes'].airbase_id}/"

    assert world.client.patch(path, json={"total_amount": "1", "status": "posted"}).json() == {
        "total_amount": ["This field is read only."],
        "status": ['"posted" is not a valid choice.'],
    }
    assert world.client.get(path).json()["total_amount"] == "125.5"
    assert world.client.patch(f"{ENTRIES}none/", json={}).status_code == 404


def test_verbs_that_are_not_offered_are_named(world: World) -> None:
    answer = world.client.post(ENTRIES, json={})

    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
    assert world.client.head(ENTRIES).content == b""
    assert world.client.options(VENDORS).headers["allow"] == "GET, POST, HEAD, OPTIONS"


def test_headers_count_the_calls(world: World) -> None:
    first, second = world.client.get(ENTRIES), world.client.get(VENDORS)

    assert first.headers["x-ratelimit-limit"] == "500"
    assert int(first.headers["x-ratelimit-remaining"]) - int(second.headers["x-ratelimit-remaining"]) == 1
    assert len(first.headers["x-request-id"]) == 36


def test_an_enforced_rate_limit_refuses_with_a_wait(world: World) -> None:
    world.system.rate = RateLimit(limit=2, enforced=True)
    answers = [world.client.get(VENDORS) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 1 <= int(answers[2].headers["retry-after"]) <= 60


def test_a_body_that_is_not_json_is_refused(world: World) -> None:
    answer = world.client.post(VENDORS, content=b"{")
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("JSON parse error")


def test_an_unlinked_vendor_is_linked_by_bulk_upsert_and_only_so(world: World) -> None:
    unlinked = _every(world.client, VENDORS, erp_reference_id="")
    vendor = next(row for row in unlinked if row["email"] is None)
    link = {"airbase_id": vendor["airbase_id"], "name": vendor["name"], "erp_reference_id": "V09999"}

    patched = world.client.patch(f"{VENDORS}{vendor['id']}/", json={"erp_reference_id": "V09999"})
    assert patched.json() == {"erp_reference_id": ["This field can't be updated."]}

    answer = world.client.post(f"{VENDORS}bulk_upsert/", json={"entities": [link]})
    assert answer.json() == {
        "created": [],
        "updated": [{"airbase_id": vendor["airbase_id"], "erp_reference_id": "V09999"}],
    }
    assert len(_every(world.client, VENDORS, erp_reference_id="")) == len(unlinked) - 1
    again = world.client.post(f"{VENDORS}bulk_upsert/", json={"entities": [{**link, "erp_reference_id": "V08888"}]})
    assert again.json()["validation_errors"][0]["errors"] == {"erp_reference_id": ["This field can't be updated."]}


def test_a_link_shows_on_the_ledger_entries_of_the_vendor(world: World) -> None:
    path = f"{ENTRIES}{ODD['unlinked_vendor'].airbase_id}/"
    vendor = world.client.get(path).json()["vendor"]
    entity = {"airbase_id": vendor["airbase_id"], "erp_reference_id": "V07777"}

    assert world.client.post(f"{VENDORS}bulk_upsert/", json={"entities": [entity]}).status_code == 200
    assert world.client.get(path).json()["vendor"]["erp_reference_id"] == "V07777"


def test_a_bulk_upsert_with_one_wrong_entity_changes_nothing(world: World) -> None:
    before = _every(world.client, VENDORS)
    entities = [
        {"name": "Good", "erp_reference_id": "V0G"},
        {"erp_reference_id": "V0H"},
        {"name": "Same", "erp_reference_id": "V0G"},
        {"name": "Taken", "erp_reference_id": "V00110"},
        {"name": "Lost", "airbase_id": "nowhere"},
    ]

    answer = world.client.post(f"{VENDORS}bulk_upsert/", json={"entities": entities})

    assert answer.status_code == 400
    assert [error["index"] for error in answer.json()["validation_errors"]] == [1, 2, 3, 4]
    assert _every(world.client, VENDORS) == before


def test_a_bulk_upsert_takes_a_hundred_at_most(world: World) -> None:
    entities = [{"name": f"N{number}"} for number in range(101)]
    path = f"{VENDORS}bulk_upsert/"

    assert world.client.post(path, json={"entities": entities}).status_code == 400
    assert len(world.client.post(path, json={"entities": entities[:100]}).json()["created"]) == 100


def test_vendors_are_created_and_changed(world: World) -> None:
    made = world.client.post(VENDORS, json={"name": "New", "erp_reference_id": "V0N"})
    path = f"{VENDORS}{made.json()['airbase_id']}/"

    assert made.status_code == 201
    assert world.client.patch(path, json={"name": "Newer", "is_active": False}).json()["name"] == "Newer"
    assert world.client.get(path).json()["is_active"] is False
    assert world.client.post(VENDORS, json={"name": "N", "erp_reference_id": "V0N"}).status_code == 400
    assert world.client.patch(path, json={"iban": "x"}).json() == {"iban": ["Unknown field."]}


def test_an_account_needs_a_type_and_known_references(world: World) -> None:
    account = {"name": "Tests", "erp_reference_id": "6990", "account_number": "6990", "category": ""}

    assert world.client.post(ACCOUNTS, json=account).json() == {"type": ["This field is required."]}
    wrong = {**account, "type": "expense", "subsidiary_reference_ids": [{"erp_reference_id": "EPIC99"}]}
    assert world.client.post(ACCOUNTS, json=wrong).json() == {"subsidiary_reference_ids": ["Unknown subsidiary."]}
    right = {**wrong, "subsidiary_reference_ids": [{"erp_reference_id": "EPIC06"}]}
    money = {**right, "erp_currency_reference_id": "GBP"}
    assert world.client.post(ACCOUNTS, json=money).status_code == 400
    assert world.client.post(ACCOUNTS, json=right).status_code == 201


def test_accounts_can_be_read_only_and_unlisted(world: World) -> None:
    world.system.accounts_read_only = True
    account = {"name": "Tests", "erp_reference_id": "6990", "type": "expense"}

    assert world.client.post(ACCOUNTS, json=account).status_code == 403
    assert world.client.post(f"{ACCOUNTS}bulk_upsert/", json={"entities": [account]}).status_code == 403
    assert world.client.get(ACCOUNTS).status_code == 200
    world.system.accounts_listable = False
    unlisted = world.client.get(ACCOUNTS)
    assert (unlisted.status_code, unlisted.headers["allow"]) == (405, "POST, OPTIONS")


def test_tags_of_different_types_may_share_a_reference(world: World) -> None:
    tag = {"name": "Ten", "type_label": "Class", "erp_reference_id": "10"}

    assert world.client.post(TAGS, json=tag).status_code == 201
    assert world.client.post(TAGS, json=tag).status_code == 400


def test_subsidiaries_and_currencies_are_listed(world: World) -> None:
    subsidiaries = world.client.get("/v1/accounting/subsidiaries/").json()["data"]
    currencies = world.client.get("/v1/accounting/currencies/").json()["data"]

    assert [row["erp_reference_id"] for row in subsidiaries] == ["EPIC06", "EPIC07"]
    assert [row["iso_code"] for row in currencies].count("EUR") == 2


def test_a_sync_session_belongs_to_onboarding(world: World) -> None:
    assert world.client.post(SYNC, json={"action": "START"}).status_code == 409
    assert world.client.patch(SYNC, json={"action": "COMPLETE"}).json() == {"detail": "No active sync session found."}
    world.system.onboarded = False
    assert world.client.post(SYNC, json={"action": "START"}).status_code == 200
    assert world.client.patch(SYNC, json={"action": "COMPLETE"}).status_code == 200


def test_a_person_may_recall_an_entry(world: World) -> None:
    entry_id = ODD["quotes"].airbase_id
    world.system.books.change_entry(entry_id, status="draft")
    assert entry_id not in {row["id"] for row in _every(world.client, ENTRIES)}


def test_a_changed_row_keeps_its_place(world: World) -> None:
    before = [row["id"] for row in _every(world.client, VENDORS)]
    world.client.patch(f"{VENDORS}{before[3]}/", json={"email": "new@example.test"})
    assert [row["id"] for row in _every(world.client, VENDORS)] == before

"""The systems that the conformance suite is run against: one subject for each kind of connector.

A subject knows how its system gives pages, refuses, and logs in. Another living system (such as the
sandbox) joins by one more subject with `start`, `feed`, `empty_feed`, `rows` and `key_field`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from playback import Asked, Playback, Reply, reply

from engine.adapters.connectors.port import Call, Connector
from engine.adapters.connectors.registry import make_connector
from engine.words.clock import ManualClock
from engine.words.errors import CredentialsError
from engine.words.secret import Secret

PLANTED = "planted-s3cret-value"
START = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Vault:
    """Credentials in a dict, which is looked at no sooner than it must be."""

    def __init__(self, **fields: str) -> None:
        self.fields = fields
        self.look_again()

    def get(self, field: str) -> Secret:
        if field not in self._seen:
            raise CredentialsError(f"{field} is not set")
        return Secret(self._seen[field])

    def look_again(self) -> None:
        self._seen = dict(self.fields)


def vault() -> Vault:
    return Vault(
        api_key=PLANTED, username="svc", password=PLANTED + "-pw", client_id="cid", client_secret=PLANTED + "-cs"
    )


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One kind of connector with the ways of its system."""

    kind: str
    feed: str
    empty_feed: str
    key_field: str
    company: str | None
    serve: Callable[[Asked, list[dict[str, Any]]], Reply]
    write: Call
    refusal: bytes
    settings: dict[str, Any] = field(default_factory=dict)

    def connect(self, playback: Playback, *, clock=None, credentials=None, **settings: Any) -> Connector:
        given = {"environment": "test", "base_url": playback.url, "read_timeout_s": 5, **self.settings, **settings}
        given = {
            name: value.format(url=playback.url) if isinstance(value, str) else value for name, value in given.items()
        }
        return make_connector(
            self.kind, f"my-{self.kind}", given, credentials or vault(), clock or ManualClock(START)
        )


def rows_of(key_field: str, count: int) -> list[dict[str, Any]]:
    return [{key_field: f"K{number:04d}", "Amount": 12.5, "n": number} for number in range(1, count + 1)]


def serve_airbase(asked: Asked, rows: list[dict[str, Any]]) -> Reply:
    if "/empty/" in asked.path:
        rows = []
    size = min(int(asked.query.get("page_size", 100)), 100)
    number = int(asked.query.get("page", 1))
    wanted = asked.query.get("erp_reference_id")
    if wanted is not None:
        rows = [row for row in rows if row["erp_reference_id"] == wanted]
    data = rows[(number - 1) * size : number * size]
    following = f"https://elsewhere/?page={number + 1}" if number * size < len(rows) else None
    return reply(
        {"data": data, "pagination": {"next": following, "previous": None, "page": number, "page_size": size}}
    )


def serve_epicor(asked: Asked, rows: list[dict[str, Any]]) -> Reply:
    if asked.path.startswith("/connect/token"):
        return reply({"access_token": "tok-1", "expires_in": 3600, "token_type": "Bearer"})
    if "PurTerms" in asked.path:
        rows = []
    query = asked.query
    assert asked.headers["x-api-key"] == PLANTED
    wanted = query.get("$filter")
    if wanted is not None:
        rows = [row for row in rows if f"'{row['VendorID']}'".casefold() in wanted.casefold()]
    skip = int(query.get("$skip", 0))
    data = rows[skip : skip + int(query.get("$top", 100))]
    count = {"@odata.count": len(rows)} if query.get("$count") == "true" else {}
    return reply({"@odata.context": "…", **count, "value": data})


def serve_rest(asked: Asked, rows: list[dict[str, Any]]) -> Reply:
    if asked.path.endswith("/empty"):
        rows = []
    query = asked.query
    if "code" in query:
        rows = [row for row in rows if row["Code"] == query["code"]]
    offset, size = int(query.get("offset", 0)), int(query.get("limit", 100))
    return reply({"result": {"items": rows[offset : offset + size]}})


_REFUSAL = (
    b'{"HttpStatus":%d,"ReasonPhrase":"REST API Exception","ErrorMessage":"Vendor is inactive",'
    b'"ErrorType":"Ice.Common.BusinessObjectException","ErrorDetails":[]}'
)

SUBJECTS = (
    Subject(
        kind="airbase",
        feed="/v1/accounting/vendors/",
        empty_feed="/v1/accounting/empty/",
        key_field="erp_reference_id",
        company=None,
        serve=serve_airbase,
        write=Call(verb="patch", path="/v1/accounting/ledger_entries/a%20b/", body={"status": "x"}, effect=True),
        refusal=b'{"status": ["\\"x\\" is not a valid choice."]}',
    ),
    Subject(
        kind="epicor",
        feed="Erp.BO.VendorSvc/Vendors",
        empty_feed="Erp.BO.PurTermsSvc/PurTerms",
        key_field="VendorID",
        company="EPIC06",
        serve=serve_epicor,
        write=Call(
            verb="call", path="Erp.BO.APInvoiceSvc/UpdateMaster", company="EPIC06", body={"ds": {}}, effect=True
        ),
        refusal=_REFUSAL % 400,
    ),
    Subject(
        kind="rest",
        feed="/codes",
        empty_feed="/empty",
        key_field="Code",
        company=None,
        serve=serve_rest,
        write=Call(verb="post", path="/codes", body={"Code": "x"}, effect=True),
        refusal=b'{"detail": "no such code"}',
        settings={"auth": "bearer", "paging": "offset", "rows": "result.items", "find_by": {"Code": "code"}},
    ),
)

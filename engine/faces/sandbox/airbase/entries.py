"""`/ledger_entries/`: the work queue; a row that becomes `sync_complete` leaves the default list."""

from __future__ import annotations

from itertools import islice
from typing import Any

from engine.faces.sandbox.airbase.books import COMPLETE, READY, AirbaseBooks
from engine.faces.sandbox.airbase.paging import envelope, page_asked
from engine.faces.sandbox.exchange import SandboxRequest, SandboxResponse

_STATUSES = (READY, COMPLETE)
_WRITABLE = ("status", "error_message", "erp_reference_id", "erp_url")


class LedgerEntries:
    """The list and the single entry. There is no POST: entries come from spend, not from the API."""

    list_verbs = ("GET",)
    item_verbs = ("GET", "PATCH")

    def __init__(self, books: AirbaseBooks) -> None:
        self._books = books

    def page(self, request: SandboxRequest) -> SandboxResponse:
        """One page of the entries in one status, `sync_ready` unless asked otherwise."""
        asked = page_asked(request)
        status = dict(request.query).get("status") or READY
        found = list(islice(self._books.entries(status), asked.start, asked.start + asked.size + 1))
        return SandboxResponse.json(200, envelope(request, asked, found))

    def one(self, airbase_id: str) -> SandboxResponse | None:
        """One entry in any status."""
        entry = self._books.entry(airbase_id)
        return None if entry is None else SandboxResponse.json(200, entry)

    def patch(self, airbase_id: str, body: dict[str, Any]) -> SandboxResponse | None:
        """Set the outcome of the sync; nothing else of an entry can be set from outside."""
        with self._books.change():
            if self._books.entry(airbase_id) is None:
                return None
            if problems := _problems(body):
                return SandboxResponse.json(400, problems)
            changes = dict(body)
            if "error_message" in changes:
                changes["error_message"] = changes["error_message"] or ""
            return SandboxResponse.json(200, self._books.change_entry(airbase_id, **changes))


def _problems(body: dict[str, Any]) -> dict[str, list[str]]:
    problems = {name: ["This field is read only."] for name in body if name not in _WRITABLE}
    if "status" in body and body["status"] not in _STATUSES:
        problems["status"] = [f'"{body["status"]}" is not a valid choice.']
    for name in ("error_message", "erp_reference_id", "erp_url"):
        if not isinstance(body.get(name), str | None):
            problems[name] = ["Not a valid string."]
    return problems

"""The Airbase of the benchmark: a feed of bills, acknowledgements, and master data that is upserted in bulk."""

from __future__ import annotations

import msgspec

from tests.benchmarks.bills import bill, entry_json, number_of
from tests.benchmarks.http_site import Asked, Said

FEED = "/v1/accounting/ledger_entries/"
BULK = "bulk_upsert/"
_encode = msgspec.json.encode


class AirbaseSide:
    """Bills 0 to `bills` - 1. Completed ones leave the feed, or stay in it with their status where `keeps`."""

    def __init__(self, bills: int, *, keeps: bool = False) -> None:
        self.keeps = keeps
        self.status = ["sync_ready"] * bills
        self.acknowledged = 0
        self.upserted = 0
        self.rows: dict[str, dict[str, dict[str, object]]] = {"vendors": {}, "accounts": {}}
        self._listed: list[int] | None = None

    def answer(self, asked: Asked) -> Said:
        """The answer to one request."""
        if asked.path == FEED:
            return self._page(asked, self._waiting())
        if asked.method == "PATCH":
            return self._complete(asked)
        kind = asked.path.removeprefix("/v1/accounting/").split("/")[0]
        if asked.path.endswith(BULK):
            return self._upsert(kind, asked)
        return self._rows(kind, asked)

    def have(self, kind: str, rows: list[dict[str, object]]) -> None:
        """Hold these rows of master data."""
        self.rows[kind] = {str(row["erp_reference_id"]): row for row in rows}

    def _waiting(self) -> list[int]:
        if self._listed is None:
            done = frozenset[str]() if self.keeps else frozenset({"sync_complete"})
            self._listed = [number for number, status in enumerate(self.status) if status not in done]
        return self._listed

    def _page(self, asked: Asked, numbers: list[int]) -> Said:
        first, size, page = _wanted(asked)
        rows = ",".join(entry_json(bill(one), self.status[one]) for one in numbers[first : first + size])
        return _envelope(rows, asked, page, more=len(numbers) > first + size)

    def _complete(self, asked: Asked) -> Said:
        number = number_of(asked.path.removeprefix(FEED).strip("/"))
        self.status[number] = "sync_complete"
        self.acknowledged += 1
        if not self.keeps:
            self._listed = None
        return Said(b"{}")

    def _rows(self, kind: str, asked: Asked) -> Said:
        first, size, page = _wanted(asked)
        rows = list(self.rows[kind].values())
        wanted = asked.params().get("erp_reference_id")
        if wanted is not None:
            rows = [row for row in rows if row["erp_reference_id"] == wanted]
        shown = _encode(rows[first : first + size]).decode()[1:-1]
        return _envelope(shown, asked, page, more=len(rows) > first + size)

    def _upsert(self, kind: str, asked: Asked) -> Said:
        answer: dict[str, list[dict[str, object]]] = {"created": [], "updated": []}
        for entity in msgspec.json.decode(asked.body)["entities"]:
            reference = str(entity["erp_reference_id"])
            known = self.rows[kind].get(reference)
            row = {**(known or {}), **entity, "airbase_id": known["airbase_id"] if known else f"ab-{reference}"}
            self.rows[kind][reference] = row
            answer["updated" if known else "created"].append(
                {"airbase_id": row["airbase_id"], "erp_reference_id": reference}
            )
            self.upserted += 1
        return Said(_encode(answer))


def _wanted(asked: Asked) -> tuple[int, int, int]:
    """The first row, the number of rows, and the page; each tool pages in its own way."""
    params = asked.params()
    if "offset" in params:
        size = int(params.get("limit", "100"))
        return int(params["offset"]), size, int(params["offset"]) // size + 1
    size, page = int(params.get("page_size", "100")), int(params.get("page", "1"))
    return (page - 1) * size, size, page


def _envelope(rows: str, asked: Asked, page: int, *, more: bool) -> Said:
    following = f'"http://feed.test{asked.path}?page={page + 1}"' if more else "null"
    return Said(f'{{"data":[{rows}],"pagination":{{"next":{following},"page":{page}}}}}'.encode())

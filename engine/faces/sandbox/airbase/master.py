"""Vendors, accounts, tags, subsidiaries and currencies: list, create, change, and bulk upsert."""

from __future__ import annotations

from itertools import islice
from typing import Any

from engine.faces.sandbox.airbase.books import AirbaseBooks, Row
from engine.faces.sandbox.airbase.paging import envelope, page_asked
from engine.faces.sandbox.airbase.resources import Field, Kind, Resource
from engine.faces.sandbox.exchange import SandboxRequest, SandboxResponse

BULK_MAX = 100

Problems = dict[str, list[str]]


class MasterData:
    """One resource. An `erp_reference_id` is set once: on create, or by bulk upsert on a blank one."""

    def __init__(self, resource: Resource, books: AirbaseBooks) -> None:
        self._resource = resource
        self._books = books
        self.list_verbs = resource.list_verbs
        self.item_verbs = resource.item_verbs
        self.has_bulk = resource.bulk

    def page(self, request: SandboxRequest) -> SandboxResponse:
        """One page, narrowed by the filters this resource knows; others are passed over."""
        asked = page_asked(request)
        wanted = [(name, text) for name, text in request.query if name in self._resource.filters]
        rows = (
            row
            for row in self._books.rows(self._resource.name)
            if all(str(row[name]) == text for name, text in wanted)
        )
        found = list(islice(rows, asked.start, asked.start + asked.size + 1))
        return SandboxResponse.json(200, envelope(request, asked, found))

    def one(self, airbase_id: str) -> SandboxResponse | None:
        """One row."""
        row = self._books.row(self._resource.name, airbase_id)
        return None if row is None else SandboxResponse.json(200, row)

    def post(self, body: dict[str, Any]) -> SandboxResponse:
        """Create a row."""
        with self._books.change():
            if problems := self._problems_of_new(body):
                return SandboxResponse.json(400, problems)
            return SandboxResponse.json(201, self._create(body))

    def patch(self, airbase_id: str, body: dict[str, Any]) -> SandboxResponse | None:
        """Change a row; its `erp_reference_id` stays as it is."""
        with self._books.change():
            row = self._books.row(self._resource.name, airbase_id)
            if row is None:
                return None
            problems = self._problems_of_change(body)
            if body.get("erp_reference_id", row["erp_reference_id"]) != row["erp_reference_id"]:
                problems["erp_reference_id"] = ["This field can't be updated."]
            if problems:
                return SandboxResponse.json(400, problems)
            return SandboxResponse.json(200, self._change(row, body))

    def bulk_upsert(self, body: dict[str, Any]) -> SandboxResponse:
        """Create and change many rows at once, all or none."""
        entities = body.get("entities")
        if not isinstance(entities, list) or not entities:
            return SandboxResponse.json(400, {"entities": ["This field is required."]})
        if len(entities) > BULK_MAX:
            return SandboxResponse.json(
                400, {"entities": [f"Ensure this field has no more than {BULK_MAX} elements."]}
            )
        with self._books.change():
            refused = [
                {"index": index, "errors": problems}
                for index, entity in enumerate(entities)
                if (problems := self._problems_of_entity(entity, entities[:index]))
            ]
            if refused:
                return SandboxResponse.json(400, {"validation_errors": refused})
            return SandboxResponse.json(200, self._upsert(entities))

    def _upsert(self, entities: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
        answer: dict[str, list[dict[str, Any]]] = {"created": [], "updated": []}
        for entity in entities:
            row = self._books.row(self._resource.name, entity.get("airbase_id") or "")
            kept = self._create(entity) if row is None else self._change(row, entity)
            named = {name: kept[name] for name in ("airbase_id", "erp_reference_id")}
            answer["created" if row is None else "updated"].append(named)
        return answer

    def _create(self, body: dict[str, Any]) -> Row:
        airbase_id = self._books.new_id()
        ids = {"id": airbase_id} if self._resource.twin_id else {}
        values = {
            field.name: body.get(field.name, list(field.default) if field.default == () else field.default)
            for field in self._resource.fields
        }
        row = {**ids, "airbase_id": airbase_id, **values}
        self._books.put(self._resource.name, row)
        return row

    def _change(self, row: Row, body: dict[str, Any]) -> Row:
        changed = {**row, **{name: value for name, value in body.items() if self._resource.field(name)}}
        self._books.put(self._resource.name, changed)
        return changed

    def _problems_of_entity(self, entity: Any, earlier: list[Any]) -> Problems:
        if not isinstance(entity, dict):
            return {"non_field_errors": ["Invalid data. Expected a dictionary."]}
        airbase_id = entity.get("airbase_id")
        if not airbase_id:
            twice = any(isinstance(other, dict) and self._same_reference(other, entity) for other in earlier)
            repeated = {"erp_reference_id": ["This value stands twice in the request."]}
            return self._problems_of_new(entity) or (repeated if twice else {})
        row = self._books.row(self._resource.name, str(airbase_id))
        if row is None:
            return {"airbase_id": ["Not found."]}
        problems = self._problems_of_change(entity)
        new, old = entity.get("erp_reference_id", row["erp_reference_id"]), row["erp_reference_id"]
        if new != old:
            if old:
                problems["erp_reference_id"] = ["This field can't be updated."]
            elif self._reference_taken({**row, **entity}):
                problems["erp_reference_id"] = ["This field must be unique."]
        return problems

    def _problems_of_new(self, body: dict[str, Any]) -> Problems:
        problems = {
            field.name: ["This field is required."]
            for field in self._resource.fields
            if field.required and not body.get(field.name)
        }
        problems |= self._problems_of_values(body)
        if self._reference_taken(body):
            problems["erp_reference_id"] = ["This field must be unique."]
        return problems

    def _problems_of_change(self, body: dict[str, Any]) -> Problems:
        problems = {
            field.name: ["This field may not be blank."]
            for field in self._resource.fields
            if field.required and field.name in body and not body[field.name]
        }
        return problems | self._problems_of_values(body)

    def _problems_of_values(self, body: dict[str, Any]) -> Problems:
        problems: Problems = {}
        for name, value in body.items():
            if name in {"id", "airbase_id"}:
                continue
            field = self._resource.field(name)
            if field is None:
                problems[name] = ["Unknown field."]
            elif complaint := self._complaint(field, value):
                problems[name] = [complaint]
        return problems

    def _complaint(self, field: Field, value: Any) -> str:
        match field.kind:
            case Kind.FLAG:
                return "" if isinstance(value, bool) else "Must be a valid boolean."
            case Kind.OPTIONAL_TEXT:
                return "" if isinstance(value, str | None) else "Not a valid string."
            case Kind.TEXT:
                return "" if isinstance(value, str) else "Not a valid string."
            case Kind.CURRENCY:
                is_text = isinstance(value, str)
                known = is_text and (not value or bool(self._books.referred("currencies", value)))
                return "" if known else f"Unknown currency {value!r}."
            case Kind.SUBSIDIARIES:
                fits = isinstance(value, list) and all(self._is_subsidiary(one) for one in value)
                return "" if fits else "Unknown subsidiary."

    def _is_subsidiary(self, one: Any) -> bool:
        if not isinstance(one, dict):
            return False
        by_id = self._books.row("subsidiaries", str(one.get("airbase_id") or ""))
        reference = str(one.get("erp_reference_id") or "")
        return by_id is not None or bool(reference and self._books.referred("subsidiaries", reference))

    def _reference_taken(self, body: dict[str, Any]) -> bool:
        reference = body.get("erp_reference_id")
        return isinstance(reference, str) and any(
            row["airbase_id"] != body.get("airbase_id") and self._same_reference(row, body)
            for row in self._books.referred(self._resource.name, reference)
        )

    @staticmethod
    def _same_reference(one: dict[str, Any], other: dict[str, Any]) -> bool:
        """Two rows share a reference; tags of different types never do."""
        reference = other.get("erp_reference_id")
        same_type = one.get("type_label") == other.get("type_label")
        return bool(reference) and one.get("erp_reference_id") == reference and same_type

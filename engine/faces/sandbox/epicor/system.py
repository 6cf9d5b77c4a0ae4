"""The simulated Epicor as a system that answers requests: routing, licence seats, atomic calls."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote

from engine.faces.sandbox.epicor import ap_groups
from engine.faces.sandbox.epicor.auth import ApiKey, Door, IdpClient, User
from engine.faces.sandbox.epicor.books import EpicorBooks
from engine.faces.sandbox.epicor.errors import (
    LICENCE,
    REST,
    EpicorError,
    as_json,
    as_xml,
    malformed,
    not_found,
    unknown_address,
    unreadable,
)
from engine.faces.sandbox.epicor.methods import Method
from engine.faces.sandbox.epicor.odata import EntitySet, children, parse_key, read_options, read_set, shown
from engine.faces.sandbox.epicor.rows import typed
from engine.faces.sandbox.epicor.schema import KEYS
from engine.faces.sandbox.epicor.services import SERVICES, Service
from engine.faces.sandbox.epicor.session import Session
from engine.faces.sandbox.exchange import SandboxRequest, SandboxResponse
from engine.faces.sandbox.tables import Row, TableStore, fold
from engine.words.clock import Clock, IdMaker, random_id
from engine.words.json_value import NotJson, decode

CommitHook = Callable[[str, str], None]
"""Called with the request's path and `before` or `after`; an exception it raises leaves `respond`."""


class EpicorSandbox:
    """A simulated Epicor Kinetic, REST version 2.

    `on_commit` is called before a call with effect begins (nothing is written then, and the store is not
    held, so it may sleep while others look things up), and again after its rows are committed; a call
    that wrote nothing is not told as `after`. `seats` limits the calls at work at one time.
    """

    def __init__(
        self,
        store: TableStore,
        *,
        clock: Clock,
        api_keys: tuple[ApiKey, ...],
        users: tuple[User, ...],
        clients: tuple[IdpClient, ...] = (),
        instance: str = "sandbox",
        seats: int | None = None,
        on_commit: CommitHook | None = None,
        new_id: IdMaker = random_id,
    ) -> None:
        self.books = EpicorBooks(store, clock)
        self.door = Door(clock=clock, api_keys=api_keys, users=users, clients=clients, new_id=new_id)
        self.instance = instance
        self.seats = seats
        self.on_commit = on_commit
        self._at_work = 0
        self._counting = threading.Lock()

    def respond(self, request: SandboxRequest) -> SandboxResponse:
        """Carry out one request."""
        try:
            return self._route(request)
        except EpicorError as error:
            return as_xml(error) if error.status == 401 else as_json(error)

    def _route(self, request: SandboxRequest) -> SandboxResponse:
        if request.path.rstrip("/") == "/connect/token":
            _allow(request, "POST")
            return self.door.token(request)
        parts = [unquote(part) for part in request.path.strip("/").split("/")]
        if parts[0] != self.instance:
            return SandboxResponse(status=404, body=b"<html>404 Not Found</html>", content_type="text/html")
        if parts[1:] == ["TokenResource.svc"]:
            _allow(request, "POST")
            return self.door.token_resource(request)
        if parts[1:4] != ["api", "v2", "odata"] or not 6 <= len(parts) <= 8:
            raise unknown_address(f"No resource matches '{request.path}'.")
        user, key = self.door.enter(request)
        company = self.books.store.get("Company", parts[4])
        if company is None:
            raise unknown_address(f"Company '{parts[4]}' does not exist.")
        service = SERVICES.get(parts[5])
        if service is None:
            raise unknown_address(f"Service '{parts[5]}' does not exist.")
        resource = parts[6] if len(parts) > 6 else ""
        self.door.admit(user, key, str(company["Company1"]), parts[5], resource.partition("(")[0])
        session = self.books.session(str(company["Company1"]), user.name)
        with self._seat():
            if resource in service.methods:
                return self._call(session, service.methods[resource], request)
            return self._entity(session, service, parts[5], parts[6:], request)

    @contextmanager
    def _seat(self) -> Iterator[None]:
        with self._counting:
            if self.seats is not None and self._at_work >= self.seats:
                raise EpicorError(400, LICENCE, "Maximum users exceeded on license type WebService.")
            self._at_work += 1
        try:
            yield
        finally:
            with self._counting:
                self._at_work -= 1

    def _call(self, session: Session, method: Method, request: SandboxRequest) -> SandboxResponse:
        _allow(request, *(("GET", "POST") if method.reads else ("POST",)))
        from_query = request.method == "GET"
        given = dict(request.query) if from_query else _body(request)
        arguments = method.arguments(given, from_query=from_query)
        if not method.effect:
            with session.store.transaction():
                return SandboxResponse.json(200, method.run(session, arguments))
        answer = self._commit(session, request, lambda: method.run(session, arguments))
        return SandboxResponse.json(200, answer)

    def _commit(self, session: Session, request: SandboxRequest, work: Callable[[], Any]) -> Any:
        """Do the work of a call with effect as one transaction, with the hook on both sides."""
        if self.on_commit is not None:
            self.on_commit(request.path, "before")
        with session.store.transaction():
            answer = work()
            wrote = session.store.pending()
        if wrote and self.on_commit is not None:
            self.on_commit(request.path, "after")
        return answer

    def _entity(
        self, session: Session, service: Service, name: str, parts: list[str], request: SandboxRequest
    ) -> SandboxResponse:
        text = parts[0] if parts else ""
        set_name, _, key = text.partition("(")
        entity_set = service.sets.get(set_name)
        if entity_set is None or (key and not key.endswith(")")):
            raise unknown_address(f"No method or entity set '{text}' in service '{name}'.")
        context = f"$metadata#{name}.{set_name}"
        if request.method == "POST" and service.creates == set_name and not key and len(parts) == 1:
            return self._create(session, request, context)
        _allow(request, "GET")
        with session.store.transaction():
            if not key:
                if parts[1:] not in ([], ["$count"]):
                    raise unknown_address(f"No resource '{parts[1]}' in '{set_name}'.")
                return _list(session, service, entity_set, request, context, count_only=bool(parts[1:]))
            row = _by_key(session, entity_set, key.removesuffix(")"))
            if len(parts) == 1:
                wanted = _expanded(session, service, entity_set, row, request)
                return SandboxResponse.json(200, {"@odata.context": f"{context}/$entity", **wanted})
            child = service.sets.get(parts[1])
            if child is None or child.parent != entity_set.table:
                raise unknown_address(f"No resource '{parts[1]}' in '{set_name}'.")
            return _list(session, service, child, request, f"$metadata#{name}.{parts[1]}", within=row)

    def _create(self, session: Session, request: SandboxRequest, context: str) -> SandboxResponse:
        # The one set that public clients write to is the AP invoice group's; its rules are the method's.
        row = typed("APInvGrp", _body(request)) | {"RowMod": "A"}
        kept = self._commit(session, request, lambda: ap_groups.save_group(session, row))
        return SandboxResponse.json(201, {"@odata.context": f"{context}/$entity", **shown("APInvGrp", kept)})


def _allow(request: SandboxRequest, *verbs: str) -> None:
    if request.method not in verbs:
        raise EpicorError(405, REST, f"The requested resource does not support http method '{request.method}'.")


def _body(request: SandboxRequest) -> Mapping[str, Any]:
    try:
        body = decode(request.body) if request.body else {}
    except NotJson as error:
        raise unreadable(f"The body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise unreadable("The body must be a JSON object.")
    return body


def _list(
    session: Session,
    service: Service,
    entity_set: EntitySet,
    request: SandboxRequest,
    context: str,
    *,
    within: Row | None = None,
    count_only: bool = False,
) -> SandboxResponse:
    options = read_options((*request.query, ("$count", "true")) if count_only else request.query)
    rows, count = read_set(session, entity_set, options, within=within)
    if count_only:
        return SandboxResponse(status=200, body=str(count).encode(), content_type="text/plain")
    value = [_with_children(session, service, entity_set, row, options.expand, options.select) for row in rows]
    answer: dict[str, Any] = {"@odata.context": context}
    answer |= {"@odata.count": count} if count is not None else {}
    return SandboxResponse.json(200, {**answer, "value": value})


def _by_key(session: Session, entity_set: EntitySet, text: str) -> Row:
    key = parse_key(text, entity_set.table)
    row = session.store.get(entity_set.table, *key)
    if row is None or ("Company" in KEYS[entity_set.table] and fold(row["Company"]) != fold(session.company)):
        raise not_found(f"{entity_set.table} {text}", entity_set.table)
    return row


def _expanded(
    session: Session, service: Service, entity_set: EntitySet, row: Row, request: SandboxRequest
) -> dict[str, Any]:
    options = read_options(request.query)
    return _with_children(session, service, entity_set, row, options.expand, options.select)


def _with_children(
    session: Session,
    service: Service,
    entity_set: EntitySet,
    row: Row,
    expand: tuple[str, ...],
    select: tuple[str, ...],
) -> dict[str, Any]:
    wanted = shown(entity_set.table, row, select)
    for name in expand:
        child = service.sets.get(name)
        if child is None or child.parent != entity_set.table:
            raise malformed(f"Could not find a property named '{name}' to expand.")
        found = children(session, child.table, entity_set.table, row)
        wanted[name] = [shown(child.table, line) for line in found]
    return wanted

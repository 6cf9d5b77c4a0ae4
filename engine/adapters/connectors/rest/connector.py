"""The connector for any JSON API that can be described by settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from engine.adapters.connectors.answers import Refused, judge_json_api
from engine.adapters.connectors.auth import Auth
from engine.adapters.connectors.dialogue import UNAUTHORIZED, Dialogue
from engine.adapters.connectors.kind import KindSpec, Questions, Wiring
from engine.adapters.connectors.logins import basic_login, key_login, no_login
from engine.adapters.connectors.matching import Matcher, check_matches
from engine.adapters.connectors.pinging import Pinging, usual_advice
from engine.adapters.connectors.port import Answer, Call, Lookup, Match, Page, Ping, Row
from engine.adapters.connectors.reading import read_pages
from engine.adapters.connectors.rest import dialect
from engine.adapters.connectors.settings import Setting, shared_settings, transport_settings
from engine.adapters.connectors.transport import HttpTransport, Transport
from engine.wire.paging import Params, Seen, Turn
from engine.wire.request import Request
from engine.words.errors import ConnectorError

FILTERED_READS_MAX = 20


class RestConnector:
    """A JSON API by configuration; `company` is of no meaning to it."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._name = wiring.name
        self._settings = wiring.settings
        self._base = wiring.settings["base_url"].rstrip("/")
        self._transport: Transport = wiring.transport or HttpTransport(
            transport_settings(wiring.settings), wiring.clock
        )
        self._auth = _login(wiring)
        self._dialogue = self._dialogue_with(patient=True)

    def read(self, endpoint: str, *, params: Params = (), company: str | None = None) -> Iterator[Page]:
        """Every page of a feed; a next address must be of the same origin as base_url."""
        del company
        where = f"{self._name} {endpoint}"

        def ask(turn: Turn) -> Seen:
            path, asked = (endpoint, (*params, *turn.params)) if turn.url is None else (turn.url, ())
            body, headers = self._dialogue.page_of(self._with_headers(Request.json("GET", path, params=asked)))
            url = path if "://" in path else f"{self._base}/{path.lstrip('/')}"
            return dialect.open_page(body, headers, self._settings, url=url, where=where)

        turns = dialect.turns_of(self._settings)
        return read_pages(turns, ask, where=where, pages_max=self._settings["pages_max"])

    def find(self, lookup: Lookup) -> Mapping[Match, tuple[Row, ...]]:
        """The rows that fit each match: by query parameters named in `find_by`, else by reading the feed once."""
        set_name, matches = lookup.set, lookup.matches
        check_matches(matches, f"{self._name} {set_name}")
        if not matches:
            return {}
        names: Mapping[str, str] = self._settings["find_by"]
        filtered = all(field in names for match in matches for field, _ in match)
        if not filtered or len(matches) > FILTERED_READS_MAX:
            return self._sort(set_name, (), matches)
        found: dict[Match, tuple[Row, ...]] = {}
        for match in matches:
            query = tuple((names[field], _as_param(value)) for field, value in match)
            found |= self._sort(set_name, query, (match,))
        return found

    def call(self, call: Call) -> Answer:
        """One call."""
        return self._dialogue.answer_to(self._with_headers(dialect.call_request(call)))

    def ping(self, *, company: str | None = None, things: Sequence[str] = ()) -> Ping:
        """Read `ping_endpoint`, and each of the things."""
        del company
        asking = self._dialogue_with(patient=False)

        def read(path: str) -> str:
            asking.body_of(self._with_headers(Request.json("GET", path)))
            return f"{self._name} accepts our login"

        def advise(error: ConnectorError) -> str:
            if isinstance(error, Refused) and error.status == UNAUTHORIZED:
                return f"check `auth` of {self._name} in connections.yaml, then set its credentials anew"
            return usual_advice(self._name, error)

        pinging = Pinging(wiring=self._wiring)
        if pinging.reach() and pinging.try_read("login", lambda: read(self._settings["ping_endpoint"]), advise):
            pinging.read_each(things, read, advise)
        return pinging.result(f"{self._name} answers and accepts our login")

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()

    def _sort(self, set_name: str, query: Params, matches: Sequence[Match]) -> Mapping[Match, tuple[Row, ...]]:
        matcher = Matcher(matches)
        for page in self.read(set_name, params=query):
            matcher.offer(page.rows)
        return matcher.found(f"{self._name} {set_name}")

    def _with_headers(self, request: Request) -> Request:
        return replace(request, headers={**request.headers, **self._settings["headers"]})

    def _dialogue_with(self, *, patient: bool) -> Dialogue:
        return Dialogue(
            self._wiring, transport=self._transport, auth=self._auth, judge=judge_json_api, patient=patient
        )


def _login(wiring: Wiring) -> Auth:
    kind, credentials = wiring.settings["auth"], wiring.credentials
    if kind == "bearer":
        return key_login(credentials, header="Authorization", field="api_key", scheme="Bearer")
    if kind == "header":
        return key_login(credentials, header=wiring.settings["auth_header"], field="api_key")
    return basic_login(credentials) if kind == "basic" else no_login(credentials)


def _as_param(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).strip()


def _credential_fields(settings: Mapping[str, Any]) -> Questions:
    kind = settings["auth"]
    if kind == "none":
        return ()
    if kind == "basic":
        return (("username", "user name"), ("password", "password of that user"))
    return (("api_key", "key or token of the API"),)


def _text(name: str, default: str | None, sentence: str) -> Setting:
    return Setting(name=name, default=default, help=sentence)


REST = KindSpec(
    kind="rest",
    help="Any JSON API over HTTP, described by settings.",
    settings=(
        *shared_settings(in_flight=8),
        Setting(name="auth", default="none", choices=("none", "bearer", "basic", "header"), help="How to log in."),
        _text("auth_header", "X-Api-Key", "The header of the key, with auth: header."),
        Setting(name="headers", kind="texts", default={}, help="Headers of every request; no secrets here."),
        Setting(name="paging", default="none", choices=dialect.PAGINGS, help="How a feed is divided into pages."),
        Setting(name="page_size", kind="whole", default=100, least=1, most=10_000, help="Rows to ask for."),
        _text("page_param", "page", "Parameter of the page number."),
        _text("size_param", "limit", "Parameter of the number of rows."),
        _text("offset_param", "offset", "Parameter of the rows to skip."),
        _text("cursor_param", "cursor", "Parameter of the cursor."),
        _text("cursor_path", "next_cursor", "Where the next cursor stands in the body, with dots."),
        _text("next_path", "next", "Where the next address stands in the body, with dots."),
        _text("rows", None, "Where the rows stand in the body, with dots; the body itself when not set."),
        _text("total_path", None, "Where the number of all rows stands in the body, with dots."),
        Setting(
            name="find_by",
            kind="texts",
            default={},
            help="Fields the API filters by, each with its query parameter; for others the feed is read.",
        ),
        _text("ping_endpoint", "/", "What `ping` reads."),
    ),
    credential_fields=_credential_fields,
    make=RestConnector,
)

"""The connector for Airbase."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine.adapters.connectors.airbase import dialect
from engine.adapters.connectors.answers import Refused, judge_json_api
from engine.adapters.connectors.auth import Auth
from engine.adapters.connectors.dialogue import UNAUTHORIZED, Dialogue
from engine.adapters.connectors.kind import KindSpec, Questions, Wiring
from engine.adapters.connectors.logins import key_login
from engine.adapters.connectors.matching import Matcher, check_matches
from engine.adapters.connectors.pinging import Pinging, usual_advice
from engine.adapters.connectors.port import Answer, Call, Lookup, Match, Page, Ping, Row
from engine.adapters.connectors.reading import read_pages
from engine.adapters.connectors.settings import Setting, shared_settings, transport_settings
from engine.adapters.connectors.tracked import Tracked
from engine.adapters.connectors.transport import HttpTransport, Transport
from engine.wire.paging import Params, Seen, Turn, by_page_number
from engine.wire.request import Request
from engine.wire.wording import plain
from engine.words.errors import ConnectorError, CredentialsError, InputError, Unreachable

FIELD = "api_key"
SUBSIDIARIES = "/v1/accounting/subsidiaries/"


class AirbaseConnector:
    """Airbase's accounting API. One host for all customers; the key says who is meant."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._name = wiring.name
        self._settings = wiring.settings
        self._slash: bool = wiring.settings["trailing_slash"]
        self._transport: Transport = wiring.transport or HttpTransport(
            transport_settings(wiring.settings), wiring.clock
        )
        self._tracked = Tracked(
            wiring.credentials,
            wiring.watch,
            wiring.clock,
            connection=wiring.name,
            field=FIELD,
            scheme=wiring.settings["auth_scheme"],
        )
        self._dialogue = Dialogue(wiring, transport=self._transport, auth=self._tracked, judge=judge_json_api)

    def read(self, endpoint: str, *, params: Params = (), company: str | None = None) -> Iterator[Page]:
        """Every page of a feed, until one is empty; `company` is of no meaning here."""
        del company
        if taken := dialect.PAGING_PARAMS & {name for name, _ in params}:
            raise InputError(f"{self._name} {endpoint}: {', '.join(sorted(taken))} belongs to the paging")
        where = f"{self._name} {endpoint}"

        def ask(turn: Turn) -> Seen:
            return dialect.open_page(
                self._dialogue.body_of(dialect.list_request(endpoint, params, turn, slash=self._slash)), where
            )

        turns = by_page_number(page_param="page", size_param="page_size", size=self._settings["page_size"])
        return read_pages(turns, ask, where=where, pages_max=self._settings["pages_max"])

    def find(self, lookup: Lookup) -> Mapping[Match, tuple[Row, ...]]:
        """The rows that fit each match: by Airbase's own filter for a few, else by reading the feed once."""
        set_name, matches = lookup.set, lookup.matches
        where = f"{self._name} {set_name}"
        check_matches(matches, where)
        if not matches:
            return {}
        queries = dialect.server_filters(set_name, matches)
        if queries is None:
            return self._sort(set_name, (), matches)
        found: dict[Match, tuple[Row, ...]] = {}
        for match, query in zip(matches, queries, strict=True):
            found |= self._sort(set_name, query, (match,))
        return found

    def reads_to_find(self, lookup: Lookup) -> bool:
        """Whether Airbase's own filter is of no use for this."""
        check_matches(lookup.matches, f"{self._name} {lookup.set}")
        return bool(lookup.matches) and dialect.server_filters(lookup.set, lookup.matches) is None

    def call(self, call: Call) -> Answer:
        """One call; 403 and 405 are answers like any other."""
        return self._dialogue.answer_to(dialect.call_request(call, slash=self._slash))

    def ping(self, *, company: str | None = None, things: Sequence[str] = ()) -> Ping:
        """Read one row; where the key is refused, find out whether the other scheme word is accepted."""
        del company
        scheme = self._settings["auth_scheme"]
        pinging = Pinging(wiring=self._wiring)
        sentence = f"{self._name} answers and accepts our key"
        if pinging.reach() and pinging.try_read(
            "login", lambda: self._read_one(self._settings["ping_endpoint"], scheme), self._advice
        ):
            sentence += self._subsidiary(scheme)
            pinging.read_each(things, lambda thing: self._read_one(thing, scheme), self._advice)
        return pinging.result(sentence)

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()

    def _sort(self, set_name: str, query: Params, matches: Sequence[Match]) -> Mapping[Match, tuple[Row, ...]]:
        # Rows are compared here even where Airbase filters: a parameter it does not know gives everything.
        matcher = Matcher(matches)
        for page in self.read(set_name, params=query):
            matcher.offer(page.rows)
        return matcher.found(f"{self._name} {set_name}")

    def _read_one(self, endpoint: str, scheme: str) -> str:
        self._first_row(endpoint, scheme)
        return f"{self._name} accepts our key"

    def _first_row(self, endpoint: str, scheme: str) -> Row:
        request = Request.json("GET", dialect.address(endpoint, slash=self._slash), params=(("page_size", "1"),))
        body = self._dialogue_with(scheme).body_of(request)
        rows = dialect.open_page(body, f"{self._name} {endpoint}").rows
        return rows[0] if rows else {}

    def _subsidiary(self, scheme: str) -> str:
        """Whose Airbase this is, as far as it says; nothing depends on it."""
        try:
            name = self._first_row(SUBSIDIARIES, scheme).get("name")
        except (CredentialsError, Unreachable):
            return ""
        return f"; its first subsidiary is {plain(name, 80)}" if isinstance(name, str) and name else ""

    def _advice(self, error: ConnectorError) -> str:
        if not isinstance(error, Refused) or error.status != UNAUTHORIZED:
            return usual_advice(self._name, error)
        other = "Bearer" if self._settings["auth_scheme"] == "Token" else "Token"
        try:
            self._read_one(self._settings["ping_endpoint"], other)
        except CredentialsError:
            return (
                f"set the API key of {self._name} anew, `ml-connector credentials set {self._name} {FIELD}`: "
                "neither Token nor Bearer is accepted with this one"
            )
        return f"set auth_scheme: {other} for {self._name} in connections.yaml; the key is accepted that way"

    def _dialogue_with(self, scheme: str) -> Dialogue:
        auth: Auth = self._tracked
        if scheme != self._settings["auth_scheme"]:
            auth = key_login(self._wiring.credentials, header="Authorization", field=FIELD, scheme=scheme)
        return Dialogue(self._wiring, transport=self._transport, auth=auth, judge=judge_json_api, patient=False)


def _credential_fields(_settings: Mapping[str, Any]) -> Questions:
    return ((FIELD, "API key, made in the Airbase portal by an administrator"),)


AIRBASE = KindSpec(
    kind="airbase",
    help="Airbase (Paylocity Finance), by its accounting API.",
    settings=(
        *shared_settings(in_flight=8),
        Setting(
            name="auth_scheme",
            default="Token",
            choices=("Token", "Bearer"),
            help="The word before the key in the Authorization header; `ping` finds out which.",
        ),
        Setting(
            name="token_lifetime_days",
            kind="whole",
            least=1,
            most=3650,
            help="Days an API key is good for, where your portal ends them; you are warned before.",
        ),
        Setting(name="page_size", kind="whole", default=100, least=1, most=1000, help="Rows of a page to ask for."),
        Setting(
            name="trailing_slash",
            kind="yes_no",
            default=True,
            help="Whether every address gets a slash at its end, as recorded exchanges have it; false sends it as "
            "written.",
        ),
        Setting(name="ping_endpoint", default="/v1/accounting/vendors/", help="What `ping` reads one row of."),
    ),
    credential_fields=_credential_fields,
    make=AirbaseConnector,
)

"""The connector for Epicor Kinetic."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from urllib.parse import quote

from engine.adapters.connectors.auth import Auth
from engine.adapters.connectors.dialogue import Dialogue
from engine.adapters.connectors.epicor import dialect
from engine.adapters.connectors.epicor.catalogue import epicor_catalogue
from engine.adapters.connectors.epicor.login import LOGINS, login_addresses, login_of, questions
from engine.adapters.connectors.epicor.ping import EpicorPing
from engine.adapters.connectors.epicor.search import Question, Search
from engine.adapters.connectors.kind import KindSpec, Wiring
from engine.adapters.connectors.matching import check_matches
from engine.adapters.connectors.port import Answer, Call, Lookup, Match, Page, Ping, Row
from engine.adapters.connectors.reading import read_pages
from engine.adapters.connectors.settings import Setting, shared_settings, transport_settings
from engine.adapters.connectors.transport import HttpTransport, Transport
from engine.wire.odata import Condition
from engine.wire.paging import Params, Seen, Turn, by_skip
from engine.wire.request import Request
from engine.words.errors import InputError
from engine.words.json_value import encode

_LICENCES = {
    "default": "00000003-B615-4300-957B-34956697F040",
    "web_service": "00000003-9439-4B30-A6F4-6D2FD4B9FD0F",
}


class EpicorConnector:
    """One Epicor instance; every method needs a company, which becomes part of the address."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._name = wiring.name
        self._settings = wiring.settings
        self._catalogue = epicor_catalogue()
        self._transport: Transport = wiring.transport or HttpTransport(
            transport_settings(wiring.settings, login_addresses(wiring.settings)), wiring.clock
        )
        self._auth: Auth = login_of(wiring.settings, wiring.credentials, wiring.clock)
        self._search = Search(in_flight=wiring.settings["in_flight"])
        self._dialogue = Dialogue(wiring, transport=self._transport, auth=self._auth, judge=dialect.judge)

    def read(self, endpoint: str, *, params: Params = (), company: str | None = None) -> Iterator[Page]:
        """Every page of an entity set, in the order of its key."""
        if taken := dialect.PAGING_PARAMS & {name for name, _ in params}:
            raise InputError(f"{self._name} {endpoint}: {', '.join(sorted(taken))} belongs to the paging")
        return self._pages(endpoint, params, company, count=self._settings["ask_count"])

    def find(self, lookup: Lookup) -> Mapping[Match, tuple[Row, ...]]:
        """The rows that fit each match, asked for by `$filter` in as few requests as addresses allow.

        Text is compared by Epicor's database, which does not regard case, and once more here.
        """
        check_matches(lookup.matches, f"{self._name} {lookup.set}")
        asked: dict[Match, tuple[Condition, ...]] = {}
        for match in lookup.matches:
            conditions = dialect.conditions_of(match, lookup.set, self._catalogue)
            if conditions is not None:
                asked[match] = conditions
        found: dict[Match, tuple[Row, ...]] = dict.fromkeys(lookup.matches, ())
        if asked:
            found |= self._search.find(self._question(lookup, asked))
        return found

    def call(self, call: Call) -> Answer:
        """One call; a 200 whose body reports errors is for the recipe's `succeeded` to judge."""
        request = self._signed(dialect.call_request(call, self._name), call.company)
        return self._dialogue.answer_to(request)

    def ping(self, *, company: str | None = None, things: Sequence[str] = ()) -> Ping:
        """Reach it, log in, name the company, and read one row of each thing."""
        if company is None:
            advice = "name a company in books.yaml; Epicor is asked company by company"
            return Ping(ok=False, sentence=f"{self._name}: no company to ask for", elapsed_s=0.0, advice=advice)
        return EpicorPing(self._wiring, self._transport, company).result(things)

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()

    def _question(self, lookup: Lookup, asked: Mapping[Match, tuple[Condition, ...]]) -> Question:
        most = self._settings["query_max_bytes"]
        shown = dialect.shown_of(lookup.fields, tuple(asked), lookup.expand)
        room = most - sum(len(quote(value, safe="")) for _, value in shown)
        if room < most // 2:
            shown, room = tuple(pair for pair in shown if pair[0] != "$select"), most
        return Question(
            where=f"{self._name} {lookup.set}",
            asked=asked,
            bytes_max=room,
            pages=lambda text: self._pages(lookup.set, (("$filter", text), *shown), lookup.company, count=False),
        )

    def _pages(self, set_name: str, params: Params, company: str | None, *, count: bool) -> Iterator[Page]:
        where = f"{self._name} {set_name} of {company}"
        path = dialect.address(company, set_name, self._name)
        order = dialect.order_of(set_name, params, self._catalogue, self._name)

        def ask(turn: Turn) -> Seen:
            request = self._signed(dialect.turn_request(path, params, turn), company)
            return dialect.open_page(self._dialogue.body_of(request), where)

        turns = by_skip(top=self._settings["page_size"], order_by=order, count=count)
        return read_pages(turns, ask, where=where, pages_max=self._settings["pages_max"])

    def _signed(self, request: Request, company: str | None) -> Request:
        if not (self._settings["plant"] or self._settings["licence"]):
            return request
        headers = dict(request.headers)
        if self._settings["plant"]:
            headers["CallSettings"] = encode({"Company": company, "Plant": self._settings["plant"]}).decode()
        if self._settings["licence"]:
            headers["License"] = encode({"ClaimedLicense": _LICENCES[self._settings["licence"]]}).decode()
        return replace(request, headers=headers)


EPICOR = KindSpec(
    kind="epicor",
    help="Epicor Kinetic, by REST v2.",
    settings=(
        *shared_settings(in_flight=2, read_timeout_s=120),
        Setting(
            name="login",
            default="basic",
            choices=LOGINS,
            help="How to log in beside the API key: a user, Epicor Identity by client or by user, or the app server.",
        ),
        Setting(
            name="token_url",
            default="https://login.epicor.com/connect/token",
            help="Where Epicor Identity gives tokens; the only other address that is called.",
        ),
        Setting(name="scope", help="The scope to ask Epicor Identity for, where it is not the usual one."),
        Setting(name="plant", help="The site (plant) for every call, where it is not the user's own."),
        Setting(name="licence", choices=tuple(_LICENCES), help="Which kind of licence seat calls take."),
        Setting(name="page_size", kind="whole", default=100, least=1, most=1000, help="Rows of a page to ask for."),
        Setting(
            name="ask_count",
            kind="yes_no",
            default=True,
            help="Whether a feed is asked how many rows it has, to prove that all came.",
        ),
        Setting(
            name="query_max_bytes",
            kind="whole",
            default=1800,
            least=200,
            most=16_000,
            help="The longest filter in an address, in bytes; IIS refuses queries over 2,048.",
        ),
    ),
    credential_fields=questions,
    make=EpicorConnector,
    catalogue=epicor_catalogue,
    login_addresses=login_addresses,
    needs_company=True,
)

"""What a person does in Airbase's portal: approve a bill, and have approvals told to an address."""

from __future__ import annotations

import http.client
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from engine.domain.signature_rule import SignatureRule
from engine.faces.sandbox.airbase.books import ENTRIES, READY, AirbaseBooks
from engine.faces.sandbox.seed.chart import AP_AIRBASE
from engine.faces.sandbox.seed.companies import EPIC06
from engine.faces.sandbox.seed.entry import Line, ledger_entry
from engine.faces.sandbox.seed.people import PEOPLE
from engine.faces.sandbox.seed.vendors import ORDINARY
from engine.wire.webhook import sign
from engine.words.clock import Clock
from engine.words.json_value import encode
from engine.words.secret import Secret

KIND = "purchase_request_approved"
"""The one kind of event that is known publicly."""

WAIT_S = 10
_LOOPBACK = ("127.0.0.1", "localhost")
_OF_RULE = frozenset(field.name for field in fields(SignatureRule))


class NotAnAddress(Exception):
    """What was given is not an address on this machine, or says something that is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Where approvals are told, and how they are signed; without a secret they are not."""

    url: str
    secret: Secret | None
    rule: SignatureRule | None


class Approvals:
    """The portal's page of webhooks, and its button. Events go to this machine only."""

    def __init__(self, books: AirbaseBooks, clock: Clock) -> None:
        self._books = books
        self._clock = clock
        self._told: Told | None = None

    def tell(self, given: Mapping[str, Any]) -> None:
        """Tell approvals to `url`, signed with `secret` as the other keys, those of SignatureRule, say.

        Raises:
            NotAnAddress: it cannot be done.
        """
        rest = {name: value for name, value in given.items() if name not in ("url", "secret")}
        url, secret = given.get("url"), given.get("secret")
        if not isinstance(url, str) or urlsplit(url).scheme != "http" or urlsplit(url).hostname not in _LOOPBACK:
            raise NotAnAddress("url is an http address on this machine")
        if unknown := sorted(rest.keys() - _OF_RULE):
            raise NotAnAddress(f"'{unknown[0]}' is not known; known are url, secret, {', '.join(sorted(_OF_RULE))}")
        if (secret is None) is not ("header" not in rest):
            raise NotAnAddress("secret and header belong together")
        rule = SignatureRule(**rest) if secret is not None else None
        self._told = Told(url=url, secret=Secret(str(secret)) if secret is not None else None, rule=rule)

    def stop_telling(self) -> None:
        """Tell nobody any more."""
        self._told = None

    def approve(self, airbase_id: str | None) -> dict[str, Any]:
        """Approve a bill, or a new one where none is named; gives its id and number, and what the receiver answered.

        Raises:
            KeyError: there is no such entry.
        """
        entry = self._books.change_entry(airbase_id, status=READY) if airbase_id is not None else self._new_bill()
        answered = self._send(entry["airbase_id"]) if self._told is not None else None
        return {"airbase_id": entry["airbase_id"], "invoice_number": entry["invoice_number"], "webhook": answered}

    def _new_bill(self) -> dict[str, Any]:
        with self._books.change():
            dates = [row["entry_date"] for row in self._books.rows(ENTRIES)]
            number = len(dates) + 1
            entry = ledger_entry(
                label=f"approved {number}",
                type="bill",
                company=EPIC06,
                vendor=ORDINARY[EPIC06.code][0].on_entry(),
                owner=PEOPLE[0],
                date=max(dates),
                lines=[Line(account="6200", amount=100 + Decimal(number) / 100, department="10")],
                invoice_number=f"APPROVED-{number}",
                ap_account=AP_AIRBASE,
            )
            self._books.put(ENTRIES, entry)
        return entry

    def _send(self, airbase_id: str) -> int | str:
        """The status of the receiver's answer, or why there is none."""
        told = self._told
        if told is None:
            return "nobody is told"
        now, event_id = self._clock.now(), str(uuid.uuid4())
        body = encode(
            {
                "id": event_id,
                "object": "purchase_request",
                "type": KIND,
                "created_date": f"{now:%Y-%m-%dT%H:%M:%S}",
                "data": {"id": airbase_id},
            }
        )
        headers = {"Content-Type": "application/json"}
        if told.rule is not None and told.secret is not None:
            headers |= sign(told.rule, body, told.secret, now, event_id)
        parts = urlsplit(told.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=WAIT_S)
        try:
            connection.request("POST", parts.path or "/", body, headers)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            return str(error)
        finally:
            connection.close()

"""Asking a system and judging what it says: what every connector over HTTP does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from engine.adapters.connectors.answers import Judge, as_answer, login_sentence, read_body
from engine.adapters.connectors.auth import Auth
from engine.adapters.connectors.driver import Driver, passing_wait_s
from engine.adapters.connectors.kind import Wiring
from engine.adapters.connectors.port import Answer
from engine.adapters.connectors.settings import retry_rule
from engine.adapters.connectors.transport import Transport
from engine.wire.request import Request, Response
from engine.wire.retry import RetryRule, retry_after_s

UNAUTHORIZED = 401


class Dialogue:
    """One connection's way to ask: a transport, a login and the dialect's judgement.

    `patient` False tries everything once only, as `ping` wants it.
    """

    def __init__(
        self, wiring: Wiring, *, transport: Transport, auth: Auth, judge: Judge, patient: bool = True
    ) -> None:
        self._name = wiring.name
        self._clock = wiring.clock
        self._auth = auth
        self._judge = judge
        self._driver = Driver(
            transport=transport,
            auth=auth,
            clock=wiring.clock,
            rule=retry_rule(wiring.settings) if patient else RetryRule(attempts_max=1),
            passing_s=self._passing_s,
        )

    def body_of(self, request: Request) -> Any:
        """The JSON of a read. Raises as `Connector.read` does."""
        return self.page_of(request)[0]

    def page_of(self, request: Request) -> tuple[Any, Mapping[str, str]]:
        """The JSON of a read, and the headers it came with. Raises as `Connector.read` does."""
        exchange = self._driver.exchange(request)
        body = read_body(self._name, exchange, self._judge, self._auth.hidden())
        return body, exchange.response.headers if exchange.response is not None else {}

    def answer_to(self, request: Request) -> Answer:
        """The answer of a call."""
        exchange = self._driver.exchange(request)
        named = exchange.response.headers.get("retry-after") if exchange.response is not None else None
        answer = as_answer(
            exchange,
            self._judge,
            hidden=self._auth.hidden(),
            retry_after_s=retry_after_s(named, self._clock.now()),
        )
        if answer.status != UNAUTHORIZED:
            return answer
        return replace(answer, message=f"{self._name}: {login_sentence(self._name, answer.message)}")

    def _passing_s(self, response: Response) -> float | None:
        usual = passing_wait_s(response)
        if usual is not None or response.status < 400 or response.status in (401, 403):
            return usual
        judged = self._judge(response)
        return judged.retry_after_s if judged.passing else None

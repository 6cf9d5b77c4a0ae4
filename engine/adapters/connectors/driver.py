"""The one driver that sends for every connector: logs in, renews a login once, and retries reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import SystemRandom

from engine.adapters.connectors.auth import Auth, Headers, LoginRefused
from engine.adapters.connectors.transport import AnswerLost, NotSent, Transport
from engine.wire.request import Request, Response
from engine.wire.retry import RetryRule, decide, retry_after_s
from engine.words.clock import Clock
from engine.words.errors import Unreachable

_RANDOM = SystemRandom()


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """What came of one request: a response, or why there is none.

    `sent` says whether the request itself may have arrived; a failed login leaves it False. `login` says
    that the login server refused us, `lasting` that trying again would change nothing.
    """

    request: Request
    response: Response | None = None
    sent: bool = True
    trouble: str = ""
    login: bool = False
    lasting: bool = False


class Driver:
    """Sends requests of one connection through its transport.

    `passing_s` tells of a response whether its trouble may pass: the wait it asks for in seconds, -1 for
    our own choice of wait, None when trying again is of no use.
    """

    def __init__(
        self,
        *,
        transport: Transport,
        auth: Auth,
        clock: Clock,
        rule: RetryRule,
        passing_s: Callable[[Response], float | None],
        random: Callable[[], float] = _RANDOM.random,
    ) -> None:
        self._auth = auth
        self._clock = clock
        self._transport = transport
        self._rule = rule
        self._passing_s = passing_s
        self._random = random

    def exchange(self, request: Request) -> Exchange:
        """Send a request: once when it has an effect, else again while its trouble may pass.

        Raises:
            CredentialsError: there is no credential to call with.
        """
        attempt = 1
        while True:
            done = self._signed(request)
            if request.effect or done.login or done.lasting:
                return done
            asked_s = self._wait_asked(done)
            if asked_s is None:
                return done
            decision = decide(
                self._rule, attempt=attempt, asked_wait_s=None if asked_s < 0 else asked_s, random=self._random
            )
            if decision.wait_s is None:
                return done
            self._clock.sleep(decision.wait_s)
            attempt += 1

    def _wait_asked(self, done: Exchange) -> float | None:
        if done.response is None:
            return -1.0
        asked = self._passing_s(done.response)
        if asked is None:
            return None
        named = retry_after_s(done.response.headers.get("retry-after"), self._clock.now())
        return asked if named is None else named

    def _signed(self, request: Request) -> Exchange:
        headers = self._login(request)
        if isinstance(headers, Exchange):
            return headers
        done = self._once(request, headers)
        if done.response is None or done.response.status != 401 or not self._auth.renew(headers):
            return done
        # A 401 proves that nothing was done, so that even a write may be made once more.
        renewed = self._login(request)
        return renewed if isinstance(renewed, Exchange) else self._once(request, renewed)

    def _login(self, request: Request) -> Headers | Exchange:
        flow = self._auth.headers()
        try:
            asked = next(flow)
            while True:
                asked = flow.send(self._transport.send(replace(asked, may_leave=request.may_leave)))
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]
        except LoginRefused as error:
            return Exchange(request=request, sent=False, trouble=str(error), login=True)
        except (NotSent, AnswerLost, Unreachable) as error:
            return Exchange(request=request, sent=False, trouble=f"the login failed: {error}")
        finally:
            flow.close()

    def _once(self, request: Request, headers: Headers) -> Exchange:
        signed = replace(request, headers={**request.headers, **headers})
        try:
            response = self._transport.send(signed)
        except NotSent as error:
            return Exchange(request=request, sent=False, trouble=str(error), lasting=error.lasting)
        except AnswerLost as error:
            return Exchange(request=request, trouble=str(error))
        self._auth.answered(headers, response)
        return Exchange(request=request, response=response)


def passing_wait_s(response: Response) -> float | None:
    """The usual rule: too many requests and errors of the server may pass; -1 leaves the wait to us."""
    passes = response.status == 429 or (response.status >= 500 and response.status != 501)
    return -1.0 if passes else None

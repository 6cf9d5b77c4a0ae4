"""Trying out a connection step by step, so that the one thing that is wrong is named, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from engine.adapters.connectors.answers import BadAnswer, Refused
from engine.adapters.connectors.kind import Wiring
from engine.adapters.connectors.port import Ping, PingStep
from engine.adapters.connectors.reaching import NotReached, reach_steps
from engine.adapters.connectors.settings import transport_settings
from engine.words.errors import ConnectorError, CredentialsError, Unreachable

Advise = Callable[[ConnectorError], str]


@dataclass(slots=True, kw_only=True)
class Pinging:
    """The steps of one ping, in order. After one that failed, `Ping` tells of that one."""

    wiring: Wiring
    steps: list[PingStep] = field(default_factory=list)
    _failed: tuple[str, str] | None = None
    _answer_s: float = 0.0

    def reach(self) -> bool:
        """Resolve the name, connect, and shake hands; a transport that was handed in has no address to try."""
        if self.wiring.transport is not None:
            return True
        for step in reach_steps(transport_settings(self.wiring.settings)):
            began = self._now()
            try:
                sentence = step.act()
            except NotReached as error:
                self._note(step.what, began, ok=False, sentence=f"{self.wiring.name}: {error}", advice=error.advice)
                return False
            self._note(step.what, began, ok=True, sentence=sentence)
        return True

    def try_read(self, what: str, read: Callable[[], str], advise: Advise) -> bool:
        """Read something, which says what came; `advise` is asked when it does not work."""
        began = self._now()
        try:
            sentence = read()
        except (CredentialsError, Unreachable) as error:
            told = self._told(error)
            self._note(what, began, ok=False, sentence=told, advice=_advice(advise, error))
            return False
        self._answer_s = self._answer_s or self._now() - began
        self._note(what, began, ok=True, sentence=sentence)
        return True

    def read_each(self, things: Sequence[str], read: Callable[[str], object], advise: Advise) -> None:
        """Read one row of each thing; all of them are tried."""
        for thing in things:

            def one(thing: str = thing) -> str:
                read(thing)
                return "can be read"

            self.try_read(thing, one, advise)

    def result(self, sentence: str) -> Ping:
        """What is told in the end; `sentence` when all went well."""
        steps = tuple(self.steps)
        if self._failed is None:
            return Ping(ok=True, sentence=sentence, elapsed_s=self._answer_s, steps=steps)
        failed, advice = self._failed
        last_s = next(step.elapsed_s for step in steps if not step.ok)
        return Ping(ok=False, sentence=failed, elapsed_s=last_s, advice=advice, steps=steps)

    def _note(self, what: str, began: float, *, ok: bool, sentence: str, advice: str = "") -> None:
        self.steps.append(PingStep(what=what, ok=ok, sentence=sentence, elapsed_s=self._now() - began))
        if not ok and self._failed is None:
            self._failed = (sentence, advice)

    def _told(self, error: ConnectorError) -> str:
        """What happened; of a refused login without the hint to ping, since this is one."""
        if isinstance(error, Refused) and error.status is not None:
            return f"{self.wiring.name} refused us with status {error.status}: {error.said}"
        return str(error)

    def _now(self) -> float:
        return self.wiring.clock.instant().seconds


def usual_advice(name: str, error: ConnectorError) -> str:
    """What to do about an answer, whatever the kind of system."""
    if isinstance(error, Refused) and error.status == 403:
        return f"the login of {name} is right, but it has no right to read this: ask its administrator for it"
    if isinstance(error, CredentialsError):
        return f"set the credentials of {name} anew"
    if isinstance(error, BadAnswer) and error.status is not None and "web page" in error.said:
        return "a web page answers there and not an API: base_url in connections.yaml is not the right address"
    return "check base_url in connections.yaml, and whether the system can be reached from here"


def _advice(advise: Advise, error: ConnectorError) -> str:
    if isinstance(error, CredentialsError) and not isinstance(error, Refused):
        return "`ml-connector credentials list` says what is set and what is missing"
    try:
        return advise(error)
    except ConnectorError as second:
        return str(second)

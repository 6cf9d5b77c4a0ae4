"""Trying out a connection, with what to do when it does not work."""

from __future__ import annotations

from collections.abc import Callable

from engine.adapters.connectors.kind import Wiring
from engine.adapters.connectors.port import Ping
from engine.words.errors import ConnectorError, CredentialsError, Unreachable


def try_read(wiring: Wiring, read: Callable[[], object], *, advise: Callable[[CredentialsError], str]) -> Ping:
    """Carry out one read and say how it went; `advise` is asked when our login is not accepted."""
    began = wiring.clock.instant().seconds

    def elapsed_s() -> float:
        return wiring.clock.instant().seconds - began

    try:
        read()
    except CredentialsError as error:
        return Ping(ok=False, sentence=str(error), elapsed_s=elapsed_s(), advice=_or_none(advise, error))
    except Unreachable as error:
        advice = "check base_url in connections.yaml, and whether the system can be reached from here"
        return Ping(ok=False, sentence=str(error), elapsed_s=elapsed_s(), advice=advice)
    return Ping(ok=True, sentence=f"{wiring.name} answers and accepts our login", elapsed_s=elapsed_s())


def _or_none(advise: Callable[[CredentialsError], str], error: CredentialsError) -> str:
    try:
        return advise(error)
    except ConnectorError as second:
        return str(second)

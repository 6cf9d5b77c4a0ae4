"""A system behind its faults: each request is carried out before, after, late, or never."""

from __future__ import annotations

import threading
from collections.abc import Callable

from engine.faces.sandbox.dialect import Dialect, proxy_page
from engine.faces.sandbox.exchange import SandboxRequest, SandboxResponse, SandboxSystem
from engine.faces.sandbox.faults import Fault, FaultKind, Faults, Shape
from engine.faces.sandbox.http_text import Delivery

_NOTHING = Delivery()


class FaultySystem:
    """Asks the faults before every request; without one it hands the request straight on."""

    def __init__(
        self,
        name: str,
        system: SandboxSystem,
        faults: Faults,
        *,
        dialect: Dialect,
        expire_tokens: Callable[[], None],
    ) -> None:
        self._name = name
        self._system = system
        self._faults = faults
        self._dialect = dialect
        self._expire_tokens = expire_tokens
        self._closing = threading.Event()
        self._late: set[threading.Thread] = set()
        self.restart: Callable[[float], None] = lambda seconds: None  # noqa: ARG005 - set by the server

    def deliver(self, request: SandboxRequest) -> Delivery:
        """Carry out the request, unless and as a fault says."""
        fault = self._faults.pick(self._name, request)
        if fault is None:
            return Delivery(response=self._system.respond(request))
        return self._spoiled(fault, request)

    def close(self) -> None:
        """End every wait; a late commit that is not yet due never happens."""
        self._closing.set()
        for thread in tuple(self._late):
            thread.join()

    def open(self) -> None:
        """Serve again after a close."""
        self._closing.clear()

    def _spoiled(self, fault: Fault, request: SandboxRequest) -> Delivery:
        match fault.kind:
            case FaultKind.NO_ANSWER_BEFORE_COMMIT:
                self._closing.wait(fault.seconds)
                return _NOTHING
            case FaultKind.NO_ANSWER_AFTER_COMMIT:
                self._system.respond(request)
                self._closing.wait(fault.seconds)
                return _NOTHING
            case FaultKind.LATE_COMMIT:
                self._commit_later(fault.seconds, request)
                return _NOTHING
            case FaultKind.SLOW:
                self._closing.wait(fault.seconds)
                return Delivery(response=self._system.respond(request))
            case FaultKind.STATUS:
                return self._refused(fault, request)
            case FaultKind.MALFORMED:
                return _malformed(fault.shape, self._system.respond(request))
            case FaultKind.TOKEN_EXPIRED:
                return self._token_expired()
            case FaultKind.RESTART:
                if fault.commits:
                    self._system.respond(request)
                self.restart(fault.seconds)
                return _NOTHING

    def _refused(self, fault: Fault, request: SandboxRequest) -> Delivery:
        if fault.commits:
            self._system.respond(request)
        own = self._dialect(fault.status, fault.message) if fault.own_words else proxy_page(fault.status)
        if fault.retry_after_s is None:
            return Delivery(response=own)
        headers = {**own.headers, "Retry-After": str(fault.retry_after_s)}
        return Delivery(
            response=SandboxResponse(status=own.status, body=own.body, content_type=own.content_type, headers=headers)
        )

    def _token_expired(self) -> Delivery:
        self._expire_tokens()
        return Delivery(response=self._dialect(401, "The token has expired."))

    def _commit_later(self, seconds: float, request: SandboxRequest) -> None:
        def commit() -> None:
            try:
                if not self._closing.wait(seconds):
                    self._system.respond(request)
            finally:
                self._late.discard(thread)

        thread = threading.Thread(target=commit, name="sandbox-late-commit", daemon=True)
        self._late.add(thread)
        thread.start()


def _malformed(shape: Shape, whole: SandboxResponse) -> Delivery:
    half = len(whole.body) // 2
    match shape:
        case Shape.HTML:
            page = proxy_page(whole.status)
            return Delivery(response=page)
        case Shape.TRUNCATED:
            return Delivery(
                response=SandboxResponse(
                    status=whole.status,
                    body=whole.body[:half],
                    content_type=whole.content_type,
                    headers=whole.headers,
                )
            )
        case Shape.CUT:
            return Delivery(response=whole, body_bytes=half)

"""One line for each request, without its address: a webhook's address may be a secret."""

from __future__ import annotations

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.wiring.logs import get_log

_PROBES = frozenset({"healthz", "readyz", "metrics"})
_KNOWN = _PROBES | {"webhooks"}


class RequestLog:
    """Logs method, kind of address, status and duration: probes and taken events at debug, the rest at info."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._log = get_log()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and log what was answered."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.monotonic()
        status = 0

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            first = scope["path"].strip("/").partition("/")[0]
            tell = self._log.debug if status < 400 or first in _PROBES else self._log.info
            tell(
                "request",
                method=scope["method"][:10],
                to=first if first in _KNOWN else "elsewhere",
                status=status,
                ms=round((time.monotonic() - began) * 1000),
            )

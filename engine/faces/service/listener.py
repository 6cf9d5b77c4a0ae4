"""Serves an application over HTTP from a thread of its own."""

from __future__ import annotations

import asyncio
import socket
import threading
import time

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from engine.words.errors import InputError, ProgramError

HOST = "127.0.0.1"
CONNECTIONS_MAX = 1000
BACKLOG = 2048
HEADERS_MAX_BYTES = 32_768
HEADERS_S = 10.0
"""Seconds in which the whole head of a request must have come."""
IDLE_S = 20
GRACE_S = 10
"""Seconds that requests under way are given when it stops."""
START_S = 30.0


class Listener:
    """Listens on one address, loopback unless another is named; port 0 takes any free one.

    Put a proxy that speaks https before it, and let it pass on `/webhooks/` alone.
    """

    def __init__(self, app: ASGIApp, host: str = HOST, port: int = 0) -> None:
        self._host, self._port = host, port
        config = uvicorn.Config(
            app,
            http=_Http,
            ws="none",
            lifespan="off",
            loop="asyncio",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=CONNECTIONS_MAX,
            h11_max_incomplete_event_size=HEADERS_MAX_BYTES,
            timeout_keep_alive=IDLE_S,
            timeout_graceful_shutdown=GRACE_S,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._serve, name="listener", daemon=True)
        self._socket: socket.socket | None = None

    def start(self) -> str:
        """Open the port and serve; gives the URL, without a slash at its end.

        Raises:
            InputError: the port is taken, or the address is not one of this machine.
        """
        try:
            family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
            self._socket = socket.create_server((self._host, self._port), family=family, backlog=BACKLOG)
        except OSError as error:
            raise InputError(
                f"{self._host}:{self._port} cannot be listened on: {error.strerror or error}: name another with "
                "--host and --port, or end the program that has it"
            ) from None
        self._port = self._socket.getsockname()[1]
        self._thread.start()
        give_up_at = time.monotonic() + START_S
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > give_up_at:
                raise ProgramError("the HTTP listener did not start")
            time.sleep(0.01)
        return self.url

    @property
    def url(self) -> str:
        """Where it listens; the port is known from `start` on."""
        return f"http://{f'[{self._host}]' if ':' in self._host else self._host}:{self._port}"

    def stop(self) -> None:
        """Take no new connection, finish the requests under way, and end; a second call does nothing."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(GRACE_S + START_S)
        if self._socket is not None:
            self._socket.close()

    def _serve(self) -> None:
        if self._socket is not None:
            self._server.run(sockets=[self._socket])


class _Http(H11Protocol):
    """uvicorn's HTTP/1.1, which also gives up a connection whose request does not come, or comes in drops."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request."""
        super().connection_made(transport)
        # Head and body of an answer are two writes, of which the second would wait for the sender's delayed word of
        # the first, 40 ms on Linux. asyncio sees to it only where a listening socket names its protocol.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """A piece came."""
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        """An answer was given, perhaps to a request that is still coming."""
        super().on_response_complete()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._forget()
        super().connection_lost(exc)

    def _watch(self) -> None:
        """A head, or the rest of a body that nobody reads any more, is waited for until a moment set at its begin."""
        state = self.conn.their_state
        head = state is h11.IDLE and (self.cycle is None or bool(self.conn.trailing_data[0]))
        rest = state is h11.SEND_BODY and self.cycle is not None and self.cycle.response_complete
        if not (head or rest):
            self._forget()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(HEADERS_S, self.transport.close)

    def _forget(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

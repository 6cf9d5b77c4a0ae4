"""A threaded HTTP/1.1 server on loopback: one port, one thread per connection, keep-alive."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Callable
from typing import BinaryIO, cast

from engine.faces.sandbox.exchange import SandboxRequest, SandboxResponse
from engine.faces.sandbox.http_text import Delivery, NotHttp, answer_bytes, read_request

HOST = "127.0.0.1"
IDLE_S = 120.0
STOP_S = 5.0
ACCEPT_POLL_S = 0.2
REOPEN_TRIES = 100
REOPEN_PAUSE_S = 0.05

Deliver = Callable[[SandboxRequest], Delivery]
_log = logging.getLogger(__name__)


class Listener:
    """Serves `deliver` until `stop`; a client that goes away mid-request disturbs nobody else."""

    def __init__(self, deliver: Deliver, *, port: int = 0) -> None:
        self._deliver = deliver
        self._wanted_port = port
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self._threads: set[threading.Thread] = set()
        self._socket: socket.socket | None = None
        self._stopping = threading.Event()

    @property
    def url(self) -> str:
        """The base URL, without a slash at its end; known from `start` on."""
        return f"http://{HOST}:{self._wanted_port}"

    def start(self) -> None:
        """Open the port and serve."""
        self._stopping.clear()
        self._open()

    def stop(self) -> None:
        """Close the port and every connection; a second call does nothing."""
        self._stopping.set()
        self._close()
        with self._lock:
            threads = tuple(self._threads)
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join(STOP_S)

    def restart(self, seconds: float) -> None:
        """Cut every connection and refuse new ones for a while, then open the same port again."""
        self._spawn(lambda: self._down_for(seconds), "restart")

    def _down_for(self, seconds: float) -> None:
        self._close()
        if self._stopping.wait(seconds):
            return
        for _ in range(REOPEN_TRIES):
            try:
                self._open()
            except OSError:
                time.sleep(REOPEN_PAUSE_S)
            else:
                return
        _log.error("port %s could not be opened again", self._wanted_port)

    def _open(self) -> None:
        listening = socket.create_server((HOST, self._wanted_port), backlog=256)
        listening.settimeout(ACCEPT_POLL_S)
        self._wanted_port = listening.getsockname()[1]
        with self._lock:
            self._socket = listening
        self._spawn(lambda: self._accept(listening), "accept")

    def _close(self) -> None:
        with self._lock:
            listening, self._socket = self._socket, None
            connections = tuple(self._connections)
        if listening is not None:
            with contextlib.suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            listening.close()
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _spawn(self, work: Callable[[], None], name: str) -> None:
        def run() -> None:
            try:
                work()
            finally:
                with self._lock:
                    self._threads.discard(thread)

        thread = threading.Thread(target=run, name=f"sandbox-{name}", daemon=True)
        with self._lock:
            self._threads.add(thread)
        thread.start()

    def _accept(self, listening: socket.socket) -> None:
        while self._socket is listening:
            try:
                connection, _ = listening.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            with self._lock:
                is_open = self._socket is listening
                if is_open:
                    self._connections.add(connection)
            if not is_open:
                connection.close()
                return
            self._spawn(lambda connection=connection: self._serve(connection), "connection")  # type: ignore[misc]

    def _serve(self, connection: socket.socket) -> None:
        try:
            connection.settimeout(IDLE_S)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with connection.makefile("rb", buffering=65_536) as stream:
                while self._one(cast("BinaryIO", stream), connection):
                    pass
        except OSError as error:
            _log.debug("a client left: %s", error)
        finally:
            with self._lock:
                self._connections.discard(connection)
            _close_connection(connection)

    def _one(self, stream: BinaryIO, connection: socket.socket) -> bool:
        """Serve one request; whether the connection stays open for another."""
        try:
            came = read_request(stream, connection)
        except NotHttp as error:
            refusal = SandboxResponse.json(error.status, {"detail": str(error)})
            connection.sendall(b"".join(answer_bytes(refusal, head_only=False, keep_open=False)))
            return False
        if came is None:
            return False
        request, keep_open = came
        delivery = self._answer(request)
        if delivery.response is None:
            return False
        keep_open = keep_open and delivery.body_bytes is None
        head, body = answer_bytes(delivery.response, head_only=request.method == "HEAD", keep_open=keep_open)
        connection.sendall(head + body[: delivery.body_bytes])
        return keep_open

    def _answer(self, request: SandboxRequest) -> Delivery:
        try:
            return self._deliver(request)
        except Exception:  # noqa: BLE001 - one defect must not take the server down
            # A defect of the sandbox must look like a server's 500 to the client, and be seen here.
            _log.exception("%s %s failed in the sandbox", request.method, request.path)
            broken = SandboxResponse.json(500, {"detail": "the sandbox itself failed; see its log"})
            return Delivery(response=broken)


def _close_connection(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()

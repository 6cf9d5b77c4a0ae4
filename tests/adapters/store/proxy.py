"""A wire between client and server that breaks at a chosen commit."""

from __future__ import annotations

import shutil
import socket
import tempfile
import threading
from pathlib import Path
from types import TracebackType

from sqlalchemy.engine import URL

_COMMIT = b"COMMIT\0"  # not the word in BEGIN ISOLATION LEVEL READ COMMITTED


class Proxy:
    """Passes bytes on; `break_next_commit` cuts one connection when a commit comes by.

    With `reaches` the server still gets the commit, and only its answer is lost.
    """

    def __init__(self, server: URL) -> None:
        self._server = server
        self._folder = Path(tempfile.mkdtemp(prefix="ml-proxy-", dir="/tmp"))
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self._folder / ".s.PGSQL.5432"))
        self._listener.listen()
        self._threads = [threading.Thread(target=self._accept)]
        self._reaches: bool | None = None
        self.broken = 0

    @property
    def url(self) -> str:
        """The URL of the server by way of this wire."""
        return self._server.set(host=None, port=None, query={"host": str(self._folder)}).render_as_string(False)

    def break_next_commit(self, *, reaches: bool) -> None:
        """Cut the connection that commits next."""
        self._reaches = reaches

    def __enter__(self) -> Proxy:
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        for thread in list(self._threads):
            thread.join(timeout=20)
        self._listener.close()
        shutil.rmtree(self._folder)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(client,))
            self._threads.append(thread)
            thread.start()

    def _connect(self) -> socket.socket:
        folder = self._server.query.get("host")
        if isinstance(folder, str):
            server = socket.socket(socket.AF_UNIX)
            server.connect(f"{folder}/.s.PGSQL.{self._server.port or 5432}")
            return server
        return socket.create_connection((self._server.host or "127.0.0.1", self._server.port or 5432))

    def _serve(self, client: socket.socket) -> None:
        with client, self._connect() as server:
            back = threading.Thread(target=_pass_on, args=(server, client))
            back.start()
            while sent := client.recv(65536):
                if _COMMIT in sent and self._reaches is not None:
                    reaches, self._reaches = self._reaches, None
                    self.broken += 1
                    client.shutdown(socket.SHUT_RDWR)  # before the commit: its answer must not get through
                    if reaches:
                        server.sendall(sent)
                    break
                server.sendall(sent)
            server.shutdown(socket.SHUT_WR)
            back.join()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    while True:
        try:
            received = source.recv(65536)
            if not received:
                target.shutdown(socket.SHUT_WR)
                return
            target.sendall(received)
        except OSError:
            return

"""The benchmark's two systems from outside: started, told what to play, asked what came, and measured bare."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.benchmarks.http_site import HOST

ROOT = Path(__file__).resolve().parents[2]
FEED = "/v1/accounting/ledger_entries/"


class Systems:
    """The process of the two servers; use it in a `with`."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.serve"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.airbase_port, self.epicor_port, self._port = map(int, self._process.stdout.readline().split())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    @property
    def airbase_url(self) -> str:
        """Where the feed is."""
        return f"http://{HOST}:{self.airbase_port}"

    @property
    def epicor_url(self) -> str:
        """Where the target is, up to its instance."""
        return f"http://{HOST}:{self.epicor_port}/bench"

    def scene(self, **scene: Any) -> None:
        """Begin anew with this scene (see `serve.Control`)."""
        self._ask("POST", "/scene", scene)

    def change(self, **scene: Any) -> None:
        """Change what is played from now on, and count requests anew."""
        self._ask("POST", "/change", scene)

    def told(self) -> dict[str, Any]:
        """What came so far."""
        return self._ask("GET", "/told", None)

    def _ask(self, method: str, path: str, body: Any) -> dict[str, Any]:
        connection = http.client.HTTPConnection(HOST, self._port, timeout=60)
        try:
            connection.request(method, path, body=json.dumps(body) if body is not None else None)
            answer: dict[str, Any] = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        return answer

    def reach(self, port: int, method: str, path: str, body: bytes | None, *, count: int, at_once: int) -> float:
        """Requests a second that a bare client gets answered, so many at once: what the server itself can do."""
        began = time.monotonic()
        threads = [
            threading.Thread(target=_hammer, args=(port, method, path, body, count // at_once))
            for _ in range(at_once)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return count / (time.monotonic() - began)


def _hammer(port: int, method: str, path: str, body: bytes | None, count: int) -> None:
    connection = http.client.HTTPConnection(HOST, port, timeout=60)
    for _ in range(count):
        connection.request(method, path, body=body)
        connection.getresponse().read()
    connection.close()

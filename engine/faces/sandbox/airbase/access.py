"""Who may call the sandbox's Airbase, and how often."""

from __future__ import annotations

import math
import secrets
import threading
import time
from collections.abc import Callable, Mapping

from engine.faces.sandbox.exchange import SandboxResponse

RATE_LIMIT = 500
RATE_WINDOW_S = 60.0


class Tokens:
    """The one token that is accepted, by default as `Authorization: Token KEY`."""

    def __init__(self, token: str, *, scheme: str = "Token") -> None:
        self._token: str | None = token
        self._scheme = scheme
        self._number = 1

    @property
    def number(self) -> int:
        """Counts the tokens made in the portal; sent as `X-Airbase-Auth-Token-Id`."""
        return self._number

    def rotate(self, token: str | None = None) -> str:
        """Replace the token, as a person does in the portal; the old one stops working at once."""
        self._token = token or secrets.token_hex(20)
        self._number += 1
        return self._token

    def expire(self) -> None:
        """Accept nothing until the token is rotated."""
        self._token = None

    def refusal(self, headers: Mapping[str, str]) -> SandboxResponse | None:
        """The answer to a caller without the token; None lets it pass."""
        scheme, _, key = headers.get("authorization", "").partition(" ")
        if scheme != self._scheme or not key:
            return self._unauthorized("Authentication credentials were not provided.")
        if self._token is None or not secrets.compare_digest(key.strip().encode(), self._token.encode()):
            return self._unauthorized("Invalid token.")
        return None

    def _unauthorized(self, message: str) -> SandboxResponse:
        return SandboxResponse.json(401, {"detail": message}, WWW_Authenticate=self._scheme)


class RateLimit:
    """Counts calls in a fixed window; refuses only when `enforced`, since Airbase's window is not known."""

    def __init__(
        self,
        *,
        limit: int = RATE_LIMIT,
        window_s: float = RATE_WINDOW_S,
        enforced: bool = False,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self.limit = limit
        self.window_s = window_s
        self.enforced = enforced
        self._seconds = seconds
        self._lock = threading.Lock()
        self._began = seconds()
        self._used = 0

    def count(self) -> tuple[dict[str, str], SandboxResponse | None]:
        """The headers of this call, and the 429 when it is one too many."""
        with self._lock:
            now = self._seconds()
            if now - self._began >= self.window_s:
                self._began, self._used = now, 0
            self._used += 1
            over = self._used > self.limit
            wait_s = math.ceil(self.window_s - (now - self._began))
            remaining = max(0, self.limit - self._used)
        headers = {"X-Ratelimit-Limit": str(self.limit), "X-Ratelimit-Remaining": str(remaining)}
        if not (over and self.enforced):
            return headers, None
        message = f"Request was throttled. Expected available in {wait_s} seconds."
        return headers, SandboxResponse.json(429, {"detail": message}, Retry_After=str(wait_s))

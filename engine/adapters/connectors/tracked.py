"""A key that a person rotates by hand in a portal: there is no renewal, so it is watched.

Its successor may be kept beside it beforehand, and takes over at the first 401. A key that was refused is not
sent again, so that a paused connection does not hammer the system; after a while it is tried once more, since
a 401 may have been a passing fault, and a key that is set meanwhile is used at once.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator

from engine.adapters.connectors.auth import (
    Credentials,
    CredentialWatch,
    Headers,
    Keyring,
    LoginFlow,
    LoginRefused,
)
from engine.wire.request import Response
from engine.words.clock import Clock
from engine.words.secret import Secret

AGAIN_S = 300
HEARD_S = 60
TOKEN_ID = "x-airbase-auth-token-id"  # noqa: S105 - the name of a header


class Tracked:
    """`Authorization: SCHEME KEY` with the present key, or the one that waits to take over."""

    def __init__(
        self,
        credentials: Credentials,
        watch: CredentialWatch | None,
        clock: Clock,
        *,
        connection: str,
        field: str,
        scheme: str,
    ) -> None:
        self._keyring = Keyring(credentials)
        self._watch = watch
        self._clock = clock
        self._connection = connection
        self._field = field
        self._scheme = scheme
        self._refused: dict[Secret, float] = {}
        self._heard: dict[str, tuple[str, float]] = {}
        self._lock = threading.Lock()

    def headers(self) -> LoginFlow:
        """The header of the first key that was not refused; LoginRefused when all were."""
        yield from ()
        with self._lock:
            for secret in self._keys():
                if not self._is_refused(secret):
                    return self._header(secret)
        raise LoginRefused(self.paused)

    def renew(self, used: Headers) -> bool:
        """Whether there is another key to try, set or stored meanwhile or before."""
        with self._lock:
            return any(
                not self._is_refused(secret) and not used.items() >= self._header(secret).items()
                for secret in self._keys()
            )

    def answered(self, used: Headers, response: Response) -> None:
        """Remember which keys are refused, and tell the watch."""
        if (response.status != 401 and not 200 <= response.status < 300) or self._is_known(used, response):
            return
        with self._lock:
            secret = next((one for one in self._keys() if used.items() >= self._header(one).items()), None)
            if secret is None:
                return
            if response.status == 401:
                self._refused[secret] = self._clock.instant().seconds
            elif self._is_late(secret):
                return
            else:
                self._refused.pop(secret, None)
            if self._watch is None:
                return
            if response.status == 401:
                self._watch.refused(self._field, secret)
            else:
                self._watch.accepted(self._field, secret, response.headers.get(TOKEN_ID, ""))

    def hidden(self) -> tuple[str, ...]:
        """Every key used so far."""
        return self._keyring.hidden()

    @property
    def paused(self) -> str:
        """What is told while no key is accepted."""
        return (
            f"{self._connection} is paused: its {self._field} is not accepted, and there is no next one that is. "
            "Nothing was refused and nothing is lost: the records wait, and the next run goes on from there. "
            f"Make a new one in its portal and run `ml-connector credentials set {self._connection} {self._field}`"
        )

    def _keys(self) -> Iterator[Secret]:
        present = self._keyring.held(self._field)
        if self._is_refused(present):
            self._keyring.look_again()
            present = self._keyring.held(self._field)
        yield present
        waiting = self._watch.upcoming(self._field) if self._watch is not None else None
        if waiting is not None:
            yield waiting

    def _is_refused(self, secret: Secret) -> bool:
        since = self._refused.get(secret)
        return since is not None and self._clock.instant().seconds - since < AGAIN_S

    def _is_late(self, secret: Secret) -> bool:
        """Whether a key was just refused: then what accepts it is the answer to a call that left before."""
        since = self._refused.get(secret)
        return since is not None and self._clock.instant().seconds - since < HEARD_S

    def _is_known(self, used: Headers, response: Response) -> bool:
        """Whether the same was heard of this key a moment ago; asking the vault at every answer would be dear."""
        if response.status == 401:
            self._heard.clear()
            return False
        now_s, token_id = self._clock.instant().seconds, response.headers.get(TOKEN_ID, "")
        name = used.get("Authorization", "")
        heard = self._heard.get(name)
        if heard is not None and heard[0] == token_id and now_s - heard[1] < HEARD_S:
            return True
        self._heard[name] = (token_id, now_s)
        return False

    def _header(self, secret: Secret) -> dict[str, str]:
        return {"Authorization": f"{self._scheme} {self._keyring.header_text(self._field, secret)}"}

"""Logging in: who we are, as headers. A login that needs requests is a generator of them.

`headers()` yields requests to a login server, is sent their responses, and returns the headers to add;
it is testable without a network. This is the module that reveals secrets, and no other does.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from engine.wire.request import Request, Response
from engine.wire.wording import word_error
from engine.words.clock import Clock
from engine.words.errors import CredentialsError, Unreachable
from engine.words.json_value import NotJson
from engine.words.secret import Secret

Headers = Mapping[str, str]
LoginFlow = Generator[Request, Response, Headers]

LIFETIME_S = 3600
RENEW_EARLY_S = 300


class Credentials(Protocol):
    """The secrets of one connection, wherever they are kept."""

    def get(self, field: str) -> Secret:
        """One secret, as it was a moment ago at the earliest.

        Raises:
            CredentialsError: it is not set; the message says how to set it.
        """
        ...

    def look_again(self) -> None:
        """Give from now on what is kept at this moment: what was given may have been replaced."""
        ...


class CredentialWatch(Protocol):
    """Hears how a tracked credential fares, and knows of the one that waits to take over."""

    def upcoming(self, field: str) -> Secret | None:
        """The credential that takes over when the present one is refused; None when there is none."""
        ...

    def accepted(self, field: str, used: Secret, token_id: str) -> None:
        """The system accepted it; the one that waited takes over for good. `token_id` is the system's own name."""
        ...

    def refused(self, field: str, used: Secret) -> None:
        """The system refused it."""
        ...


class LoginRefused(CredentialsError):
    """Our credentials are not accepted: by the login server now, or by the system before."""


class Auth(Protocol):
    """A way to log in; safe from several threads."""

    def headers(self) -> LoginFlow:
        """The headers of a signed request.

        Raises:
            CredentialsError: a credential is missing, or (LoginRefused) not accepted.
            Unreachable: the login server answered with something else.
        """
        ...

    def renew(self, used: Headers) -> bool:
        """After a 401 to these headers: whether other headers may be had now."""
        ...

    def answered(self, used: Headers, response: Response) -> None:
        """Hear what came of a request with these headers."""
        ...

    def hidden(self) -> tuple[str, ...]:
        """Every secret text used so far, so that none of them is shown."""
        ...


class Keyring:
    """The credentials of one connection, and a memory of every secret text they gave, for masking."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._met: dict[str, None] = {}

    def public(self, name: str) -> str:
        """A credential that is no secret by itself, such as a user name.

        Raises:
            CredentialsError: it is missing or empty.
        """
        text = self._credentials.get(name).reveal()
        if not text:
            raise CredentialsError(f"the credential '{name}' is empty; set it again")
        return text

    def secret(self, name: str) -> str:
        """A secret credential. Raises as `public` does."""
        text = self.public(name)
        self.remember(text)
        return text

    def header_secret(self, name: str) -> str:
        """A secret that goes into a header as it is. Raises as `public` does, and for unsendable signs."""
        return self.header_text(name, self._credentials.get(name))

    def held(self, name: str) -> Secret:
        """A credential as it is kept. Raises as `public` does."""
        return self._credentials.get(name)

    def header_text(self, name: str, secret: Secret) -> str:
        """A secret as it goes into a header.

        Raises:
            CredentialsError: it is empty, or has signs that cannot be sent.
        """
        text = secret.reveal()
        if not text:
            raise CredentialsError(f"the credential '{name}' is empty; set it again")
        self.remember(text)
        check_header(name, text)
        return text

    def look_again(self) -> None:
        """Give the credentials as they are at this moment."""
        self._credentials.look_again()

    def remember(self, text: str) -> None:
        """Hide this text from now on."""
        self._met[text] = None

    def hidden(self) -> tuple[str, ...]:
        """Every secret text met so far."""
        return tuple(self._met)


class Static:
    """Headers made from credentials alone, for each request, so that a new key works at once."""

    def __init__(self, make: Callable[[Keyring], Headers], keyring: Keyring) -> None:
        self._make = make
        self._keyring = keyring

    def headers(self) -> LoginFlow:
        """The headers; no request is needed."""
        yield from ()
        return self._make(self._keyring)

    def renew(self, used: Headers) -> bool:
        """Whether the credentials were changed since."""
        self._keyring.look_again()
        return any(used.get(name) != value for name, value in self._make(self._keyring).items())

    def answered(self, used: Headers, response: Response) -> None:
        """Nothing is kept."""

    def hidden(self) -> tuple[str, ...]:
        """The secrets and what was made from them."""
        return self._keyring.hidden()


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token that runs out; `good_until_s` is a reading of the monotonic clock."""

    text: str = field(repr=False)
    refresh: str | None = field(repr=False)
    good_until_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """How a token is asked for, and how it is renewed where the login server allows that."""

    first: Callable[[], Request]
    again: Callable[[str], Request] | None = None


class Expiring:
    """`Authorization: Bearer` with a token from a login server, got by one caller while the others wait."""

    def __init__(self, grant: Grant, keyring: Keyring, clock: Clock) -> None:
        self._grant = grant
        self._keyring = keyring
        self._clock = clock
        self._token: Token | None = None
        self._refresh: str | None = None
        self._refusals: list[str] = []
        self._lock = threading.Lock()

    def headers(self) -> LoginFlow:
        """The bearer header, after asking for a token where there is none or it is about to run out.

        Callers that wait while one asks share its fate: each asking again after a refusal would lock a user out.
        """
        refusals = len(self._refusals)
        with self._lock:
            if self._token is None or self._clock.instant().seconds >= self._token.good_until_s:
                if len(self._refusals) > refusals:
                    raise LoginRefused(self._refusals[-1])
                self._token = yield from self._obtain()
            return {"Authorization": f"Bearer {self._token.text}"}

    def renew(self, used: Headers) -> bool:
        """Forget the token that was refused, unless another caller has replaced it already."""
        with self._lock:
            if self._token is not None and used.get("Authorization") == f"Bearer {self._token.text}":
                self._token = None
        return True

    def answered(self, used: Headers, response: Response) -> None:
        """Nothing is kept: a token that is refused is told to `renew`."""

    def hidden(self) -> tuple[str, ...]:
        """The credentials and every token so far; few, since each lives for long."""
        return self._keyring.hidden()

    def _obtain(self) -> Generator[Request, Response, Token]:
        self._keyring.look_again()
        if self._refresh is not None and self._grant.again is not None:
            asked, self._refresh = self._refresh, None
            response = yield self._grant.again(asked)
            if response.status == 200:
                return self._keep(response)
        response = yield self._grant.first()
        return self._keep(response)

    def _keep(self, response: Response) -> Token:
        try:
            token = read_token(response, self._clock.instant().seconds)
        except LoginRefused as error:
            self._refusals.append(str(error))
            raise
        self._refresh = token.refresh
        for text in (token.text, token.refresh):
            if text:
                self._keyring.remember(text)
        return token


class Together:
    """Several logins at once, such as an API key beside a token."""

    def __init__(self, *parts: Auth) -> None:
        self._parts = parts

    def headers(self) -> LoginFlow:
        """The headers of all parts."""
        made: dict[str, str] = {}
        for part in self._parts:
            made |= yield from part.headers()
        return made

    def renew(self, used: Headers) -> bool:
        """Whether any part may give other headers now."""
        # Each part is asked, so that a token is forgotten even when the key was changed as well.
        renewed = [part.renew(used) for part in self._parts]
        return any(renewed)

    def answered(self, used: Headers, response: Response) -> None:
        """Each part hears it."""
        for part in self._parts:
            part.answered(used, response)

    def hidden(self) -> tuple[str, ...]:
        """The secrets of all parts."""
        return tuple(text for part in self._parts for text in part.hidden())


def check_header(name: str, text: str) -> None:
    """Do nothing for a text that can stand in a header.

    Raises:
        CredentialsError: it has spaces around it, line breaks, or signs that headers do not allow.
    """
    if text != text.strip() or not (text.isascii() and text.isprintable()):
        raise CredentialsError(
            f"the credential '{name}' has spaces around it, line breaks or signs that cannot be sent; set it again"
        )


def read_token(response: Response, now_s: float) -> Token:
    """The token in a login server's answer; renewed five minutes early, or half-way when it lives short.

    Raises:
        LoginRefused: it does not accept our credentials.
        Unreachable: it answered with something else.
    """
    if response.status in (400, 401, 403):
        raise LoginRefused(f"the login was refused: {word_error(response).sentence}")
    if response.status != 200:
        raise Unreachable(f"the login server answered {response.status}: {word_error(response).sentence}")
    try:
        body = response.json()
    except NotJson as error:
        raise Unreachable("the login server answered with something that is not JSON") from error
    fields = body if isinstance(body, dict) else {}
    named = {str(key).replace("_", "").casefold(): value for key, value in fields.items()}
    text, refresh = named.get("accesstoken"), named.get("refreshtoken")
    if not isinstance(text, str) or not text or not (text.isprintable() and text.isascii()):
        raise Unreachable("the login server answered without a token")
    lifetime_s = _seconds(named.get("expiresin"))
    return Token(
        text=text,
        refresh=refresh if isinstance(refresh, str) and refresh else None,
        good_until_s=now_s + max(lifetime_s - RENEW_EARLY_S, lifetime_s / 2),
    )


def _seconds(value: object) -> int:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and 0 < int(text) < 10**9 else LIFETIME_S

"""Webhooks: proven before they are looked into, kept before they are answered. Nothing is entered from them."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from engine.adapters.store.inbox import NewEvent
from engine.domain.signature_rule import FRESH_S
from engine.faces.service.answer import Answer
from engine.faces.service.heard import ActiveSecrets, HeardWorkspace
from engine.faces.service.keeping import Keeper
from engine.language.spec.webhooks import WebhookSettings
from engine.language.transform.select import SelectError, Selector
from engine.wire.masking import mask_value
from engine.wire.webhook import Headers, Proof, header_of, is_one_of, prove
from engine.wiring.logs import get_log
from engine.words.clock import Clock
from engine.words.errors import CredentialsError, LedgerError
from engine.words.json_value import NotJson, decode

BODY_S = 10.0
"""Seconds in which a whole body must have come."""

ID_MAX = 200
KIND_MAX = 100
DEPTH_MAX = 50
RETRY_S = 5

Tell = Callable[[str, str, Answer], None]
"""Hears of every answer: workspace, connection (both empty for an unknown address), and what it was."""

_REFUSED = {Proof.UNSIGNED: Answer.UNSIGNED, Proof.FORGED: Answer.FORGED, Proof.STALE: Answer.STALE}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Addressed:
    """Whom a request is for: a connection that hears, and the secret in the address, if one stands there."""

    heard: HeardWorkspace
    connection: str
    settings: WebhookSettings
    secret: str | None


class Hearing:
    """Answers `POST /webhooks/{workspace}/{connection}[/{secret}]`; safe for many requests at once."""

    def __init__(
        self, heard: Sequence[HeardWorkspace], *, clock: Clock, wake: Callable[[], None], tell: Tell
    ) -> None:
        self._heard = {one.name: one for one in heard}
        self._keepers = {one.name: Keeper(one.inbox) for one in heard}
        self._secrets = ActiveSecrets(clock)
        self._clock = clock
        self._wake = wake
        self._tell = tell
        self._log = get_log()

    async def hear(self, request: Request) -> Response:
        """Carry out one request."""
        to = self._addressed(request.path_params["address"].split("/"))
        answer = Answer.NO_ADDRESS if to is None else await self._answer(to, request)
        names = (to.heard.name, to.connection) if to is not None else ("", "")
        self._tell(*names, answer)
        if not answer.is_taken:
            self._log.warning(
                "webhook refused", workspace=names[0], connection=names[1], answer=answer.value, status=answer.status
            )
            retry = {"retry-after": str(RETRY_S)} if answer is Answer.NOT_KEPT else {}
            return Response(status_code=answer.status, headers=retry)
        return JSONResponse({"event": answer.value}, status_code=answer.status)

    def _addressed(self, parts: Sequence[str]) -> _Addressed | None:
        heard = self._heard.get(parts[0])
        settings = heard.webhooks(parts[1]) if heard is not None and len(parts) in (2, 3) else None
        if heard is None or settings is None or (len(parts) == 3) is (settings.signature is not None):
            return None
        return _Addressed(
            heard=heard, connection=parts[1], settings=settings, secret=parts[2] if len(parts) == 3 else None
        )

    async def _answer(self, to: _Addressed, request: Request) -> Answer:
        headers = [(key.decode("latin-1").lower(), value.decode("latin-1")) for key, value in request.headers.raw]
        try:
            secrets = self._secrets.of(to.heard, to.connection)
            if to.secret is not None and not is_one_of(to.secret, secrets):
                return Answer.NO_ADDRESS
            if not _is_json(headers):
                return Answer.WRONG_TYPE
            body = await _read(request, to.settings.body_max_bytes)
            if isinstance(body, Answer):
                return body
            rule = to.settings.signature
            if rule is not None:
                proof = prove(rule, headers, body, secrets, self._clock.now())
                if proof is not Proof.PROVEN:
                    return _REFUSED[proof]
            event = _event(to, headers, body)
            if event is None:
                return Answer.NOT_JSON
            is_new = await self._keepers[to.heard.name].keep(event)
        except (CredentialsError, LedgerError) as error:
            # Ours to mend: the source is asked to send it again.
            self._log.error("a webhook cannot be kept", workspace=to.heard.name, error=str(error))
            return Answer.NOT_KEPT
        self._wake()
        return Answer.ACCEPTED if is_new else Answer.KNOWN


def _is_json(headers: Headers) -> bool:
    kind = header_of(headers, "content-type").partition(";")[0].strip().casefold()
    is_json = kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))
    return is_json and header_of(headers, "content-encoding").casefold() in ("", "identity")


async def _read(request: Request, most_bytes: int) -> bytes | Answer:
    """The body, given up as soon as it is too large or too slow."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > most_bytes:
        return Answer.TOO_LARGE
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_S):
            async for part in request.stream():
                body += part
                if len(body) > most_bytes:
                    return Answer.TOO_LARGE
    except (TimeoutError, ClientDisconnect):
        return Answer.TOO_SLOW  # it did not come whole, and need not be told of by more than a line
    return bytes(body)


def _event(to: _Addressed, headers: Headers, body: bytes) -> NewEvent | None:
    """The event in a proven body; None when it is no JSON object."""
    try:
        content = decode(body)
    except NotJson:
        return None
    if not isinstance(content, dict) or _is_deep(content):
        return None
    rule = to.settings.signature
    named = header_of(headers, rule.id_header) if rule is not None and rule.id_header else ""
    event_id = named or _word(to.settings.event_id, content)
    again_after = None
    if not event_id:
        event_id = f"body {hashlib.sha256(body).hexdigest()}"
        again_after = timedelta(seconds=rule.fresh_s if rule is not None else FRESH_S)
    elif len(event_id) > ID_MAX:
        event_id = f"long {hashlib.sha256(event_id.encode('utf-8', 'surrogatepass')).hexdigest()}"
    return NewEvent(
        connection=to.connection,
        event_id=event_id,
        kind=_word(to.settings.event_kind, content)[:KIND_MAX],
        payload=mask_value(content),
        again_after=again_after,
    )


def _is_deep(content: Any) -> bool:
    """Whether lists and objects stand in one another deeper than any event has them."""
    level = [content]
    for _ in range(DEPTH_MAX):
        inner = (value.values() if isinstance(value, dict) else value for value in level)
        level = [value for values in inner for value in values if isinstance(value, (dict, list))]
        if not level:
            return False
    return True


def _word(selector: Selector, content: Any) -> str:
    """What the path finds, when it is a text or a whole number; empty otherwise."""
    try:
        found = selector(content)
    except SelectError:
        return ""
    if isinstance(found, bool) or not isinstance(found, (str, int)):
        return ""
    return str(found).strip()

"""From an exchange to what the engine is told: an `Answer` for a call, an exception for a read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from engine.adapters.connectors.driver import Exchange
from engine.adapters.connectors.port import Answer
from engine.domain.outcome import Proof
from engine.wire.masking import mask_headers, mask_text, mask_value, may_hold_secrets, shorten
from engine.wire.request import Response
from engine.wire.wording import not_json_sentence, plain, word_error
from engine.words.errors import CredentialsError, Unreachable
from engine.words.json_value import NotJson


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a response proves, in the dialect of its system; see `Answer` for the fields."""

    proof: Proof
    message: str = ""
    passing: bool = False
    retry_after_s: float | None = None


Judge = Callable[[Response], Judgement]


class Refused(CredentialsError):
    """Our login or our rights are not accepted; `status` is None when the login server itself refused us."""

    def __init__(self, message: str, *, status: int | None, said: str) -> None:
        super().__init__(message)
        self.status = status
        self.said = said


class BadAnswer(Unreachable):
    """No answer, or not one that can be used; `own` says that it came in the system's own words."""

    def __init__(self, message: str, *, status: int | None = None, said: str = "", own: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.said = said
        self.own = own


def judge_success(response: Response) -> Judgement:
    """A 2xx is a success when it is JSON or nothing; a web page with status 200 proves nothing."""
    if not response.body.strip():
        return Judgement(proof=Proof.EFFECT)
    try:
        response.json()
    except NotJson:
        came = not_json_sentence(response)
        return Judgement(proof=Proof.NONE, message=f"status {response.status} with {came}")
    return Judgement(proof=Proof.EFFECT)


def judge_json_api(response: Response) -> Judgement:
    """The usual reading of a JSON API: what is refused with its own error body had no effect."""
    status = response.status
    if 200 <= status < 300:
        return judge_success(response)
    if 300 <= status < 400:
        return Judgement(proof=Proof.NONE, message=redirect_sentence(response))
    worded = word_error(response)
    if status in (401, 403, 429):
        return Judgement(proof=Proof.NO_EFFECT, message=worded.sentence, passing=True)
    refused = status in (400, 404, 405, 409, 422) and worded.own
    return Judgement(proof=Proof.NO_EFFECT if refused else Proof.NONE, message=worded.sentence)


def redirect_sentence(response: Response) -> str:
    """A redirect in words, without the query, which may hold a session."""
    target = urlsplit(response.headers.get("location", ""))
    place = f"{target.scheme}://{target.netloc}{target.path}" if target.netloc else target.path
    to = f" to {plain(place, 200)}" if place else ""
    return f"the address redirects{to}; base_url must be the address itself, and redirects are not followed"


def as_answer(exchange: Exchange, judge: Judge, *, hidden: Iterable[str], retry_after_s: float | None) -> Answer:
    """The answer of a call, with what the audit trail keeps of it; `retry_after_s` is the wait named in a header."""
    known = tuple(hidden)
    response = exchange.response
    if response is None:
        trouble = mask_text(exchange.trouble, known)
        return Answer(
            proof=Proof.NONE if exchange.sent else Proof.NOT_SENT,
            status=None,
            message=plain(trouble),
            passing=not exchange.sent,
            response={"trouble": plain(trouble)},
        )
    judged = judge(response)
    return Answer(
        proof=judged.proof,
        status=response.status,
        body=_json_or_none(response),
        message=mask_text(judged.message, known),
        passing=judged.passing,
        retry_after_s=retry_after_s if retry_after_s is not None else judged.retry_after_s,
        response=show_response(response, known),
    )


def read_body(name: str, exchange: Exchange, judge: Judge, hidden: Iterable[str]) -> Any:
    """The JSON that a read brought.

    Raises:
        CredentialsError: the system does not accept our login.
        Unreachable: anything else went wrong; the sentence says what was asked and what came.
    """
    known = tuple(hidden)
    response = exchange.response
    asked = f"{name}: {exchange.request.method} {mask_text(exchange.request.path, known)}"
    if response is None:
        said = plain(mask_text(exchange.trouble, known))
        if exchange.login:
            raise Refused(f"{asked}: {said}", status=None, said=said)
        raise BadAnswer(f"{asked}: {said}", said=said)
    if 200 <= response.status < 300:
        try:
            return response.json()
        except NotJson:
            said = mask_text(not_json_sentence(response), known)
            raise BadAnswer(
                f"{asked}: status {response.status} with {said}", status=response.status, said=said
            ) from None
    said = mask_text(judge(response).message, known)
    if response.status == 401:
        raise Refused(f"{asked}: {login_sentence(name, said)}", status=401, said=said)
    if response.status == 403:
        advice = "the user or key needs the right to read this"
        raise Refused(f"{asked}: access was denied (403: {said}); {advice}", status=403, said=said)
    raise BadAnswer(
        f"{asked}: status {response.status}: {said}", status=response.status, said=said, own=word_error(response).own
    )


def login_sentence(name: str, said: str) -> str:
    """What is told when a system does not accept who we are."""
    return (
        f"the login was refused (401: {said}); `ml-connector ping {name}` finds out what is wrong with it, and "
        f"`ml-connector credentials set {name} …` sets it anew; what was to be sent waits"
    )


def show_response(response: Response, hidden: Iterable[str]) -> dict[str, Any]:
    """A response as the audit trail keeps it; text that is not JSON is cut."""
    known = tuple(hidden)
    try:
        body = response.json()
        if may_hold_secrets(response.body, known):
            body = mask_value(body, known)
    except NotJson:
        body = shorten(mask_text(response.body[:20_000].decode("utf-8", errors="replace"), known))
    return {
        "status": response.status,
        "headers": mask_headers(response.headers, known),
        "elapsed_ms": round(response.elapsed_s * 1000),
        "body": body,
    }


def _json_or_none(response: Response) -> Any:
    try:
        return response.json()
    except NotJson:
        return None

"""What an error body says, as one plain sentence; HTML and control characters never get through."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engine.wire.masking import is_secret_name
from engine.wire.request import Response
from engine.words.json_value import NotJson

SENTENCE_MAX = 600
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_TITLE = re.compile(r"<title[^<>]*>", re.IGNORECASE)
_TITLE_END = re.compile(r"</title>", re.IGNORECASE)
_TITLE_MAX = 2000
_MARKUP = re.compile(r"^\s*(<!doctype|<html|<head|<body|<\?xml|<[a-z])", re.IGNORECASE)
_PHRASES = {
    400: "bad request",
    401: "not logged in",
    403: "not allowed",
    404: "not found",
    405: "method not allowed",
    408: "the request took too long",
    409: "conflict",
    410: "gone",
    413: "the request is too large",
    414: "the address is too long",
    422: "the values are not accepted",
    429: "too many requests",
    500: "internal error",
    502: "bad gateway",
    503: "not available",
    504: "gateway time-out",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """An error in words. `own` says that the body is the system's own error body and not a proxy's page."""

    sentence: str
    own: bool
    error_type: str = ""
    correlation: str = ""


def plain(text: str, most: int = SENTENCE_MAX) -> str:
    """Text from outside for a person: one line, no control characters, bounded."""
    line = " ".join(_CONTROL.sub(" ", text).split())
    return line if len(line) <= most else f"{line[:most]}…"


def word_error(response: Response) -> Wording:
    """The sentence in an error response, whatever dialect it is written in."""
    text = response.body[:200_000].decode("utf-8", errors="replace").strip()
    if "<ApiExceptionResponse" in text[:400]:
        return _xml_exception(text)
    try:
        body = response.json()
    except NotJson:
        return Wording(sentence=_not_json(response, text), own=False)
    if isinstance(body, Mapping):
        return _object(body, response.status)
    if isinstance(body, list) and body and all(isinstance(entry, str) for entry in body):
        return Wording(sentence=plain("; ".join(body)), own=True)
    return Wording(sentence=_phrase(response.status), own=False)


def not_json_sentence(response: Response) -> str:
    """What came instead of JSON, in words."""
    if not response.body:
        return "an empty body instead of JSON"
    text = response.body[:4000].decode("utf-8", errors="replace")
    if _MARKUP.match(text):
        title = _title(text)
        return f"a web page instead of JSON{f' (“{title}”)' if title else ''}"
    if text.lstrip()[:1] in ("{", "["):
        return "JSON that breaks off or is damaged"
    return f"text instead of JSON (“{plain(text, 80)}”)"


def _phrase(status: int) -> str:
    return _PHRASES.get(status, f"status {status}")


def _not_json(response: Response, text: str) -> str:
    phrase = _phrase(response.status)
    if not text:
        return f"{phrase} (empty answer)"
    if _MARKUP.match(text):
        title = _title(text)
        return f"{phrase} (a web page{f' titled “{title}”' if title else ''})"
    if text[:1] in ("{", "["):
        return f"{phrase} (JSON that breaks off or is damaged)"
    return plain(text, 300)


def _title(text: str) -> str:
    begin = _TITLE.search(text)
    end = _TITLE_END.search(text, begin.end()) if begin else None
    if begin is None or end is None:
        return ""
    title = text[begin.end() : min(end.start(), begin.end() + _TITLE_MAX)]
    return plain(html.unescape(re.sub(r"<[^>]*>", " ", title)), 120)


def _tag(text: str, name: str) -> str:
    inside, end, _ = text.partition(f"<{name}>")[2].partition(f"</{name}>")
    return plain(html.unescape(inside)) if end else ""


def _xml_exception(text: str) -> Wording:
    sentence = _tag(text, "ErrorMessage") or _tag(text, "ReasonPhrase") or _tag(text, "HttpStatus")
    return Wording(
        sentence=sentence or "an error without a message",
        own="</ApiExceptionResponse>" in text,
        error_type=_tag(text, "ErrorType"),
        correlation=_tag(text, "CorrelationId"),
    )


def _object(body: Mapping[str, Any], status: int) -> Wording:
    if "ErrorMessage" in body or ("HttpStatus" in body and "ReasonPhrase" in body):
        return _rest_exception(body, status)
    error = body.get("error", body.get("odata.error"))
    if isinstance(error, Mapping):
        return _odata_error(error, status)
    if isinstance(error, str):
        described = body.get("error_description")
        return Wording(sentence=plain(f"{error}: {described}" if described else error), own=True)
    if not body:
        return Wording(sentence=_phrase(status), own=False)
    said = "; ".join(_field_errors(body))
    return Wording(sentence=plain(said) or _phrase(status), own=bool(said))


def _rest_exception(body: Mapping[str, Any], status: int) -> Wording:
    sentences = [str(body.get("ErrorMessage") or body.get("ReasonPhrase") or _phrase(status)).strip()]
    details = body.get("ErrorDetails")
    for detail in details if isinstance(details, list) else ():
        if not isinstance(detail, Mapping):
            continue
        where = ".".join(str(detail[key]) for key in ("Table", "Field") if detail.get(key))
        message = str(detail.get("Message") or "").strip()
        if message and message not in sentences:
            sentences.append(f"{message} ({where})" if where else message)
        elif where:
            sentences[sentences.index(message) if message else 0] += f" ({where})"
    return Wording(
        sentence=plain(" ".join(sentences)),
        own=True,
        error_type=str(body.get("ErrorType") or ""),
        correlation=str(body.get("CorrelationId") or ""),
    )


def _odata_error(error: Mapping[str, Any], status: int) -> Wording:
    message = error.get("message")
    if isinstance(message, Mapping):
        message = message.get("value")
    inner = error.get("innererror")
    kind = inner.get("type") if isinstance(inner, Mapping) else None
    return Wording(
        sentence=plain(str(message or _phrase(status))), own=True, error_type=str(kind or error.get("code") or "")
    )


def _field_errors(body: object, field: str = "") -> Iterator[str]:
    if isinstance(body, str):
        yield f"{field}: {body}" if field else body
    elif isinstance(body, Mapping):
        place = f"entity {body['index']}" if isinstance(body.get("index"), int) else ""
        for name, value in body.items():
            if (name == "index" and place) or is_secret_name(str(name)):
                continue
            unnamed = name in ("detail", "message", "non_field_errors", "validation_errors", "errors")
            inner = " ".join(part for part in (field, place, "" if unnamed else str(name)) if part)
            yield from _field_errors(value, inner)
    elif isinstance(body, (list, tuple)):
        for entry in body:
            yield from _field_errors(entry, field)

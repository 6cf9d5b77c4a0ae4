"""Epicor's dialect (REST v2): company in the path, OData reads, methods as POST; nothing is sent here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from engine.adapters.connectors.answers import Judgement, judge_success, redirect_sentence
from engine.adapters.connectors.epicor.catalogue import EpicorCatalogue, FieldKind
from engine.adapters.connectors.port import Call, Match
from engine.adapters.connectors.reading import as_rows
from engine.domain.outcome import Proof
from engine.wire.odata import Condition
from engine.wire.paging import Params, Seen, Turn
from engine.wire.request import Request, Response, path_segment
from engine.wire.wording import Wording, word_error
from engine.words.errors import InputError, Unreachable

PAGING_PARAMS = frozenset({"$top", "$skip", "$count"})
SEAT_WAIT_S = 30.0
FORBIDDEN = 403
NOT_FOUND = 404

_SEATS = ("licenseaccessexception", "maximum users exceeded")
_NO_EFFECT = frozenset({400, 404, 405, 409, 410, 503})


def address(company: str | None, path: str, name: str) -> str:
    """The path of an entity set or method under the company; `efx/Library/Function` is a function.

    Raises:
        InputError: no company is named.
    """
    if not company:
        raise InputError(
            f"{name}: {path} needs a company; the mapping names it under target > company or each_company"
        )
    bare = path.lstrip("/")
    if bare.startswith("efx/"):
        return f"api/v2/efx/{path_segment(company)}/{bare.removeprefix('efx/')}"
    return f"api/v2/odata/{path_segment(company)}/{bare}"


def call_request(call: Call, name: str) -> Request:
    """The request of a call; `call` posts its body to a method, and an absent body is an empty object."""
    posts_method = call.verb == "call"
    body = {} if posts_method and call.body is None else call.body
    return Request.json(
        "POST" if posts_method else call.verb.upper(),
        address(call.company, call.path, name),
        body,
        params=call.params,
        effect=call.effect,
        may_leave=call.may_leave,
    )


def open_page(body: Any, where: str) -> Seen:
    """The rows under `value`.

    Raises:
        Unreachable: the body is something else.
    """
    if not isinstance(body, dict) or "value" not in body:
        raise Unreachable(f"{where}: the answer has no list under 'value'")
    rows = as_rows(body["value"], where)
    total = body.get("@odata.count")
    following = body.get("@odata.nextLink")
    return Seen(
        rows=rows,
        next=following if isinstance(following, str) else None,
        total=int(total) if isinstance(total, (int, str)) and str(total).isdigit() else None,
    )


def order_of(set_name: str, params: Params, catalogue: EpicorCatalogue, name: str) -> str:
    """The key that gives pages a fixed order; without one, rows are lost or doubled between pages.

    Raises:
        InputError: the set is not in the catalogue and the mapping does not say.
    """
    asked = dict(params).get("$orderby")
    keys = tuple(key for key in catalogue.set_keys(set_name) if key != "Company")
    if asked or keys:
        return asked or ",".join(keys)
    raise InputError(
        f"{name} {set_name}: its key is not known here; name it under source > params: {{$orderby: KeyField}}, "
        "so that no row is lost between pages"
    )


def conditions_of(match: Match, set_name: str, catalogue: EpicorCatalogue) -> tuple[Condition, ...] | None:
    """The match as typed values of the set's fields; None when no row can have them."""
    conditions = []
    for field, value in match:
        typed = _typed(value, catalogue.field_kind(set_name, field))
        if typed is None:
            return None
        conditions.append((field, typed))
    return tuple(conditions)


def shown_of(fields: Sequence[str], matches: Sequence[Match], expand: Sequence[str] = ()) -> Params:
    """`$select` of the wanted fields and those compared (none wanted gives whole rows), and `$expand`."""
    expanded = (("$expand", ",".join(expand)),) if expand else ()
    if not fields:
        return expanded
    names = dict.fromkeys((*fields, *(field for match in matches for field, _ in match)))
    return (("$select", ",".join(names)), *expanded)


def turn_request(path: str, params: Params, turn: Turn) -> Request:
    """One page of an entity set."""
    kept = tuple(pair for pair in params if pair[0] != "$orderby")
    return Request.json("GET", path, params=(*kept, *turn.params))


def judge(response: Response) -> Judgement:
    """What an answer proves. Only Epicor's own error body proves that nothing was written; a 500 never does."""
    status = response.status
    if 200 <= status < 300:
        return judge_success(response)
    if 300 <= status < 400:
        return Judgement(proof=Proof.NONE, message=redirect_sentence(response))
    worded = word_error(response)
    if status in (401, 403, 429):
        return Judgement(proof=Proof.NO_EFFECT, message=worded.sentence, passing=True)
    if status not in _NO_EFFECT or not worded.own:
        return Judgement(proof=Proof.NONE, message=_traced(worded))
    if status == 400 and _has(worded, *_SEATS):
        return Judgement(proof=Proof.NO_EFFECT, message=worded.sentence, passing=True, retry_after_s=SEAT_WAIT_S)
    if _says_duplicate(status, worded):
        return Judgement(proof=Proof.DUPLICATE, message=worded.sentence)
    return Judgement(proof=Proof.NO_EFFECT, message=worded.sentence, passing=status in (410, 503))


def _says_duplicate(status: int, worded: Wording) -> bool:
    if status not in (400, 409):
        return False
    return _has(worded, "duplicate") or (status == 409 and not worded.error_type)


def _has(worded: Wording, *signs: str) -> bool:
    text = f"{worded.error_type} {worded.sentence}".casefold()
    return any(sign in text for sign in signs)


def _traced(worded: Wording) -> str:
    if not worded.correlation or worded.correlation in worded.sentence:
        return worded.sentence
    return f"{worded.sentence} (correlation {worded.correlation})"


def _typed(value: Any, kind: FieldKind) -> Any:
    if kind == "text":
        return value.strip() if isinstance(value, str) else _as_text(value)
    if isinstance(value, str):
        text = value.strip()
        if kind == "number":
            return _as_number(text)
        if kind == "flag":
            return {"true": True, "false": False}.get(text.casefold())
        if kind == "date":
            return _as_date(text)
        return _as_guid(text) if kind == "guid" else text
    return value


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _as_number(text: str) -> int | Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    if not number.is_finite() or abs(number.adjusted()) > 30:
        return None
    return int(number) if number == number.to_integral_value() else number


def _as_guid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _as_date(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None

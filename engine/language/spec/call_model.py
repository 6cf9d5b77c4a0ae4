"""The calls of a mapping: one request, what must exist before it, many documents in one, many read in one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.language.transform.body import Body
from engine.language.transform.render import Template
from engine.language.transform.select import Selector
from engine.words.problem import Place

Verb = Literal["call", "get", "post", "put", "patch", "delete"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSpec:
    """One request: the verb, the path (its templated segments are percent-encoded), params and body.

    Of a call that proposes rows, one answer serves all documents of a run that ask the same with the same
    `once_per`; the fields `without` belong to one row only, and are left out of what is proposed.
    """

    verb: Verb
    path: Template
    params: tuple[tuple[str, Template], ...] = ()
    body: Body | None = None
    once_per: Template | None = None
    without: tuple[str, ...] = ()
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class EnsureSpec:
    """Something that must exist before the write; safe to repeat."""

    set: str
    match: tuple[tuple[str, Template], ...]
    defaults: tuple[CallSpec, ...]
    create: CallSpec
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkSpec:
    """Many documents in one call: the list's key in the body, how many at most, and where answers stand.

    `rows` gives the rows of the answer, `row_key` the value in a row that equals the dedupe key,
    `refused` the list of refused ones with their `index`.
    """

    list: str
    most: int
    rows: Selector | None = None
    row_key: Selector | None = None
    row_reference: Selector | None = None
    refused: Selector | None = None
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class TogetherSpec:
    """How the rows of a look-up become what `read` would give: `row` and `tables` stand under `under`.

    `row` is the table of the row itself, `tables` are those of the child sets given inside it.
    """

    under: str
    row: str
    tables: tuple[tuple[str, str], ...]
    place: Place

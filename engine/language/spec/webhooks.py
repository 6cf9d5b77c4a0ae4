"""A connection's `webhooks`: how its events are proven and told apart, and which mappings they wake."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.domain.signature_rule import SignatureRule
from engine.language.node import Node
from engine.language.spec.findings import Findings
from engine.language.spec.model import MappingSpec
from engine.language.spec.webhooks_schema import BODY_MAX_BYTES, EVENT_ID, EVENT_KIND, KEEP_DAYS, REST
from engine.language.transform.select import Selector
from engine.words.problem import Place, Problem, did_you_mean

SECRET_FIELD = "webhook_secret"  # noqa: S105 - the name of a field
"""The credential that proves a connection's events; with a next one in the vault, both are active."""

_PLACES = re.compile(r"\{[^{}]*\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSettings:
    """How a connection's events are heard; without `signature` the secret stands in the address.

    `wakes` is as written, each mapping with its place; a kind that it does not name, and no `*`, wakes all.
    """

    signature: SignatureRule | None
    event_id: Selector
    event_kind: Selector
    wakes: Mapping[str, tuple[tuple[str, Place], ...]] = field(default_factory=dict)
    body_max_bytes: int = BODY_MAX_BYTES
    keep_days: int = KEEP_DAYS

    def mappings_for(self, kind: str, connection: str, specs: Sequence[MappingSpec]) -> tuple[str, ...]:
        """The names of the mappings that an event of this kind wakes, in the order of the workspace."""
        named = self.wakes.get(kind, self.wakes.get(REST))
        wanted = None if named is None else {name for name, _ in named}
        readers = (spec for spec in specs if spec.source.connection == connection and spec.switched_on)
        return tuple(spec.name for spec in readers if wanted is None or spec.name in wanted)


def compile_webhooks(connection: Node, findings: Findings) -> WebhookSettings | None:
    """The settings of a connection; None when it has none, or when they are wrong."""
    node = connection.get("webhooks")
    if node is None or node.fields is None or findings.is_damaged(connection, "webhooks"):
        return None
    plain = node.plain()
    event_id = findings.selector(node.get("event_id") or _word(node, EVENT_ID))
    event_kind = findings.selector(node.get("event_kind") or _word(node, EVENT_KIND))
    signature = _signature(node, plain.get("signature"), findings)
    if event_id is None or event_kind is None or (signature is None and "signature" in plain):
        return None
    return WebhookSettings(
        signature=signature,
        event_id=event_id,
        event_kind=event_kind,
        wakes=_wakes(node),
        body_max_bytes=plain.get("body_max_bytes", BODY_MAX_BYTES),
        keep_days=plain.get("keep_days", KEEP_DAYS),
    )


def check_wakes(
    heard: Mapping[str, WebhookSettings | None], specs: Sequence[MappingSpec], where: str
) -> Iterator[Problem]:
    """E307: events wake mappings that are not there, or that do not read their connection."""
    by_name = {spec.name: spec for spec in specs}
    for connection, settings in heard.items():
        for name, place in (one for named in (settings.wakes.values() if settings else ()) for one in named):
            said = f"{where} > {connection} > webhooks > wakes"
            if name not in by_name:
                hint = did_you_mean(name, by_name)
                sentence = f"there is no mapping '{name}'"
            elif by_name[name].source.connection != connection:
                sentence = f"the mapping '{name}' does not read {connection}, so its events cannot wake it"
                hint = f"it reads {by_name[name].source.connection}"
            else:
                continue
            yield Problem(place=place, code="E307", sentence=sentence, where=said, hint=hint)


def _signature(parent: Node, plain: Mapping[str, Any] | None, findings: Findings) -> SignatureRule | None:
    node = parent.get("signature")
    if node is None or plain is None:
        return None
    stamped = "timestamp_header" in plain
    signed = plain.get("signed", "{timestamp}.{body}" if stamped else "{body}")
    trouble = _trouble(signed, stamped=stamped, has_id="id_header" in plain)
    if trouble:
        findings.add(node.get("signed") or node, "E702", *trouble)
        return None
    return SignatureRule(**{**plain, "signed": signed})


def _trouble(signed: str, *, stamped: bool, has_id: bool) -> tuple[str, str] | None:
    """What is wrong with what is signed, and what to do; a part that is not signed proves nothing."""
    parts = set(_PLACES.findall(signed))
    if unknown := sorted(parts - {"{timestamp}", "{id}", "{body}"}):
        return f"'{unknown[0]}' is no part of an event", "{timestamp}, {id} and {body} are"
    if "{body}" not in parts:
        return "the body is not signed, so anyone could change it", "'signed' needs {body}"
    for part, there, header in (("{timestamp}", stamped, "timestamp_header"), ("{id}", has_id, "id_header")):
        if there and part not in parts:
            return f"the {header} is not signed, so anyone could change it", f"'signed' needs {part}, or remove it"
        if not there and part in parts:
            return f"{part} is signed, and no header is named for it", f"set {header}"
    return None


def _wakes(node: Node) -> dict[str, tuple[tuple[str, Place], ...]]:
    found = node.get("wakes")
    fields = (found.fields if found is not None else None) or {}
    return {kind: tuple((str(one.scalar), one.place) for one in named.items or ()) for kind, named in fields.items()}


def _word(node: Node, text: str) -> Node:
    return Node(place=node.place, scalar=text)

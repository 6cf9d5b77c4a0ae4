"""What was sent, kept with the intent: what is in doubt is compared with that, not with what would be sent now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from engine.adapters.connectors.port import Call
from engine.adapters.store.port import RecordRow
from engine.domain.entries import Entry
from engine.domain.outcome import Proof
from engine.domain.record import RecordKey
from engine.language.spec.model import MappingSpec
from engine.plan.decision import Document, Facts
from engine.plan.proposed_rows import only_own, own_names
from engine.run.setup import Setup

_DATE = "$date"


def request_of(spec: MappingSpec, document: Document, call: Call) -> dict[str, Any]:
    """What is kept of a document that is about to be sent by this call.

    `own` are the names of our own fields in rows that hold what the target proposed as well.
    """
    return {
        "verb": call.verb,
        "path": call.path,
        "company": call.company,
        "body": call.body,
        "sent": {**remember(spec, document), "own": own_names(document.body, call.body)},
    }


def last_sent(setup: Setup, rows: Iterable[RecordRow]) -> dict[int, Mapping[str, Any]]:
    """By the id of each record, what was last sent of it that may have been written.

    Nothing for those that were found in the target already, also where a try of ours had no effect before.
    """
    hashes = {}
    for row in rows:
        for attempt in setup.ledger.attempts(row.id):
            if attempt.proof not in (Proof.NOT_SENT, Proof.NO_EFFECT):
                hashes[row.id] = attempt.request_hash
    payloads = setup.ledger.payloads(tuple(hashes.values()))
    return {
        record: payload["sent"]
        for record, name in hashes.items()
        if isinstance(payload := payloads.get(name), Mapping) and isinstance(payload.get("sent"), Mapping)
    }


def ours_of(request: Mapping[str, Any]) -> Any:
    """The body of a kept request without what the target proposed; ledgers begun earlier have it by itself."""
    sent = request["sent"]
    return sent["ours"] if "ours" in sent else only_own(request["body"], sent["own"])


def remember(spec: MappingSpec, document: Document) -> dict[str, Any]:
    """The parts of a document that looking it up and comparing it need, as JSON; `rules` are the crosswalk rows."""
    return {
        "verb": document.verb,
        "path": document.path,
        "company": document.company,
        "namespace": document.namespace,
        "key": list(document.key),
        "hash": document.hash,
        "scope": {name: _plain(document.scope[name]) for name in sorted(spec.looked_at) if name in document.scope},
        "entries": [[entry.account, str(entry.amount), entry.booked_by_target] for entry in document.entries],
        "rules": remember_rules(document),
        "warnings": list(document.warnings),
        "facts": {
            "company": document.facts.company,
            "label": document.facts.label,
            "amount": None if document.facts.amount is None else str(document.facts.amount),
            "currency": document.facts.currency,
            "book_date": document.facts.book_date,
        },
    }


def remember_rules(document: Document) -> dict[str, str]:
    """Which row of which crosswalk coded each value of a document."""
    return {
        name: f"{hit.place.file}:{hit.place.line}{f' ({hit.rule})' if hit.rule else ''}"
        for name, hit in sorted(document.hits.items())
    }


def recall(sent: Mapping[str, Any], record: RecordKey) -> Document:
    """The document again, as far as it was remembered."""
    facts = sent["facts"]
    amount = facts["amount"]
    return Document(
        record=record,
        facts=Facts(**{**facts, "amount": None if amount is None else Decimal(amount)}),
        company=sent["company"],
        scope={name: _value(value) for name, value in sent["scope"].items()},
        verb=sent["verb"],
        path=sent["path"],
        params=(),
        body=None,
        namespace=sent["namespace"],
        key=tuple(sent["key"]),
        entries=tuple(
            Entry(account=account, amount=Decimal(amount), booked_by_target=by_target)
            for account, amount, by_target in sent["entries"]
        ),
        hits={},
        hash=sent["hash"],
        warnings=tuple(sent.get("warnings", ())),
    )


def _plain(value: Any) -> Any:
    """A value of the scope as JSON; a date is marked, so that it is a date again."""
    if value is None or isinstance(value, (str, int, Decimal)):
        return value
    if isinstance(value, date):
        return {_DATE: value.isoformat()}
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    return value


def _value(value: Any) -> Any:
    if isinstance(value, dict):
        return date.fromisoformat(value[_DATE]) if set(value) == {_DATE} else {k: _value(v) for k, v in value.items()}
    return [_value(inner) for inner in value] if isinstance(value, list) else value

"""`show KEY`: one record, all that is known of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from engine.adapters.store.port import Attempt, Ledger, RecordRow
from engine.domain.audit_event import AuditEvent
from engine.domain.causes import CAUSES
from engine.domain.lifecycle import MEANINGS
from engine.domain.outcome import Proof
from engine.faces.commands.output import (
    clean,
    format_option,
    one_line,
    put_json,
    put_text,
    shown_amount,
    shown_time,
    workspace_option,
)
from engine.faces.commands.records_command import as_json
from engine.wiring.app import open_records
from engine.wiring.workspace import find_workspace, load_ledger_part
from engine.words.errors import InputError
from engine.words.json_value import indented

MATCHES_SHOWN_MAX = 10

_PROOFS: Mapping[str, str] = {
    Proof.NOT_SENT: "not sent: nothing left this machine",
    Proof.NO_EFFECT: "refused, with proof that nothing was written",
    Proof.DUPLICATE: "the target says it has this document already",
    Proof.EFFECT: "written: the target says so",
    Proof.NONE: "no proof either way",
}


@click.command("show")
@click.argument("key")
@workspace_option
@format_option
@click.option("--payload", is_flag=True, help="Print what the source holds, too.")
@click.option("--sent", is_flag=True, help="Print what was sent and answered at each attempt, too.")
def command(key: str, workspace: Path, form: str, payload: bool, sent: bool) -> None:  # noqa: FBT001
    """Show a record: its state and why, what to do about it, attempts, and the audit trail.

    KEY is the record's id, the beginning of it (6 characters or more), or its number, such as an invoice
    number. Reads only our ledger. Times are in UTC.

    \b
    Examples:
      ml-connector show INV-20090
      ml-connector show 8135f4 --payload --sent
      ml-connector show INV-20090 --format json

    \b
    JSON: the record as `records` gives it, with attempts: [{number, run, proof, status, message, started_at,
    ended_at, document_hash, mapping_hash, request_hash, answer_hash, request, answer}], trail: [{number, at,
    who, kind, run, detail}], payload. request and answer come with --sent, payload with --payload, else null.
    """
    with open_records(load_ledger_part(find_workspace(workspace))) as ledger:
        row = the_record(ledger, key)
        attempts = ledger.attempts(row.id)
        trail = list(ledger.trail(str(row.key)))
        held = ledger.payload(row.payload_hash) if payload else None
        exchanges = [_exchange(ledger, one) if sent else (None, None) for one in attempts]
    if form == "json":
        put_json(
            {
                **as_json(row),
                "attempts": [
                    _attempt_json(one, *exchange) for one, exchange in zip(attempts, exchanges, strict=True)
                ],
                "trail": [_event_json(number, event) for number, event, _ in trail],
                "payload": held,
            }
        )
        return
    _show_row(row)
    _show_attempts(attempts, exchanges)
    _show_trail([event for _, event, _ in trail])
    if payload:
        click.echo("\nwhat the source holds")
        _put_value(held)
    click.echo(f"\nnext: ml-connector explain {one_line(row.key.source_id[:13])}")


def the_record(ledger: Ledger, key: str, *, nor: str = "") -> RecordRow:
    """The one record a person means; `nor` says what else was looked for in vain.

    Raises:
        InputError: none or several fit.
    """
    rows = ledger.records(keys=[key], limit=MATCHES_SHOWN_MAX)
    if not rows:
        raise InputError(
            f"the ledger has no record '{key}'{nor}: give its id, at least 6 characters of it, or its number "
            "(`ml-connector records` lists them)"
        )
    if len(rows) > 1:
        listed = ", ".join(f"{row.key.source_id} ({row.label or row.mapping or row.state})" for row in rows)
        raise InputError(f"'{key}' fits several records: {listed}; give the id, or more of it")
    return rows[0]


def _show_row(row: RecordRow) -> None:
    parts = (
        row.label or row.key.source_id,
        shown_amount(row.amount, row.currency),
        row.book_date or "",
        row.company or "",
    )
    click.echo("  ".join(one_line(part) for part in parts if part))
    lines = [
        ("record", f"{row.key.connection} {row.key.feed} {row.key.source_id}"),
        ("mapping", row.mapping or "none takes it"),
        ("state", f"{row.state.value.replace('_', ' ')}: {MEANINGS[row.state]}"),
        ("why", row.reason),
    ]
    if row.cause in CAUSES:
        lines += [("cause", row.cause), ("what to do", f"{CAUSES[row.cause].advice} ({CAUSES[row.cause].owner})")]
    if row.reference:
        told = {"done": ", written back to the source", "pending": ", not yet written back to the source"}
        lines.append(("reference", f"{row.reference}{told.get(row.acknowledged, '')}"))
    lines += [("same if", row.dedupe_key or ""), ("first seen", shown_time(row.first_seen_at))]
    for name, text in lines:
        if text:
            put_text(text, first=f"  {name:<11} ")


def _show_attempts(attempts: Sequence[Attempt], exchanges: Sequence[tuple[Any, Any]]) -> None:
    if attempts:
        click.echo("\nattempts")
    for one, (request, answer) in zip(attempts, exchanges, strict=True):
        proof = "no outcome on record" if one.proof is None else _PROOFS.get(one.proof, one.proof)
        status = f" (HTTP {one.status})" if one.status is not None else ""
        message = f": {one.message}" if one.message else ""
        put_text(f"{proof}{status}{message}", first=f"  {one.number:>3}  {shown_time(one.started_at)}  ")
        for title, value in (("sent", request), ("answered", answer)):
            if value is not None:
                click.echo(f"\n{title}")
                _put_value(value)


def _show_trail(events: Sequence[AuditEvent]) -> None:
    click.echo("\naudit trail")
    for event in events:
        put_text(f"{event.who}  {_told(event)}", first=f"  {shown_time(event.at)}  ")


def _told(event: AuditEvent) -> str:
    """An event in words; hashes are left to `--format json`."""
    detail = event.detail
    before, after = (str(detail.get(name, "")).replace("_", " ") for name in ("from", "to"))
    reason = f": {detail['reason']}" if detail.get("reason") else ""
    facts = detail.get("facts") if isinstance(detail.get("facts"), dict) else {}
    if event.kind == "seen":
        return "read from the source"
    if event.kind == "changed":
        return "changed at the source after it was sent"
    if event.kind == "intent":
        return f"{before} to {after}: attempt {detail.get('attempt')}, dedupe key {detail.get('dedupe_key')}"
    if event.kind == "outcome":
        status = f", HTTP {detail['status']}" if detail.get("status") else ""
        reference = f" as {facts['reference']}" if facts and facts.get("reference") else ""
        proof = _PROOFS.get(str(detail.get("proof")), str(detail.get("proof")))
        return f"{before} to {after}{reference}: {proof}{status}{reason}"
    if event.kind == "moved":
        return f"{before} to {after}{reason}"
    if event.kind == "noted" and facts == {"acknowledged": "done"}:
        return "written back to the source"
    told = ", ".join(f"{name} {value}" for name, value in (facts or detail).items() if value)
    return f"{event.kind}: {told}{reason}" if told else event.kind


def _put_value(value: Any) -> None:
    if value is None:
        click.echo("    (not in the ledger)")
        return
    for line in clean(indented(value)).splitlines():
        click.echo(f"    {line}")


def _exchange(ledger: Ledger, attempt: Attempt) -> tuple[Any, Any]:
    answer = ledger.payload(attempt.answer_hash) if attempt.answer_hash else None
    return ledger.payload(attempt.request_hash), answer


def _attempt_json(one: Attempt, request: Any, answer: Any) -> dict[str, Any]:
    return {
        "number": one.number,
        "run": one.run,
        "proof": one.proof,
        "status": one.status,
        "message": one.message,
        "started_at": one.started_at,
        "ended_at": one.ended_at,
        "document_hash": one.document_hash,
        "mapping_hash": one.mapping_hash,
        "request_hash": one.request_hash,
        "answer_hash": one.answer_hash,
        "request": request,
        "answer": answer,
    }


def _event_json(number: int, event: AuditEvent) -> dict[str, Any]:
    return {
        "number": number,
        "at": event.at,
        "who": event.who,
        "kind": event.kind,
        "run": event.run,
        "detail": event.detail,
    }

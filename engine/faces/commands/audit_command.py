"""`audit show|verify|head|export`: the audit trail."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from engine.adapters.store.port import Attempt, Ledger
from engine.adapters.vault.private_file import create_private
from engine.domain.audit_event import AuditEvent
from engine.domain.audit_head import AuditHead, read_head, sign_head
from engine.faces.commands.output import (
    clean,
    counted,
    format_option,
    one_line,
    put_json,
    shown_amount,
    shown_time,
    workspace_option,
)
from engine.faces.commands.show_command import the_record
from engine.faces.commands.table import column, put_table
from engine.run.document_changes import DocumentChanges, between
from engine.run.exporting import days_of, export
from engine.wire.masking import mask_value
from engine.wiring.app import open_records, open_setup, open_vault, valid_workspace, who_am_i
from engine.wiring.workspace import Workspace, find_workspace, load_workspace
from engine.words.clock import SystemClock
from engine.words.errors import InputError
from engine.words.json_value import encode


@click.group("audit")
def command() -> None:
    """Show, verify and export the audit trail: every event, chained by hashes under a key outside the ledger.

    \b
    Examples:
      ml-connector audit show INV-20090
      ml-connector audit verify --head head.json
      ml-connector audit export --period 2026-10 --out october
    """


@command.command("show")
@click.argument("key")
@workspace_option
@format_option
@click.option("--payloads", is_flag=True, help="Print what was sent and answered, secrets masked.")
def show_command(key: str, workspace: Path, form: str, payloads: bool) -> None:  # noqa: FBT001 - click hands it in
    """Every event of a record with its hashes, every attempt, and how each attempt differs from the one before.

    KEY is the record's id, the beginning of it, or its number.

    \b
    JSON: {record, number, events: [{seq, at, who, kind, run, detail, hash}], attempts: [{number, started_at,
    proof, status, message, mapping_hash, document_hash, request_hash, answer_hash, request, answer, differs:
    {known, entries, values, rules}}]}; request and answer come with --payloads, else null.
    """
    with open_records(load_workspace(find_workspace(workspace))) as ledger:
        row = the_record(ledger, key)
        events = list(ledger.trail(str(row.key)))
        attempts = [_attempt(ledger, one, before, payloads=payloads) for one, before in _pairs(ledger, row.id)]
    if form == "json":
        told = [{"seq": seq, **_event_json(event), "hash": seal} for seq, event, seal in events]
        put_json({"record": str(row.key), "number": row.label, "events": told, "attempts": attempts})
        return
    click.echo(clean(f"{row.key}  {row.label}  {shown_amount(row.amount, row.currency)}"))
    click.echo(f"payload {row.payload_hash}")
    for seq, event, seal in events:
        click.echo(clean(f"{seq:>7}  {shown_time(event.at)}  {event.kind}  by {event.who}  hash {seal[:16]}"))
        for name, value in event.detail.items():
            if value not in (None, "", [], {}):
                click.echo(f"         {name}: {one_line(_text(value))}")
    for attempt in attempts:
        _show_attempt(attempt)


@command.command("verify")
@workspace_option
@format_option
@click.option(
    "--head",
    "head_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A head that `audit head` wrote earlier and somebody kept elsewhere.",
)
def verify_command(workspace: Path, form: str, head_file: Path | None) -> None:
    """Compute every hash of the trail again, and name every event that was edited, removed or put in.

    With --head the whole ledger cannot have been replaced by an older or another one either. Exit code 1 when
    something does not fit.

    \b
    JSON: {whole, events, head_of, problems: [sentence]}
    """
    loaded = load_workspace(find_workspace(workspace))
    kept = read_head(head_file.read_bytes(), str(head_file)) if head_file is not None else None
    if kept is not None and not kept.is_genuine(open_vault(loaded).audit_key):
        raise InputError(f"{head_file} was edited, or made with another key than this workspace's")
    with open_records(loaded) as ledger:
        problems = ledger.verify_trail((kept.seq, kept.hash) if kept is not None else None)
        seq, _, _ = ledger.head()
    if form == "json":
        head_of = kept.at if kept is not None else None
        put_json({"whole": not problems, "events": seq, "head_of": head_of, "problems": list(problems)})
    else:
        for problem in problems:
            click.echo(one_line(problem))
        since = f", and has the event of the head of {kept.at}" if kept is not None else ""
        click.echo(
            f"the trail is NOT whole: {counted(len(problems), 'problem')}"
            if problems
            else f"the trail is whole: {counted(seq, 'event')}{since}"
        )
    if problems:
        sys.exit(1)


@command.command("head")
@workspace_option
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="The file; without it it is printed.")
def head_command(workspace: Path, out: Path | None) -> None:
    """Write the signed head of the trail as JSON: seq, hash, at, key_id, hmac.

    Keep it where who can write to the ledger cannot write: a mail to the auditor, a ticket, paper. `audit verify
    --head` holds the trail against it.
    """
    loaded = load_workspace(find_workspace(workspace))
    with open_records(loaded) as ledger:
        head = _head(ledger, loaded)
    if out is None:
        put_json(head.as_json())
        return
    if out.exists():
        raise InputError(f"{out} is there already; a head is never written over")
    out.write_bytes(encode(head.as_json()) + b"\n")
    click.echo(f"written: {out} (event {head.seq})")


@command.command("key")
@workspace_option
@click.option(
    "--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="A new file, for its owner only."
)
@click.option("--reason", required=True, metavar="TEXT", help="Who wants it, and what for; kept in the trail.")
def key_command(workspace: Path, out: Path, reason: str) -> None:
    """Write the audit key into a file, for a third party that verifies an export; the trail records it.

    The key opens no credential, but who has it and may write to the ledger could forge the trail.
    """
    loaded = load_workspace(find_workspace(workspace))
    if out.exists():
        raise InputError(f"{out} is there already, and is not written over")
    if not reason.strip():
        raise InputError("--reason is empty: an auditor will ask for it")
    event = AuditEvent(
        at=SystemClock().now(),
        who=who_am_i(),
        kind="audit_key_written",
        record=None,
        run=None,
        detail={"reason": reason.strip(), "file": str(out.resolve())},
    )
    with open_records(loaded) as ledger:
        ledger.audit(event)
    create_private(out, f"{open_vault(loaded).audit_key.hex()}\n".encode())
    click.echo(f"written: {out}; hand it over in person, and remove it when it has done its work")


@command.command("export")
@workspace_option
@click.option("--period", required=True, metavar="YYYY-MM", help="The month in which the records are booked.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "jsonl"]),
    default="csv",
    show_default=True,
    help="How records and lines are written; the events are always JSON lines, because their hashes are.",
)
@click.option(
    "--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="A folder that is new or empty."
)
@click.option("--payloads", is_flag=True, help="With what was sent and answered, secrets masked.")
def export_command(workspace: Path, period: str, form: str, out: Path, payloads: bool) -> None:  # noqa: FBT001
    """Write a period for an auditor: records, lines, attempts and events, with a manifest of counts and hashes.

    VERIFY.txt in it says how anyone verifies it without this program. The CSV is safe to open in a spreadsheet.
    Exit code 1 when the trail is not whole: then the export says so in its manifest.
    """
    first, last = days_of(period)
    loaded = valid_workspace(find_workspace(workspace))
    with open_setup(loaded) as setup:
        head = _head(setup.ledger, loaded).as_json()
        done = export(setup, out, first=first, last=last, form=form, head=head, payloads=payloads)
    put_table(
        (column("file"), column("rows", right=True), column("SHA-256")),
        [(name, told["rows"], told["sha256"]) for name, told in done.manifest["files"].items()],
    )
    for problem in done.problems:
        click.echo(f"the trail is not whole: {one_line(problem)}")
    click.echo(f"written: {out}; how to verify it stands in {out / 'VERIFY.txt'}")
    if done.problems:
        sys.exit(1)


def _head(ledger: Ledger, loaded: Workspace) -> AuditHead:
    seq, last_hash, key_id = ledger.head()
    return sign_head(seq, last_hash, key_id, SystemClock().now(), open_vault(loaded).audit_key)


def _pairs(ledger: Ledger, record_id: int) -> list[tuple[Attempt, Attempt | None]]:
    attempts = ledger.attempts(record_id)
    return list(zip(attempts, (None, *attempts), strict=False))


def _attempt(ledger: Ledger, one: Attempt, before: Attempt | None, *, payloads: bool) -> dict[str, Any]:
    request = ledger.payload(one.request_hash)
    differs = between(ledger.payload(before.request_hash), request) if before is not None else DocumentChanges()
    answer = ledger.payload(one.answer_hash) if payloads and one.answer_hash else None
    return {
        "number": one.number,
        "started_at": one.started_at,
        "proof": one.proof,
        "status": one.status,
        "message": one.message,
        "mapping_hash": one.mapping_hash,
        "document_hash": one.document_hash,
        "request_hash": one.request_hash,
        "answer_hash": one.answer_hash,
        "request": mask_value(request) if payloads else None,
        "answer": mask_value(answer),
        "differs": differs.as_json(),
    }


def _show_attempt(told: dict[str, Any]) -> None:
    click.echo(
        clean(
            f"attempt {told['number']}  {shown_time(told['started_at'])}  {told['proof'] or 'no outcome'}  "
            f"{told['message']}"
        )
    )
    for name in ("document_hash", "mapping_hash", "request_hash", "answer_hash"):
        click.echo(f"    {name.replace('_hash', ''):<9} {told[name] or '-'}")
    differs = told["differs"]
    if not differs["known"]:
        click.echo("    what was sent before is not in the ledger any more")
    for line in differs["entries"]:
        click.echo(f"    books otherwise than before: {one_line(line)}")
    for kind, changes in (("coded by", differs["rules"]), ("sends", differs["values"])):
        for change in changes:
            click.echo(one_line(f"    {kind} {change['path']}: {change['before']} -> {change['after']}"))
    for name in ("request", "answer"):
        if told[name] is not None:
            click.echo(f"    {name}: {one_line(encode(told[name]).decode())}")


def _event_json(event: AuditEvent) -> dict[str, Any]:
    return {"at": event.at, "who": event.who, "kind": event.kind, "run": event.run, "detail": event.detail}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else encode(value).decode()

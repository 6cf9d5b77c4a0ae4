"""An export of the audit trail for one period: records, lines, attempts and events, with hashes of every file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from engine import __version__
from engine.adapters.store.port import RecordRow
from engine.domain.audit_event import GENESIS, AuditEvent
from engine.run.csv_text import csv_text
from engine.run.export_recipe import RECIPE
from engine.run.export_rows import LINE_COLUMNS, RECORD_COLUMNS, attempt_row, line_rows, record_row
from engine.run.ledger_pages import every_record
from engine.run.result import Tally
from engine.run.setup import Setup
from engine.words.errors import InputError
from engine.words.json_value import canonical, encode

MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What was written; `problems` is what does not fit in the audit trail."""

    folder: Path
    manifest: Mapping[str, Any]
    problems: tuple[str, ...]


def export(setup: Setup, folder: Path, *, first: date, last: date, form: str, head: Any, payloads: bool) -> Exported:
    """Write the export of the records booked from `first` to `last` into a folder that is new or empty.

    A record without a book date belongs to the day on which it was first seen. The events are those of the
    trail from the first to the last one of these records, the others between them too, so that the chain is
    whole. `head` is the signed head of the trail; `payloads` adds what was read, sent and answered, masked.

    Raises:
        InputError: the folder holds something.
    """
    if folder.exists() and any(folder.iterdir()):
        raise InputError(f"{folder} is not empty; an export is written into a folder of its own")
    folder.mkdir(parents=True, exist_ok=True)
    rows = tuple(_records(setup, first, last))
    files = _Files(folder)
    files.table(f"records.{form}", RECORD_COLUMNS, (record_row(setup, row) for row in rows))
    files.table(f"lines.{form}", LINE_COLUMNS, (line for row in rows for line in line_rows(setup, row)))
    files.json_lines(
        "attempts.jsonl",
        (attempt_row(setup, row, one, payloads=payloads) for row in rows for one in setup.ledger.attempts(row.id)),
    )
    chain = _events(setup, files, {str(row.key) for row in rows})
    files.text("VERIFY.txt", RECIPE, rows=len(RECIPE.splitlines()))
    problems = setup.ledger.verify_trail()
    manifest = {
        "made_by": f"ml-connector {__version__}",
        "made_at": setup.clock.now().astimezone(UTC).isoformat(timespec="seconds"),
        "who": setup.who,
        "period": {"first": first.isoformat(), "last": last.isoformat()},
        "totals": _totals(rows),
        "trail": {**chain, "head": head, "problems": list(problems)},
        "mappings": {spec.name: spec.content_hash for spec in setup.specs},
        "workspace": _workspace_files(setup.folder),
        "files": files.written,
    }
    (folder / MANIFEST).write_bytes(encode(manifest) + b"\n")
    return Exported(folder=folder, manifest=manifest, problems=problems)


class _Files:
    """The files of an export, each with its hash and the number of its rows."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.written: dict[str, dict[str, Any]] = {}

    def text(self, name: str, text: str, *, rows: int) -> None:
        self._write(name, [text.encode()], lambda: rows)

    def table(self, name: str, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
        if name.endswith(".jsonl"):
            self.json_lines(name, rows)
            return
        held = list(rows)
        self.text(name, csv_text(columns, held), rows=len(held))

    def json_lines(self, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
        count = 0

        def lines() -> Iterator[bytes]:
            nonlocal count
            for row in rows:
                count += 1
                yield canonical(row) + b"\n"

        self._write(name, lines(), lambda: count)

    def _write(self, name: str, parts: Iterable[bytes], rows: Callable[[], int]) -> None:
        hashed = hashlib.sha256()
        with (self._folder / name).open("wb") as file:
            for part in parts:
                hashed.update(part)
                file.write(part)
        self.written[name] = {"sha256": hashed.hexdigest(), "rows": rows()}


def _records(setup: Setup, first: date, last: date) -> Iterator[RecordRow]:
    for row in every_record(setup.ledger):
        day = row.book_date or row.first_seen_at.astimezone(UTC).date().isoformat()
        if first.isoformat() <= day[:10] <= last.isoformat():
            yield row


def _totals(rows: Iterable[RecordRow]) -> list[dict[str, Any]]:
    tallies: dict[tuple[str, str, str], Tally] = {}
    for row in rows:
        name = (row.mapping or "", row.state.value, row.currency or "")
        tallies.setdefault(name, Tally()).add(row.amount, row.currency)
    return [
        {
            "mapping": mapping,
            "state": state,
            "currency": currency,
            "count": tally.count,
            "amount": str(tally.amounts.get(currency, 0)),
        }
        for (mapping, state, currency), tally in sorted(tallies.items())
    ]


def _events(setup: Setup, files: _Files, keys: set[str]) -> dict[str, Any]:
    """Write the unbroken part of the trail that has every event of the records; gives where it begins and ends."""
    concerned = [seq for seq, event, _ in setup.ledger.trail() if event.record in keys]
    first, last = (min(concerned), max(concerned)) if concerned else (1, 0)
    ends: dict[str, Any] = {"first_seq": first, "last_seq": last, "previous": GENESIS, "last_hash": GENESIS}

    def lines() -> Iterator[dict[str, Any]]:
        previous = GENESIS
        for seq, event, seal in setup.ledger.trail():
            if seq > last:
                return
            if seq == first:
                ends["previous"] = previous
            if seq >= first:
                yield _event_row(seq, event, previous, seal)
                ends["last_hash"] = seal
            previous = seal

    files.json_lines("events.jsonl", lines())
    return ends


def _event_row(seq: int, event: AuditEvent, previous: str, seal: str) -> dict[str, Any]:
    return {
        "seq": seq,
        "at": event.at.isoformat(),
        "who": event.who,
        "kind": event.kind,
        "record": event.record,
        "run": event.run,
        "detail": event.detail,
        "previous": previous,
        "hash": seal,
    }


def _workspace_files(folder: Path) -> dict[str, str]:
    """The rules as they are at the export: every file of mappings, and books.yaml, by SHA-256."""
    paths = [folder / "books.yaml", *sorted((folder / "mappings").rglob("*"))]
    files = [path for path in paths if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def days_of(period: str) -> tuple[date, date]:
    """The first and the last day of a month, `2026-10`.

    Raises:
        InputError: it is not a month.
    """
    try:
        first = datetime.strptime(period, "%Y-%m").replace(tzinfo=UTC).date()
    except ValueError:
        raise InputError(f"--period {period}: write a month, such as 2026-10") from None
    following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return first, date.fromordinal(following.toordinal() - 1)

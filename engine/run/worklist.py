"""What needs a person: every record with something open, why, who can end it, and what to type next."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from engine.adapters.store.port import RecordRow
from engine.domain.causes import CAUSES, Cause
from engine.domain.lifecycle import State
from engine.run.ledger_pages import record_pages
from engine.run.setup import Setup
from engine.run.source_changes import changed_since
from engine.words.json_changes import Change

PATIENCE = timedelta(hours=1)
"""So long nobody is troubled with what the next run is to end."""
GROUPED_ABOVE = 5
REASONS_SHOWN_MAX = 20
KEY_LETTERS = 13

_ALWAYS = (State.UNCLAIMED, State.HELD, State.REFUSED)
_WAITING = (State.IN_DOUBT, State.SENDING, State.READY)
_ENDED = (State.ENTERED, State.IN_GL, State.SETTLED, State.DISMISSED)
_STUCK = {State.IN_DOUBT: "no_answer", State.SENDING: "interrupted"}
_UNNAMED = Cause(
    title="It waits for a reason without a name.", owner="IT", advice="Look at the record.", command="show {key}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is open about one record; `changes` when the source changed after it was ended."""

    row: RecordRow
    cause: str
    reason: str
    seen_for: timedelta
    changes: tuple[Change, ...] = ()

    @property
    def known(self) -> Cause:
        """The cause in words."""
        return CAUSES.get(self.cause, _UNNAMED)

    @property
    def owner(self) -> str:
        """Who can end it; what should have ended by itself is IT's."""
        return "IT" if self.known.owner == "nobody" else self.known.owner

    @property
    def key(self) -> str:
        """The record's key as it is typed: enough of its id."""
        source_id = self.row.key.source_id
        return shlex.quote(source_id if len(source_id) <= KEY_LETTERS + 3 else source_id[:KEY_LETTERS])

    @property
    def command(self) -> str:
        """The command to type next."""
        command = self.known.command
        if self.row.state is State.HELD and self.cause == "refused":
            command = "run {mapping} --only {key}"  # what comes before the document was refused: nothing to replay
        return f"ml-connector {command.format(mapping=self.row.mapping, key=self.key)}"

    def as_json(self) -> dict[str, Any]:
        """The finding as one flat object."""
        row = self.row
        return {
            "record": str(row.key),
            "mapping": row.mapping,
            "company": row.company,
            "number": row.label,
            "amount": None if row.amount is None else str(row.amount),
            "currency": row.currency,
            "book_date": row.book_date,
            "age_days": self.seen_for.days,
            "state": row.state.value,
            "cause": self.cause,
            "title": self.known.title,
            "reason": self.reason,
            "owner": self.owner,
            "advice": self.known.advice,
            "next": self.command,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of the worklist: one finding, or several of one cause."""

    findings: tuple[Finding, ...]

    @property
    def first(self) -> Finding:
        """The one with the largest amount, the oldest among equals."""
        return self.findings[0]

    @property
    def amounts(self) -> dict[str, Decimal]:
        """The totals by currency."""
        totals: dict[str, Decimal] = {}
        for finding in self.findings:
            if finding.row.amount is not None:
                currency = finding.row.currency or ""
                totals[currency] = totals.get(currency, Decimal(0)) + finding.row.amount
        return totals

    @property
    def seen_for(self) -> timedelta:
        """The age of the oldest."""
        return max(finding.seen_for for finding in self.findings)

    @property
    def reason(self) -> str:
        """Why, and where a group has several reasons, the first of them."""
        others = len({finding.reason for finding in self.findings}) - 1
        return f"{self.first.reason} (and {others} other reasons)" if others else self.first.reason

    @property
    def command(self) -> str:
        """The command to type next."""
        if len(self.findings) == 1:
            return self.first.command
        mapping = self.first.row.mapping
        many = self.first.known.for_many
        if many and not (self.first.row.state is State.HELD and self.first.cause == "refused"):
            return f"ml-connector {many.format(mapping=mapping)}"
        only = f" --mapping {mapping}" if mapping else ""
        return f"ml-connector worklist --cause {self.first.cause}{only} --all"


def find_work(setup: Setup, *, mapping: str | None = None, cause: str = "", owner: str = "") -> tuple[Finding, ...]:
    """Every open thing, the largest amount first and the oldest first among equal amounts."""
    now = setup.clock.now()
    specs = {spec.name: spec for spec in setup.specs}
    found = [
        finding
        for state in (*_ALWAYS, *_WAITING, *_ENDED)
        for rows in record_pages(setup.ledger, mapping=mapping, states=[state])
        for finding in (
            _of_ended(rows, changed_since(setup, specs, rows), now) if state in _ENDED else _of_waiting(rows, now)
        )
        if (not cause or finding.cause == cause) and (not owner or finding.owner == owner)
    ]
    return tuple(sorted(found, key=_weight))


def in_lines(findings: Sequence[Finding]) -> tuple[Line, ...]:
    """The findings as lines, in the same order: a cause that many records share takes one line for each reason.

    Where there are too many reasons for that, the whole cause takes one line.
    """
    lines: list[Line] = []
    for alike in _by(findings, lambda one: (one.row.mapping, one.row.company, one.row.state, one.cause)):
        if len(alike) <= GROUPED_ABOVE:
            lines += [Line(findings=(one,)) for one in alike]
            continue
        groups = list(_by(alike, lambda one: one.reason))
        shown = groups if len(groups) <= REASONS_SHOWN_MAX else [alike]
        lines += [Line(findings=tuple(group)) for group in shown]
    return tuple(sorted(lines, key=_line_weight))


def _of_ended(
    rows: Sequence[RecordRow], changed: Mapping[int, tuple[Change, ...]], now: datetime
) -> Iterator[Finding]:
    for row in rows:
        seen_for = now - row.first_seen_at
        if row.cause:
            yield Finding(row=row, cause=row.cause, reason=row.reason, seen_for=seen_for)
        if row.id in changed:
            changes = changed[row.id]
            reason = "; ".join(str(one) for one in changes)
            cause = "changed_closed" if row.state is State.DISMISSED else "changed"
            yield Finding(row=row, cause=cause, reason=reason, seen_for=seen_for, changes=changes)


def _of_waiting(rows: Sequence[RecordRow], now: datetime) -> Iterator[Finding]:
    for row in rows:
        if row.state in _ALWAYS or _is_stuck(row, now):
            cause = row.cause or _STUCK.get(row.state, "")
            yield Finding(row=row, cause=cause, reason=row.reason, seen_for=now - row.first_seen_at)


def _is_stuck(row: RecordRow, now: datetime) -> bool:
    if row.state is State.IN_DOUBT and row.cause != "no_answer":
        return True
    return now - row.updated_at > PATIENCE and (row.state is not State.READY or bool(row.cause))


def _weight(finding: Finding) -> tuple[Decimal, float, int]:
    return -abs(finding.row.amount or Decimal(0)), -finding.seen_for.total_seconds(), finding.row.id


def _line_weight(line: Line) -> tuple[Decimal, float, int]:
    largest = max((abs(amount) for amount in line.amounts.values()), default=Decimal(0))
    return -largest, -line.seen_for.total_seconds(), line.first.row.id


def _by(findings: Iterable[Finding], name: Any) -> Iterable[list[Finding]]:
    groups: dict[Any, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(name(finding), []).append(finding)
    return groups.values()

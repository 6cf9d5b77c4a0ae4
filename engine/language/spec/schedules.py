"""schedules.yaml: what runs by itself, and when. The file may be missing: then nothing does."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from engine.language.node import Node
from engine.language.spec.books import Books
from engine.language.spec.check_shape import shape_faults
from engine.language.spec.findings import Findings
from engine.language.spec.schedules_schema import WORDS, schedules_schema
from engine.language.spec.ticks import Cron, Every, NoCron, Timing, last_ticks, parse_cron, parse_span
from engine.language.spec.workspace_file import read_file
from engine.words.problem import Place, Problem, did_you_mean, in_order

CATCH_UP_MAX = 100
LATE_S = 60
"""Seconds after which a tick that nobody fired counts as missed."""
JITTER_MAX = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleSpec:
    """One schedule: `does` is run, sweep, reconcile or exposure, `mappings` those it runs (all, when empty).

    `companies` are those it reconciles (all, when empty), `zone` is whose clock its times are shown by.
    """

    name: str
    does: str
    mappings: tuple[str, ...]
    companies: tuple[str, ...]
    last_month: bool
    timing: Timing
    zone: ZoneInfo
    overlap: Literal["skip", "wait"]
    catch_up: Literal["none", "last", "all"]
    jitter: timedelta
    place: Place

    def begins(self, workspace: str, tick: datetime) -> datetime:
        """When the work of a tick begins: the tick, and a delay within the jitter that is the same for everyone."""
        if not self.jitter:
            return tick
        drawn = hashlib.sha256(f"{workspace}/{self.name}/{tick.isoformat()}".encode()).digest()
        return tick + timedelta(seconds=int.from_bytes(drawn[:8], "big") % int(self.jitter.total_seconds() + 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """The ticks to fire now, and the tick up to which all is dealt with then."""

    ticks: tuple[datetime, ...]
    dealt_with: datetime


def due_ticks(schedule: ScheduleSpec, workspace: str, last: datetime, now: datetime) -> Due:
    """What is due after the tick that was dealt with last, by the schedule's `catch_up`; at most `CATCH_UP_MAX`."""
    begun = [*last_ticks(schedule.timing, last, now - schedule.jitter, CATCH_UP_MAX)]
    for tick in schedule.timing.between(max(last, now - schedule.jitter), now):
        if schedule.begins(workspace, tick) > now:
            break
        begun.append(tick)
    if not begun:
        return Due(ticks=(), dealt_with=last)
    fired = begun[-CATCH_UP_MAX:]
    if schedule.catch_up != "all":
        fired = begun[-1:]
    if schedule.catch_up == "none" and now - schedule.begins(workspace, fired[-1]) > timedelta(seconds=LATE_S):
        fired = []
    return Due(ticks=tuple(fired), dealt_with=begun[-1])


def load_schedules(
    path: Path, shown_from: Path, mappings: Collection[str], books: Books | None
) -> tuple[tuple[ScheduleSpec, ...], tuple[Problem, ...]]:
    """Read schedules.yaml with all its problems; without such a file there are no schedules.

    `mappings` are the names there are; without `books` (they are wrong) no company and zone is checked.
    """
    if not path.exists():
        return (), ()
    file = read_file(path, shown_from, code="E704")
    if file.root is None:
        return (), file.problems
    findings = Findings(file.root)
    findings.extend(file.problems)
    findings.extend(fault.problem for fault in shape_faults(file.root, schedules_schema()))
    node = file.root.get("schedules")
    reader = _Reader(findings, mappings, books)
    named = node.fields if node is not None and node.fields is not None else {}
    found = [reader.schedule(name, one) for name, one in named.items()]
    problems = in_order(findings.problems)
    return () if findings.has_errors else tuple(one for one in found if one is not None), problems


class _Reader:
    def __init__(self, findings: Findings, mappings: Collection[str], books: Books | None) -> None:
        self._findings = findings
        self._mappings = mappings
        self._books = books

    def schedule(self, name: str, node: Node) -> ScheduleSpec | None:
        """One schedule; None when it is wrong."""
        if node.fields is None or "run" not in node.fields or self._findings.has_damage(node):
            return None
        given = node.plain()
        runs = node.fields["run"]
        self._check_runs(runs)
        if given["run"] != "reconcile":
            for key in ("companies", "period"):
                if key in given:
                    self._add(node.fields[key], f"'{key}' is for `run: reconcile`", f"take '{key}' away")
        companies = node.get("companies")
        for company in (companies.items if companies is not None else None) or ():
            if self._books is not None and company.scalar not in self._books.companies:
                hint = did_you_mean(str(company.scalar), self._books.companies)
                self._add(company, f"books.yaml has no company '{company.scalar}'", hint)
        zone = self._zone(node)
        timing = self._timing(node, zone)
        jitter = self._jitter(node, timing)
        if zone is None or timing is None or self._findings.has_damage(node):
            return None
        word = given["run"] if isinstance(given["run"], str) else ""
        return ScheduleSpec(
            name=name,
            does="run" if word in ("", "all") else word,
            mappings=() if word else tuple(given["run"]),
            companies=tuple(given.get("companies", ())),
            last_month=given.get("period") == "last_month",
            timing=timing,
            zone=zone,
            overlap=given.get("overlap", "skip"),
            catch_up=given.get("catch_up", "last"),
            jitter=jitter,
            place=node.place,
        )

    def _add(self, node: Node, sentence: str, hint: str = "", code: str = "E702") -> None:
        self._findings.add(node, code, sentence, hint)

    def _check_runs(self, node: Node) -> None:
        if node.items is None:
            if node.scalar not in WORDS:
                near = did_you_mean(str(node.scalar), (*WORDS, *self._mappings))
                hint = f"[{node.scalar}], in brackets" if node.scalar in self._mappings else near
                self._add(
                    node,
                    f"'{node.scalar}' is not allowed here",
                    hint or f"mappings, or one of {', '.join(WORDS)}",
                    "E107",
                )
            return
        seen = set[object]()
        for item in node.items:
            if item.scalar not in self._mappings:
                hint = did_you_mean(str(item.scalar), self._mappings)
                self._add(item, f"there is no mapping '{item.scalar}'", hint, "E307")
            elif item.scalar in seen:
                self._add(item, f"'{item.scalar}' stands here twice", "take one away")
            seen.add(item.scalar)

    def _zone(self, node: Node) -> ZoneInfo | None:
        own = node.get("time_zone")
        if own is not None:
            try:
                return ZoneInfo(str(own.scalar))
            except (KeyError, ValueError, OSError):
                self._add(own, f"'{own.scalar}' is no time zone", "a name such as America/Chicago")
                return None
        if self._books is None:
            return ZoneInfo("UTC")
        zones = {company.zone.key: company.zone for company in self._books.companies.values()}
        if len(zones) == 1:
            return next(iter(zones.values()))
        if node.get("cron") is None:
            return ZoneInfo("UTC")
        sentence = f"'time_zone' is missing, and the companies are in {', '.join(sorted(zones))}"
        self._add(node, sentence, "say whose clock the cron goes by")
        return None

    def _timing(self, node: Node, zone: ZoneInfo | None) -> Timing | None:
        every, cron = node.get("every"), node.get("cron")
        if every is not None:
            return Every(span=parse_span(str(every.scalar)))
        if cron is None:
            return None
        try:
            made: Cron = parse_cron(str(cron.scalar), zone or ZoneInfo("UTC"))
        except NoCron as error:
            self._add(cron, f"'{cron.scalar}' is no cron that ever comes: {error}", "such as 30 5 * * 1-5")
            return None
        return made

    def _jitter(self, node: Node, timing: Timing | None) -> timedelta:
        own = node.get("jitter")
        if own is None:
            return timedelta()
        jitter = parse_span(str(own.scalar))
        most = min(JITTER_MAX, timing.span) if isinstance(timing, Every) else JITTER_MAX
        if jitter > most:
            self._add(
                own, "the jitter is longer than an hour, or than the time between two starts", "make it shorter"
            )
        return jitter

"""Which causes stand now, by the rules of alerts.yaml: one for each rule and cause, never one for each record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from engine.adapters.store.standing import OpenRecord, Standing
from engine.domain.alert import Raised
from engine.domain.causes import CAUSES
from engine.domain.lifecycle import State
from engine.language.spec.alerts import AlertRule
from engine.run.alerting.looks import Looks
from engine.run.line_stops import line_of, stopped_because
from engine.run.reconciling.report import ControlReport
from engine.run.setup import Setup

_OPEN = (State.HELD, State.REFUSED, State.IN_DOUBT, State.SENDING)
_ENTERED = (State.ENTERED, State.IN_GL, State.SETTLED)

FILES = "(files)"
"""The cause of `job_failed` that all jobs of a workspace share while its files have errors."""

IsLookedAt = Callable[[str], bool]
"""Whether a cause was looked at, by its name: one that was, and does not stand, is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The causes of one rule that stand now, and which of its other causes are over for that."""

    rule: AlertRule
    raised: tuple[Raised, ...]
    is_looked_at: IsLookedAt


@dataclass(slots=True)
class _Group:
    """Records of one cause."""

    count: int = 0
    amounts: dict[str, Decimal] = field(default_factory=dict)
    oldest: datetime | None = None

    def add(self, amount: Decimal | None, currency: str | None, at: datetime | None = None) -> None:
        self.count += 1
        if at is not None:
            self.oldest = at if self.oldest is None else min(self.oldest, at)
        if amount is not None and currency:
            self.amounts[currency] = self.amounts.get(currency, Decimal(0)) + amount

    def raised(self, cause: str, title: str, command: str, advice: str = "") -> Raised:
        return Raised(
            cause=cause,
            title=title,
            command=f"ml-connector {command}",
            count=self.count,
            amounts=dict(sorted(self.amounts.items())),
            oldest=self.oldest,
            advice=advice,
        )


_Groups = dict[str, dict[str, _Group]]


def evaluate(setup: Setup, standing: Standing, rules: Iterable[AlertRule], looks: Looks) -> tuple[Found, ...]:
    """Every rule with the causes that stand now."""
    rules = tuple(rules)
    groups = _grouped(setup, standing, rules)
    return tuple(_found(setup, standing, rule, groups.get(rule.name, {}), looks) for rule in rules)


def _grouped(setup: Setup, standing: Standing, rules: tuple[AlertRule, ...]) -> _Groups:
    """The ledger read once for all rules on records: rule, then cause."""
    wanted = [(rule, _GROUPING[rule.on]) for rule in rules if rule.on in _GROUPING]
    groups: _Groups = {}
    now = setup.clock.now()

    def hear(row: OpenRecord) -> None:
        for rule, name_of in wanted:
            name = name_of(rule, row, now) if rule.covers(row.mapping) else ""
            if name:
                at = row.since if rule.on == "in_doubt" else row.first_seen_at
                # What is held is added up without its sign: a credit does not make up for a bill that is held.
                amount = abs(row.amount) if rule.on == "held" and row.amount is not None else row.amount
                groups.setdefault(rule.name, {}).setdefault(name, _Group()).add(amount, row.currency, at)

    if wanted:
        standing.visit(_OPEN, _ENTERED, hear)
    return groups


def _is_refused(_rule: AlertRule, row: OpenRecord, _now: datetime) -> str:
    return row.mapping if row.state is State.REFUSED else ""


def _is_in_doubt(rule: AlertRule, row: OpenRecord, now: datetime) -> str:
    waits = row.state in (State.IN_DOUBT, State.SENDING)
    return row.mapping if waits and rule.after is not None and now - row.since >= rule.after else ""


def _is_held(rule: AlertRule, row: OpenRecord, _now: datetime) -> str:
    return row.currency if row.state is State.HELD and row.currency in rule.above else ""


def _is_finding(_rule: AlertRule, row: OpenRecord, _now: datetime) -> str:
    return f"{row.mapping} {row.cause}" if row.state in _ENTERED and row.cause else ""


_GROUPING: Mapping[str, Callable[[AlertRule, OpenRecord, datetime], str]] = {
    "refused": _is_refused,
    "in_doubt": _is_in_doubt,
    "held": _is_held,
    "findings": _is_finding,
}


def _found(setup: Setup, standing: Standing, rule: AlertRule, groups: Mapping[str, _Group], looks: Looks) -> Found:
    looked: IsLookedAt = _everything
    match rule.on:
        case "refused":
            raised = [_refused(mapping, group) for mapping, group in groups.items()]
        case "in_doubt":
            raised = [_in_doubt(mapping, group) for mapping, group in groups.items()]
        case "held":
            raised = [
                _held(rule, currency, group)
                for currency, group in groups.items()
                if group.amounts[currency] > rule.above[currency]
            ]
        case "findings":
            raised = [_finding(name, group) for name, group in groups.items()]
        case "run_late":
            raised = list(_late(setup, standing, rule))
        case "line_stopped":
            raised = list(_stopped(setup))
        case "credential":
            raised = list(_credentials(looks))
        case "exposure":
            raised = list(_exposure(looks))
            looked = _exposure_looked_at(looks)
        case "reconcile_out":
            raised = [one for report in looks.reports if (one := _out(report)) is not None]
            looked = {
                _name_of(one) for one in looks.reports if all(part.complete for part in one.readings)
            }.__contains__
        case _:
            raised = list(_jobs(looks))
            looked = _jobs_looked_at(looks).__contains__
    return Found(rule=rule, raised=tuple(raised), is_looked_at=looked)


def _everything(_cause: str) -> bool:
    return True


def _refused(mapping: str, group: _Group) -> Raised:
    title = f"the target refused {_documents(group.count)} of {mapping}"
    command = f"worklist --mapping {mapping} --cause refused"
    return group.raised(mapping, title, command, CAUSES["refused"].advice)


def _in_doubt(mapping: str, group: _Group) -> Raised:
    title = f"nobody knows whether {_documents(group.count)} of {mapping} arrived"
    return group.raised(mapping, title, f"run {mapping}", "It is looked up in the target, and never sent blindly.")


def _held(rule: AlertRule, currency: str, group: _Group) -> Raised:
    title = f"more than {rule.above[currency]:,f} {currency} is held"
    one = f" --mapping {rule.mappings[0]}" if len(rule.mappings) == 1 else ""
    return group.raised(currency, title, f"worklist{one}")


def _finding(name: str, group: _Group) -> Raised:
    mapping, _, cause = name.partition(" ")
    known = CAUSES.get(cause)
    title = f"{_documents(group.count)} of {mapping}: {known.title if known else cause}"
    command = f"worklist --mapping {mapping} --cause {cause}"
    return group.raised(name, title, command, known.advice if known else "")


def _late(setup: Setup, standing: Standing, rule: AlertRule) -> Iterator[Raised]:
    if rule.after is None:
        return
    since = setup.clock.now() - rule.after
    if standing.made_at() > since:
        return
    good = standing.good_runs(since)
    minutes = rule.after // timedelta(minutes=1)
    span = f"{minutes} minutes" if minutes % 60 else f"{minutes // 60} hours"
    for name in rule.mappings or tuple(spec.name for spec in setup.specs):
        if name not in good:
            title = f"{name} has had no successful run for {span}"
            yield Raised(cause=name, title=title, command=f"ml-connector run {name}")


def _stopped(setup: Setup) -> Iterator[Raised]:
    companies = (None, *setup.books.companies)
    for connection in dict.fromkeys(spec.target.connection for spec in setup.specs):
        for company in companies:
            if stopped_because(setup.ledger, connection, company):
                line = line_of(connection, company)
                of = f" of {company}" if company else ""
                title = f"nothing is entered into {connection}{of}: too many of our documents are gone from it"
                command = "ml-connector sweep --accept-missing --reason TEXT"
                yield Raised(cause=line, title=title, command=command, advice=CAUSES["line_stopped"].advice)


def _credentials(looks: Looks) -> Iterator[Raised]:
    for one in looks.credentials:
        name = f"{one.connection} {one.field}"
        yield Raised(cause=f"{name} {one.what}", title=f"{name} {one.told}", command=one.command)


def _exposure(looks: Looks) -> Iterator[Raised]:
    if looks.exposure is None:
        return
    groups: dict[str, _Group] = {}
    for one in looks.exposure.exposed:
        groups.setdefault(one.row.company or "-", _Group()).add(one.balance, one.row.currency)
    for company, group in groups.items():
        title = f"the target could pay {_documents(group.count)} of {company} that the source pays"
        yield group.raised(company, title, f"exposure --company {company}")


def _exposure_looked_at(looks: Looks) -> IsLookedAt:
    if looks.exposure is None or looks.exposure.unread:
        return lambda _cause: False  # what could not be read may still be so
    return lambda cause: looks.exposure_of in (None, cause)


def _out(report: ControlReport) -> Raised | None:
    """What is not known is no difference: a month has no opening before the first sign-off, and still no alert."""
    if not report.findings:
        return None
    count = len(report.findings)
    return Raised(
        cause=_name_of(report),
        title=f"{_name_of(report)} does not tie: {count:,} difference{'' if count == 1 else 's'}",
        command=f"ml-connector reconcile --company {report.company} --period {report.period}",
        amounts={report.currency: report.amount},
    )


def _name_of(report: ControlReport) -> str:
    return f"{report.company} {report.period}"


def _jobs(looks: Looks) -> Iterator[Raised]:
    """One message for files with errors, however many jobs fail for them."""
    for job in looks.jobs:
        if job.files_wrong:
            title = "no job runs: the workspace's files have errors"
            yield Raised(cause=FILES, title=title, command="ml-connector validate", oldest=job.at)
        elif job.trouble:
            title = f"the job {job.name}: {job.trouble}"
            yield Raised(cause=job.name, title=title, command="ml-connector status", oldest=job.at)


def _jobs_looked_at(looks: Looks) -> frozenset[str]:
    """A job that got as far as its work says that the files are right; one that did not says nothing of its work."""
    return frozenset(name for job in looks.jobs if not job.files_wrong for name in (job.name, FILES))


def _documents(count: int) -> str:
    return f"{count:,} document{'' if count == 1 else 's'}"

"""books.yaml: the controller's settings of every company, and what is not posted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine.language.node import Node
from engine.language.spec.books_schema import books_schema
from engine.language.spec.check_shape import ShapeFault, shape_faults
from engine.language.spec.findings import Findings
from engine.language.spec.periods import Span, is_open, next_open, parse_period
from engine.language.spec.settings import SETTINGS
from engine.language.spec.workspace_file import read_file
from engine.language.transform.select import Selector
from engine.words.errors import InputError
from engine.words.problem import Place, Problem, did_you_mean, in_order


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """One company; `settings` has every known setting, None where an optional one is not set.

    In `settings`, `go_live` is a date and lists are tuples; `periods` are the open spans of days, `signed` those
    that are signed off, which books.yaml does not say.
    """

    code: str
    settings: Mapping[str, Any]
    zone: ZoneInfo
    go_live: date
    periods: tuple[Span, ...]
    signed: tuple[Span, ...] = ()

    def is_open(self, day: date) -> bool:
        """Whether this day may be posted into."""
        return is_open(self.periods, day) and not self.is_signed(day)

    def is_signed(self, day: date) -> bool:
        """Whether this day lies in a period that is signed off."""
        return is_open(self.signed, day)

    def fiscal_year(self, day: date) -> int:
        """The calendar year in which the fiscal year of a day begins."""
        return day.year - (day.month < (self.settings["fiscal_year_starts"] or 1))

    def next_open(self, day: date) -> date | None:
        """The first day from this one on that may be posted into; None when there is none."""
        later = next_open(self.periods, day)
        while later is not None and self.is_signed(later):
            last = max(last for first, last in self.signed if first <= later <= last)
            later = next_open(self.periods, last + timedelta(days=1))
        return later


@dataclass(frozen=True, slots=True, kw_only=True)
class NotPosted:
    """Records of a feed that finance has decided not to post, and why."""

    connection: str
    feed: str
    when: tuple[tuple[Selector, tuple[Any, ...]], ...]
    reason: str
    place: Place

    def names(self, payload: Mapping[str, Any]) -> bool:
        """Whether this record is one of them.

        Raises:
            SelectError: a path does not fit the record.
        """
        return all(select(payload) in values for select, values in self.when)


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """The companies by their code, and what is not posted."""

    companies: dict[str, Company]
    not_posted: tuple[NotPosted, ...]

    def company(self, code: str) -> Company:
        """The company that a person named.

        Raises:
            InputError: it is not there.
        """
        if code not in self.companies:
            raise InputError(f"company {code} is not in books.yaml; it has {', '.join(sorted(self.companies))}")
        return self.companies[code]


def load_books(path: Path, shown_from: Path) -> tuple[Books | None, tuple[Problem, ...]]:
    """Read books.yaml with all its problems; None when there is an error."""
    file = read_file(path, shown_from, code="E704")
    if file.root is None:
        return None, file.problems
    findings = Findings(file.root)
    findings.extend(file.problems)
    findings.extend(_with_question(fault) for fault in shape_faults(file.root, books_schema()))
    companies = _companies(file.root, findings)
    _check_shared_charts(file.root, findings)
    not_posted = _not_posted(file.root, findings)
    problems = in_order(findings.problems)
    if findings.has_errors:
        return None, problems
    return Books(companies=companies, not_posted=not_posted), problems


def company_codes(path: Path, shown_from: Path) -> tuple[str, ...]:
    """The companies that books.yaml names, even while questions about them are open in it."""
    root = read_file(path, shown_from, code="E704").root
    companies = root.get("companies") if root is not None else None
    return tuple(companies.fields or ()) if companies is not None else ()


def company_from(code: str, given: Mapping[str, Any]) -> Company:
    """A company from plain settings, as the world of a mapping's test gives them.

    What is not given is None; without a zone it is UTC, without a go-live day everything posts, and
    without open periods everything is open.

    Raises:
        ValueError: a setting has a wrong value or is not known; the message names it.
    """
    unknown = sorted(set(given) - set(SETTINGS))
    if unknown:
        raise ValueError(f"books.yaml has no setting '{unknown[0]}'")
    zone = given.get("time_zone") or "UTC"
    try:
        go_live = date.fromisoformat(given["go_live"]) if given.get("go_live") else date.min
        periods = [parse_period(period) for period in given.get("open_periods") or ()]
        return _company(code, dict(given), ZoneInfo(zone), go_live, periods or [(date.min, date.max)])
    except (TypeError, AttributeError, KeyError, ZoneInfoNotFoundError) as error:
        raise ValueError(f"company {code}: {error}") from error


def _with_question(fault: ShapeFault) -> Problem:
    problem = fault.problem
    setting = SETTINGS.get(fault.key or "")
    if problem.code != "E105" or setting is None or fault.path[:1] != ("companies",):
        return problem
    sentence = f"company {fault.path[1]} has no '{setting.name}', and there is no default for it"
    return Problem(place=problem.place, code="E703", sentence=sentence, where=problem.where, hint=setting.question)


def _companies(root: Node, findings: Findings) -> dict[str, Company]:
    node = root.get("companies")
    if node is None or node.fields is None:
        return {}
    found: dict[str, Company] = {}
    for code, company in node.fields.items():
        if company.fields is None:
            continue
        zone = _zone(company, findings)
        go_live = _day(company, findings)
        periods = _periods(company, findings)
        if zone is not None and go_live is not None and not findings.is_damaged(node, code):
            found[code] = _company(code, company.plain(), zone, go_live, periods)
    return found


def _check_shared_charts(root: Node, findings: Findings) -> None:
    """A company that shares its chart publishes no accounts, so another one must."""
    node = root.get("companies")
    companies = node.fields if node is not None and node.fields is not None else {}
    for code, company in companies.items():
        shared = company.get("shares_chart_with")
        if shared is None or findings.has_damage(shared):
            continue
        others = [other for other in companies if other != code]
        if shared.scalar == code:
            findings.add(shared, "E702", f"{code} is this company itself", "name the other one, or leave it out")
        elif shared.scalar not in others:
            hint = did_you_mean(str(shared.scalar), others) or "a company of this file"
            findings.add(shared, "E702", f"books.yaml has no company '{shared.scalar}'", hint)


def _company(code: str, given: dict[str, Any], zone: ZoneInfo, go_live: date, periods: list[Span]) -> Company:
    settings: dict[str, Any] = {name: _frozen(given.get(name)) for name in SETTINGS}
    if given.get("go_live"):
        settings["go_live"] = go_live
    return Company(code=code, settings=settings, zone=zone, go_live=go_live, periods=tuple(periods))


def _frozen(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    return Decimal(value) if isinstance(value, Decimal) else value


def _zone(company: Node, findings: Findings) -> ZoneInfo | None:
    node = company.get("time_zone")
    if node is None or not isinstance(node.scalar, str) or findings.is_damaged(company, "time_zone"):
        return None
    try:
        return ZoneInfo(node.scalar)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        findings.add(node, "E702", f"'{node.scalar}' is no time zone", "a name such as America/Chicago")
        return None


def _day(company: Node, findings: Findings) -> date | None:
    node = company.get("go_live")
    if node is None or not isinstance(node.scalar, str) or findings.is_damaged(company, "go_live"):
        return None
    try:
        return date.fromisoformat(node.scalar)
    except ValueError:
        findings.add(node, "E702", f"the calendar has no day {node.scalar}", "write a date as 2026-11-01")
        return None


def _periods(company: Node, findings: Findings) -> list[Span]:
    node = company.get("open_periods")
    if node is None or findings.is_damaged(company, "open_periods"):
        return []
    spans = []
    for item in node.items or ():
        try:
            spans.append(parse_period(item.plain()))
        except ValueError as error:
            findings.add(item, "E702", f"this is no period: {error}", "first the earlier day, then the later")
    return spans


def _not_posted(root: Node, findings: Findings) -> tuple[NotPosted, ...]:
    node = root.get("not_posted")
    lines = node.items if node is not None and node.items is not None else ()
    return tuple(_not_posted_line(line, findings) for line in lines if not findings.has_damage(line))


def _not_posted_line(line: Node, findings: Findings) -> NotPosted:
    plain = line.plain()
    when = line.find(("when",))
    pairs = []
    for path, values in (when.fields or {}).items():
        place = when.key_place(path)
        key = findings.called_like(Node(place=place, scalar=path, exact=True, text_place=place), values)
        selector = findings.selector(key)
        if selector is not None:
            pairs.append((selector, tuple(values.plain())))
    return NotPosted(
        connection=plain["connection"],
        feed=plain["feed"],
        when=tuple(pairs),
        reason=plain["reason"],
        place=line.place,
    )

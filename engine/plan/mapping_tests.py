"""Running a mapping's own tests: offline, with the world the test gives."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from engine.domain.entries import by_account
from engine.domain.lifecycle import State
from engine.domain.record import RecordKey, SourceRecord
from engine.language.crosswalk.crosswalk import Crosswalk
from engine.language.crosswalk.load import crosswalk_of_rows
from engine.language.spec.books import Company, company_from
from engine.language.spec.model import MappingSpec, TestSpec
from engine.language.transform.render import RenderError
from engine.plan.batch import plan_batch
from engine.plan.decision import Document, Planned
from engine.plan.proposed_rows import lay_over
from engine.plan.sorting import home
from engine.plan.world import Match, Row
from engine.words.errors import InputError
from engine.words.json_value import canonical
from engine.words.money import show_money
from engine.words.problem import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class TestOutcome:
    """How one test ended; `told` explains a failure, with a difference line by line where there is one."""

    __test__ = False

    mapping: str
    name: str
    place: Place
    passed: bool
    told: str = ""


class GivenWorld:
    """The world of a test: what it does not give does not exist."""

    def __init__(self, world: Mapping[str, Any], uses: Mapping[str, tuple[Sequence[str], Sequence[str]]]) -> None:
        self._lookups: Mapping[str, Any] = world.get("lookups") or {}
        self._companies = {
            name: company_from(name, settings) for name, settings in (world.get("books") or {}).items()
        }
        self._crosswalks = {
            name: _crosswalk(name, (world.get("crosswalks") or {}).get(name, []), keys, results)
            for name, (keys, results) in uses.items()
        }

    def look_up(
        self, connection: str, company: str | None, set_name: str, matches: Sequence[Match], fields: Sequence[str]
    ) -> Mapping[Match, tuple[Row, ...]]:
        """The given rows that fit."""
        del connection, company, fields
        rows = self._lookups.get(set_name) or []
        return {match: tuple(row for row in rows if _fits(row, match)) for match in matches}

    def crosswalk(self, name: str) -> Crosswalk:
        """The given rows as a crosswalk."""
        return self._crosswalks[name]

    def company(self, name: str) -> Company | None:
        """The given settings as a company."""
        return self._companies.get(name)


def run_tests(spec: MappingSpec, uses: Mapping[str, tuple[Sequence[str], Sequence[str]]]) -> tuple[TestOutcome, ...]:
    """The outcome of each test of a mapping. `uses` gives the key and result columns of each crosswalk."""
    return tuple(_run(spec, test, uses) for test in spec.tests)


def _crosswalk(name: str, rows: Any, keys: Sequence[str], results: Sequence[str]) -> Crosswalk:
    crosswalk, problems = crosswalk_of_rows(name, rows, keys, results)
    if crosswalk is None:
        raise InputError(f"the rows that the test gives for the crosswalk {name} are wrong", problems)
    return crosswalk


def _run(spec: MappingSpec, test: TestSpec, uses: Mapping[str, tuple[Sequence[str], Sequence[str]]]) -> TestOutcome:
    source_id = spec.source.id(test.given)
    key = RecordKey(connection=spec.source.connection, feed=spec.source.endpoint, source_id=str(source_id))
    record = SourceRecord(key=key, company=test.company, payload=test.given)
    if home(record, [spec]) is None:
        told = "the mapping's filter does not take this record: it belongs to another mapping"
        return _outcome(spec, test, "" if test.expects == "skips" and _says(test, told) else told)
    (planned,) = plan_batch(spec, [record], GivenWorld(test.world, uses))
    return _outcome(spec, test, _EXPECTATIONS[test.expects](spec, test, planned))


def _outcome(spec: MappingSpec, test: TestSpec, told: str) -> TestOutcome:
    return TestOutcome(mapping=spec.name, name=test.name, place=test.place, passed=not told, told=told)


def _expect_books(_spec: MappingSpec, test: TestSpec, planned: Planned) -> str:
    if not isinstance(planned, Document):
        return f"expected books, but it is {planned.state}: {planned.reason}"
    booked = {account: amount for account, amount in by_account(planned.entries).items() if amount}
    asked = {account: Decimal(str(amount)) for account, amount in (test.books or {}).items()}
    if booked == asked:
        return ""
    lines = [f"{'account':<28} {'expected':>14} {'booked':>14}"]
    for account in dict.fromkeys((*asked, *booked)):
        left, right = asked.get(account), booked.get(account)
        mark = "" if left == right else "   <-- differs"
        lines.append(f"{account:<28} {_amount(left):>14} {_amount(right):>14}{mark}")
    return "it books something else:\n" + "\n".join(lines)


def _expect_sends(spec: MappingSpec, test: TestSpec, planned: Planned) -> str:
    if not isinstance(planned, Document):
        return f"expected a document, but it is {planned.state}: {planned.reason}"
    body = planned.body
    for call in spec.target.defaults:
        path = str(call.path.render(planned.scope))
        proposed = (test.world.get("defaults") or {}).get(path, {})
        body = lay_over(proposed, body, without=call.without)
    if _comparable(body) == _comparable(test.sends):
        return ""
    difference = difflib.unified_diff(_lines(test.sends), _lines(body), "expected", "sent", lineterm="", n=2)
    return "it sends another document:\n" + "\n".join(difference)


def _expect_waits(state: State) -> Any:
    def check(_spec: MappingSpec, test: TestSpec, planned: Planned) -> str:
        if isinstance(planned, Document):
            return f"expected {state}, but a document would be sent with the key {', '.join(planned.key)}"
        if planned.state is not state:
            return f"expected {state}, but it is {planned.state}: {planned.reason}"
        return (
            ""
            if _says(test, planned.reason)
            else f"expected the reason to say '{test.reason}', it says: {planned.reason}"
        )

    return check


def _expect_refuses(spec: MappingSpec, test: TestSpec, planned: Planned) -> str:
    if not isinstance(planned, Document):
        return f"expected a document that is refused, but it is {planned.state}: {planned.reason}"
    answer = test.answer or {}
    status = int(answer.get("status", 200))
    if 200 <= status < 300:
        try:
            done = (
                spec.target.succeeded is None or spec.target.succeeded.render({"answer": answer.get("body")}) is True
            )
        except RenderError as error:
            return str(error.sentence)
        if done:
            return "the given answer is a success by the recipe's own test"
        return "" if _says(test, canonical(answer.get("body")).decode()) else "the answer does not say so"
    told = canonical(answer.get("body")).decode()
    return "" if _says(test, told) else f"expected the refusal to say '{test.reason}', the answer says: {told}"


def _expect_warns(_spec: MappingSpec, test: TestSpec, planned: Planned) -> str:
    if not isinstance(planned, Document):
        return f"expected a document with a warning, but it is {planned.state}: {planned.reason}"
    told = "; ".join(planned.warnings) or "nothing"
    return "" if planned.warnings and _says(test, told) else f"expected the warning '{test.reason}', it warns: {told}"


_EXPECTATIONS: Mapping[str, Any] = {
    "books": _expect_books,
    "sends": _expect_sends,
    "skips": _expect_waits(State.SKIPPED),
    "holds": _expect_waits(State.HELD),
    "refuses": _expect_refuses,
    "warns": _expect_warns,
}


def _says(test: TestSpec, told: str) -> bool:
    return (test.reason or "").casefold() in told.casefold()


def _fits(row: Row, match: Match) -> bool:
    return all(_same(row.get(name), value) for name, value in match)


def _same(there: Any, asked: Any) -> bool:
    if isinstance(there, str) or isinstance(asked, str):
        return str(there).strip().casefold() == str(asked).strip().casefold()
    return bool(there == asked)


def _amount(amount: Decimal | None) -> str:
    return "-" if amount is None else show_money(amount)


def _lines(value: Any) -> list[str]:
    return json.dumps(_comparable(value), indent=2, ensure_ascii=False, sort_keys=True).splitlines()


def _comparable(value: Any) -> Any:
    """Numbers by their value (60 and 60.00 are one), dates as they are sent."""
    if isinstance(value, dict):
        return {key: _comparable(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_comparable(inner) for inner in value]
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        return f"{Decimal(value).normalize():f}"
    return value.isoformat() if isinstance(value, date) else value

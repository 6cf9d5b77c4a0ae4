"""The transform block, step by step over a whole batch, so that each look-up is asked once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from engine.domain.lifecycle import State
from engine.language.crosswalk.crosswalk import AmbiguousRows, CrosswalkError, Hit
from engine.language.spec.model import CrosswalkStep, EachStep, LookupStep, PeriodStep, Step, ValueStep
from engine.language.transform.render import Template
from engine.plan.decision import Put
from engine.plan.extract import Waits, is_missing
from engine.plan.item import Item
from engine.plan.period import booked_on
from engine.plan.world import Match, Row, World
from engine.words.errors import ProgramError


@dataclass(frozen=True, slots=True)
class _Spot:
    """One place where a step's value goes: the record's scope, or one item of a group."""

    item: Item
    scope: dict[str, Any]
    into: dict[str, Any]
    called: str


def transform(items: Sequence[Item], steps: Iterable[Step], world: World) -> None:
    """Carry out the steps for every record that is still under way; a record that must wait is ended."""
    for step in steps:
        _carry_out(step, _spots(step, [item for item in items if item.ended is None]), world)


def held(item: Item, work: Callable[[], None]) -> None:
    """Do a piece of work for one record; what goes wrong there holds that record alone."""
    try:
        work()
    except Waits as waits:
        item.end(
            Put(
                record=item.record,
                state=State.HELD,
                cause=waits.cause,
                reason=waits.reason,
                facts=item.facts(),
            )
        )


def _spots(step: Step, items: Sequence[Item]) -> list[_Spot]:
    return [_Spot(item, item.scope, item.scope, step.name) for item in items]


def _carry_out(step: Step, spots: Sequence[_Spot], world: World) -> None:
    if isinstance(step, EachStep):
        _each(step, spots, world)
    elif isinstance(step, LookupStep):
        _look_up(step, spots, world)
    else:
        for spot in spots:
            held(spot.item, lambda spot=spot: _one(step, spot, world))  # type: ignore[misc]


def _each(step: EachStep, spots: Sequence[_Spot], world: World) -> None:
    inner = [
        _Spot(spot.item, scope, line, f"{step.group}[{index - 1}]")
        for spot in spots
        for index, line, scope in spot.item.each(step.variable, step.group)
    ]
    for part in step.steps:
        going_on = [
            _Spot(spot.item, spot.scope, spot.into, f"{spot.called.split('.')[0]}.{part.name}")
            for spot in inner
            if spot.item.ended is None
        ]
        _carry_out(part, going_on, world)


def _one(step: ValueStep | CrosswalkStep | PeriodStep, spot: _Spot, world: World) -> None:
    if spot.item.ended is not None:
        return
    if isinstance(step, ValueStep):
        spot.into[step.name] = spot.item.render(step.value, spot.scope)
    elif isinstance(step, CrosswalkStep):
        spot.into[step.name] = _coded(step, spot, world)
    else:
        spot.into[step.name] = _period(step, spot)
    _hear_of_company(step, spot, world)


def _hear_of_company(step: Step, spot: _Spot, world: World) -> None:
    """A step of the record itself that is called `company` says whose books it is for, whatever its kind."""
    if step.name == "company" and spot.into is spot.item.scope:
        spot.item.know_company(world)


def _coded(step: CrosswalkStep, spot: _Spot, world: World) -> Any:
    match = {column: spot.item.render(value, spot.scope) for column, value in step.match}
    day = spot.item.render(step.on, spot.scope) if step.on else _book_date_of(spot.scope)
    try:
        hit = world.crosswalk(step.crosswalk).find(match, day)
    except AmbiguousRows as error:
        raise Waits("crosswalk_tie", f"{spot.called}: {error.sentence}") from None
    except CrosswalkError as error:
        raise Waits("value_wrong", f"{spot.called}: {error.sentence}") from None
    asked = ", ".join(f"{column} {_shown(value)}" for column, value in match.items())
    if hit is None:
        if step.optional:
            return None if isinstance(step.take, str) else dict.fromkeys(step.take)
        raise Waits("crosswalk_no_row", f"{spot.called}: no row of {step.crosswalk} for {asked}")
    spot.item.hits[spot.called] = hit
    if hit.action == "hold":
        raise Waits("crosswalk_hold", _hold_sentence(step, hit, spot.called, asked))
    if not isinstance(step.take, str):
        return {name: hit.values[name] or None for name in step.take}
    if not hit.values[step.take]:
        raise Waits("value_missing", f"{spot.called}: the row at {hit.place} gives no {step.take} for {asked}")
    return hit.values[step.take]


def _hold_sentence(step: CrosswalkStep, hit: Hit, called: str, asked: str) -> str:
    rule = f" (rule {hit.rule})" if hit.rule else ""
    note = f": {hit.note}" if hit.note else ""
    return f"{called}: {step.crosswalk}{rule} says hold for {asked}{note}"


def _book_date_of(scope: dict[str, Any]) -> date | None:
    day = scope.get("apply_date") or scope.get("date")
    return day if isinstance(day, date) else None


def _period(step: PeriodStep, spot: _Spot) -> date:
    item = spot.item
    day = item.render(step.date, spot.scope)
    if not isinstance(day, date) or isinstance(day, datetime):
        raise Waits("value_wrong", f"{step.name}: {_shown(day)} is not a date")
    if item.company is None:
        raise ProgramError(f"{step.place}: a period needs `company` to be known above it")
    facts = item.facts()
    return booked_on(
        item.company, day, moves=step.closed == "next_open", amount=facts.amount, currency=facts.currency
    )


def _look_up(step: LookupStep, spots: Sequence[_Spot], world: World) -> None:
    fields = (step.take,) if isinstance(step.take, str) else step.take
    asked: dict[str | None, dict[Match, list[_Spot]]] = {}
    for spot in spots:
        if spot.item.ended is None:
            held(spot.item, lambda spot=spot: _ask(step, spot, asked))  # type: ignore[misc]
    for company, by_match in asked.items():
        found = world.look_up(step.connection, company, step.set, tuple(by_match), fields)
        for match, waiting in by_match.items():
            for spot in waiting:
                if spot.item.ended is None:
                    held(spot.item, lambda s=spot, m=match, f=found: _give(step, s, m, f[m]))  # type: ignore[misc]
    for spot in spots:
        if spot.item.ended is None:
            held(spot.item, lambda spot=spot: _hear_of_company(step, spot, world))  # type: ignore[misc]


def _ask(step: LookupStep, spot: _Spot, asked: dict[str | None, dict[Match, list[_Spot]]]) -> None:
    match = rendered_match(spot.item, step.match, spot.scope)
    if any(is_missing(value) for _, value in match):
        if step.optional:
            spot.into[step.name] = [] if step.many else _taken(step, {})
            return
        named = ", ".join(name for name, value in match if is_missing(value))
        raise Waits("value_missing", f"{spot.called}: {named} is missing, so {step.set} cannot be asked")
    company = spot.item.company.code if spot.item.company else spot.item.record.company
    asked.setdefault(company, {}).setdefault(match, []).append(spot)


def _give(step: LookupStep, spot: _Spot, match: Match, rows: tuple[Row, ...]) -> None:
    named = " and ".join(f"{name} {_shown(value)}" for name, value in match)
    if not rows and not step.optional:
        raise Waits("lookup_no_row", f"{spot.called}: {step.connection} has no {named} in {step.set}")
    if step.many:
        spot.into[step.name] = [_taken(step, row) for row in rows]
        return
    if len(rows) > 1:
        raise Waits("lookup_many", f"{spot.called}: {step.connection} has {len(rows)} rows for {named} in {step.set}")
    spot.into[step.name] = _taken(step, rows[0] if rows else {})


def _taken(step: LookupStep, row: Row) -> Any:
    return row.get(step.take) if isinstance(step.take, str) else {name: row.get(name) for name in step.take}


def rendered_match(item: Item, match: Iterable[tuple[str, Template]], scope: dict[str, Any]) -> Match:
    """The fields and values of a look-up for one record, text trimmed."""
    pairs = []
    for name, template in match:
        value = item.render(template, scope)
        pairs.append((name, value.strip() if isinstance(value, str) else value))
    return tuple(pairs)


def _shown(value: Any) -> str:
    return "(missing)" if is_missing(value) else f"'{value}'"

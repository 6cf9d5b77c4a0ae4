"""The transform block, step by step over a whole batch, so that each look-up is asked once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from operator import setitem
from typing import Any

from engine.language.crosswalk.crosswalk import AmbiguousRows, CrosswalkError, Hit
from engine.language.spec.model import CrosswalkStep, EachStep, LookupStep, PeriodStep, Step, ValueStep
from engine.language.transform.render import RenderError, Template
from engine.plan.extract import Waits, is_missing
from engine.plan.item import Item
from engine.plan.period import booked_on
from engine.plan.world import Match, Row, World
from engine.words.errors import ProgramError


@dataclass(slots=True)
class _Spot:
    """One place where values of steps go: the record's scope, or one item of a group, which `of` names."""

    item: Item
    scope: dict[str, Any]
    into: dict[str, Any]
    of: str = ""

    def called(self, step: Step) -> str:
        """How messages call the value of a step here."""
        return f"{self.of}{step.name}"


def transform(items: Sequence[Item], steps: Iterable[Step], world: World) -> None:
    """Carry out the steps for every record that is still under way; a record that must wait is ended."""
    spots = [_Spot(item, item.scope, item.scope) for item in items]
    for step in steps:
        _carry_out(step, spots, world)


def _at_each(spots: Iterable[_Spot], work: Callable[[_Spot], object]) -> None:
    """Do a piece of work for every record that is still under way; what goes wrong there holds that record alone."""
    for spot in spots:
        if spot.item.ended is None:
            try:
                work(spot)
            except (Waits, RenderError) as why:
                spot.item.end(spot.item.held(why))


def _carry_out(step: Step, spots: Sequence[_Spot], world: World) -> None:
    if isinstance(step, EachStep):
        _each(step, spots, world)
        return
    if isinstance(step, LookupStep):
        _look_up(step, spots, world)
    else:
        _at_each(spots, _putting(step, world))
    if step.name == "company":
        _at_each(spots, lambda spot: _hear_of_company(spot, world))


def _each(step: EachStep, spots: Sequence[_Spot], world: World) -> None:
    inner = [
        _Spot(spot.item, scope, line, f"{step.group}[{index - 1}].")
        for spot in spots
        if spot.item.ended is None
        for index, line, scope in spot.item.each(step.variable, step.group)
    ]
    for part in step.steps:
        _carry_out(part, inner, world)


def _putting(step: ValueStep | CrosswalkStep | PeriodStep, world: World) -> Callable[[_Spot], object]:
    """What puts the value of a step where it belongs."""
    name = step.name
    if isinstance(step, ValueStep):
        render = step.value.render
        return lambda spot: setitem(spot.into, name, render(spot.scope))
    if isinstance(step, CrosswalkStep):
        return lambda spot: setitem(spot.into, name, _coded(step, spot, world))
    return lambda spot: setitem(spot.into, name, _period(step, spot))


def _hear_of_company(spot: _Spot, world: World) -> None:
    """A step of the record itself that is called `company` says whose books it is for, whatever its kind."""
    if spot.into is spot.item.scope:
        spot.item.know_company(world)


def _coded(step: CrosswalkStep, spot: _Spot, world: World) -> Any:
    match = {column: value.render(spot.scope) for column, value in step.match}
    day = step.on.render(spot.scope) if step.on else _book_date_of(spot.scope)
    called = spot.called(step)
    try:
        hit = world.crosswalk(step.crosswalk).find(match, day)
    except AmbiguousRows as error:
        raise Waits("crosswalk_tie", f"{called}: {error.sentence}") from None
    except CrosswalkError as error:
        raise Waits("value_wrong", f"{called}: {error.sentence}") from None
    if hit is None:
        if step.optional:
            return None if isinstance(step.take, str) else dict.fromkeys(step.take)
        raise Waits("crosswalk_no_row", f"{called}: no row of {step.crosswalk} for {_asked(match.items())}")
    spot.item.hits[called] = hit
    if hit.action == "hold":
        raise Waits("crosswalk_hold", _hold_sentence(step, hit, called, _asked(match.items())))
    if not isinstance(step.take, str):
        return {name: hit.values[name] or None for name in step.take}
    if not hit.values[step.take]:
        told = f"the row at {hit.place} gives no {step.take} for {_asked(match.items())}"
        raise Waits("value_missing", f"{called}: {told}")
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
    day = step.date.render(spot.scope)
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
    _at_each(spots, lambda spot: _ask(step, spot, asked))
    for company, by_match in asked.items():
        found = world.look_up(step.connection, company, step.set, tuple(by_match), fields)
        for match, waiting in by_match.items():
            _at_each(waiting, partial(_give, step, match, found[match]))


def _ask(step: LookupStep, spot: _Spot, asked: dict[str | None, dict[Match, list[_Spot]]]) -> None:
    match = rendered_match(step.match, spot.scope)
    missing = [name for name, value in match if is_missing(value)]
    if missing:
        if step.optional:
            spot.into[step.name] = [] if step.many else _taken(step, {})
            return
        named = ", ".join(missing)
        raise Waits("value_missing", f"{spot.called(step)}: {named} is missing, so {step.set} cannot be asked")
    company = spot.item.company.code if spot.item.company else spot.item.record.company
    asked.setdefault(company, {}).setdefault(match, []).append(spot)


def _give(step: LookupStep, match: Match, rows: tuple[Row, ...], spot: _Spot) -> None:
    if not rows and not step.optional:
        told = f"no {_asked(match, ' and ')} in {step.set}"
        raise Waits("lookup_no_row", f"{spot.called(step)}: {step.connection} has {told}")
    if step.many:
        spot.into[step.name] = [_taken(step, row) for row in rows]
        return
    if len(rows) > 1:
        told = f"{len(rows)} rows for {_asked(match, ' and ')} in {step.set}"
        raise Waits("lookup_many", f"{spot.called(step)}: {step.connection} has {told}")
    spot.into[step.name] = _taken(step, rows[0] if rows else {})


def _taken(step: LookupStep, row: Row) -> Any:
    return row.get(step.take) if isinstance(step.take, str) else {name: row.get(name) for name in step.take}


def rendered_match(match: Iterable[tuple[str, Template]], scope: dict[str, Any]) -> Match:
    """The fields and values of a look-up for one record, text trimmed."""
    pairs = []
    for name, template in match:
        value = template.render(scope)
        pairs.append((name, value.strip() if isinstance(value, str) else value))
    return tuple(pairs)


def _asked(match: Iterable[tuple[str, Any]], between: str = ", ") -> str:
    return between.join(f"{name} {_shown(value)}" for name, value in match)


def _shown(value: Any) -> str:
    return "(missing)" if is_missing(value) else f"'{value}'"

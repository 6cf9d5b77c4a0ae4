"""`explain KEY`: where each value comes from; `explain CAUSE`: what a cause means; `explain CODE`: a problem code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from engine.adapters.store.port import RecordRow
from engine.domain.causes import CAUSES
from engine.domain.lifecycle import State
from engine.domain.record import SourceRecord
from engine.faces.commands.output import (
    format_option,
    one_line,
    put_json,
    put_text,
    shown_amount,
    workspace_option,
)
from engine.faces.commands.show_command import the_record
from engine.language.spec.books import Company
from engine.language.spec.model import MappingSpec
from engine.language.spec.workspace_file import read_file
from engine.plan.batch import follow_batch
from engine.plan.decision import Document, Facts, Put
from engine.plan.explain import BooksPlace, Explained, ExplainedEntry, Explainer, Origin
from engine.plan.item import Item
from engine.run.live_world import LiveWorld
from engine.run.ordering import named
from engine.run.reading import company_read_under
from engine.run.setup import Setup
from engine.wiring.app import open_setup, valid_workspace
from engine.wiring.workspace import find_workspace
from engine.words.codes import CODES
from engine.words.errors import InputError
from engine.words.json_value import encode, shown
from engine.words.money import show_money
from engine.words.problem import did_you_mean

_STEP = "    "
_STOPS_ON_THE_WAY = frozenset(CAUSES) - {"not_yet", "status_unknown", "switched_off", "cut_over", "unbalanced"}


@click.command("explain")
@click.argument("key")
@workspace_option
@format_option
def command(key: str, workspace: Path, form: str) -> None:
    """Follow every value of a record from the source through the rules to the document.

    KEY is a record's id, the beginning of it, or its number. Each value is told with its expression, the
    source path and the crosswalk row it rests on, each with file, line and column. A record that waits is
    explained as far as it came. Look-ups are asked of the live systems, and nothing is written.

    KEY may also be a cause or a problem code, which need no workspace.

    \b
    Examples:
      ml-connector explain INV-20090
      ml-connector explain crosswalk_no_row
      ml-connector explain E204

    \b
    JSON: {record, mapping, number, state, would_wait: {state, cause, reason} or null, as_sent, books: [{side,
    account, amount, booked_by_target, account_from, amount_from}], sends: [{path, value, sent, expression,
    place, origins: [{name, value, told, place, depth}]}], stopped_at: [origin], known: [origin]}. as_sent is
    true, false, or null when nothing was sent; for a record that waits `stopped_at` and `known` stand instead
    of `sends`. Of a cause {cause, title, owner, advice}, of a problem code {code, title}.
    """
    if key in CAUSES:
        cause = CAUSES[key]
        _tell(form, {"cause": key, "title": cause.title, "owner": cause.owner, "advice": cause.advice})
        return
    if key.upper() in CODES:
        _tell(form, {"code": key.upper(), "title": CODES[key.upper()]})
        return
    with open_setup(valid_workspace(find_workspace(workspace))) as setup:
        hint = did_you_mean(key, (*CAUSES, *CODES))
        nor = f", and no cause or problem code is called so{f' ({hint})' if hint else ''}"
        row = the_record(setup.ledger, key, nor=nor)
        told = _explained(setup, named(setup.specs, row.mapping), row) if row.mapping else _homeless(row)
    if form == "json":
        put_json(_as_json(told))
        return
    _show(told)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """A record's explanation. `sent` has the values of the request that is on record, by path."""

    row: RecordRow
    facts: Facts
    put: Put | None
    as_sent: bool | None
    entries: tuple[ExplainedEntry, ...]
    body: tuple[Explained, ...]
    stopped_at: tuple[Origin, ...]
    known: tuple[Origin, ...]
    sent: Mapping[str, Any]


class _OpenWorld(LiveWorld):
    """The live world with every period open: what was entered is explained after its month was closed, too."""

    def company(self, name: str) -> Company | None:
        """The company as it is, but for its periods."""
        company = super().company(name)
        return None if company is None else replace(company, periods=((date.min, date.max),), signed=())


def _explained(setup: Setup, spec: MappingSpec, row: RecordRow) -> _Told:
    entered = row.entered_payload_hash is not None and row.state is not State.DISMISSED
    payload = setup.ledger.payload(row.entered_payload_hash or row.payload_hash)
    if payload is None:
        raise InputError(
            f"what the source held for {row.key} is not in the ledger any more: "
            "`ml-connector audit verify` says what was changed"
        )
    record = SourceRecord(key=row.key, company=company_read_under(spec, row.key), payload=payload)
    world = _OpenWorld(setup) if entered else LiveWorld(setup)
    ((item, planned),) = follow_batch(spec, [record], world)
    explainer = Explainer(item, _books_places(setup.folder))
    waits = planned if isinstance(planned, Put) else None
    document_hash = planned.hash if isinstance(planned, Document) else None
    return _Told(
        row=row,
        facts=item.facts(),
        put=waits,
        as_sent=None if row.document_hash is None or not entered else row.document_hash == document_hash,
        entries=explainer.entries(),
        body=() if waits is not None else explainer.body(),
        stopped_at=explainer.stopped_at() if waits is not None and waits.cause in _STOPS_ON_THE_WAY else (),
        known=explainer.known() if waits is not None else (),
        sent=_sent(setup, row, item),
    )


def _homeless(row: RecordRow) -> _Told:
    """A record that no mapping takes: there is nothing to follow, but there is a reason."""
    reason = row.reason or "it was only just read; the next run of a mapping of its feed looks at it"
    return _Told(
        row=row,
        facts=Facts(),
        put=Put(record=row.key, state=row.state, cause=row.cause, reason=reason),
        as_sent=None,
        entries=(),
        body=(),
        stopped_at=(),
        known=(),
        sent={},
    )


def _sent(setup: Setup, row: RecordRow, item: Item) -> Mapping[str, Any]:
    attempts = setup.ledger.attempts(row.id)
    if not attempts or item.spec.target.bulk is not None:
        return {}
    request = setup.ledger.payload(attempts[-1].request_hash)
    return dict(_flat("", request.get("body"))) if isinstance(request, dict) else {}


def _flat(path: str, value: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(f"{path}.{key}" if path else key, inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _flat(f"{path}[{index}]", inner)
    else:
        yield path, value


def _books_places(folder: Path) -> BooksPlace:
    root = read_file(folder / "books.yaml", folder, code="E704").root

    def place(company: str, setting: str) -> str:
        company_node = root.find(("companies", company)) if root is not None else None
        if company_node is None or company_node.get(setting) is None:
            return "books.yaml, where it is not set"
        return str(company_node.key_place(setting))

    return place


def _show(told: _Told) -> None:
    row, facts = told.row, told.facts
    amount = facts.amount if facts.amount is not None else row.amount
    label = facts.label or row.label or row.key.source_id
    shown = shown_amount(amount, facts.currency or row.currency)
    click.echo(f"{one_line(label)}{f'  {shown}' if shown else ''}  {one_line(row.key)}")
    _show_standing(told)
    if told.stopped_at:
        click.echo("\nwhere it stops")
        _show_origins(told.stopped_at, "  ", marked=False)
    if told.entries:
        click.echo("\nwhat it books" if told.as_sent is not None else "\nwhat it would book, as far as it is known")
        for entry in told.entries:
            _show_entry(entry, facts.currency or "")
    if told.body:
        click.echo("\nwhat is sent" if told.as_sent is not None else "\nwhat would be sent")
        for paths, one in _alike(told.body):
            _show_value(paths, one, told.sent)
    if told.known:
        click.echo("\nwhat is known of it")
        _show_origins(told.known, "  ")


def _show_standing(told: _Told) -> None:
    row, put = told.row, told.put
    state = row.state.value.replace("_", " ")
    entered = f" as {row.reference}" if row.reference else ""
    by = f", explained by the mapping {row.mapping} as it stands now" if row.mapping else ""
    put_text(f"{state}{entered}{by}")
    if put is None and row.reason:
        put_text(row.reason, first="why: ")
    if put is not None and told.as_sent is None:
        put_text(
            put.reason, first=f"{put.state.value.replace('_', ' ')}: " if put.state is not row.state else "why: "
        )
        if put.cause in CAUSES:
            put_text(f"{CAUSES[put.cause].advice} ({CAUSES[put.cause].owner})", first="what to do: ")
    elif put is not None:
        put_text(f"today it would wait ({put.state.value.replace('_', ' ')}): {put.reason}")
    elif told.as_sent:
        put_text("the mapping gives the same document today as the one that was sent")
    elif told.as_sent is False:
        put_text(
            "ATTENTION: the mapping, its crosswalks, books.yaml or what is looked up have changed since it was sent; "
            "where a value was another one then, it is told as 'sent'"
        )


def _show_entry(entry: ExplainedEntry, currency: str) -> None:
    amount = entry.amount.value
    shown = show_money(amount) if isinstance(amount, Decimal) else str(amount)
    rows = [origin.name for origin in entry.account.origins if origin.is_row and origin.name != "row"]
    by = "  booked by the target itself" if entry.booked_by_target else f"  by {rows[0]}" if rows else ""
    click.echo(f"\n  {entry.side:<6} {one_line(entry.account.value):<24} {shown:>18} {currency}{by}")
    for name, part in (("account", entry.account), ("amount", entry.amount)):
        if part.origins:
            put_text(f"{name}: {part.expression}  ({part.place})", first=_STEP, indent=2 * _STEP)
            _show_origins(part.origins, _STEP + "  ")


def _alike(body: tuple[Explained, ...]) -> list[tuple[list[str], Explained]]:
    """Values that stand in several places of the document for one reason are told once."""
    groups: dict[tuple[str, str, bytes], tuple[list[str], Explained]] = {}
    for one in body:
        last = one.path.rsplit(".", 1)[-1]
        groups.setdefault((last, one.expression, encode(_plain(one.value))), ([], one))[0].append(one.path)
    return list(groups.values())


def _show_value(paths: list[str], one: Explained, sent: Mapping[str, Any]) -> None:
    more = (
        f"  (and {len(paths) - 1} more: {', '.join(paths[1:4])}{', …' if len(paths) > 4 else ''})"
        if paths[1:]
        else ""
    )
    put_text(f"{paths[0]} = {_shown(one.value)}{more}", first="  ", indent=_STEP)
    then = sent.get(one.path, one.value)
    if _differs(then, one.value):
        put_text(f"sent: {_shown(then)}", first=_STEP)
    put_text(f"{one.expression}  ({one.place})", first=_STEP, indent=2 * _STEP)
    _show_origins(one.origins, _STEP + "  ")


def _show_origins(origins: Iterable[Origin], indent: str, *, marked: bool = True) -> None:
    for origin in origins:
        margin = f"{indent}{'  ' * origin.depth}"
        named = f"{origin.name} = {_shown(origin.value)}" if origin.value is not None else origin.name
        if origin.value is None and not origin.is_row and marked:
            named += " (missing)"
        put_text(f"{named}: {origin.told}  ({origin.place})", first=margin, indent=margin + _STEP)


def _plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    return value if value is None or isinstance(value, (bool, int, str, Decimal, date)) else str(value)


def _shown(value: Any) -> str:
    return shown(_plain(value))


def _differs(then: Any, now: Any) -> bool:
    if isinstance(now, (bool, int, Decimal)) and isinstance(then, (bool, int, Decimal)):
        return then != now
    if isinstance(now, Decimal) and isinstance(then, str):
        return then != f"{now:f}"
    return str(then) != str(now)


def _tell(form: str, told: dict[str, str]) -> None:
    if form == "json":
        put_json(told)
        return
    for name, text in told.items():
        put_text(text, first=f"{name:<7} ")


def _as_json(told: _Told) -> dict[str, Any]:
    row, put = told.row, told.put
    return {
        "record": str(row.key),
        "mapping": row.mapping,
        "number": row.label,
        "state": row.state.value,
        "would_wait": None if put is None else {"state": put.state.value, "cause": put.cause, "reason": put.reason},
        "as_sent": told.as_sent,
        "books": [
            {
                "side": entry.side,
                "account": _plain(entry.account.value),
                "amount": str(entry.amount.value),
                "booked_by_target": entry.booked_by_target,
                "account_from": _explained_json(entry.account),
                "amount_from": _explained_json(entry.amount),
            }
            for entry in told.entries
        ],
        "sends": [{**_explained_json(one), "sent": _plain(told.sent.get(one.path))} for one in told.body],
        "stopped_at": [_origin_json(one) for one in told.stopped_at],
        "known": [_origin_json(one) for one in told.known],
    }


def _explained_json(one: Explained) -> dict[str, Any]:
    return {
        "path": one.path,
        "value": _plain(one.value),
        "expression": one.expression,
        "place": one.place,
        "origins": [_origin_json(each) for each in one.origins],
    }


def _origin_json(origin: Origin) -> dict[str, Any]:
    return {
        "name": origin.name,
        "value": _plain(origin.value),
        "told": origin.told,
        "place": origin.place,
        "depth": origin.depth,
    }

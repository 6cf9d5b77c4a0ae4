"""`explain KEY`: where each value comes from; `explain CAUSE`: what a cause means; `explain CODE`: a problem code."""

from __future__ import annotations

from pathlib import Path

import click

from engine.domain.causes import CAUSES
from engine.domain.record import SourceRecord
from engine.faces.commands.output import clean, format_option, put_json, workspace_option
from engine.faces.commands.show_command import the_record
from engine.plan.batch import plan_batch
from engine.plan.decision import Document
from engine.plan.explain import Explained, explain
from engine.run.live_world import LiveWorld
from engine.run.ordering import named
from engine.wiring.app import open_setup, valid_workspace
from engine.wiring.workspace import find_workspace
from engine.words.codes import CODES
from engine.words.errors import InputError


@click.command("explain")
@click.argument("key")
@workspace_option
@format_option
def command(key: str, workspace: Path, form: str) -> None:
    """Say where every value sent for a record comes from: source path, expression, crosswalk row, with places.

    KEY may also be a cause (`explain crosswalk_no_row`) or a problem code (`explain E204`).
    """
    if key in CAUSES:
        cause = CAUSES[key]
        _tell(form, {"cause": key, "title": cause.title, "owner": cause.owner, "advice": cause.advice})
        return
    if key.upper() in CODES:
        _tell(form, {"code": key.upper(), "title": CODES[key.upper()]})
        return
    with open_setup(valid_workspace(find_workspace(workspace))) as setup:
        row = the_record(setup.ledger, key)
        if row.mapping is None:
            raise InputError(f"no mapping takes this record: {row.reason or 'it was only just read'}")
        spec = named(setup.specs, row.mapping)
        company = row.key.feed.split(" ", 1)[0] if spec.source.each_company else None
        record = SourceRecord(key=row.key, company=company, payload=setup.ledger.payload(row.payload_hash))
        (planned,) = plan_batch(spec, [record], LiveWorld(setup))
    if not isinstance(planned, Document):
        raise InputError(f"nothing would be sent for it now: {planned.reason}")
    explained = explain(spec, planned)
    if form == "json":
        put_json([_as_json(one) for one in explained])
        return
    click.echo(f"{clean(row.key)}  {clean(row.label)}, as the mapping {spec.name} stands now")
    for one in explained:
        click.echo(f"{clean(one.path)} = {clean(one.value)}\n    {clean(one.expression)}   ({one.place})")
        for origin in one.origins:
            click.echo(f"    {clean(origin.name)}: {clean(origin.told)}   ({origin.place})")


def _tell(form: str, told: dict[str, str]) -> None:
    if form == "json":
        put_json(told)
        return
    for name, text in told.items():
        click.echo(f"{name:<7} {text}")


def _as_json(one: Explained) -> dict[str, object]:
    return {
        "path": one.path,
        "value": one.value,
        "expression": one.expression,
        "place": one.place,
        "origins": [{"name": each.name, "told": each.told, "place": each.place} for each in one.origins],
    }

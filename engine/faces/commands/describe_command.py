"""`describe NAME`: a mapping in plain English."""

from __future__ import annotations

from pathlib import Path

import click

from engine.faces.commands.output import clean, format_option, put_json, workspace_option
from engine.plan.describe import describe
from engine.run.ordering import named
from engine.wiring.app import valid_workspace
from engine.wiring.workspace import find_workspace


@click.command("describe")
@click.argument("name", required=False)
@workspace_option
@format_option
@click.option("--full", is_flag=True, help="Print the whole mapping with its recipe merged in.")
def command(name: str | None, workspace: Path, form: str, full: bool) -> None:  # noqa: FBT001 - click hands it in
    """Say in plain English what a mapping does, with its T-account; without NAME, list the mappings."""
    loaded = valid_workspace(find_workspace(workspace))
    if name is None:
        for spec in loaded.specs:
            click.echo(f"{spec.name:<20} {spec.title}")
        return
    spec = named(loaded.specs, name)
    if form == "json":
        put_json({"name": spec.name, "title": spec.title, "content_hash": spec.content_hash, "mapping": spec.merged})
    elif full:
        import yaml

        click.echo(clean(yaml.safe_dump(spec.merged, sort_keys=False, allow_unicode=True, width=110)))
    else:
        click.echo(clean(describe(spec)))

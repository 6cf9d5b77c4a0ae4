"""`describe NAME`: a mapping in plain English."""

from __future__ import annotations

import shutil
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
import yaml

from engine.faces.commands.output import TEXT_WIDTH, clean, format_option, put_json, workspace_option
from engine.faces.commands.table import column, put_table
from engine.plan.describe import describe, paragraphs
from engine.run.ordering import named
from engine.wiring.app import valid_workspace
from engine.wiring.workspace import find_workspace


@click.command("describe")
@click.argument("name", required=False)
@workspace_option
@format_option
@click.option("--full", is_flag=True, help="Print the whole mapping as YAML, with its recipe merged in.")
def command(name: str | None, workspace: Path, form: str, full: bool) -> None:  # noqa: FBT001 - click hands it in
    """Say in plain English what a mapping does, with its T-account; without NAME, list the mappings.

    Reads only the files of the workspace.

    \b
    Examples:
      ml-connector describe
      ml-connector describe bills
      ml-connector describe bills --full

    \b
    JSON: {name, title, owner, switched_on, files, content_hash, paragraphs: [{heading, lines}], mapping}, where
    mapping is the merged file; without NAME a list of {name, title, owner, switched_on, source, target, mode}.
    """
    loaded = valid_workspace(find_workspace(workspace))
    if name is None:
        rows = [
            {
                "name": spec.name,
                "title": spec.title,
                "owner": spec.owner,
                "switched_on": spec.switched_on,
                "source": f"{spec.source.connection} {spec.source.endpoint}",
                "target": f"{spec.target.connection} {spec.target.call.path.text}",
                "mode": spec.target.mode,
            }
            for spec in loaded.specs
        ]
        if form == "json":
            put_json(rows)
            return
        put_table(
            (column("mapping"), column("on"), column("what it does", long=True)),
            [(row["name"], "yes" if row["switched_on"] else "NO", row["title"]) for row in rows],
        )
        return
    spec = named(loaded.specs, name)
    if form == "json":
        put_json(
            {
                "name": spec.name,
                "title": spec.title,
                "owner": spec.owner,
                "switched_on": spec.switched_on,
                "files": spec.files,
                "content_hash": spec.content_hash,
                "paragraphs": [{"heading": part.heading, "lines": part.lines} for part in paragraphs(spec)],
                "mapping": spec.merged,
            }
        )
    elif full:
        click.echo(clean(_as_yaml(spec.merged)), nl=False)
    else:
        width = min(shutil.get_terminal_size().columns, 2 * TEXT_WIDTH) if sys.stdout.isatty() else TEXT_WIDTH
        click.echo(clean(describe(spec, width=width)))


def _as_yaml(merged: dict[str, Any]) -> str:
    """The mapping as YAML; exact numbers are written as they are."""

    class Dumper(yaml.SafeDumper):
        """Knows Decimal."""

    Dumper.add_representer(
        Decimal, lambda dumper, value: dumper.represent_scalar("tag:yaml.org,2002:float", f"{value:f}")
    )
    return yaml.dump(merged, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=110)

"""`validate`: every file of the workspace, all problems at once."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from engine.faces.commands.output import clean, format_option, put_json, workspace_option
from engine.wiring.workspace import find_workspace, load_workspace


@click.command("validate")
@workspace_option
@format_option
@click.option("--strict", is_flag=True, help="Warnings count as errors.")
def command(workspace: Path, form: str, strict: bool) -> None:  # noqa: FBT001 - click hands it in
    """Check connections, books, mappings, recipes and crosswalks.

    Each problem is told with file, line and column. Exit code 2 when there are errors.
    """
    checked = load_workspace(find_workspace(workspace))
    errors, warnings = checked.errors, [one for one in checked.problems if one.is_warning]
    if form == "json":
        put_json({"ok": not errors, "problems": [problem.as_json() for problem in checked.problems]})
    else:
        for problem in checked.problems:
            click.echo(clean(problem))
        names = ", ".join(spec.name for spec in checked.specs)
        click.echo(
            f"{len(checked.specs)} mappings ({names}), {len(checked.crosswalks)} crosswalks: "
            f"{len(errors)} errors, {len(warnings)} warnings"
        )
    if errors or (strict and warnings):
        sys.exit(2)

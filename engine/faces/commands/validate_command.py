"""`validate`: every file of the workspace, all problems at once."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from engine.faces.commands.output import counted, format_option, one_line, put_json, put_text, workspace_option
from engine.wiring.workspace import find_workspace, load_workspace


@click.command("validate")
@workspace_option
@format_option
@click.option("--strict", is_flag=True, help="Warnings count as errors.")
def command(workspace: Path, form: str, strict: bool) -> None:  # noqa: FBT001 - click hands it in
    """Check every file of the workspace: connections, books.yaml, mappings, recipes, crosswalks.

    All problems are told at once, each with file, line, column and code; `ml-connector explain CODE` says
    what a code means. Nothing is asked of any system. Exit code 2 when there are errors.

    \b
    Examples:
      ml-connector validate
      ml-connector validate --strict --format json

    \b
    JSON: {ok, problems: [{file, line, column, code, sentence, hint, where}], mappings: [name],
    crosswalks: [name]}. Codes that begin with W are warnings.
    """
    checked = load_workspace(find_workspace(workspace))
    errors, warnings = checked.errors, [one for one in checked.problems if one.is_warning]
    wrong = bool(errors or (strict and warnings))
    if form == "json":
        put_json(
            {
                "ok": not wrong,
                "problems": [problem.as_json() for problem in checked.problems],
                "mappings": [spec.name for spec in checked.specs],
                "crosswalks": list(checked.crosswalks),
            }
        )
    else:
        for problem in checked.problems:
            click.echo(one_line(problem))
        names = f" ({', '.join(spec.name for spec in checked.specs)})" if checked.specs else ""
        put_text(
            f"{counted(len(checked.specs), 'mapping')}{names}, {counted(len(checked.crosswalks), 'crosswalk')}: "
            f"{counted(len(errors), 'error')}, {counted(len(warnings), 'warning')}"
        )
    if wrong:
        sys.exit(2)

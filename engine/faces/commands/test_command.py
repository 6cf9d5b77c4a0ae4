"""`test`: the mappings' own tests, offline."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from engine.faces.commands.output import clean, format_option, one_line, put_json, workspace_option
from engine.plan.mapping_tests import run_tests
from engine.run.ordering import named
from engine.wiring.app import valid_workspace
from engine.wiring.workspace import find_workspace


@click.command("test")
@click.argument("names", nargs=-1)
@workspace_option
@format_option
def command(names: tuple[str, ...], workspace: Path, form: str) -> None:
    """Run the tests that stand in the mappings: all of them, or those of NAMES.

    Nothing is asked of any system: look-ups, crosswalk rows and settings are the test's own, so that changing
    real coding breaks no test. Exit code 1 when one fails.

    \b
    Examples:
      ml-connector test
      ml-connector test bills

    \b
    JSON: a list of {mapping, test, passed, told, place: "file:line:column"}; told says why a test failed.
    """
    loaded = valid_workspace(find_workspace(workspace))
    specs = [named(loaded.specs, name) for name in names] or loaded.specs
    outcomes = [outcome for spec in specs for outcome in run_tests(spec, loaded.uses)]
    failed = [outcome for outcome in outcomes if not outcome.passed]
    if form == "json":
        put_json(
            [
                {
                    "mapping": one.mapping,
                    "test": one.name,
                    "passed": one.passed,
                    "told": one.told,
                    "place": str(one.place),
                }
                for one in outcomes
            ]
        )
    else:
        for one in outcomes:
            click.echo(f"{'pass' if one.passed else 'FAIL'}  {one.mapping}: {one_line(one.name)}")
            if not one.passed:
                click.echo(f"      {one.place}: {clean(one.told)}".replace("\n", "\n      "))
        click.echo(f"{len(outcomes) - len(failed)} passed, {len(failed)} failed")
        if not outcomes:
            click.echo("there is no test; write some under `tests:` in the mapping")
    if failed:
        sys.exit(1)

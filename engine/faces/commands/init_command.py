"""`init`: a new workspace."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from engine.faces.commands.output import format_option, put_json
from engine.language.spec.settings import SETTINGS
from engine.wiring.new_workspace import make_workspace
from engine.words.errors import InputError
from engine.words.problem import did_you_mean


@click.command("init")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path())
@format_option
@click.option("--airbase-url", default="https://api.airbase.io", show_default=True, help="Airbase's base URL.")
@click.option("--epicor-url", help="Epicor's base URL with its instance, such as https://HOST/INSTANCE.")
@click.option("--environment", type=click.Choice(["test", "production"]), help="What these systems are.")
@click.option(
    "--epicor-auth",
    type=click.Choice(["basic", "client_credentials", "password", "app_server"]),
    default="basic",
    show_default=True,
    help="How the Epicor user signs in, besides the API key.",
)
@click.option("--company", "companies", multiple=True, metavar="CODE", help="An Epicor company; may be repeated.")
@click.option(
    "--set", "answers", multiple=True, metavar="COMPANY.SETTING=VALUE", help="An answer given without being asked."
)
def command(
    folder: Path,
    form: str,
    airbase_url: str,
    epicor_url: str | None,
    environment: str | None,
    epicor_auth: str,
    companies: tuple[str, ...],
    answers: tuple[str, ...],
) -> None:
    """Make a workspace in FOLDER: connections, books.yaml, mappings and crosswalks, for finance to keep in git.

    It asks what only finance can answer. An empty answer leaves the question in books.yaml, and
    `validate` refuses to go on without it.
    """
    asking = sys.stdin.isatty()
    given = _parsed(answers)
    codes = companies or tuple(given)
    if not epicor_url or not environment or not codes:
        if not asking:
            raise InputError("without a terminal to ask at, give --epicor-url, --environment and --company")
        epicor_url = epicor_url or click.prompt("Epicor base URL (https://HOST/INSTANCE)")
        kinds: click.Choice[str] = click.Choice(["test", "production"])
        environment = environment or click.prompt("Are these systems test or production", type=kinds)
        codes = codes or tuple(click.prompt("Epicor company codes, separated by commas").replace(" ", "").split(","))
    complete = {code: _asked(code, given.get(code, {}), asking=asking) for code in codes}
    first = make_workspace(
        folder,
        airbase_url=airbase_url,
        epicor_url=str(epicor_url),
        environment=str(environment),
        epicor_auth=epicor_auth,
        companies=complete,
        with_key="ML_CONNECTOR_KEY" not in os.environ,
    )
    _tell(folder, form, first)


def _parsed(answers: tuple[str, ...]) -> dict[str, dict[str, str]]:
    given: dict[str, dict[str, str]] = {}
    for answer in answers:
        name, _, value = answer.partition("=")
        company, _, setting = name.partition(".")
        if not value or not setting:
            raise InputError(f"--set {answer}: write COMPANY.SETTING=VALUE")
        if setting not in SETTINGS:
            hint = did_you_mean(setting, SETTINGS)
            raise InputError(f"--set {answer}: books.yaml has no setting '{setting}'{f'; {hint}' if hint else ''}")
        given.setdefault(company, {})[setting] = value
    return given


def _asked(code: str, given: dict[str, str], *, asking: bool) -> dict[str, str]:
    answers = dict(given)
    for setting in SETTINGS.values():
        if asking and setting.needed and setting.name not in answers:
            answers[setting.name] = click.prompt(f"{code}: {setting.question}", default="", show_default=False)
    return answers


def _tell(folder: Path, form: str, first: tuple[Path, ...]) -> None:
    if form == "json":
        put_json({"workspace": str(folder), "read_first": [str(path) for path in first]})
        return
    click.echo(f"made a workspace in {folder}")
    click.echo("next:")
    for step in (
        "read books.yaml and answer what is still a question",
        "ml-connector credentials set airbase api_key     (and what `credentials list` names for epicor)",
        "fill mappings/crosswalks/*.csv",
        "ml-connector validate, then ml-connector test",
        "ml-connector ping, then ml-connector plan bills",
    ):
        click.echo(f"  {step}")

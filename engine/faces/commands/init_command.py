"""`init`: a new workspace."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import click

from engine.adapters.connectors.registry import credential_fields
from engine.faces.commands.output import counted, format_option, put_json
from engine.language.spec.settings import SETTINGS, Setting
from engine.wiring.new_workspace import Plan, key_is_elsewhere, make_workspace, refuse_if_there
from engine.words.errors import InputError
from engine.words.problem import Problem, did_you_mean

_ANY_URL = "https://epicor.example"


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

    On a terminal it asks what only finance can answer, and checks each answer. An empty answer leaves the
    question in books.yaml, and nothing runs before it is answered there. Crosswalks hold only their rows that
    hold what nobody coded: finance fills them. A folder that holds a workspace is left as it is.

    \b
    Examples:
      ml-connector init books
      ml-connector init books --epicor-url https://erp.example.com/LIVE --environment production --company EPIC06
      ml-connector init books ... --set EPIC06.paid_by=airbase --set EPIC06.open_periods=2026-11,2026-12

    \b
    JSON: {workspace, open_questions: ["COMPANY.SETTING"], credentials: [{connection, field, what}],
    read_first: [path]}.
    """
    refuse_if_there(folder)
    given = _parsed(answers, companies)
    codes = tuple(dict.fromkeys((*companies, *given)))
    plan = Plan(
        airbase_url=airbase_url,
        epicor_url=epicor_url or "",
        environment=environment or "",
        epicor_auth=epicor_auth,
        companies={code: given.get(code, {}) for code in codes},
    )
    if sys.stdin.isatty():
        plan = _asked(plan)
    elif not epicor_url or not environment or not codes:
        raise InputError("without a terminal to ask at, give --epicor-url, --environment and --company")
    make_workspace(folder, plan, with_key=not key_is_elsewhere(os.environ))
    _tell(folder, form, plan)


def _parsed(answers: tuple[str, ...], companies: tuple[str, ...]) -> dict[str, dict[str, str]]:
    given: dict[str, dict[str, str]] = {}
    for answer in answers:
        name, _, value = answer.partition("=")
        company, _, setting = name.partition(".")
        if not value.strip() or not setting or not company:
            raise InputError(f"--set {answer}: write COMPANY.SETTING=VALUE")
        if setting not in SETTINGS:
            hint = did_you_mean(setting, SETTINGS)
            raise InputError(f"--set {answer}: books.yaml has no setting '{setting}'{f'; {hint}' if hint else ''}")
        if companies and company not in companies:
            raise InputError(f"--set {answer}: {company} is not among the companies given ({', '.join(companies)})")
        given.setdefault(company, {})[setting] = value.strip()
    return given


def _asked(plan: Plan) -> Plan:
    """The plan with what is missing asked for; an answer that does not fit is asked for again."""
    kinds: click.Choice[str] = click.Choice(["test", "production"])
    # Prompts go to standard error: standard output has the result alone.
    if not plan.environment:
        asked = click.prompt(
            "Are these systems test or production?", type=kinds, show_choices=False, prompt_suffix=" ", err=True
        )
        plan = replace(plan, environment=str(asked))
    if not plan.epicor_url:
        proc = _checked(lambda text: replace(plan, epicor_url=text, companies={}), "epicor > base_url")
        url = click.prompt("Epicor's base URL with its instance (https://HOST/INSTANCE)", value_proc=proc, err=True)
        plan = replace(plan, epicor_url=url)
    if not plan.companies:
        codes = click.prompt("Epicor company codes, separated by commas", value_proc=_codes, err=True)
        plan = replace(plan, companies={code: {} for code in codes})
    click.echo("\nAn empty answer leaves the question open in books.yaml.", err=True)
    return replace(plan, companies={code: _company(plan, code) for code in plan.companies})


def _company(plan: Plan, code: str) -> dict[str, str]:
    answers = dict(plan.companies[code])
    for setting in SETTINGS.values():
        if not setting.needed or setting.name in answers:
            continue

        def with_answer(text: str, name: str = setting.name) -> Plan:
            return replace(plan, epicor_url=plan.epicor_url or _ANY_URL, companies={code: {name: text}})

        proc = _checked(with_answer, setting.name, may_be_empty=True)
        asked = click.prompt(
            f"{code}: {setting.question}{_form(setting)}",
            default="",
            show_default=False,
            value_proc=proc,
            prompt_suffix=" ",
            err=True,
        )
        if asked:
            answers[setting.name] = asked
    return answers


def _form(setting: Setting) -> str:
    """How an answer is written, where the question does not say it."""
    if setting.name == "open_periods":
        return " (such as 2026-11, 2026-12)"
    return {"date": " (such as 2026-11-01)"}.get(setting.type_words, "")


def _checked(plan_of: Callable[[str], Plan], about: str, *, may_be_empty: bool = False) -> Callable[[str], str]:
    """What a prompt does with an answer: it is taken when the file it would go to accepts it."""

    def take(text: str) -> str:
        text = text.strip()
        if not text and may_be_empty:
            return ""
        wrong = [one for one in plan_of(text).problems() if one.where.endswith(about) or about in one.where]
        if wrong:
            raise click.UsageError(_sentence(wrong[0]))
        return text

    return take


def _sentence(problem: Problem) -> str:
    return f"{problem.sentence}{f' ({problem.hint})' if problem.hint else ''}"


def _codes(text: str) -> tuple[str, ...]:
    codes = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if not codes:
        raise click.UsageError("name at least one company")
    return codes


def _tell(folder: Path, form: str, plan: Plan) -> None:
    shared = {"environment": plan.environment}
    fields = {
        "airbase": credential_fields("airbase", {**shared, "base_url": plan.airbase_url}),
        "epicor": credential_fields("epicor", {**shared, "base_url": plan.epicor_url, "login": plan.epicor_auth}),
    }
    wanted = [(connection, field, what) for connection, pairs in fields.items() for field, what in pairs]
    first = [folder / "books.yaml", folder / "connections.yaml", folder / "mappings" / "crosswalks"]
    if form == "json":
        put_json(
            {
                "workspace": str(folder),
                "open_questions": plan.open_questions,
                "credentials": [
                    {"connection": connection, "field": field, "what": what} for connection, field, what in wanted
                ],
                "read_first": [str(path) for path in first],
            }
        )
        return
    click.echo(f"made a workspace in {folder.resolve()}")
    for line in _next_steps(folder, plan, [(connection, field) for connection, field, _ in wanted]):
        click.echo(line)


def _next_steps(folder: Path, plan: Plan, wanted: list[tuple[str, str]]) -> list[str]:
    steps = [] if folder.resolve() == Path.cwd() else [f"cd {shlex.quote(str(folder))}"]
    questions = plan.open_questions
    if questions:
        steps.append(
            f"answer in books.yaml what is still open: {counted(len(questions), 'question')} ({', '.join(questions)})"
        )
    steps += ["fill mappings/crosswalks/*.csv: until then every record is held with its reason"]
    steps += [f"ml-connector credentials set {connection} {field}" for connection, field in wanted]
    steps += ["ml-connector validate", "ml-connector test", "ml-connector ping", "ml-connector plan bills"]
    if not key_is_elsewhere(os.environ):
        steps.append("keep a copy of .ml-connector/key in a safe place: credentials and audit trail need it")
    return ["next:", *(f"  {number}. {step}" for number, step in enumerate(steps, start=1))]

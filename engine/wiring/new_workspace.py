"""Making a workspace: files a finance team keeps in git, with every open question left visible."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from engine.adapters.connectors.registry import kinds, settings_schema
from engine.adapters.vault.vault import create_key
from engine.language.spec.alerts import FILE as ALERTS
from engine.language.spec.books import load_books
from engine.language.spec.connections import load_connections
from engine.language.spec.settings import SETTINGS, Setting
from engine.wiring.new_alerts import alerts_text
from engine.wiring.shipped import shipped
from engine.wiring.workspace import LEDGER, MARK, SCHEDULES, STATE
from engine.words.errors import InputError
from engine.words.problem import Problem

BOOKS = "books.yaml"
_CONNECTIONS = """\
# yaml-language-server: $schema=schemas/connections.schema.json
# The systems of this workspace. Credentials are never kept here: ml-connector credentials set CONNECTION FIELD
connections:
  airbase:
    kind: airbase
    environment: {environment}
    base_url: {airbase_url}
    auth_scheme: Token            # Token or Bearer; `ml-connector ping` says which one your tenant takes
  epicor:
    kind: epicor
    environment: {environment}
    base_url: {epicor_url}
    login: {epicor_auth}
"""
_SCHEDULES = """\
# yaml-language-server: $schema=schemas/schedules.schema.json
# What runs by itself while `ml-connector serve` or `worker` runs: take the # and the {} away.
# `ml-connector schedule list` shows when each comes next. A cron goes by the companies' clock, or time_zone.
schedules: {}
#   spend:
#     run: [vendors, bills, reimbursements, credits, card-transactions]
#     every: 15m
#     jitter: 1m                       # not all at the same second
#   nightly-sweep:
#     run: sweep
#     cron: 30 5 * * *
#     time_zone: America/Chicago
#   control-report:
#     run: reconcile
#     cron: 0 6 * * 1-5
#     period: this_month
"""
_IGNORED = ("/.ml-connector/", "/reports/")
_SAMPLE_CODES = frozenset({"natural", "department_seg"})
_OPEN_QUESTION = "E703"
_PLAIN_KEY = re.compile(r"[A-Z][A-Z0-9_-]{3,}")

_KEY_VARIABLES = ("ML_CONNECTOR_KEY", "ML_CONNECTOR_KEY_FILE", "ML_CONNECTOR_PASSPHRASE")

Answers = Mapping[str, Mapping[str, str]]
"""Answers as they were typed, by company and setting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a new workspace is made of: the two systems, and the answers to the questions of books.yaml."""

    airbase_url: str
    epicor_url: str
    environment: str
    epicor_auth: str
    companies: Answers

    @property
    def open_questions(self) -> tuple[str, ...]:
        """The needed settings without an answer, as COMPANY.SETTING."""
        return tuple(
            f"{code}.{name}"
            for code, answers in self.companies.items()
            for name, setting in SETTINGS.items()
            if setting.needed and not answers.get(name)
        )

    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with what was typed; a question without an answer is not wrong, only open."""
        with tempfile.TemporaryDirectory(prefix="ml-connector-") as name:
            folder = Path(name)
            _write_settings(self, folder)
            _, of_connections = load_connections(
                folder / MARK, shown_from=folder, kinds={kind: settings_schema(kind) for kind in kinds()}
            )
            _, of_books = load_books(folder / BOOKS, shown_from=folder)
        found = (*of_connections, *of_books)
        return tuple(one for one in found if not one.is_warning and one.code != _OPEN_QUESTION)


def make_workspace(folder: Path, plan: Plan, *, with_key: bool) -> None:
    """Write a new workspace, all of it or nothing.

    An unanswered question stays in books.yaml as a question, and `validate` refuses to go on without it.

    Raises:
        InputError: the folder holds a workspace already, or files of that name, or an answer does not fit.
    """
    refuse_if_there(folder)
    problems = plan.problems()
    if problems:
        raise InputError("an answer does not fit; nothing was made", problems)
    with _built_aside(folder) as aside:
        shutil.copytree(
            shipped("mappings"), aside / "mappings", ignore=shutil.ignore_patterns("crosswalks", "__pycache__")
        )
        shutil.copytree(shipped("schemas"), aside / "schemas")
        _empty_crosswalks(shipped("mappings") / "crosswalks", aside / "mappings" / "crosswalks")
        _write_settings(plan, aside)
        (aside / ALERTS).write_text(alerts_text(), encoding="utf-8")
        if with_key:
            create_key(aside, environ={}, existing=[folder / STATE / LEDGER])
    _ignore_state(folder / ".gitignore")


def key_is_elsewhere(environ: Mapping[str, str]) -> bool:
    """Whether the environment says where the key is, so that a new workspace gets no key file of its own."""
    return any(environ.get(name) for name in _KEY_VARIABLES)


def refuse_if_there(folder: Path) -> None:
    """Do nothing when a workspace can be made in the folder.

    Raises:
        InputError: the folder holds a workspace already, or files of that name.
    """
    if (folder / MARK).exists():
        raise InputError(f"{folder.resolve()} is a workspace already; nothing was changed")
    for name in (BOOKS, ALERTS, SCHEDULES, "mappings", "schemas", STATE):
        if (folder / name).exists():
            raise InputError(
                f"{folder.resolve()} has a '{name}' already, which a new workspace would write over; "
                "nothing was changed. Name another folder, or move it away"
            )


@contextmanager
def _built_aside(folder: Path) -> Iterator[Path]:
    """A folder to build in, whose contents move into `folder` in the end; the mark of a workspace moves last."""
    was_there = folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=".ml-connector-new-", dir=folder))
    try:
        yield aside
        for made in sorted(aside.iterdir(), key=lambda path: path.name == MARK):
            made.rename(folder / made.name)
        aside.rmdir()
    except BaseException:
        shutil.rmtree(aside if was_there else folder, ignore_errors=True)
        raise


def _write_settings(plan: Plan, folder: Path) -> None:
    text = _CONNECTIONS.format(
        environment=plan.environment,
        airbase_url=json.dumps(plan.airbase_url),
        epicor_url=json.dumps(plan.epicor_url),
        epicor_auth=plan.epicor_auth,
    )
    (folder / MARK).write_text(text, encoding="utf-8")
    (folder / BOOKS).write_text(books_text(plan.companies), encoding="utf-8")
    (folder / SCHEDULES).write_text(_SCHEDULES, encoding="utf-8")


def books_text(companies: Answers) -> str:
    """books.yaml with the answers given; questions without an answer stand as comments."""
    lines = [
        "# yaml-language-server: $schema=schemas/books.schema.json",
        "# The controller's page. A question that is still open has no default, because a wrong one costs money:",
        "# take the # away before its setting, and write the answer behind it.",
        "companies:",
    ]
    for code, answers in companies.items():
        lines.append(f"  {code if _PLAIN_KEY.fullmatch(code) else json.dumps(code)}:")
        lines += _company_lines(code, answers)
    lines += [
        "",
        "# Types that are not posted on purpose, with finance's reason, for example:",
        "# not_posted:",
        "#   - connection: airbase",
        "#     feed: /v1/accounting/ledger_entries/",
        "#     when: {type: [transfer]}",
        "#     reason: transfers between our own accounts are booked from the bank statement",
        "not_posted: []",
    ]
    return "\n".join(lines) + "\n"


def _company_lines(code: str, answers: Mapping[str, str]) -> Iterator[str]:
    # The name is always there, so that a company whose questions are all open is still a company.
    known = {"name": code, **{name: answer for name, answer in answers.items() if answer}}
    yield from (_answer(SETTINGS[name], known[name]) for name in SETTINGS if name in known)
    for needed, title in ((True, "OPEN: nothing runs before these are answered"), (False, "optional")):
        left = [one for one in SETTINGS.values() if one.needed is needed and one.name not in known]
        if left:
            yield f"    # {title}"
        for setting in left:
            yield f"    # {setting.name + ':':<22} # {setting.question}"


def _answer(setting: Setting, answer: str) -> str:
    if setting.type_words == "list":
        parts = [part.strip() for part in answer.strip("[] ").split(",") if part.strip()]
        # A period may be written out as a span of days; anything else is a code, whose zeros count.
        plain = setting.name == "open_periods"
        return f"    {setting.name}: [{', '.join(part if plain else json.dumps(part) for part in parts)}]"
    return f"    {setting.name}: {json.dumps(answer) if setting.type_words == 'text' else answer}"


def _ignore_state(path: Path) -> None:
    """The state of a workspace, its key among it, is never kept in git."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    missing = [line for line in _IGNORED if line not in text.splitlines()]
    if missing:
        start = text if not text or text.endswith("\n") else f"{text}\n"
        path.write_text(start + "".join(f"{line}\n" for line in missing), encoding="utf-8")


def _empty_crosswalks(source: Path, target: Path) -> None:
    """The shipped crosswalks without their sample rows: the header, and the rows that hold whatever comes.

    What holds one account of the sample's chart goes too, and the sample's account codes with it.
    """
    target.mkdir(parents=True)
    for path in sorted(source.glob("*.csv")):
        reader = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig")))
        columns = list(reader.fieldnames or ())
        kept = [row for row in reader if row.get("action") == "hold" and row.get("account", "*") == "*"]
        text = io.StringIO()
        writer = csv.DictWriter(text, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: "" if _is_sample_code(name) else cell for name, cell in row.items()} for row in kept)
        (target / path.name).write_text(text.getvalue(), encoding="utf-8")


def _is_sample_code(column: str) -> bool:
    return column in _SAMPLE_CODES or column.startswith(("debit_", "credit_"))

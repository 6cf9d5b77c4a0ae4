"""Making a workspace: files a finance team keeps in git, with every open question left visible."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from engine.adapters.vault.vault import create_key
from engine.language.spec.settings import SETTINGS, Setting
from engine.wiring.shipped import shipped
from engine.wiring.workspace import LEDGER, MARK, STATE
from engine.words.errors import InputError

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

_GITIGNORE = "/.ml-connector/\n/reports/\n"


def make_workspace(
    folder: Path,
    *,
    airbase_url: str,
    epicor_url: str,
    environment: str,
    epicor_auth: str,
    companies: Mapping[str, Mapping[str, str]],
    with_key: bool,
) -> tuple[Path, ...]:
    """Write a new workspace; gives the files a person should read first.

    `companies` has the answers to the questions of books.yaml; an unanswered one stays in the file as a
    question, and `validate` refuses it.

    Raises:
        InputError: the folder holds a workspace already.
    """
    if (folder / MARK).exists():
        raise InputError(f"{folder} is a workspace already; nothing was changed")
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(
        shipped("mappings"), folder / "mappings", dirs_exist_ok=True, ignore=shutil.ignore_patterns("crosswalks")
    )
    shutil.copytree(shipped("schemas"), folder / "schemas", dirs_exist_ok=True)
    _empty_crosswalks(shipped("mappings") / "crosswalks", folder / "mappings" / "crosswalks")
    (folder / ".gitignore").write_text(_GITIGNORE, encoding="utf-8")
    (folder / "books.yaml").write_text(books_text(companies), encoding="utf-8")
    text = _CONNECTIONS.format(
        environment=environment,
        airbase_url=json.dumps(airbase_url),
        epicor_url=json.dumps(epicor_url),
        epicor_auth=epicor_auth,
    )
    if with_key:
        create_key(folder, environ={}, existing=[folder / STATE / LEDGER])
    (folder / MARK).write_text(text, encoding="utf-8")
    return folder / MARK, folder / "books.yaml", folder / "mappings" / "crosswalks"


def books_text(companies: Mapping[str, Mapping[str, str]]) -> str:
    """books.yaml with the answers given; questions without an answer stand as comments."""
    lines = [
        "# yaml-language-server: $schema=schemas/books.schema.json",
        "# The controller's page. A line that is still a question has no default, because a wrong one costs money.",
        "companies:",
    ]
    for code, answers in companies.items():
        lines.append(f"  {code}:")
        lines += [_line(setting, answers.get(setting.name, "")) for setting in SETTINGS.values()]
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


def _line(setting: Setting, answer: str) -> str:
    if answer:
        value = f"[{answer}]" if setting.type_words == "list" and not answer.startswith("[") else answer
        quoted = value if setting.type_words != "text" else json.dumps(value)
        return f"    {setting.name}: {quoted}"
    mark = "" if setting.needed else "(optional) "
    return f"    # {setting.name}:          {mark}{setting.question}"


def _empty_crosswalks(source: Path, target: Path) -> None:
    """The shipped crosswalks without their sample rows: the header, and catch-all rows that hold."""
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted(source.glob("*.csv")):
        rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
        kept = [rows[0], *(row for row in rows[1:] if "hold" in row)]
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(kept)
        (target / path.name).write_text(text.getvalue(), encoding="utf-8")

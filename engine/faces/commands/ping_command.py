"""`ping`: whether the connections work, and the one thing that is wrong where one does not."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from engine.adapters.connectors.port import Ping
from engine.adapters.connectors.registry import kind_of
from engine.faces.commands.credential_text import put_credential_warnings, put_warning
from engine.faces.commands.output import counted, format_option, put_json, put_text, workspace_option
from engine.language.spec.books import Books, company_codes
from engine.wiring.app import open_setup, open_vault
from engine.wiring.credential_warnings import CredentialWarning, credential_warnings
from engine.wiring.used_things import used_things
from engine.wiring.workspace import BOOKS, MARK, find_workspace, load_workspace
from engine.words.errors import InputError


@click.command("ping")
@click.argument("names", nargs=-1)
@workspace_option
@format_option
def command(names: tuple[str, ...], workspace: Path, form: str) -> None:
    """Reach each connection (or those of NAMES), sign in, and read one row of each thing the mappings use.

    Nothing is written. It works before finance has answered everything in books.yaml. Exit code 3 when one does
    not work; what is wrong and what to do about it is said.

    \b
    Examples:
      ml-connector ping
      ml-connector ping epicor

    \b
    JSON: a list of {connection, company, ok, sentence, advice, elapsed_ms, warnings,
    steps: [{what, ok, sentence, elapsed_ms}]}.
    """
    loaded = load_workspace(find_workspace(workspace))
    if loaded.connections is None:
        wrong = [problem for problem in loaded.errors if problem.place.file == MARK]
        raise InputError("connections.yaml cannot be read; nothing was reached", wrong)
    codes = company_codes(loaded.folder / BOOKS, loaded.folder)
    loaded = replace(loaded, books=loaded.books or Books(companies={}, not_posted=()))
    pings: list[tuple[str, str | None, Ping]] = []
    vault = open_vault(loaded)
    with open_setup(loaded, vault=vault) as setup:
        for name in names:
            if name not in setup.connectors:
                raise InputError(f"there is no connection '{name}' (there are: {', '.join(setup.connectors)})")
        for name in names or setup.connectors:
            things = used_things(setup.specs, name)
            for company in _companies(setup.connections[name].kind, codes):
                found = setup.connectors[name].ping(company=company, things=things)
                pings.append((name, company, found))
                if not found.ok:
                    break  # the other companies stand behind the same address and login
        warnings = credential_warnings(loaded, vault, setup.ledger, datetime.now(UTC))
    if form == "json":
        put_json([_as_json(name, company, ping, warnings) for name, company, ping in pings])
    else:
        for name, _, ping in pings:
            _show(name, ping)
        if loaded.errors:
            count = counted(len(loaded.errors), "problem")
            put_warning(f"the workspace still has {count}: run `ml-connector validate`")
        put_credential_warnings(one for one in warnings if not names or one.connection in names)
    if not all(ping.ok for _, _, ping in pings):
        sys.exit(3)


def _companies(kind: str, companies: tuple[str, ...]) -> tuple[str | None, ...]:
    return companies or (None,) if kind_of(kind).needs_company else (None,)


def _show(name: str, ping: Ping) -> None:
    put_text(f"{name}: {ping.sentence} ({ping.elapsed_s * 1000:.0f} ms)", first="ok    " if ping.ok else "FAIL  ")
    if ping.advice:
        put_text(ping.advice, first="      ")
    if not ping.ok:
        # The sentence above names the first thing that is wrong; these are what else was tried.
        for step in ping.steps:
            if step.sentence != ping.sentence:
                put_text(f"{step.what}: {step.sentence}", first="      ok   " if step.ok else "      FAIL ")
    elif things := [step.what for step in ping.steps if step.sentence == "can be read"]:
        put_text(f"can read {', '.join(things)}", first="      ")


def _as_json(name: str, company: str | None, ping: Ping, warnings: tuple[CredentialWarning, ...]) -> dict[str, Any]:
    return {
        "connection": name,
        "company": company,
        "ok": ping.ok,
        "sentence": ping.sentence,
        "advice": ping.advice,
        "elapsed_ms": round(ping.elapsed_s * 1000),
        "warnings": [warning.sentence for warning in warnings if warning.connection == name],
        "steps": [
            {
                "what": step.what,
                "ok": step.ok,
                "sentence": step.sentence,
                "elapsed_ms": round(step.elapsed_s * 1000),
            }
            for step in ping.steps
        ],
    }

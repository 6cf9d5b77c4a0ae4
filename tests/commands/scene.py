"""A workspace on a running sandbox, and the command line as its user has it."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from engine.faces.commands.root import root
from engine.faces.sandbox.demo import make_demo
from engine.faces.sandbox.faults import Fault
from engine.faces.sandbox.sandbox import AIRBASE_TOKEN, EPICOR_API_KEY, EPICOR_PASSWORD, EPICOR_USER, Sandbox

CONSOLE = Path(sys.executable).with_name("ml-connector")
MAPPINGS = ("bills", "vendors")
SECRETS = (AIRBASE_TOKEN, EPICOR_API_KEY, EPICOR_PASSWORD)
CREDENTIALS = (
    ("airbase", "api_key", AIRBASE_TOKEN),
    ("epicor", "api_key", EPICOR_API_KEY),
    ("epicor", "username", EPICOR_USER),
    ("epicor", "password", EPICOR_PASSWORD),
)
STANDING = (
    "SELECT source_id, mapping, state, cause, reason, dedupe_key, reference, attempts FROM records "
    "WHERE ? = '' OR mapping = ? ORDER BY id"
)
CLOSED = "http://127.0.0.1:9"
"""An address where nobody listens."""


def typed(*words: str | Path, stdin: str | None = None, env: Mapping[str, str] | None = None) -> Result:
    """A command line run in this process; its output may hold no secret, whatever happens."""
    result = CliRunner().invoke(root, [str(word) for word in words], input=stdin, env=env)
    assert not any(secret in result.output for secret in SECRETS), f"a secret in the output of {words}"
    return result


def in_console(*words: str | Path, stdin: str = "", env: Mapping[str, str] | None = None) -> Result:
    """A command line run by the installed console script."""
    done = subprocess.run(
        [CONSOLE, *map(str, words)],
        input=stdin.encode(),
        capture_output=True,
        env={**os.environ, **(env or {})},
        timeout=60,
    )
    output = done.stdout + done.stderr
    assert not any(secret.encode() in output for secret in SECRETS)
    return Result(
        runner=CliRunner(),
        stdout_bytes=done.stdout,
        stderr_bytes=done.stderr,
        output_bytes=output,
        return_value=None,
        exit_code=done.returncode,
        exception=None,
    )


def said_once(result: Result, code: int) -> str:
    """The one message of a command that failed: on standard error, with this exit code, nothing beside it."""
    assert result.exit_code == code, result.output
    assert result.stdout == "", result.stdout
    assert "Traceback" not in result.stderr
    errors = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
    assert len(errors) == 1, result.stderr
    return errors[0]


def json_error(result: Result, code: int) -> dict[str, Any]:
    """The one JSON object of a command that failed with --format json."""
    assert result.exit_code == code, result.output
    told = json.loads(result.stderr)
    assert told.keys() == {"error", "message", "exit_code", "problems"}
    assert told["exit_code"] == code
    return dict(told)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A demonstration's workspace whose addresses are those of a running sandbox."""

    folder: Path
    sandbox: Sandbox

    def typed(self, *words: str, stdin: str | None = None) -> Result:
        """A command line on this workspace."""
        return typed(*words, "--workspace", self.folder, stdin=stdin)

    def json(self, *words: str) -> Any:
        """What a command prints as JSON; nothing else stands on standard output."""
        result = self.typed(*words, "--format", "json")
        assert result.exit_code in (0, 1), result.output
        return json.loads(result.stdout)

    def records(self) -> Any:
        """Every record as the ledger has it."""
        return self.json("records", "--limit", "100000")

    def a_record(self, **which: str) -> dict[str, Any]:
        """The first record that is like this."""
        return next(row for row in self.records() if all(row[name] == value for name, value in which.items()))

    def standing(self, mapping: str = "") -> list[tuple[Any, ...]]:
        """How every record stands, or every one of a mapping, straight from the ledger's file."""
        with closing(sqlite3.connect(self.folder / ".ml-connector" / "ledger.sqlite3")) as ledger:
            return ledger.execute(STANDING, (mapping, mapping)).fetchall()

    @contextmanager
    def nothing_changes(self, mapping: str = "") -> Iterator[None]:
        """Neither our ledger's records (of a mapping) nor the books of the two systems may change meanwhile."""
        records, books = self.standing(mapping), self.sandbox.report()
        yield
        assert self.sandbox.report() == books
        assert self.standing(mapping) == records

    @contextmanager
    def fault(self, fault: Fault) -> Iterator[str]:
        """A fault that is on meanwhile; gives its id."""
        on = self.sandbox.faults.add(fault)
        try:
            yield on.id
        finally:
            self.sandbox.faults.remove(on.id)

    def move(self, system: str, url: str) -> None:
        """Give a connection another address; credentials are bound to theirs, so they are set again."""
        path = self.folder / "connections.yaml"
        path.write_text(path.read_text().replace(self.sandbox.urls[system], url))
        for connection, field, _ in CREDENTIALS:
            if connection == system:
                assert self.typed("credentials", "set", connection, field, stdin="anything").exit_code == 0


def new_scene(folder: Path, sandbox: Sandbox) -> Scene:
    """The demonstration's workspace with two of its mappings, pointed at this sandbox, with its credentials."""
    make_demo(folder)
    for path in (folder / "mappings").glob("*.yaml"):
        if path.stem not in MAPPINGS:
            path.unlink()
    bills = folder / "mappings" / "bills.yaml"
    head, _, tests = bills.read_text().partition("\ntests:")
    head = head[: head.index("\ntwins:")] + head[head.index("\nentries:") :]  # they name a mapping that is not here
    kept = tests.split("\n  - ", 4)[1:4]  # loading is quicker with fewer tests
    bills.write_text(head + "\ntests:\n  - " + "\n  - ".join(kept) + "\n")
    scene = Scene(folder=folder, sandbox=sandbox)
    path = folder / "connections.yaml"
    text = path.read_text().replace("http://127.0.0.1:8731", sandbox.urls["airbase"])
    path.write_text(text.replace("http://127.0.0.1:8732/sandbox", sandbox.urls["epicor"]))
    for connection, field, text in CREDENTIALS:
        result = scene.typed("credentials", "set", connection, field, stdin=f"{text}\n")
        assert result.exit_code == 0, result.output
    return scene


def copy_of(scene: Scene, folder: Path) -> Scene:
    """The same workspace at another place."""
    shutil.copytree(scene.folder, folder)
    return Scene(folder=folder, sandbox=scene.sandbox)

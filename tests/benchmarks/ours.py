"""ml-connector in the benchmark: the shipped mappings and recipe, everything on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.benchmarks.systems import ROOT, Systems

NAME = "ml-connector"
KEEPS = (
    "intent durable before each send (fsync), look-up before the first send, read-back of every document, "
    "acknowledgement, chained audit trail, payloads"
)
IN_FLIGHT = 16
_CREDENTIALS = (("airbase", "api_key"), ("epicor", "api_key"), ("epicor", "username"), ("epicor", "password"))
LEASE_S = 10
"""How long a killed run keeps its turn; the next run waits for it."""
_CONNECTIONS = """\
lease_s: {lease_s}
connections:
  airbase:
    kind: airbase
    environment: sandbox
    base_url: "{airbase}"
  epicor:
    kind: epicor
    environment: sandbox
    base_url: "{epicor}"
    login: basic
    in_flight: {in_flight}
    settle_s: 1
"""


def prepare(folder: Path, systems: Systems, *, in_flight: int = IN_FLIGHT) -> None:
    """A workspace with the shipped mappings, wired to the benchmark's systems."""
    shutil.copytree(ROOT / "mappings", folder / "mappings")
    shutil.copytree(ROOT / "schemas", folder / "schemas")
    demo = ROOT / "engine" / "faces" / "sandbox" / "demo_workspace"
    books = (demo / "books.yaml").read_text(encoding="utf-8")
    # One company, so that every read of the benchmark is of one company.
    (folder / "books.yaml").write_text(_without(books, "  EPIC07:", "\n# Types"), encoding="utf-8")
    text = _CONNECTIONS.format(
        airbase=systems.airbase_url, epicor=systems.epicor_url, in_flight=in_flight, lease_s=LEASE_S
    )
    (folder / "connections.yaml").write_text(text, encoding="utf-8")
    _keep_credentials(folder)


def command(*words: str) -> list[str]:
    """The command line."""
    return [sys.executable, str(ROOT / "cli.py"), *words]


def _without(text: str, first: str, last: str) -> str:
    return text[: text.index(first)] + text[text.index(last) :]


def _keep_credentials(folder: Path) -> None:
    """The key and the credentials, by the program's own vault, in a process of its own to keep this one small."""
    script = (
        "import os, pathlib\n"
        "from engine.adapters.vault.vault import create_key\n"
        "from engine.wiring.app import open_vault\n"
        "from engine.wiring.workspace import load_workspace\n"
        "from engine.words.secret import Secret\n"
        "folder = pathlib.Path.cwd()\n"
        "create_key(folder, environ={}, existing=[])\n"
        "vault = open_vault(load_workspace(folder))\n"
        f"for connection, field in {_CREDENTIALS!r}:\n"
        "    vault.set(connection, field, Secret('benchmark'))\n"
    )
    subprocess.run(
        [sys.executable, "-c", script], cwd=folder, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )

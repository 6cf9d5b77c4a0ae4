"""The demonstration's workspace: the shipped mappings, books for the seeded companies, the sandbox's addresses."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from urllib.parse import urlsplit

from engine.adapters.vault.vault import create_key
from engine.faces.sandbox.sandbox import AIRBASE_TOKEN, EPICOR_API_KEY, EPICOR_PASSWORD, EPICOR_USER, Sandbox
from engine.wiring.app import open_vault
from engine.wiring.shipped import shipped
from engine.wiring.workspace import LEDGER, MARK, STATE, load_workspace
from engine.words.errors import InputError
from engine.words.secret import Secret

BOOKS = "sandbox"
"""Where the sandbox's own books lie inside the demonstration's folder."""

FOLDER = "ml-connector-demo"
"""What the demonstration's folder is called when nobody says otherwise."""

AIRBASE_PORT, EPICOR_PORT = 8731, 8732

_TEMPLATES = Path(__file__).resolve().parent / "demo_workspace"
_CREDENTIALS = (
    ("airbase", "api_key", AIRBASE_TOKEN),
    ("epicor", "api_key", EPICOR_API_KEY),
    ("epicor", "username", EPICOR_USER),
    ("epicor", "password", EPICOR_PASSWORD),
)


def demo_folder() -> Path:
    """The demonstration's workspace that one stands in, or else one of the usual name, here."""
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if _is_demo(folder)), Path(FOLDER))


def make_demo(folder: Path) -> bool:
    """Make the demonstration's workspace in a folder that is new or empty; says whether it made one.

    Raises:
        InputError: the folder holds something else.
    """
    if (folder / MARK).exists():
        if not _is_demo(folder):
            raise InputError(f"{folder} is a workspace, but not the demonstration's; name another folder")
        return False
    if folder.exists() and any(folder.iterdir()):
        raise InputError(f"{folder} is not empty and not the demonstration's; name another folder")
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("mappings", "schemas"):
        shutil.copytree(shipped(name), folder / name)
    shutil.copy(_TEMPLATES / "books.yaml", folder / "books.yaml")
    (folder / BOOKS).mkdir()
    if "ML_CONNECTOR_KEY" not in os.environ:
        create_key(folder, environ={}, existing=[folder / STATE / LEDGER])
    _write_connections(folder, AIRBASE_PORT, EPICOR_PORT)
    return True


def start_sandbox(folder: Path) -> Sandbox:
    """The demonstration's sandbox, started; on its usual ports, or on free ones when others have them.

    The workspace's addresses and credentials are set to it.

    Raises:
        InputError: it runs already.
    """
    try:
        sandbox = Sandbox(folder / BOOKS, airbase_port=AIRBASE_PORT, epicor_port=EPICOR_PORT)
        sandbox.start()
    except OSError:
        sandbox = Sandbox(folder / BOOKS)
        sandbox.start()
    urls = sandbox.urls
    _write_connections(folder, _port(urls["airbase"]), _port(urls["epicor"]))
    vault = open_vault(load_workspace(folder))
    for connection, field, text in _CREDENTIALS:
        vault.set(connection, field, Secret(text))
    return sandbox


def _is_demo(folder: Path) -> bool:
    return (folder / MARK).exists() and (folder / BOOKS).is_dir()


def _port(url: str) -> int:
    return urlsplit(url).port or 0


def _write_connections(folder: Path, airbase_port: int, epicor_port: int) -> None:
    text = (_TEMPLATES / MARK).read_text(encoding="utf-8")
    text = text.replace("{airbase_port}", str(airbase_port)).replace("{epicor_port}", str(epicor_port))
    (folder / MARK).write_text(text, encoding="utf-8")

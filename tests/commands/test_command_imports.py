"""What a command does not need is not imported: a help text must not wait for a database or a web server."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = (
    "dbos",
    "sqlalchemy",
    "starlette",
    "uvicorn",
    "jsonschema",
    "jinja2",
    "httpx",
    "httptools",
    "h11",
    "cryptography",
    "yaml",
)
SCRIPT = """
import sys
from engine.faces.commands.root import root
try:
    root(sys.argv[1:])
finally:
    print("LOADED", *sorted({name.partition(".")[0] for name in sys.modules}))
"""


@pytest.mark.parametrize("words", [("--version",), ("--help",)])
def test_nothing_heavy_is_imported(words: tuple[str, ...]) -> None:
    told = subprocess.run(
        [sys.executable, "-c", SCRIPT, *words], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    loaded = told.partition("LOADED ")[2].split()
    assert "click" in loaded
    assert not set(HEAVY) & set(loaded)

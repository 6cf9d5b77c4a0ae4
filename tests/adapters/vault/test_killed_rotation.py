"""A change of the vault that is killed at any point leaves the vault as it was, or as it was to be."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from engine.adapters.vault.vault import Vault, create_key
from engine.words.secret import Secret

ROOT = Path(__file__).resolve().parents[3]
ORIGINS = {"airbase": ("https://api.airbase.example",), "epicor": ("https://erp.example",)}


@pytest.mark.parametrize("act", ["key", "data", "set", "take_over"])
def test_a_change_that_is_killed_leaves_a_vault_that_opens(act: str, tmp_path: Path) -> None:
    folder = tmp_path / "workspace"
    create_key(folder, environ={})
    vault = Vault.open(folder, environ={}, origins=ORIGINS)
    vault.set("airbase", "api_key", Secret("present"))
    vault.set("airbase", "api_key", Secret("next"), upcoming=True)
    vault.set("epicor", "password", Secret("another"))
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("killed_rotation.py")), str(folder), act],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    counts = json.loads(done.stdout)
    assert counts["killed"] > 20
    assert counts["as before"] > 5
    assert counts["changed"] > 0
    assert counts["as before"] + counts["changed"] == counts["killed"], counts

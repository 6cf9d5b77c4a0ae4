"""The wheel carries the mappings and schemas, and works away from the checkout."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DEPLOYMENT = ("ml-connector.service", "Containerfile", "compose.yaml")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    options = ("-q", "--no-deps", "--no-build-isolation", "-w", str(folder))
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", *options, str(ROOT)],
        check=True,
        capture_output=True,
        timeout=120,
    )
    return next(folder.glob("*.whl"))


def test_it_carries_every_mapping_and_schema(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        inside = set(packed.namelist())
    shipped = {
        f"engine/shipped/{path.relative_to(ROOT)}"
        for folder in ("mappings", "schemas")
        for path in (ROOT / folder).rglob("*")
        if path.is_file()
    }
    shipped |= {f"engine/faces/commands/deployment/{name}" for name in DEPLOYMENT}
    assert shipped <= inside
    assert "cli.py" in inside


def test_it_makes_a_workspace_without_the_checkout(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(tmp_path / "site")
    typed = ["init", "made", "--epicor-url", "https://erp.example.test/live", "--environment", "test"]
    typed += ["--company", "C1"]
    done = subprocess.run(
        [sys.executable, "-c", "from cli import main; main()", *typed],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path / "site"), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "made" / "mappings" / "bills.yaml").is_file()
    assert (tmp_path / "made" / "schemas" / "mapping.schema.json").is_file()

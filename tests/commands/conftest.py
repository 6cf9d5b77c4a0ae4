"""One sandbox and one workspace for all tests of the commands; what changes the workspace gets a copy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.faces.sandbox.sandbox import Sandbox
from engine.words.clock import SystemClock
from tests.commands.scene import Scene, copy_of, new_scene


@pytest.fixture(scope="session")
def first_scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with Sandbox() as sandbox:
        scene = new_scene(tmp_path_factory.mktemp("commands") / "demo", sandbox)
        for words in (["--limit", "4"], ["--only", "ODD-unknown_account", "--only", "TWICE-1"]):
            result = scene.typed("run", "bills", *words)
            assert result.exit_code == 1, result.output
        yield scene


@pytest.fixture(autouse=True)
def retries_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tried again is tried at once."""
    monkeypatch.setattr(SystemClock, "sleep", lambda self, seconds: None)


@pytest.fixture
def scene(first_scene: Scene, tmp_path: Path) -> Iterator[Scene]:
    yield copy_of(first_scene, tmp_path / "workspace")
    first_scene.sandbox.faults.clear()

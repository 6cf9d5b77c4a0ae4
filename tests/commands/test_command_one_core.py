"""A run stays on one core, unless it is told that it need not."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

import pytest

from engine.faces.commands import run_command
from engine.wiring import this_process
from tests.commands.scene import Scene

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps a process to a core")


@pytest.mark.parametrize("words", [(), ("--any-core",)])
def test_a_run_stays_on_one_core(scene: Scene, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]) -> None:
    monkeypatch.setattr(this_process, "CLAIM", scene.folder.parent.name)  # other tests' runs do not count
    before, meanwhile = os.sched_getaffinity(0), set[frozenset[int]]()

    def listener() -> Callable[[str, int], None]:
        return lambda _what, _count: meanwhile.add(frozenset(os.sched_getaffinity(0)))

    monkeypatch.setattr(run_command, "progress", listener)
    assert scene.typed("run", "vendors", *words).exit_code in (0, 1)
    assert {len(cores) for cores in meanwhile} == {len(before) if words else 1}
    assert os.sched_getaffinity(0) == before

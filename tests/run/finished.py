"""The whole demonstration after one run of every mapping: made once for all workers of a session, then copied."""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path

import pytest

from tests.run.house import House, open_house


def finished_house(factory: pytest.TempPathFactory, name: str) -> House:
    """A copy of the finished demonstration, its sandbox started; the caller stops the sandbox."""
    made = _made(factory)
    folder = factory.mktemp(name) / "workspace"
    shutil.copytree(made, folder)
    return open_house(folder, books=folder / "sandbox")


def _made(factory: pytest.TempPathFactory) -> Path:
    base = factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder = shared / "finished" / "workspace"
    with (shared / "finished.lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = shared / "finished.done"
        if not done.exists():
            house = open_house(folder, books=folder / "sandbox")
            try:
                house.run_all()
            finally:
                house.sandbox.stop()
            done.touch()
    return folder

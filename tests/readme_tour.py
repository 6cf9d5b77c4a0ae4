"""The README's tour, typed in the demo's workspace; `python -m tests.readme_tour` writes what it prints anew."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from engine.faces.sandbox.demo import make_demo, start_sandbox
from engine.wiring.app import who_am_i
from tests.readme_parts import README

ROOT = README.parent
BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
VARIES = (
    (re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f-]{4,28})?\b"), "XXXXXXXX"),
    (re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}"), "TIME"),
    (re.compile(r"\b\d{2}:\d{2}:\d{2}\b"), "TIME"),
    (re.compile(r"\S+@\S+"), "WHO"),
    (re.compile(r"run XXXXXXXX|#\d+|^\s+\d+  TIME", re.MULTILINE), "RUN"),
    (re.compile(r"127\.0\.0\.1:\d+"), "HOST"),
    (re.compile(r"[\d,]+ events"), "EVENTS"),
    (re.compile(r" +$", re.MULTILINE), ""),
)


@dataclass(frozen=True)
class Typed:
    """One command of the tour and what the README says it prints."""

    command: str
    shown: str


def typed(text: str) -> Iterator[Typed]:
    for block in BLOCK.findall(text):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, shown = part.partition("\n")
            yield Typed(command, shown)


@contextmanager
def demo_workspace() -> Iterator[Path]:
    """The demo's workspace after one `demo`, its sandbox running."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "ml-connector-demo"
        make_demo(folder)
        run(f"ml-connector demo --folder {folder}", Path(made))
        sandbox = start_sandbox(folder)
        try:
            yield folder
        finally:
            sandbox.stop()


def run(command: str, folder: Path) -> str:
    """What a command prints when it is typed in a folder, errors included."""
    here = Path(sys.executable).parent
    path = f"{here}{os.pathsep}{os.environ['PATH']}"
    environ = {**os.environ, "PATH": path, "COLUMNS": "118", "PYTHONPATH": str(ROOT)}
    if shutil.which("ml-connector", path=environ["PATH"]) is None:
        command = command.replace("ml-connector ", f"{sys.executable} {ROOT / 'cli.py'} ")
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, env=environ, capture_output=True, text=True, timeout=300, check=False
    )
    return done.stdout + done.stderr


def steady(text: str) -> str:
    """The text without what differs from run to run: ids, times, who, ports."""
    for pattern, mark in VARIES:
        text = pattern.sub(mark, text)
    return text


def written_anew(text: str, folder: Path) -> str:
    def block(found: re.Match[str]) -> str:
        commands = [one.command for one in typed(found[0])]
        printed = "".join(f"$ {command}\n{_trimmed(run(command, folder))}" for command in commands)
        return f"```console\n{printed}```"

    return BLOCK.sub(block, text)


def _trimmed(output: str) -> str:
    return "".join(f"{line.rstrip()}\n" for line in output.replace(who_am_i(), "you@host").splitlines())


if __name__ == "__main__":
    with demo_workspace() as workspace:
        README.write_text(written_anew(README.read_text(encoding="utf-8"), workspace), encoding="utf-8")

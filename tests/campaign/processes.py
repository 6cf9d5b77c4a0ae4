"""The connector as a real process, which can be killed, paused and let die.

A process is forked from a server that has the program imported already: a start costs a fork and not two
seconds of imports. `as_command` starts `python cli.py` from nothing instead.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.campaign.conditions import Conditions

ROOT = Path(__file__).resolve().parents[2]
END_S = 90.0
DEATH_S = 10.0

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.campaign.preload"])


class Hangs(Exception):
    """A process did not end in time."""


class Runner:
    """One run of the command line; `wait` gives its exit code, below zero when a signal ended it."""

    def __init__(
        self, words: tuple[str, ...], told: Path, conditions: Conditions, *, as_command: bool = False
    ) -> None:
        self.told = told
        self.conditions = conditions
        self.killed = False
        self._command: subprocess.Popen[bytes] | None = None
        if as_command:
            with told.open("ab") as out:
                self._command = subprocess.Popen(
                    [sys.executable, str(ROOT / "cli.py"), *words], stdout=out, stderr=out, stdin=subprocess.DEVNULL
                )
            self.pid = self._command.pid
        else:
            self._fork = _FORKS.Process(target=_become, args=(words, told, conditions))
            self._fork.start()
            self.pid = self._fork.pid or 0

    def wait(self) -> int:
        """The exit code, once it has ended.

        Raises:
            Hangs: it did not end; it is dead now.
        """
        if self._command is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return self._command.wait(END_S)
        else:
            self._fork.join(END_S)
            code = self._fork.exitcode
            if code is not None:
                self._fork.close()
                return code
        self.signal(signal.SIGKILL)
        raise Hangs(f"process {self.pid} did not end within {END_S:g} seconds: {self.said()[-2000:]}")

    def kill(self) -> bool:
        """SIGKILL, and wait until it is gone; whether it was alive."""
        if self.killed or not self.signal(signal.SIGKILL):
            return False
        self.killed = True
        give_up_at = time.monotonic() + DEATH_S
        while self.signal(0) and time.monotonic() < give_up_at:
            time.sleep(0.001)
        return True

    def signal(self, number: int) -> bool:
        """Send a signal; whether the process was there to get it."""
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:
            return False
        return True

    def said(self) -> str:
        """What it wrote."""
        return self.told.read_text(encoding="utf-8", errors="replace") if self.told.exists() else ""


def _become(words: tuple[str, ...], told: Path, conditions: Conditions) -> None:
    out = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(out, 1)
    os.dup2(out, 2)
    conditions.take_hold()
    from engine.faces.commands.root import root

    root(list(words))

"""A process and what it cost: time on the clock, CPU seconds, and the most memory it ever held."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_LOOK_S = 0.02
_NUL = os.devnull


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a process cost. `peak_mb` is the most memory it held, in MiB; `ended` its exit code."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    ended: int
    said: str


def run(
    command: Sequence[str],
    *,
    folder: Path,
    env: Mapping[str, str] | None = None,
    until: Callable[[], bool] | None = None,
    most_s: float = 3600.0,
) -> Cost:
    """Run a command to its end; with `until`, kill it with SIGKILL as soon as that says so."""
    told = folder / "said.txt"
    began = time.monotonic()
    with told.open("wb") as out:
        process = subprocess.Popen(
            list(command),
            cwd=folder,
            env={**_environment(), **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    peak = 0
    while True:
        peak = max(peak, _peak_kb(process.pid))
        ended, status, usage = os.wait4(process.pid, os.WNOHANG)
        if ended:
            break
        if (until is not None and until()) or time.monotonic() - began > most_s:
            os.kill(process.pid, signal.SIGKILL)
        time.sleep(_LOOK_S)
    wall = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    return Cost(
        wall_s=wall,
        cpu_s=usage.ru_utime + usage.ru_stime,
        peak_mb=peak / 1024,
        ended=process.returncode,
        said=told.read_text(encoding="utf-8", errors="replace"),
    )


def _environment() -> dict[str, str]:
    """Ours, but compiled modules are kept as pip keeps those of everything it installs."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _peak_kb(pid: int) -> int:
    """The high-water mark of a process's memory; the kernel's figure for its parent counts ours as well."""
    try:
        text = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in text.splitlines() if line.startswith("VmHWM")), 0)

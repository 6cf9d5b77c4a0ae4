"""The lock of a jobs file: one process works on it, and a second one is told who that is."""

from __future__ import annotations

import os
import socket
from datetime import datetime
from pathlib import Path
from typing import IO

from engine.words.errors import InputError


class JobsLock:
    """Held from its making until `release`, or until the process ends, however it ends.

    Raises:
        InputError: another process holds it.
    """

    def __init__(self, file: Path, now: datetime) -> None:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file: IO[str] = os.fdopen(os.open(file, os.O_RDWR | os.O_CREAT, 0o600), "r+", encoding="utf-8")
        if not _taken(self._file):
            holder = self._file.read().strip() or "another process"
            self._file.close()
            raise InputError(
                f"{holder} works on these jobs already ({file}); stop that one first. Several workers at once need "
                "PostgreSQL: --jobs postgresql://..."
            )
        self._file.truncate(0)
        self._file.write(f"process {os.getpid()} on {socket.gethostname()}, since {now:%Y-%m-%d %H:%M:%S} UTC\n")
        self._file.flush()

    def release(self) -> None:
        """Let another process have it; a second call does nothing."""
        self._file.close()


def _taken(file: IO[str]) -> bool:
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True

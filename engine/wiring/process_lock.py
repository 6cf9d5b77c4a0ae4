"""The lock of what one process alone works on; a second one is told who has it."""

from __future__ import annotations

import os
import socket
from datetime import datetime
from pathlib import Path
from typing import IO

from engine.words.errors import InputError


class ProcessLock:
    """Held from its making until `release`, or until the process ends, however it ends.

    `refusal` is what a second process is told, after who has it.

    Raises:
        InputError: another process holds it.
    """

    def __init__(self, file: Path, now: datetime, *, refusal: str) -> None:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file: IO[str] = os.fdopen(os.open(file, os.O_RDWR | os.O_CREAT, 0o600), "r+", encoding="utf-8")
        if not _taken(self._file):
            holder = self._file.read().strip() or "another process"
            self._file.close()
            raise InputError(f"{holder} {refusal}")
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

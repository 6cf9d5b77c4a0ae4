"""A workspace that finance goes on editing while the service runs: read anew whenever a file of it changed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from engine.wiring.workspace import MARK, Workspace, load_workspace
from engine.words.clock import Clock

LOOK_S = 2.0
"""Seconds after which the files are looked at again."""

_Stamp = frozenset[tuple[str, int, int]]


class CurrentWorkspace:
    """The workspace in a folder as it is now, and as it last was without errors; safe from several threads.

    It is read when it is first asked for. `load` reads it; by default the whole of it.
    """

    def __init__(self, folder: Path, clock: Clock, load: Callable[[Path], Workspace] = load_workspace) -> None:
        self._folder = folder
        self._clock = clock
        self._load = load
        self._lock = threading.Lock()
        self._stamp: _Stamp = frozenset()
        self._now: Workspace | None = None
        self._good: Workspace | None = None
        self._looked_s = 0.0

    def now(self) -> Workspace:
        """As it is now, with whatever is wrong with it."""
        with self._lock:
            return self._looked_at()

    def good(self) -> Workspace:
        """As it last was without errors: a mistake in an edit does not stop what needs no edit."""
        with self._lock:
            now = self._looked_at()
            return self._good or now

    def forget(self) -> None:
        """Let go of what was read, to be read again when it is asked for; not while it has errors."""
        with self._lock:
            if self._good is self._now:
                self._now = self._good = None

    def _looked_at(self) -> Workspace:
        now_s = self._clock.instant().seconds
        if self._now is not None and now_s - self._looked_s < LOOK_S:
            return self._now
        self._looked_s = now_s
        stamp = _stamp_of(self._folder)
        if self._now is None or stamp != self._stamp:
            self._now = self._load(self._folder)
            self._stamp = stamp
            if self._good is None or not self._now.errors:
                self._good = self._now
        return self._now


def _stamp_of(folder: Path) -> _Stamp:
    """Name, time and size of every file that a workspace is read from."""
    files = [folder / MARK, *folder.glob("*.yaml"), *(folder / "mappings").rglob("*")]
    found = set()
    for file in files:
        try:
            state = file.stat()
        except OSError:
            continue  # gone since it was listed; the reading will tell
        found.add((str(file), state.st_mtime_ns, state.st_size))
    return frozenset(found)

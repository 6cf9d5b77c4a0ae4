"""What a process is told about its memory and its processor core, before it has other threads."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_ARENA_MAX = -8
"""M_ARENA_MAX of glibc's malloc.h."""


def share_one_heap() -> None:
    """Let all threads share one heap, where the C library is glibc.

    By itself it makes eight heaps for each processor and gives hardly anything of them back: threads that work now
    on this and now on that would fill them one by one.
    """
    if sys.platform == "linux" and hasattr(library := ctypes.CDLL(None), "mallopt"):
        library.mallopt(_ARENA_MAX, 1)


@contextmanager
def on_one_core() -> Iterator[None]:
    """Keep this thread, and those that it starts, on the core that it is on, where the system is Linux.

    Python lets one thread compute at a time. On one core they take turns where they are; from core to core each
    turn is a wake-up, eight times as many of them, and a third of the time of a run that sends.
    """
    if sys.platform != "linux":
        yield
        return
    allowed, here = os.sched_getaffinity(0), ctypes.CDLL(None).sched_getcpu()
    _move_to({here} & allowed)
    try:
        yield
    finally:
        _move_to(allowed)


def _move_to(cores: set[int]) -> None:
    """To one of these cores, where the system lets us: it is faster there, and nothing else."""
    with suppress(OSError):
        os.sched_setaffinity(0, cores)


def keep_what_is_there() -> None:
    """What is there now stays: to look through it after every job for what is unused would take long."""
    gc.collect()
    gc.freeze()


def keep_it_no_longer() -> None:
    """Look through everything again."""
    gc.unfreeze()

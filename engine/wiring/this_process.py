"""What a process is told about its memory and its processor core, before it has other threads."""

from __future__ import annotations

import ctypes
import gc
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

_ARENA_MAX = -8
"""M_ARENA_MAX of glibc's malloc.h."""
CLAIM = "ml-connector on core"
"""What a run's claim to a core is called, in Linux's abstract names of sockets."""


def share_one_heap() -> None:
    """Let all threads share one heap, where the C library is glibc.

    By itself it makes eight heaps for each processor and gives hardly anything of them back: threads that work now
    on this and now on that would fill them one by one.
    """
    if sys.platform == "linux" and hasattr(library := ctypes.CDLL(None), "mallopt"):
        library.mallopt(_ARENA_MAX, 1)


@contextmanager
def on_one_core() -> Iterator[None]:
    """Keep this thread, and those that it starts, on one core, where the system is Linux and a core is free.

    Python lets one thread compute at a time. On one core they take turns where they are; from core to core they do
    so three times as often, each time with a wake-up, which takes a tenth more of the processor.
    """
    if sys.platform != "linux":
        yield
        return
    allowed, here = os.sched_getaffinity(0), ctypes.CDLL(None).sched_getcpu()
    claimed = ((core, _claim(core)) for core in sorted(allowed, key=lambda one: one != here))
    core, claim = next(((core, claim) for core, claim in claimed if claim is not None), (None, None))
    _move_to(allowed if core is None else {core})
    try:
        yield
    finally:
        _move_to(allowed)
        if claim is not None:
            claim.close()


def _claim(core: int) -> socket.socket | None:
    """The claim to a core, which ends with its socket and leaves no file behind.

    None where another run has it, or the system gives us no such socket.
    """
    with ExitStack() as stack, suppress(OSError):
        claim = stack.enter_context(socket.socket(socket.AF_UNIX))
        claim.bind(f"\0{CLAIM} {core}")
        stack.pop_all()
        return claim
    return None


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
